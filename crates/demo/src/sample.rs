//! A sample of a service at one point in time.

use deployer::{Alarm, AlarmStepsState, ServiceState, StepAlarmState};
use scaling::{AlarmState, Comparison};
use simulator::Sample;

/// Samples the service at `at`, in seconds. Adds up the counts of its readable queues. A service that can't be read
/// has no tasks.
#[must_use]
pub fn take_sample(service: &ServiceState, at: f64) -> Sample {
    let queues = service.queues.iter();
    let steps = service.alarm_steps.as_ref();
    let in_alarm = |alarm: &Alarm| alarm.state.is(AlarmState::Alarm);
    let side = |side: fn(&AlarmStepsState) -> Option<&StepAlarmState>| {
        let alarm = steps.and_then(side).and_then(|side| side.alarm.as_ref());
        alarm.is_some_and(in_alarm)
    };
    let policies = service.policies.iter().flat_map(|policy| &policy.alarms);
    let alarming = |comparisons: [Comparison; 2]| {
        let mut alarming = policies.clone().filter(|alarm| in_alarm(alarm));
        alarming.any(|alarm| comparisons.into_iter().any(|one| alarm.comparison.is(one)))
    };
    let above = [Comparison::Above, Comparison::AtOrAbove];
    let below = [Comparison::Below, Comparison::AtOrBelow];
    Sample {
        at,
        visible: queues.clone().filter_map(|queue| queue.visible).sum(),
        in_flight: queues.filter_map(|queue| queue.in_flight).sum(),
        desired: service.desired.unwrap_or_default(),
        running: service.running.unwrap_or_default(),
        pending: service.pending.unwrap_or_default(),
        metric: None,
        scale_out_alarm: alarming(above) || side(|steps| steps.scale_out.as_ref()),
        scale_in_alarm: alarming(below) || side(|steps| steps.scale_in.as_ref()),
    }
}
