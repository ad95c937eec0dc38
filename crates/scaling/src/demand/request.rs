//! The numbers of the demand algorithm, as a policy or an event carries them.

use serde::{Deserialize, Serialize};

use crate::{BoundsError, ScheduleError};

/// The numbers of the demand algorithm, as a definition sets them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandRequest {
    /// How long a message may wait, in milliseconds.
    pub acceptable_latency_ms: u64,
    /// Average processing time of a message in milliseconds; nothing when it is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing_time_ms: Option<u64>,
    /// Messages that a task works on at once, at least 1.
    pub concurrency: u32,
    /// From a decision to the first message of a new task, in milliseconds.
    pub task_start_ms: u64,
    /// How long the last task stays after the last message, in milliseconds.
    pub window_ms: u64,
    /// Time between two checks of the metric function, the period of its rule, in milliseconds; nothing for a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_ms: Option<u64>,
    /// What events of version 0.1.0 have. Nothing uses it, but a rule can still send one while it is updated.
    #[serde(default, skip_serializing)]
    pub rate_over_ms: Option<u64>,
}

/// Why a demand policy can't be followed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DemandPolicyError {
    /// A name or list is empty.
    #[error("`{0}` is empty")]
    Empty(&'static str),
    /// A number that must not be zero.
    #[error("`{0}` is zero")]
    Zero(&'static str),
    /// The bounds are no bounds.
    #[error(transparent)]
    Bounds(#[from] BoundsError),
    /// The schedule is none.
    #[error("`schedule`: {0}")]
    Schedule(#[from] ScheduleError),
}

impl DemandRequest {
    /// Checks the numbers.
    ///
    /// # Errors
    /// When a number that must not be zero is.
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
