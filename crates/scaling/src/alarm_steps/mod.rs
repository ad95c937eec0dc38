//! The policy of a scaling function: the service that it scales, and the alarms that notify it.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::schedule::{Schedule, ScheduleError};
use crate::side::{PerSide, Side};
use crate::steps::{AdjustmentType, Steps};
use crate::{Bounds, BoundsError};

/// Environment variable of the scaling function that holds its [`AlarmStepsPolicy`] as JSON: an alarm's
/// message can't carry it.
pub const POLICY_VARIABLE: &str = "SCALING_POLICY";

/// Key of the tag that records the last step for an alarm, on the alarm itself.
pub const LAST_STEP_TAG: &str = "ecs-scaler:last-step";

/// How a scaling function scales one service, by the alarms that notify it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmStepsPolicy {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks, at least `min`.
    pub max: u32,
    /// Weekly periods with other bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// Name of the parameter that records a pause of the service. Templates of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// What adds tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_out: Option<AlarmSteps>,
    /// Removes tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale_in: Option<AlarmSteps>,
}

/// The steps for one alarm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlarmSteps {
    /// Alarm name.
    pub alarm: String,
    /// What to do while it is in ALARM.
    pub steps: Steps,
    /// Cooldown after a step of this side, in seconds.
    pub cooldown: u64,
}

/// The scaling function's event when it is not an alarm's SNS message: the constant input of the rule
/// that lets it read its alarms again, because an alarm notifies once per change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "action", deny_unknown_fields)]
pub enum ScalingRequest {
    /// `{"action": "re-evaluate"}`: check the alarms, and keep scaling while one is in ALARM.
    ReEvaluate,
}

/// How a service can be scaled, for [`crate::Situation::decide`].
#[derive(Clone, Copy, Debug)]
pub struct AlarmScaling<'a> {
    /// Minimum and maximum number of tasks.
    pub bounds: Bounds,
    /// The steps of each side.
    pub steps: PerSide<Option<&'a AlarmSteps>>,
}

/// Why a policy is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A name is empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// There is neither scale-out nor scale-in.
    #[error("there is neither `scale_out` nor `scale_in`")]
    NoSide,
    /// Both sides use the same alarm.
    #[error("scale-out and scale-in have one and the same alarm, {0:?}")]
    OneAlarm(String),
    /// A step of one side has the wrong sign.
    #[error("a step of {0} is {1}, which goes the other way")]
    Direction(&'static str, i32),
    /// The bounds aren't valid.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// The schedule isn't valid.
    #[error("`schedule`: {0}")]
    Schedule(#[from] ScheduleError),
}

impl AlarmStepsPolicy {
    /// Checks the policy, and returns what applies at a time since the Unix epoch.
    ///
    /// # Errors
    /// If a name is empty, if there is no side or both use the same alarm, if a step has the wrong sign, if
    /// `min` is over `max`, or if the schedule isn't valid.
    pub fn scaling(&self, at: Duration) -> Result<AlarmScaling<'_>, PolicyError> {
        let sides = [("scale_out", &self.scale_out), ("scale_in", &self.scale_in)];
        for (name, value) in [("cluster", &self.cluster), ("service", &self.service)] {
            if value.is_empty() {
                return Err(PolicyError::Empty(name));
            }
        }
        for (name, side) in sides {
            if let Some(side) = side {
                check(name, side)?;
            }
        }
        match (&self.scale_out, &self.scale_in) {
            (None, None) => return Err(PolicyError::NoSide),
            (Some(out), Some(scale_in)) if out.alarm == scale_in.alarm => {
                return Err(PolicyError::OneAlarm(out.alarm.clone()));
            }
            _ => {}
        }
        let base = Bounds::new(self.min, self.max)?;
        if let Some(schedule) = &self.schedule {
            schedule.check(base)?;
        }
        let schedule = self.schedule.as_ref();
        Ok(AlarmScaling {
            bounds: schedule.map_or(base, |schedule| schedule.bounds_at(base, at)),
            steps: self.sides(),
        })
    }

    /// The sides that are set.
    #[must_use]
    pub fn sides(&self) -> PerSide<Option<&AlarmSteps>> {
        PerSide {
            scale_out: self.scale_out.as_ref(),
            scale_in: self.scale_in.as_ref(),
        }
    }

    /// The side that an alarm belongs to.
    #[must_use]
    pub fn side_of(&self, alarm: &str) -> Option<Side> {
        let sides = self.sides();
        let named = |side: &Side| sides.get(*side).is_some_and(|steps| steps.alarm == alarm);
        [Side::Out, Side::In].into_iter().find(named)
    }
}

fn check(name: &'static str, side: &AlarmSteps) -> Result<(), PolicyError> {
    if side.alarm.is_empty() {
        return Err(PolicyError::Empty("alarm"));
    }
    if side.steps.adjustment_type() == AdjustmentType::ExactCapacity {
        return Ok(());
    }
    let wrong = |adjustment: i32| match name {
        "scale_out" => adjustment < 0,
        _ => adjustment > 0,
    };
    let mut adjustments = side.steps.as_slice().iter().map(|step| step.adjustment);
    match adjustments.find(|adjustment| wrong(*adjustment)) {
        Some(adjustment) => Err(PolicyError::Direction(name, adjustment)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
