//! The facts about a service that explain why it doesn't scale. Times are seconds since 1970.

use scaling::{AlarmState, Comparison, Parsed, Side};
use template::contract::TargetSchedule;

use crate::inspect::ServiceState;
use crate::suspension::Suspended;

/// The facts of one service, read from AWS or built by a test.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts {
    /// The current time.
    pub now: u64,
    /// The service, as `status` shows it.
    pub service: ServiceState,
    /// The suspended parts of its scaling.
    pub suspended: Suspended,
    /// Its scheduled bounds.
    pub schedule: Option<TargetSchedule>,
    /// Start of the deployment in progress.
    pub deployment: Option<u64>,
    /// ECS's events, newest first.
    pub events: Vec<Event>,
    /// The alarms that scale it.
    pub alarms: Vec<AlarmFacts>,
    /// Why Application Auto Scaling changed nothing recently, newest first.
    pub not_scaled: Vec<NotScaled>,
    /// The rule and function that measure it or set its count every minute.
    pub feed: Option<Feed>,
    /// What these credentials can't read, so that its absence means nothing.
    pub hidden: Hidden,
}

/// Parts that these credentials can't read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Hidden {
    /// Policies of Application Auto Scaling.
    pub policies: bool,
    /// The metrics that our functions publish.
    pub metrics: bool,
    /// The logs of our functions.
    pub logs: bool,
}

/// An event that ECS reports for a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub at: u64,
    pub text: String,
}

/// An alarm that scales a service.
#[derive(Clone, Debug)]
pub(crate) struct AlarmFacts {
    pub name: String,
    /// Its action in ALARM.
    pub side: Side,
    /// Whether a target tracking policy created it, so that its threshold belongs to a target.
    pub tracks: bool,
    /// What acts on it.
    pub actor: Actor,
    /// Whether someone has disabled its actions.
    pub muted: bool,
    pub state: Parsed<AlarmState>,
    /// When it went into its current state.
    pub since: Option<u64>,
    /// A time at which CloudWatch evaluated it.
    pub evaluated: Option<u64>,
    /// The metric's name.
    pub metric: Option<String>,
    pub comparison: Parsed<Comparison>,
    pub threshold: Option<f64>,
    /// Datapoints to alarm.
    pub datapoints: usize,
    /// Evaluation periods.
    pub periods: usize,
    /// Seconds of a period.
    pub period: u64,
    /// The datapoints of the last periods, newest first. `None` if they couldn't be read.
    pub values: Option<Vec<f64>>,
    /// Cooldown between its actions, in seconds.
    pub cooldown: u64,
    /// When its last action started.
    pub acted: Option<u64>,
}

/// What changes the count when an alarm is in ALARM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A policy of Application Auto Scaling.
    Policy,
    /// The scaling function.
    Function,
}

/// An activity of Application Auto Scaling that changed nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotScaled {
    pub at: u64,
    /// AWS's code for the reason, such as `AlreadyAtMaxCapacity`.
    pub code: String,
}

/// A rule, and the function that it invokes for the service.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Feed {
    pub rule: String,
    /// `None` if the rule couldn't be read.
    pub enabled: Option<bool>,
    pub function: String,
    /// What the function does.
    pub does: Task,
    /// The newest datapoint that it published.
    pub newest: Option<u64>,
    /// Its last failure, unless it has succeeded since then.
    pub error: Option<Event>,
    /// Its last check of this service, if its log has one.
    pub check: Option<Check>,
}

/// What a function does for a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Task {
    /// Publishes a metric that a policy tracks.
    #[default]
    Measures,
    /// Sets the count by demand.
    Scales,
    /// Re-evaluates the alarms.
    ReEvaluates,
}

/// A decision in a function's log.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Check {
    pub at: u64,
    /// The outcome as a word, such as `kept`.
    pub outcome: String,
    /// The reason as a sentence.
    pub reason: String,
    /// Required tasks, unrounded.
    pub need: Option<f64>,
}

/// What the service should do, judging by the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Out,
    In,
    Nothing,
}

impl AlarmFacts {
    pub(super) fn rings(&self) -> bool {
        self.state.is(AlarmState::Alarm)
    }

    /// Returns how many of the relevant datapoints are beyond the threshold, if they are known.
    pub(super) fn breaching(&self) -> Option<usize> {
        let (comparison, threshold) = (self.comparison.known()?, self.threshold?);
        let counted = self.values.as_ref()?.iter().take(self.periods);
        Some(
            counted
                .filter(|value| comparison.breaches(**value, threshold))
                .count(),
        )
    }

    /// Returns the end of the cooldown after the last action.
    pub(super) fn cooldown_end(&self) -> Option<u64> {
        Some(self.acted?.saturating_add(self.cooldown))
    }

    /// Returns the seconds until CloudWatch evaluates it again. CloudWatch evaluates an alarm every minute, or every
    /// 10 seconds if its period is shorter than a minute. Source: "Alarm evaluation" in the Amazon CloudWatch User
    /// Guide.
    pub(super) fn next_evaluation(&self, now: u64) -> Option<u64> {
        let every = if self.period < 60 { 10 } else { 60 };
        let past = now.checked_sub(self.evaluated?)?;
        Some(every - past % every)
    }
}

impl Facts {
    pub(super) fn of_side(&self, side: Side) -> impl Iterator<Item = &AlarmFacts> {
        self.alarms.iter().filter(move |alarm| alarm.side == side)
    }

    /// Returns the required tasks, unrounded, from the function's last check or the newest datapoint. `None` if the function
    /// only observes: then something else sets the count.
    pub(super) fn need(&self) -> Option<f64> {
        if self.service.is_observed() {
            return None;
        }
        let check = self.feed.as_ref().and_then(|feed| feed.check.as_ref());
        let published = self.service.demand.as_ref().and_then(|demand| demand.need);
        check
            .and_then(|check| check.need)
            .or(published.map(|point| point.value))
    }

    /// Returns what the service should do.
    pub(super) fn want(&self) -> Want {
        let desired = self.service.desired.map(f64::from);
        let beyond = |side| {
            self.of_side(side)
                .any(|alarm| alarm.rings() || alarm.breaching().is_some_and(|count| count > 0))
        };
        let needs_more = match (self.need(), desired) {
            (Some(need), Some(desired)) => need.ceil() > desired,
            _ => false,
        };
        if needs_more || beyond(Side::Out) {
            return Want::Out;
        }
        let needs_less = match (self.need(), desired) {
            (Some(need), Some(desired)) => need.ceil() < desired,
            _ => false,
        };
        match needs_less || beyond(Side::In) {
            true => Want::In,
            false => Want::Nothing,
        }
    }
}
