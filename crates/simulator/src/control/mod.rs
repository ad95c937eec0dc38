//! The controlling half of the loop: policies that read the queue and the service, and set the desired count.

mod alarm_steps;
mod alarms;
mod demand;
mod ideal;
mod keda;
mod predictive;
mod queue_steps;
mod steps;
mod tracking;

use crate::policy::Policy;
use crate::scenario::Scenario;
use crate::time::Nanos;
use scaling::{AlarmState, Bounds, PerSide, ServiceCounts};

use alarm_steps::AlarmStepControl;
use alarms::Alarm;
use demand::{Deadline, NeedMetric};
use ideal::Ideal;
use keda::Keda;
use predictive::Predictive;
use steps::StepControl;
use tracking::Tracking;

pub(crate) use ideal::{Foreknowledge, interval};

/// An action that a control schedules.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tick {
    /// Read the counts.
    Sample,
    /// Publish a datapoint of this period.
    Publish { period: u64, value: f64 },
    /// Evaluate the alarms over the periods before this one.
    Evaluate { period: u64 },
    /// Publish the datapoints of the metrics of steps, one for each side.
    PublishSides { period: u64, values: PerSide<f64> },
    /// A minute of SQS's metrics has ended.
    Minute,
    /// An alarm's message has arrived.
    AlarmMessage,
    /// An hour of the forecast starts soon.
    HourNears,
    /// An hour of the forecast has ended.
    HourEnds,
}

/// Maximum number of queues of a simulated service: as many as a service that scales by demand can consume.
pub(crate) const MOST_QUEUES: usize = 10;

/// The counts of each queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lanes(pub(crate) [LaneCounts; MOST_QUEUES]);

/// The counts of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LaneCounts {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    /// Messages deleted since the start.
    pub(crate) deleted: u64,
}

/// The values that AWS would return at a point in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Observation {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    /// The same by queue.
    pub(crate) lanes: Lanes,
    pub(crate) running: u32,
    pub(crate) desired: u32,
    /// Age of the oldest waiting message.
    pub(crate) oldest: Nanos,
    /// Messages sent since the start.
    pub(crate) sent: u64,
    /// Messages deleted since the start.
    pub(crate) deleted: u64,
    /// Whether a deployment is replacing tasks.
    pub(crate) deploying: bool,
}

impl Observation {
    /// Returns the counts that Application Auto Scaling requests from ECS.
    fn service_counts(&self) -> ServiceCounts {
        ServiceCounts {
            running: self.running,
            desired: self.desired,
            deploying: self.deploying,
        }
    }
}

/// Actions that a control schedules for later.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) ticks: Vec<(Nanos, Tick)>,
    pub(crate) desired: Vec<(Nanos, u32)>,
}

/// The state of a control, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Shown {
    pub(crate) scale_out: Option<AlarmState>,
    pub(crate) scale_in: Option<AlarmState>,
}

impl Shown {
    fn from_alarms(alarms: &PerSide<Option<Alarm>>) -> Self {
        let state = |alarm: &Option<Alarm>| alarm.as_ref().map(|alarm| alarm.state);
        Self {
            scale_out: state(&alarms.scale_out),
            scale_in: state(&alarms.scale_in),
        }
    }
}

/// Sets the desired count. Each policy implements this trait.
pub(crate) trait Control {
    /// Schedules its first actions.
    fn begin(&mut self, wishes: &mut Wishes);

    /// Handles a scheduled action.
    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes);

    /// Handles a change of the bounds.
    fn hold(&mut self, bounds: Bounds);

    /// Whether it moves the count within the bounds itself, at its next check. Otherwise, Application Auto Scaling does
    /// so as soon as the bounds change.
    fn keeps_bounds(&self) -> bool {
        true
    }

    /// Returns the state of its alarms.
    fn shown(&self) -> Shown {
        Shown::default()
    }

    /// Whether tasks start and stop instantly, because the load is known in advance.
    fn is_instant(&self) -> bool {
        false
    }

    /// Returns the number of runs of our function so far.
    fn runs(&self) -> u64 {
        0
    }

    /// Returns how long a run of that function waits between its checks, in seconds.
    fn run_span(&self) -> f64 {
        0.0
    }
}

/// A count that never changes.
struct Fixed(u32);

impl Control for Fixed {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes.desired.push((0, self.0));
    }

    fn tick(&mut self, _: Tick, _: Nanos, _: &Observation, _: &mut Wishes) {}

    /// Nothing changes the count.
    fn hold(&mut self, _: Bounds) {}
}

/// Creates the control of a scenario. The ideal needs `known`: the work, known in advance.
pub(crate) fn control(
    scenario: &Scenario,
    bounds: Bounds,
    seed: u64,
    known: Option<&Foreknowledge>,
) -> Box<dyn Control> {
    match &scenario.policy {
        Policy::Fixed { tasks } => Box::new(Fixed(*tasks)),
        Policy::BacklogPerTask(policy) => {
            Box::new(Tracking::new(scenario, *policy, None, bounds, seed))
        }
        Policy::BacklogPerTaskAndSteps(policy, steps) => {
            Box::new(Tracking::new(scenario, *policy, Some(steps), bounds, seed))
        }
        Policy::Predictive(policy) => Box::new(Predictive::new(scenario, *policy, bounds, seed)),
        Policy::AlarmSteps(policy) => {
            Box::new(AlarmStepControl::new(scenario, policy, bounds, seed))
        }
        Policy::Steps(policy) => Box::new(StepControl::new(scenario, policy, bounds)),
        Policy::Demand(policy) => Box::new(Tracking::demand(scenario, *policy, bounds, seed)),
        Policy::Deadline(policy) => Box::new(Deadline::new(scenario, *policy, bounds, seed)),
        Policy::Keda(policy) => Box::new(Keda::new(scenario, *policy, bounds)),
        Policy::Ideal => {
            let needed = known.map(|known| known.needed(scenario));
            Box::new(Ideal::new(needed.unwrap_or_default(), interval(scenario)))
        }
    }
}
