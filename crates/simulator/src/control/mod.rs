//! The other half of the loop: policies that read the queue and the service, and set the desired count.

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

/// Something that a control wants to do at a moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Tick {
    /// Read the counts.
    Sample,
    /// A datapoint of this period is there.
    Publish { period: u64, value: f64 },
    /// Evaluate the alarms over the periods before this one.
    Evaluate { period: u64 },
    /// The datapoints of the metrics of steps are there, one for each side.
    PublishSides { period: u64, values: PerSide<f64> },
    /// A minute of SQS's own metrics is over.
    Minute,
    /// An alarm's message is there.
    AlarmMessage,
    /// An hour of the forecast begins soon.
    HourNears,
    /// An hour of the forecast is over.
    HourEnds,
}

/// Most queues of a simulated service, as many as a service scaled by demand can consume.
pub(crate) const MOST_QUEUES: usize = 10;

/// The counts of each queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Lanes(pub(crate) [LaneCounts; MOST_QUEUES]);

/// The counts of one queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct LaneCounts {
    pub(crate) visible: u64,
    pub(crate) in_flight: u64,
    /// Messages deleted since the beginning.
    pub(crate) deleted: u64,
}

/// What AWS would report at a moment.
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
    /// Messages sent since the beginning.
    pub(crate) sent: u64,
    /// Messages deleted since the beginning.
    pub(crate) deleted: u64,
    /// Whether a deployment replaces tasks.
    pub(crate) deploying: bool,
}

impl Observation {
    /// What Application Auto Scaling asks ECS for.
    fn service_counts(&self) -> ServiceCounts {
        ServiceCounts {
            running: self.running,
            desired: self.desired,
            deploying: self.deploying,
        }
    }
}

/// What a control wants done later.
#[derive(Debug, Default)]
pub(crate) struct Wishes {
    pub(crate) ticks: Vec<(Nanos, Tick)>,
    pub(crate) desired: Vec<(Nanos, u32)>,
}

/// What a control shows to people.
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

/// Sets the desired count: another policy implements this trait.
pub(crate) trait Control {
    /// What it wants at the beginning.
    fn begin(&mut self, wishes: &mut Wishes);

    /// Its moment has come.
    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes);

    /// Other bounds hold from now on.
    fn hold(&mut self, bounds: Bounds);

    /// Whether it brings the count within the bounds by itself, at its next check. Otherwise Application Auto Scaling does so
    /// as soon as the bounds change.
    fn keeps_bounds(&self) -> bool {
        true
    }

    /// Its alarms.
    fn shown(&self) -> Shown {
        Shown::default()
    }

    /// Whether tasks start and end in no time, as for one who knew before.
    fn is_instant(&self) -> bool {
        false
    }

    /// Runs of a function of ours so far.
    fn runs(&self) -> u64 {
        0
    }

    /// Seconds that a run of that function waits between its checks.
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

    /// Nothing scales it.
    fn hold(&mut self, _: Bounds) {}
}

/// The control of a scenario. The ideal needs `known`: the work, known beforehand.
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
