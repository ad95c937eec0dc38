//! Step scaling: how far a metric is beyond its threshold decides how much the desired count changes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Bounds;

/// The meaning of the steps' numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AdjustmentType {
    /// Tasks to add (positive) or to remove (negative).
    ChangeInCapacity,
    /// Percent of the count to add or to remove.
    PercentChangeInCapacity,
    /// The count itself.
    ExactCapacity,
}

/// One step: from this distance beyond the threshold up to the start of the next step.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Distance beyond the threshold at which the step starts, in the metric's unit: how far the metric is
    /// above a threshold that it must exceed, or below one that it must fall short of.
    pub from: f64,
    /// Tasks, percent, or count: see [`AdjustmentType`].
    pub adjustment: i32,
}

/// The steps of one alarm, starting at the threshold, without gap or overlap.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSteps", into = "RawSteps")]
pub struct Steps {
    adjustment_type: AdjustmentType,
    /// `MinAdjustmentMagnitude`.
    at_least: Option<u32>,
    steps: Vec<Step>,
}

/// Unchecked [`Steps`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSteps {
    adjustment_type: AdjustmentType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at_least: Option<u32>,
    steps: Vec<Step>,
}

/// Why a list of steps is invalid.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum StepsError {
    /// The list is empty.
    #[error("there is no step")]
    Empty,
    /// The first step doesn't start at the threshold.
    #[error("the first step starts at {0}, not at 0")]
    Gap(f64),
    /// A step doesn't start after its predecessor, or its start isn't a number.
    #[error("a step starts at {0}, which isn't after the previous one")]
    Order(f64),
    /// An exact count below zero.
    #[error("{0} isn't a count")]
    NegativeCount(i32),
    /// A minimum number of tasks is set, but the steps aren't percentages.
    #[error("only percentages can have a minimum number of tasks")]
    AtLeast,
}

impl Steps {
    /// The steps in ascending order of `from`, the first at 0. `at_least` is the minimum number of tasks
    /// that a percentage adds or removes.
    ///
    /// # Errors
    /// If a step is out of order, the first leaves a gap, an exact count is negative, or `at_least` is set
    /// without percentages.
    pub fn new(
        adjustment_type: AdjustmentType,
        at_least: Option<u32>,
        steps: Vec<Step>,
    ) -> Result<Self, StepsError> {
        let first = steps.first().ok_or(StepsError::Empty)?;
        if first.from != 0.0 {
            return Err(StepsError::Gap(first.from));
        }
        for pair in steps.windows(2) {
            if let [before, after] = pair
                && !(after.from > before.from && after.from.is_finite())
            {
                return Err(StepsError::Order(after.from));
            }
        }
        if adjustment_type == AdjustmentType::ExactCapacity
            && let Some(step) = steps.iter().find(|step| step.adjustment < 0)
        {
            return Err(StepsError::NegativeCount(step.adjustment));
        }
        if at_least.is_some() && adjustment_type != AdjustmentType::PercentChangeInCapacity {
            return Err(StepsError::AtLeast);
        }
        Ok(Self {
            adjustment_type,
            at_least,
            steps,
        })
    }

    /// The meaning of the steps' numbers.
    #[must_use]
    pub fn adjustment_type(&self) -> AdjustmentType {
        self.adjustment_type
    }

    /// Minimum number of tasks that a percentage adds or removes (`MinAdjustmentMagnitude`).
    #[must_use]
    pub fn at_least(&self) -> Option<u32> {
        self.at_least
    }

    /// The steps, in ascending order of their start; never empty.
    #[must_use]
    pub fn as_slice(&self) -> &[Step] {
        &self.steps
    }

    /// The step for a metric that is `distance` beyond the threshold, in the metric's unit: the last one
    /// that starts at or before it. A step's lower bound is inclusive and its upper bound exclusive on the
    /// side away from the threshold. Without a datapoint, and if the metric has returned while the alarm is
    /// still in ALARM, it is the first step.
    ///
    /// Source: "Step scaling policies", Application Auto Scaling User Guide.
    #[must_use]
    pub fn step(&self, distance: Option<f64>) -> Step {
        let distance = distance.unwrap_or_default();
        let begun = |step: &&Step| step.from <= distance;
        let step = self.steps.iter().rev().find(begun);
        // A list of steps is never empty; an empty one would mean a step that changes nothing.
        step.or(self.steps.first()).copied().unwrap_or(Step {
            from: 0.0,
            adjustment: 0,
        })
    }

    /// The count that the step for `distance` wants, starting from `current` and within `bounds`.
    ///
    /// Percentages are of `current`, rounded as in Application Auto Scaling: a change of over one task
    /// towards zero, a change of under one task to a whole one. `at_least` increases a percentage, but not
    /// one of 0.
    ///
    /// Source: the same as for [`Self::step`], "Scaling adjustment types".
    #[must_use]
    pub fn next(&self, current: u32, distance: Option<f64>, bounds: Bounds) -> u32 {
        let adjustment = i64::from(self.step(distance).adjustment);
        let asked = match self.adjustment_type {
            AdjustmentType::ExactCapacity => adjustment,
            AdjustmentType::ChangeInCapacity => i64::from(current) + adjustment,
            AdjustmentType::PercentChangeInCapacity => {
                i64::from(current) + self.percent_change(current, adjustment)
            }
        };
        bounds.clamp(u32::try_from(asked.max(0)).unwrap_or(u32::MAX))
    }

    /// The number of tasks that is `percent` of `current`, never further from zero than 2^56.
    fn percent_change(&self, current: u32, percent: i64) -> i64 {
        let hundredths = i64::from(current) * percent;
        let rounded = match hundredths {
            -99..=99 => hundredths.signum(),
            _ => hundredths / 100,
        };
        let least = i64::from(self.at_least.unwrap_or_default());
        percent.signum() * rounded.abs().max(least)
    }
}

impl TryFrom<RawSteps> for Steps {
    type Error = StepsError;

    fn try_from(raw: RawSteps) -> Result<Self, StepsError> {
        Self::new(raw.adjustment_type, raw.at_least, raw.steps)
    }
}

impl From<Steps> for RawSteps {
    fn from(steps: Steps) -> Self {
        Self {
            adjustment_type: steps.adjustment_type,
            at_least: steps.at_least,
            steps: steps.steps,
        }
    }
}

impl fmt::Display for AdjustmentType {
    /// As Application Auto Scaling writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChangeInCapacity => "ChangeInCapacity",
            Self::PercentChangeInCapacity => "PercentChangeInCapacity",
            Self::ExactCapacity => "ExactCapacity",
        })
    }
}

#[cfg(test)]
mod tests;
