//! The alarms of step scaling, for scaling policies and scaling functions.

use scaling::Side;
use stack::{Stack, StepAlarm, StepScaling};

use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::ResolvedService;
use crate::resources::alarm::{Alarm, AlarmAction, Window};
use crate::resources::metric::MetricStatistic;
use crate::resources::runbook::Runbook;

/// Returns the logical ID of the alarm of a service that scales to this side.
pub(crate) fn alarm_id(side: Side, short: &str) -> String {
    match side {
        Side::Out => names::scale_out_alarm(short),
        Side::In => names::scale_in_alarm(short),
    }
}

/// Returns the alarms of the definition and their sides, scale-out first.
pub(crate) fn list_alarms(steps: &StepScaling) -> impl Iterator<Item = (Side, &StepAlarm)> {
    let out = steps.scale_out.as_ref().map(|alarm| (Side::Out, alarm));
    let r#in = steps.scale_in.as_ref().map(|alarm| (Side::In, alarm));
    out.into_iter().chain(r#in)
}

pub(crate) fn add_alarm(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    steps: &StepScaling,
    (side, defined): (Side, &StepAlarm),
    (metric, action): (MetricStatistic<'_>, AlarmAction),
) -> Result<(), SynthesisError> {
    let window = evaluation_window(steps, defined)?;
    let way = side.name();
    let alarm = Alarm {
        id: alarm_id(side, service.short),
        description: format!(
            "Stack {}: scales service {} {way}; {} ({}) was {} {} in {} of the last {} periods of {} s.",
            stack.name,
            service.short,
            metric.title(),
            metric.statistic_name(),
            defined.comparison.name().replace('_', " "),
            defined.threshold,
            window.datapoints,
            window.periods,
            window.period
        ),
        runbook: match action {
            AlarmAction::Policy(_) => Runbook::NotNotifying,
            AlarmAction::Notify | AlarmAction::Topic => Runbook::Scaling,
        },
        metric,
        comparison: defined.comparison,
        threshold: defined.threshold,
        window,
        missing: defined.missing,
        action,
        depends_on: Vec::new(),
    };
    alarm.add(builder, stack)
}

fn evaluation_window(steps: &StepScaling, defined: &StepAlarm) -> Result<Window, SynthesisError> {
    let period = steps.period.as_secs();
    let (seconds, limit) = (period * u64::from(defined.periods), Window::limit(period));
    if seconds > limit {
        return Err(SynthesisError::WindowTooLong {
            setting: "the product of period and `of`",
            seconds,
            limit,
        });
    }
    Ok(Window {
        period,
        datapoints: defined.datapoints.into(),
        periods: defined.periods.into(),
    })
}
