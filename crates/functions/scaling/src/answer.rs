//! The answer of an invocation, for its log and for people who use `invoke`.

use std::time::Duration;

use scaling::{AlarmStepsPolicy, HoldReason, Pause, Side, StepRecord};
use serde::Serialize;

use crate::{FleetAnswer, moment};

/// The answer of an invocation, by the policy that the function follows.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Reply {
    /// Steps while an alarm is in ALARM.
    AlarmSteps(Answer),
    /// The tasks that the work needs.
    Demand(FleetAnswer),
}

/// The outcome of an invocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ScalingOutcome {
    /// No alarm is in ALARM.
    Quiet,
    /// A step changed the count.
    Stepped,
    /// A step that an earlier invocation started changed the count.
    Finished,
    /// The alarm's change of state already had its step.
    Handled,
    /// The count is at its bound.
    AtBound,
    /// The count was outside its bounds and is now within them.
    Bounded,
    /// A cooldown, or the alarm's period after a step, is still in effect.
    Cooldown,
    /// Scale-in waits for a deployment.
    Deploying,
    /// Someone has paused the service.
    Paused,
    /// The service is being deleted.
    Draining,
    /// The service or its cluster doesn't exist.
    Missing,
}

/// The outcome of an invocation, and its reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// The outcome, in one word.
    pub outcome: ScalingOutcome,
    /// The alarm that is in ALARM, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alarm: Option<String>,
    /// The desired count before, if it was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// The desired count afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// When the wait for a step ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// The reason, in a sentence.
    pub reason: String,
}

/// The alarm that an answer is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cause<'a> {
    pub(crate) policy: &'a AlarmStepsPolicy,
    pub(crate) side: Side,
    pub(crate) alarm: &'a str,
    /// Since when it has been in ALARM.
    pub(crate) change: Duration,
}

impl Answer {
    /// No alarm is in ALARM.
    pub(crate) fn quiet(policy: &AlarmStepsPolicy) -> Self {
        Self {
            cluster: policy.cluster.clone(),
            service: policy.service.clone(),
            outcome: ScalingOutcome::Quiet,
            alarm: None,
            from: None,
            to: None,
            until: None,
            reason: "no alarm is in ALARM".to_owned(),
        }
    }

    /// The count was outside its bounds.
    pub(crate) fn bounded(policy: &AlarmStepsPolicy, from: u32, to: u32) -> Self {
        let (min, max) = (policy.min, policy.max);
        Self {
            outcome: ScalingOutcome::Bounded,
            from: Some(from),
            to: Some(to),
            reason: format!("the desired count was {from}, outside {min} to {max}"),
            ..Self::quiet(policy)
        }
    }

    /// There is no service to scale, whatever the states of the alarms.
    pub(crate) fn unscalable(
        policy: &AlarmStepsPolicy,
        outcome: ScalingOutcome,
        what: &str,
    ) -> Self {
        Self {
            outcome,
            reason: what.to_owned(),
            ..Self::quiet(policy)
        }
    }
}

impl Cause<'_> {
    /// The count was changed.
    pub(crate) fn stepped(&self, outcome: ScalingOutcome, record: &StepRecord) -> Answer {
        let (from, to) = (record.from, record.to);
        let how = match outcome {
            ScalingOutcome::Finished => ", by a step that was started earlier",
            _ => "",
        };
        let text = format!("{} from {from} to {to} tasks{how}", self.side_name());
        Answer {
            from: Some(from),
            to: Some(to),
            ..self.answer(outcome, &text)
        }
    }

    /// There is no service to scale.
    pub(crate) fn unscalable(&self, outcome: ScalingOutcome, what: &str) -> Answer {
        self.answer(outcome, what)
    }

    /// The count doesn't change.
    pub(crate) fn held(&self, hold: HoldReason, desired: u32) -> Answer {
        let (outcome, until, text) = match hold {
            HoldReason::Handled => (
                ScalingOutcome::Handled,
                None,
                "this change of its state has had its step".to_owned(),
            ),
            HoldReason::Deploying => (
                ScalingOutcome::Deploying,
                None,
                "scale-in waits until the service is deployed".to_owned(),
            ),
            HoldReason::Cooldown { until, of } => {
                let until = moment::text(until);
                let text = format!(
                    "{} waits until {until} for the last {} to take effect",
                    self.side_name(),
                    side_name(of)
                );
                (ScalingOutcome::Cooldown, Some(until), text)
            }
            HoldReason::AtBound => (ScalingOutcome::AtBound, None, self.at_bound(desired)),
        };
        Answer {
            from: Some(desired),
            to: Some(desired),
            until,
            ..self.answer(outcome, &text)
        }
    }

    /// The count stays because someone has paused the service.
    pub(crate) fn paused(&self, pause: &Pause, desired: u32, to: u32) -> Answer {
        let text = format!("{}; would set {to}", pause.describe());
        Answer {
            from: Some(desired),
            to: Some(desired),
            until: pause.until.map(moment::text),
            ..self.answer(ScalingOutcome::Paused, &text)
        }
    }

    fn at_bound(&self, desired: u32) -> String {
        let (min, max) = (self.policy.min, self.policy.max);
        match self.side {
            Side::Out if desired >= max => {
                format!("the desired count is {desired} and the maximum is {max}")
            }
            Side::In if desired <= min => {
                format!("the desired count is {desired} and the minimum is {min}")
            }
            _ => format!("the step leaves the desired count at {desired}"),
        }
    }

    fn answer(&self, outcome: ScalingOutcome, text: &str) -> Answer {
        let since = moment::text(self.change);
        Answer {
            outcome,
            alarm: Some(self.alarm.to_owned()),
            reason: format!("alarm {} is in ALARM since {since}: {text}", self.alarm),
            ..Answer::quiet(self.policy)
        }
    }

    fn side_name(&self) -> &'static str {
        side_name(self.side)
    }
}

fn side_name(side: Side) -> &'static str {
    match side {
        Side::Out => "scale-out",
        Side::In => "scale-in",
    }
}
