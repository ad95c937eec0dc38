//! The policy of a function that follows demand: the service, its queues, and the settings of the
//! algorithm.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::request::{DemandPolicyError, DemandRequest};
use crate::Bounds;
use crate::Schedule;
use crate::Warm;
use crate::queue_request::QueueRequest;

/// Name of the metric of the tasks that the work needs, unrounded and without bounds. Its
/// dimensions are `ClusterName` and `ServiceName`.
pub const TASKS_NEEDED_METRIC: &str = "TasksNeeded";

/// Names of the metrics that a function measures while it scales and publishes once per minute. The
/// processing time (how long a message keeps a task busy) and the task start (95th percentile) are in
/// seconds. The share of the messages of the last days that started within the objective is in percent. The
/// warm tasks are published if there are any. The dimensions are `ClusterName` and `ServiceName`.
pub const PROCESSING_TIME_METRIC: &str = "ProcessingTime";
/// See [`PROCESSING_TIME_METRIC`].
pub const TASK_START_METRIC: &str = "TaskStart";
/// See [`PROCESSING_TIME_METRIC`].
pub const WITHIN_OBJECTIVE_METRIC: &str = "WithinObjective";
/// See [`PROCESSING_TIME_METRIC`].
pub const WARM_TASKS_METRIC: &str = "WarmTasks";

/// Name of the metric of the desired count that a function would set if it didn't only observe: the maximum
/// of a minute's checks. Its dimensions are `ClusterName` and `ServiceName`.
pub const RECOMMENDED_TASKS_METRIC: &str = "RecommendedTasks";

/// Name of the metric that target tracking on demand follows with target 1: the tasks
/// needed ÷ desired tasks. Its dimensions are `ClusterName` and `ServiceName`.
pub const NEED_PER_TASK_METRIC: &str = "TasksNeededPerDesiredTask";

/// Cooldown after a scale-out by target tracking on [`NEED_PER_TASK_METRIC`], if a definition sets none.
/// The latest datapoint of the alarm can be two minutes old, and its need was divided by the count from
/// before the scale-out.
pub const TRACKING_COOLDOWN: Duration = Duration::from_secs(120);

/// Time from a decision until a new task takes its first message, if a definition sets none.
pub const DEMAND_TASK_START: Duration = Duration::from_secs(40);

/// Window whose largest need limits scale-in, if a definition sets none. Chosen by the experiment in
/// `docs/demand.md`.
pub const DEMAND_WINDOW: Duration = Duration::from_secs(120);

/// Time between two checks of a function that sets the desired count. 5 s is almost as good as a check
/// every second; see `docs/demand.md`.
pub const DEMAND_INTERVAL: Duration = Duration::from_secs(5);

/// How a function that sets the desired count scales one service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks, at least `min`.
    pub max: u32,
    /// Weekly periods with other bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// The settings of the demand algorithm.
    pub law: DemandRequest,
    /// Whether the function only publishes the count that it would set, as [`RECOMMENDED_TASKS_METRIC`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub observe: bool,
    /// Name of the parameter that records a pause of the service. Templates of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pause: Option<String>,
    /// Share of the messages that must meet the objective, if the definition sets one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Warm tasks.
    #[serde(default, skip_serializing_if = "Warm::is_auto")]
    pub warm: Warm,
    /// Time between two checks, in milliseconds.
    pub every_ms: u64,
    /// How long one invocation keeps checking, in milliseconds: the period of its rule.
    pub period_ms: u64,
    /// Cooldown after a scale-out, in milliseconds. During it, only a larger count is set.
    pub cooldown_out_ms: u64,
    /// Cooldown after a scale-in, in milliseconds. During it, no tasks are removed.
    pub cooldown_in_ms: u64,
}

impl DemandPolicy {
    /// Checks the policy, and returns its bounds outside of the schedule's periods.
    ///
    /// # Errors
    /// If a name is empty, there is no queue, a number is zero that must not be, `min` is over `max`, or
    /// the schedule is invalid.
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
        self.queues.iter().try_for_each(QueueRequest::check)?;
        let base = Bounds::new(self.min, self.max)?;
        if let Some(schedule) = &self.schedule {
            schedule.check(base)?;
        }
        Ok(base)
    }

    /// The bounds that apply at a time since the Unix epoch. `base` are the bounds outside of the
    /// schedule's periods.
    #[must_use]
    pub fn bounds_at(&self, base: Bounds, at: Duration) -> Bounds {
        let schedule = self.schedule.as_ref();
        schedule.map_or(base, |schedule| schedule.bounds_at(base, at))
    }

    /// The smallest minimum and the largest maximum that ever apply.
    #[must_use]
    pub fn envelope(&self, base: Bounds) -> Bounds {
        let schedule = self.schedule.as_ref();
        schedule.map_or(base, |schedule| schedule.envelope(base))
    }
}
