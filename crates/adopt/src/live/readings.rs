//! The readings of a service, as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use scaling::{Comparison, MissingData};
use serde::Serialize;

/// All readings. A value that couldn't be read is missing here, and has a line in [`Self::unread`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct Readings {
    /// Account ID.
    pub account: String,
    /// Region.
    pub region: String,
    /// When it was read, in seconds since 1970.
    pub now: i64,
    /// The service.
    pub service: ServiceReading,
    /// Its task definition.
    pub task: TaskReading,
    /// Why it isn't known what currently scales it; then `target` is `None`.
    pub scaling_unread: Option<String>,
    /// Its scalable target, if it has one.
    pub target: Option<TargetReading>,
    /// The target's policies.
    pub policies: Vec<PolicyReading>,
    /// The queues that it consumes.
    pub queues: Vec<QueueReading>,
    /// Two weeks of metrics.
    pub history: History,
    /// Starts of its running and recently stopped tasks.
    pub starts: Vec<StartReading>,
    /// What couldn't be read and why, one sentence each.
    pub unread: Vec<String>,
}

/// An ECS service.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceReading {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub name: String,
    /// Desired count.
    pub desired: u32,
    /// Running tasks.
    pub running: u32,
    /// `FARGATE`, `EC2`, or `EXTERNAL`; `None` with capacity providers.
    pub launch_type: Option<String>,
    /// Capacity providers with base and weight.
    pub providers: Vec<ProviderReading>,
    /// `ECS`, `CODE_DEPLOY`, or `EXTERNAL`.
    pub controller: String,
    /// `REPLICA` or `DAEMON`.
    pub strategy: String,
    /// ARN of its task definition.
    pub task_definition: String,
    /// Tags of the service.
    pub tags: BTreeMap<String, String>,
    /// Whether Container Insights measures the cluster's tasks; `None` if ECS doesn't report it.
    pub insights: Option<bool>,
    /// Times at which ECS started tasks or reported a steady state, the oldest first.
    #[serde(skip)]
    pub events: Vec<EventReading>,
}

/// A capacity provider of a service's strategy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ProviderReading {
    /// Its name, such as `FARGATE_SPOT`.
    pub name: String,
    /// Tasks that it runs first.
    pub base: u32,
    /// Its share of the others.
    pub weight: u32,
}

/// An event of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventReading {
    /// Its time, in seconds since 1970.
    pub at: i64,
    /// ECS's message.
    pub message: String,
}

/// A task definition with its role's policies.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TaskReading {
    /// CPU units of a task, if set.
    pub cpu: Option<u32>,
    /// Memory of a task in MiB, if set.
    pub memory: Option<u32>,
    /// Whether it runs on ARM.
    pub arm: bool,
    /// Its containers.
    pub containers: Vec<ContainerReading>,
    /// Name of its task role.
    pub role: Option<String>,
    /// Policy documents of the task role, as JSON; `None` if they weren't read.
    #[serde(skip)]
    pub role_policies: Option<Vec<String>>,
}

/// A container of a task definition.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ContainerReading {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Its environment variables. Values of secrets aren't read. Not serialized, because variables can contain
    /// passwords.
    #[serde(skip)]
    pub environment: BTreeMap<String, String>,
    /// Names of variables whose values are secrets.
    pub secrets: Vec<String>,
    /// Time between SIGTERM and SIGKILL, if set.
    pub stop_timeout: Option<Duration>,
}

/// A scalable target of Application Auto Scaling.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct TargetReading {
    /// Minimum capacity.
    pub min: u32,
    /// Maximum capacity.
    pub max: u32,
    /// Number of scheduled actions.
    pub scheduled: usize,
    /// Whether scale-out and scale-in are suspended.
    pub suspended: (bool, bool),
}

/// A scaling policy.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyReading {
    /// Its name.
    pub name: String,
    /// Its kind and settings.
    pub kind: PolicyKind,
    /// The alarms that act on it.
    pub alarms: Vec<AlarmReading>,
}

/// Kinds of scaling policies.
#[derive(Clone, Debug, Serialize)]
pub enum PolicyKind {
    /// Target tracking.
    Tracking {
        /// Target value.
        target: f64,
        /// The metric that it tracks.
        metric: TrackedReading,
        /// Cooldown after a scale-out.
        cooldown_out: Option<Duration>,
        /// Cooldown after a scale-in.
        cooldown_in: Option<Duration>,
        /// Whether it never removes a task.
        only_out: bool,
    },
    /// Step scaling.
    Steps {
        /// `ChangeInCapacity`, `PercentChangeInCapacity`, or `ExactCapacity`.
        adjustment: String,
        /// Cooldown.
        cooldown: Option<Duration>,
        /// `MinAdjustmentMagnitude`.
        at_least: Option<u32>,
        /// Lower bound, upper bound, adjustment.
        steps: Vec<(Option<f64>, Option<f64>, i32)>,
    },
    /// Another kind, such as predictive scaling.
    Other(String),
}

/// The metric of a target tracking policy.
#[derive(Clone, Debug, Serialize)]
pub enum TrackedReading {
    /// A predefined metric, such as `ECSServiceAverageCPUUtilization`.
    Predefined(String),
    /// One metric.
    Metric(MetricReading),
    /// Metric math.
    Math {
        /// The expression whose data is returned.
        expression: String,
        /// The metrics and additional expressions, by ID.
        terms: BTreeMap<String, TermReading>,
    },
}

/// A term of metric math.
#[derive(Clone, Debug, Serialize)]
pub enum TermReading {
    /// A metric.
    Metric(MetricReading),
    /// Another expression.
    Expression(String),
}

/// A metric with its statistic.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MetricReading {
    /// Namespace.
    pub namespace: String,
    /// Name.
    pub name: String,
    /// Dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// Statistic, such as `Average`.
    pub statistic: String,
}

/// A CloudWatch alarm that acts on a policy.
#[derive(Clone, Debug, Serialize)]
pub struct AlarmReading {
    /// Its name.
    pub name: String,
    /// Its metric; `None` if it is metric math.
    pub metric: Option<MetricReading>,
    /// Length of a period.
    pub period: Duration,
    /// The comparison that puts it into ALARM; `None` for bands.
    pub comparison: Option<Comparison>,
    /// Threshold.
    pub threshold: f64,
    /// Datapoints to alarm.
    pub datapoints: u32,
    /// Evaluation periods.
    pub periods: u32,
    /// How missing datapoints are treated.
    pub missing: MissingData,
}

/// A queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QueueReading {
    /// ARN.
    pub arn: String,
    /// Name.
    pub name: String,
    /// How it was found, for people: text after "from".
    pub found: String,
    /// How long a received message stays hidden.
    pub visibility_timeout: Duration,
    /// How long a message is kept.
    pub retention: Duration,
    /// How long a new message is hidden.
    pub delay: Duration,
    /// Receives after which a message is moved to the dead-letter queue, and that queue's ARN.
    pub dead_letter: Option<(u32, String)>,
    /// ID, alias, or ARN of its KMS key, if it isn't a key that SQS manages.
    pub key: Option<String>,
}

/// Two weeks of metrics, minute by minute.
#[derive(Clone, Debug, Default, Serialize)]
pub struct History {
    /// Number of days requested.
    pub days: u32,
    /// Messages sent per minute.
    #[serde(skip)]
    pub sent: Minutes,
    /// Messages received per minute.
    #[serde(skip)]
    pub received: Minutes,
    /// Messages deleted per minute.
    #[serde(skip)]
    pub deleted: Minutes,
    /// Messages in flight in a minute.
    #[serde(skip)]
    pub in_flight: Minutes,
    /// Messages waiting in a minute.
    #[serde(skip)]
    pub visible: Minutes,
    /// Age in seconds of the oldest message in a minute.
    #[serde(skip)]
    pub oldest: Minutes,
    /// Running tasks, from Container Insights.
    #[serde(skip)]
    pub running: Minutes,
    /// Samples of the service's CPU utilization.
    #[serde(skip)]
    pub cpu_samples: Minutes,
}

/// Values by the start of their minute in seconds since 1970. A minute without a datapoint is missing.
pub type Minutes = BTreeMap<i64, f64>;

/// The start of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct StartReading {
    /// When ECS created it, in milliseconds since 1970.
    pub created: i64,
    /// When it started to pull its images.
    pub pull_started: Option<i64>,
    /// When all images were there.
    pub pull_stopped: Option<i64>,
    /// When all of its containers ran.
    pub started: i64,
}
