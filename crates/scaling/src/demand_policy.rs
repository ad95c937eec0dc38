//! What a function that follows the demand law knows: the service, its queues, and the law's numbers.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::demand::{DemandLaw, Watching};
use crate::request::QueueRequest;
use crate::{Bounds, BoundsError};

/// Environment variable of the scaling function that holds its [`DemandPolicy`] as JSON.
pub const DEMAND_POLICY_VARIABLE: &str = "DEMAND_POLICY";

/// Name of the metric that tells how many tasks the work needs, unrounded and without bounds. Its
/// dimensions are `ClusterName` and `ServiceName`.
pub const TASKS_NEEDED_METRIC: &str = "TasksNeeded";

/// Name of the metric that target tracking on demand follows with target 1: the largest need of the
/// window ÷ running tasks. Its dimensions are `ClusterName` and `ServiceName`.
pub const NEED_PER_TASK_METRIC: &str = "TasksNeededPerRunningTask";

/// Share of the messages that chance may make wait longer than promised; see [`DemandLaw::late`].
/// Chosen by the experiment in `docs/demand.md`.
pub const LATE_SHARE: f64 = 0.01;

/// Standard deviations by which chance alone is told from a rise; see
/// [`crate::QueueHistory::proven_rate`]. Chosen by the experiment in `docs/demand.md`.
pub const RATE_DEVIATIONS: f64 = 1.0;

/// Time over which arrivals are averaged. Chosen by the experiment in `docs/demand.md`.
pub const RATE_OVER: Duration = Duration::from_secs(120);

/// Time from a decision to the first message of a new task, where a definition sets none.
pub const DEMAND_TASK_START: Duration = Duration::from_secs(40);

/// Time to whose largest need tasks are removed, where a definition sets none. Chosen by the experiment in
/// `docs/demand.md`.
pub const DEMAND_WINDOW: Duration = Duration::from_secs(120);

/// Time between two looks of a function that sets the desired count. 10 s come near to what a look each
/// second would achieve; see `docs/demand.md`.
pub const DEMAND_INTERVAL: Duration = Duration::from_secs(10);

/// The numbers of the demand law, as a definition says them.
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

/// How one service is scaled by a function that sets its desired count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemandPolicy {
    /// CloudWatch namespace to publish [`TASKS_NEEDED_METRIC`] to.
    pub namespace: String,
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// The queues that the service consumes.
    pub queues: Vec<QueueRequest>,
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks, at least `min`.
    pub max: u32,
    /// The law.
    pub law: DemandRequest,
    /// Time between two looks, in milliseconds.
    pub every_ms: u64,
    /// How long one invocation goes on looking, in milliseconds: the period of its rule.
    pub period_ms: u64,
    /// Pause after a scale-out in which only a larger count is set, in milliseconds.
    pub cooldown_out_ms: u64,
    /// Pause after a scale-in in which nothing is removed, in milliseconds.
    pub cooldown_in_ms: u64,
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

    /// The law; `measured` is the processing time where none is given. `None` while it is unknown.
    #[must_use]
    pub fn law(&self, measured: Option<Duration>) -> Option<DemandLaw> {
        let given = self.processing_time_ms.map(Duration::from_millis);
        Some(DemandLaw {
            promise: Duration::from_millis(self.acceptable_latency_ms),
            processing_time: given.or(measured)?,
            concurrency: self.concurrency,
            start: Duration::from_millis(self.task_start_ms),
            late: LATE_SHARE,
        })
    }
}

impl DemandRequest {
    /// What a watch goes by that looks at every `every`.
    #[must_use]
    pub fn watching(&self, every: Duration) -> Watching {
        let window = Duration::from_millis(self.window_ms);
        Watching {
            rate_over: Duration::from_millis(self.rate_over_ms),
            ..Watching::usual(window, every)
        }
    }
}

impl DemandPolicy {
    /// Checks the policy, and gives its bounds.
    ///
    /// # Errors
    /// When a name is empty, there is no queue, a number that must not be zero is, or `min` is over `max`.
    pub fn check(&self) -> Result<Bounds, DemandPolicyError> {
        let names = [
            ("namespace", &self.namespace),
            ("cluster", &self.cluster),
            ("service", &self.service),
        ];
        for (name, value) in names {
            if value.is_empty() {
                return Err(DemandPolicyError::Empty(name));
            }
        }
        if self.queues.is_empty() {
            return Err(DemandPolicyError::Empty("queues"));
        }
        if self.every_ms == 0 {
            return Err(DemandPolicyError::Zero("every_ms"));
        }
        self.law.check()?;
        Ok(Bounds::new(self.min, self.max)?)
    }
}
