//! The numbers of the demand algorithm, as a policy or an event carries them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::algorithm::DemandAlgorithm;
use super::watch::DemandWatchSettings;
use crate::BoundsError;

/// Share of the messages that chance can make wait longer than the objective; see [`DemandAlgorithm::late`].
/// Chosen by the experiment in `docs/demand.md`.
pub const LATE_SHARE: f64 = 0.01;

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
    /// Tasks are removed only to the largest need of this time, in milliseconds.
    pub window_ms: u64,
    /// Time over which arrivals are averaged, in milliseconds.
    pub rate_over_ms: u64,
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
        zero(self.rate_over_ms, "rate_over_ms")
    }

    /// Returns the algorithm's input; `measured` is the processing time if none is given. `None` while it is unknown.
    #[must_use]
    pub fn law(&self, measured: Option<Duration>) -> Option<DemandAlgorithm> {
        let given = self.processing_time_ms.map(Duration::from_millis);
        Some(DemandAlgorithm {
            promise: Duration::from_millis(self.acceptable_latency_ms),
            processing_time: given.or(measured)?,
            concurrency: self.concurrency,
            start: Duration::from_millis(self.task_start_ms),
            late: LATE_SHARE,
        })
    }

    /// Returns the settings of a watch.
    #[must_use]
    pub fn watching(&self) -> DemandWatchSettings {
        let window = Duration::from_millis(self.window_ms);
        DemandWatchSettings::new(window, Duration::from_millis(self.rate_over_ms))
    }
}
