//! The settings of the demand algorithm, as a policy or an event contains them.

use serde::{Deserialize, Serialize};

use crate::{BoundsError, ScheduleError};

/// The settings of the demand algorithm in a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandRequest {
    /// How long a message can wait, in milliseconds.
    pub acceptable_latency_ms: u64,
    /// Average processing time of a message in milliseconds; `None` if it is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_time_ms: Option<u64>,
    /// Messages that a task processes at the same time, at least 1.
    pub concurrency: u32,
    /// Time from a decision until a new task takes its first message, in milliseconds.
    pub task_start_ms: u64,
    /// How long the last task stays after the last message, in milliseconds.
    pub window_ms: u64,
    /// Time between two checks of the metric function, the period of its rule, in milliseconds; `None` for
    /// a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ms: Option<u64>,
    /// A key in events of version 0.1.0. Nothing uses it, but a rule can still send it while the rule is
    /// updated.
    #[serde(default, skip_serializing)]
    pub rate_over_ms: Option<u64>,
}

/// Why a demand policy is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemandPolicyError {
    /// A name or list is empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// A number is zero that must not be.
    #[error("`{0}` is zero")]
    Zero(&'static str),
    /// The bounds aren't valid.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// The schedule isn't valid.
    #[error("`schedule`: {0}")]
    Schedule(#[from] ScheduleError),
}

impl DemandRequest {
    /// Checks the numbers.
    ///
    /// # Errors
    /// If a number is zero that must not be.
    pub fn check(&self) -> Result<(), DemandPolicyError> {
        let zero = |number: u64, name| {
            if number == 0 {
                Err(DemandPolicyError::Zero(name))
            } else {
                Ok(())
            }
        };
        zero(self.acceptable_latency_ms, "acceptable_latency_ms")?;
        zero(self.processing_time_ms.unwrap_or(1), "processing_time_ms")?;
        zero(self.concurrency.into(), "concurrency")?;
        zero(self.period_ms.unwrap_or(1), "period_ms")
    }
}
