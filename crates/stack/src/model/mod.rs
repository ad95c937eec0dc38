//! A validated stack definition, the result of [`crate::parse`]. Every default is filled in, and AWS accepts every
//! value.

mod cluster;
mod consumed;
mod container;
mod queue;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

pub use cluster::*;
pub use consumed::*;
pub use container::*;
pub use queue::*;
pub use scaling::{
    AdjustmentType, Comparison, Count, Hours, MissingData, Period, Schedule, Step, Steps, Warm,
    Zone,
};

use scaling::Bounds;

use crate::{Slo, Written};

/// A complete stack definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// The CloudFormation stack's name.
    pub name: String,
    /// The selected environment, if the definition was read for one.
    pub environment: Option<String>,
    /// The definition as it was written.
    pub written: Written,
    /// The only allowed AWS account (12 digits).
    pub account: Option<String>,
    /// AWS region; otherwise the profile's.
    pub region: Option<String>,
    /// Tags of the stack, which CloudFormation puts on its resources.
    pub tags: BTreeMap<String, String>,
    /// Whether CloudFormation refuses to delete the stack.
    pub termination_protection: bool,
    /// ARN of the IAM policy that is the permissions boundary of every role.
    pub permissions_boundary: Option<String>,
    /// IAM path of every role, which starts and ends with a slash.
    pub role_path: String,
    /// ARN of the KMS key of the alarms' messages, if it isn't managed by SNS.
    pub key: Option<String>,
    /// ARN of the KMS key of the logs, if it isn't managed by CloudWatch Logs.
    pub log_key: Option<String>,
    /// Existing bucket for the functions' code and large templates, if it isn't created by ecs-scaler.
    pub assets_bucket: Option<String>,
    /// Where the created services run.
    pub network: Network,
    /// Cluster of the created services.
    pub cluster: Cluster,
    /// Queues by their short names in the file.
    pub queues: BTreeMap<String, Queue>,
    /// Services by their short names in the file.
    pub services: BTreeMap<String, Service>,
    /// The metric function and its metrics.
    pub metric: Metric,
    /// Thresholds of the operational alarms.
    pub alarms: Alarms,
    /// The recipients of the alarms.
    pub notify: Vec<Recipient>,
    /// JSON merge patch on the finished template.
    pub overrides: Option<serde_json::Value>,
}

/// An ECS service, its queues, and its scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Created by the stack, or existing.
    pub source: ServiceSource,
    /// Its objective, if the definition sets one apart from the latency that its policy aims at.
    pub slo: Option<Slo>,
    /// Short names of the queues that it consumes, in the file's order.
    pub consumes: Vec<String>,
    /// The own settings of these queues, by their short names; a queue without any isn't included.
    pub queue_settings: BTreeMap<String, ConsumedQueue>,
    /// Whether a task protects itself from being stopped while it processes a message.
    pub protect: bool,
    /// Whether a task extends the visibility timeout of the message that it processes.
    pub heartbeat: bool,
    /// Bounds of the desired count, outside of the schedule's periods.
    pub tasks: Tasks,
    /// Weekly periods with other bounds.
    pub schedule: Option<Schedule>,
    /// How the desired count follows the work; `None` for a fixed count of `tasks.min`.
    pub scaling: Option<Scaling>,
}

impl Stack {
    /// ARNs of the SNS topics that receive the alarms directly.
    pub fn alarm_topics(&self) -> impl Iterator<Item = &str> {
        self.notify.iter().filter_map(|recipient| match recipient {
            Recipient::Topic(arn) => Some(arn.as_str()),
            Recipient::Email(_) | Recipient::Slack { .. } => None,
        })
    }

    /// Whether a topic of the stack sends the alarms to a recipient.
    #[must_use]
    pub fn has_subscribers(&self) -> bool {
        let is_topic = |recipient: &Recipient| matches!(recipient, Recipient::Topic(_));
        !self.notify.iter().all(is_topic)
    }
}

impl Service {
    /// Messages that a task processes at the same time, if a policy sets it: at least 1.
    #[must_use]
    pub fn concurrency(&self) -> u32 {
        let backlog = self.backlog_per_task().map(|backlog| backlog.concurrency);
        backlog
            .or(self.demand().map(|demand| demand.concurrency))
            .unwrap_or(1)
    }

    /// Bounds of the desired count outside of the schedule's periods; `None` if they aren't valid, which is an
    /// error.
    #[must_use]
    pub fn bounds(&self) -> Option<Bounds> {
        Bounds::new(self.tasks.min, self.tasks.max).ok()
    }

    /// The smallest minimum and the largest maximum that ever apply.
    #[must_use]
    pub fn envelope(&self) -> Tasks {
        let scheduled = self.schedule.as_ref().zip(self.bounds());
        let bounds = scheduled.map(|(schedule, base)| schedule.envelope(base));
        bounds.map_or(self.tasks, |bounds| Tasks {
            min: bounds.min(),
            max: bounds.max(),
        })
    }

    /// Whether it can have no tasks at a time when work can start one. In a period whose maximum is 0, only the
    /// period's end can start tasks.
    #[must_use]
    pub fn can_sleep(&self) -> bool {
        self.tasks.min == 0 || self.sleeping_period().is_some()
    }

    /// The index of the first period in which it can have no tasks, and work can start one.
    #[must_use]
    pub fn sleeping_period(&self) -> Option<usize> {
        let periods = &self.schedule.as_ref()?.periods;
        periods
            .iter()
            .position(|period| period.min == Some(0) && period.max != Some(0))
    }

    /// Its scaling by backlog per task, if it has that.
    #[must_use]
    pub fn backlog_per_task(&self) -> Option<&BacklogPerTask> {
        self.scaling.as_ref()?.backlog_per_task.as_ref()
    }

    /// Its scaling by demand, if it has that.
    #[must_use]
    pub fn demand(&self) -> Option<&Demand> {
        self.scaling.as_ref()?.demand.as_ref()
    }

    /// How long its messages can wait: the latency of its `slo`, or else the latency that its policy aims at, or
    /// else the shortest of its queues' own objectives. A queue's own objective wins: see
    /// [`Self::queue_objective`].
    #[must_use]
    pub fn latency_objective(&self) -> Option<Duration> {
        let slo = self.slo.map(|slo| slo.latency);
        slo.or_else(|| self.acceptable_latency())
            .or_else(|| self.shortest_own_objective())
    }

    /// The waiting time that its policy aims at, if it has such a policy.
    #[must_use]
    pub fn acceptable_latency(&self) -> Option<Duration> {
        let backlog = self
            .backlog_per_task()
            .map(|backlog| backlog.acceptable_latency);
        backlog.or(self.demand().map(|demand| demand.acceptable_latency))
    }

    /// How long the work on a message takes on average, if a policy sets it.
    #[must_use]
    pub fn processing_time(&self) -> Option<Duration> {
        let backlog = self.backlog_per_task();
        let backlog = backlog.map(|backlog| backlog.processing_time);
        backlog.or_else(|| self.demand()?.processing_time)
    }

    /// Whether the metric function measures it.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        let backlog = self.backlog_per_task();
        backlog.is_some_and(|backlog| backlog.source == BacklogSource::Lambda)
            || self
                .demand()
                .is_some_and(|demand| demand.actuator == Actuator::TargetTracking)
    }

    /// Whether a scaling function checks it, its own or a shared one. The function sets the desired count, or only
    /// observes.
    #[must_use]
    pub fn has_scaling_function(&self) -> bool {
        let scaling = self.scaling.as_ref();
        scaling.is_some_and(|scaling| scaling.alarm_steps.is_some())
            || self.demand().is_some_and(Demand::is_by_function)
    }

    /// Whether a policy changes its desired count: it has one that doesn't only observe.
    #[must_use]
    pub fn is_scaled(&self) -> bool {
        let scaling = self.scaling.as_ref();
        scaling.is_some_and(|scaling| scaling.has_other_than_demand())
            || self.demand().is_some_and(Demand::acts)
    }

    /// Whether Application Auto Scaling changes its desired count.
    #[must_use]
    pub fn has_scalable_target(&self) -> bool {
        let Some(scaling) = &self.scaling else {
            return false;
        };
        let tracked = |demand: &Demand| demand.actuator == Actuator::TargetTracking;
        scaling.backlog_per_task.is_some()
            || scaling.cpu.is_some()
            || scaling.memory.is_some()
            || scaling.steps.is_some()
            || scaling.demand.as_ref().is_some_and(tracked)
    }
}

/// How a service's desired count follows the work: at least one of these is set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scaling {
    /// Target tracking on the backlog per task.
    pub backlog_per_task: Option<BacklogPerTask>,
    /// Target tracking on the service's average CPU utilization.
    pub cpu: Option<Utilization>,
    /// Target tracking on the service's average memory utilization.
    pub memory: Option<Utilization>,
    /// Step scaling by Application Auto Scaling.
    pub steps: Option<StepScaling>,
    /// Step scaling by the scaling function, which alarms notify through SNS. It can't be combined with another
    /// policy.
    pub alarm_steps: Option<StepScaling>,
    /// The tasks that the work needs. It can be combined with another policy only if it only observes.
    pub demand: Option<Demand>,
}

impl Scaling {
    /// Whether it has a policy other than demand.
    #[must_use]
    pub fn has_other_than_demand(&self) -> bool {
        self.backlog_per_task.is_some()
            || self.cpu.is_some()
            || self.memory.is_some()
            || self.steps.is_some()
            || self.alarm_steps.is_some()
    }
}

/// Scaling to the tasks that the work needs: see `docs/demand.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// The waiting time that the policy aims at.
    pub acceptable_latency: Duration,
    /// Average time that one task needs for one message; `None` if it is measured.
    pub processing_time: Option<Duration>,
    /// Messages that a task processes at the same time, at least 1.
    pub concurrency: u32,
    /// What sets the desired count.
    pub actuator: Actuator,
    /// Time between two checks of the function.
    pub every: Duration,
    /// Minimum number of tasks that run even if nothing needs them.
    pub warm: Warm,
    /// Time from a decision until a new task takes its first message, used until the function has measured it.
    pub task_start: Duration,
    /// How long the last task stays after the last message.
    pub window: Duration,
    /// Cooldowns after a change of the desired count.
    pub cooldown: Cooldown,
}

impl Demand {
    /// Whether it changes the desired count instead of only observing.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.actuator != Actuator::None
    }

    /// Whether the function checks it, to set the desired count or only to observe.
    #[must_use]
    pub fn is_by_function(&self) -> bool {
        self.actuator != Actuator::TargetTracking
    }

    /// Warm tasks needed per jump of the arrivals by one message per second, so that no message waits longer than
    /// the objective. `None` if a function's reaction is fast enough, or if the processing time isn't known.
    ///
    /// Until new tasks run, a jump by a rate makes no message late if `rate × processing time × (reaction −
    /// objective) ÷ reaction` tasks are already running. Within one reaction time, they serve the messages that
    /// arrive in the part of it that exceeds the objective.
    #[must_use]
    pub fn warm_tasks_per_rate(&self, objective: Duration) -> Option<f64> {
        let reaction = self.every.saturating_add(self.task_start);
        let late = reaction.checked_sub(objective)?;
        if !self.is_by_function() || late.is_zero() {
            return None;
        }
        let processing = self.processing_time?.as_secs_f64() / f64::from(self.concurrency.max(1));
        Some(processing * late.as_secs_f64() / reaction.as_secs_f64())
    }
}

/// What sets the desired count with the demand algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actuator {
    /// One function for all such services, several times per minute.
    Function,
    /// Application Auto Scaling, by target tracking on a metric that the metric function publishes.
    TargetTracking,
    /// Nothing. The function checks the service like `Function`, publishes the count that it would set, and has no
    /// permission to set it.
    None,
}

/// Target tracking on a predefined metric of ECS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Utilization {
    /// Average utilization to keep, in percent, 1 to 100.
    pub target: u32,
    /// Whether it is measured every 20 s instead of every minute.
    pub high_resolution: bool,
    /// Cooldowns of the scaling policy.
    pub cooldown: Cooldown,
}

/// Steps by how far a metric is beyond a threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct StepScaling {
    /// The metric of each side that doesn't set its own.
    pub metric: AlarmMetric,
    /// Length of a period: 10 s, 20 s, 30 s, or whole minutes.
    pub period: Duration,
    /// Cooldowns of the two sides.
    pub cooldown: Cooldown,
    /// The alarm that adds tasks. At least one of the two is set.
    pub scale_out: Option<StepAlarm>,
    /// The alarm that removes tasks.
    pub scale_in: Option<StepAlarm>,
}

/// The metric of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlarmMetric {
    /// Requests that the service's own load balancer sent to its target group.
    RequestCount,
    /// A metric that SQS publishes for a queue of the definition.
    Queue {
        /// Short name of the queue.
        queue: String,
        /// Metric name in `AWS/SQS`.
        name: String,
        /// Statistic over a period.
        statistic: Statistic,
    },
    /// Several counts of a queue's messages, added up.
    Messages {
        /// Short name of the queue.
        queue: String,
        /// The kinds of messages to count, at least two.
        count: BTreeSet<Count>,
        /// Statistic of each count over a period.
        statistic: Statistic,
    },
    /// Any other metric.
    Other {
        /// Namespace.
        namespace: String,
        /// Metric name.
        name: String,
        /// Dimensions: all that the metric has.
        dimensions: BTreeMap<String, String>,
        /// Statistic over a period.
        statistic: Statistic,
    },
}

/// Statistic of a metric over a period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statistic {
    /// `SampleCount`, `Average`, `Sum`, `Minimum`, or `Maximum`.
    Plain(String),
    /// A percentile, a trimmed mean, or similar, such as `p99.9`.
    Extended(String),
}

/// An alarm of step scaling and its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct StepAlarm {
    /// Its metric, if that isn't [`StepScaling::metric`].
    pub metric: Option<AlarmMetric>,
    /// The comparison that puts the alarm into ALARM.
    pub comparison: Comparison,
    /// Threshold, in the metric's unit.
    pub threshold: f64,
    /// Datapoints to alarm, out of the last `periods`.
    pub datapoints: u32,
    /// Evaluation periods, at least `datapoints`.
    pub periods: u32,
    /// How missing datapoints are treated.
    pub missing: MissingData,
    /// The steps that it applies.
    pub steps: Steps,
}

impl StepScaling {
    /// Returns the metric of one of its alarms.
    #[must_use]
    pub fn metric_of<'a>(&'a self, alarm: &'a StepAlarm) -> &'a AlarmMetric {
        alarm.metric.as_ref().unwrap_or(&self.metric)
    }

    /// Returns the metrics of its alarms, scale-out first.
    pub fn metrics(&self) -> impl Iterator<Item = &AlarmMetric> {
        let alarms = self.scale_out.iter().chain(&self.scale_in);
        alarms.map(|alarm| self.metric_of(alarm))
    }
}

impl AlarmMetric {
    /// Short name of its queue, if it has one.
    #[must_use]
    pub fn queue(&self) -> Option<&str> {
        match self {
            Self::Queue { queue, .. } | Self::Messages { queue, .. } => Some(queue),
            Self::RequestCount | Self::Other { .. } => None,
        }
    }
}

/// The owner of the service.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceSource {
    /// Created by the stack.
    Create(Box<ServiceSpec>),
    /// Existing: only measured and scaled.
    Existing {
        /// Cluster name.
        cluster: String,
        /// Service name.
        service: String,
    },
}

/// A service that the stack creates.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceSpec {
    /// Fixed name; otherwise CloudFormation chooses.
    pub name: Option<String>,
    /// Container image.
    pub image: String,
    /// CPU units (1,024 are one vCPU); on Fargate, a valid pair with `memory`.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Instruction set of the image.
    pub architecture: Architecture,
    /// The capacity of its tasks, if it isn't the cluster's.
    pub capacity: Option<TaskCapacity>,
    /// Command that replaces the image's; if empty, the image's own.
    pub command: Vec<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Environment variables from Secrets Manager or SSM Parameter Store, by ARN, or by a parameter's name, which
    /// starts with a slash.
    pub secrets: BTreeMap<String, String>,
    /// The other settings of the container.
    pub container: Container,
    /// Other containers of the task, by name.
    pub sidecars: BTreeMap<String, Sidecar>,
    /// The container that sends the logs elsewhere; otherwise they go to CloudWatch Logs.
    pub log_router: Option<LogRouter>,
    /// Whether commands can be run in the containers of a task (ECS Exec).
    pub exec: bool,
    /// Whether its tasks also get the variables that AWS Copilot gives a worker.
    pub copilot: bool,
    /// How ECS replaces tasks.
    pub deployment: Deployment,
    /// Ephemeral storage of a task in GiB, 21 to 200; otherwise Fargate's 20.
    pub storage: Option<u32>,
    /// Volumes of a task, by name.
    pub volumes: BTreeMap<String, Volume>,
    /// Additional permissions of the tasks.
    pub permissions: Vec<Permission>,
    /// Queues that the tasks send to: short names, or ARNs of others.
    pub sends: Vec<String>,
    /// ARNs of topics that the tasks publish to.
    pub publishes: Vec<String>,
    /// ARN of an existing role for the tasks, instead of the stack's own.
    pub task_role: Option<String>,
    /// ARN of an existing role with which ECS starts the tasks, instead of the stack's own.
    pub execution_role: Option<String>,
    /// Time between SIGTERM and SIGKILL; whole seconds, at most 120 s on Fargate.
    pub stop_timeout: Duration,
    /// Port that the container listens on.
    pub port: Option<u16>,
    /// ARN of the Cloud Map namespace whose services the tasks can call by Service Connect.
    pub service_connect: Option<String>,
    /// Application Load Balancer in front of the tasks; requires a `port`.
    pub load_balancer: Option<LoadBalancer>,
}

impl ServiceSpec {
    /// The named capacity providers of its tasks, if it has any.
    #[must_use]
    pub fn providers(&self) -> Option<&[Provider]> {
        match &self.capacity {
            Some(TaskCapacity::Providers(providers)) => Some(providers),
            Some(TaskCapacity::Fargate(_)) | None => None,
        }
    }

    /// Minimum share of the tasks, in percent, that run while ECS replaces them.
    ///
    /// If all instances are full, there is no space for a new task until an old one has stopped. At 100%, none can
    /// stop, so the deployment would wait until CloudFormation stops it after three hours. ECS rounds the number of
    /// tasks up, so one of `n` tasks can stop at (n − 1) ÷ n. A single task must not stop, because that would be an
    /// outage. Source: Amazon ECS API, `DeploymentConfiguration$minimumHealthyPercent`.
    #[must_use]
    pub fn min_healthy(&self, tasks: Tasks, cluster: &Cluster) -> u32 {
        /// At most a quarter of the tasks stop at once, whatever their number.
        const MOST: u32 = 4;
        if let Some(share) = self.deployment.min_healthy {
            return share;
        }
        if !cluster.is_on_instances() || tasks.max < 2 {
            return 100;
        }
        let fewest = tasks.min.clamp(2, MOST);
        100 * (fewest - 1) / fewest
    }
}

/// A service's own Application Load Balancer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadBalancer {
    /// Port on which it listens.
    pub listener: u16,
    /// Path of the health check.
    pub health_check: String,
    /// ARN of the certificate of an HTTPS listener; without one, the listener uses HTTP.
    pub certificate: Option<String>,
    /// Reachable within the VPC only.
    pub internal: bool,
    /// Its subnets, at least two, if they aren't the tasks' subnets.
    pub subnets: Vec<String>,
    /// CIDR blocks from which requests are allowed; if empty, from everywhere, or from the VPC.
    pub allow_from: Vec<String>,
    /// Whether port 80 redirects to the HTTPS listener.
    pub redirect_http: bool,
    /// Security policy of an HTTPS listener, if it isn't the default one.
    pub tls_policy: Option<String>,
    /// ARN of the web ACL that decides on requests.
    pub waf: Option<String>,
    /// Bucket of the access logs.
    pub access_logs: Option<String>,
    /// Whether it can't be deleted.
    pub deletion_protection: bool,
}

/// Instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit ARM (Graviton).
    Arm64,
    /// 64-bit x86.
    X86_64,
}

impl Architecture {
    /// Each architecture.
    pub const ALL: [Self; 2] = [Self::Arm64, Self::X86_64];
}

/// Shows its name in the format and in Lambda.
impl fmt::Display for Architecture {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Arm64 => "arm64",
            Self::X86_64 => "x86_64",
        })
    }
}

/// Bounds of a service's desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tasks {
    /// Minimum number of tasks.
    pub min: u32,
    /// Maximum number of tasks, at least `min`.
    pub max: u32,
}

/// Target tracking on the backlog per task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacklogPerTask {
    /// The waiting time that the policy aims at.
    pub acceptable_latency: Duration,
    /// Average processing time of one message.
    pub processing_time: Duration,
    /// Messages that a task processes at the same time, at least 1.
    pub concurrency: u32,
    /// The kinds of messages that count as backlog; never empty.
    pub count: BTreeSet<Count>,
    /// Cooldowns of the scaling policy.
    pub cooldown: Cooldown,
    /// What divides the backlog by the tasks.
    pub source: BacklogSource,
}

/// What divides the backlog by the tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BacklogSource {
    /// The metric function, every minute.
    Lambda,
    /// CloudWatch's metric math, with metrics of SQS and Container Insights.
    MetricMath,
}

/// Cooldowns of a scaling policy, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// After a scale-out.
    pub out: Duration,
    /// After a scale-in.
    pub r#in: Duration,
}

/// A recipient of alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Recipient {
    /// An email address.
    Email(String),
    /// ARN of an existing SNS topic.
    Topic(String),
    /// A Slack channel.
    Slack {
        /// ID of its workspace.
        workspace: String,
        /// Its ID.
        channel: String,
    },
}

/// The metric function and its metrics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// CloudWatch namespace.
    pub namespace: String,
    /// Period of the EventBridge rule; whole minutes.
    pub every: Duration,
    /// Memory of the function in MiB.
    pub memory: u32,
    /// Instruction set of the function.
    pub architecture: Architecture,
    /// How long its log is kept; a value that CloudWatch Logs supports.
    pub log_retention: Duration,
    /// The VPC of the stack's functions, if any.
    pub vpc: Option<FunctionNetwork>,
    /// Whether X-Ray traces the functions of the stack.
    pub tracing: bool,
}

/// Thresholds of the operational alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// Age of the oldest message; if `None`, each queue's value follows the latency objectives of its consumers.
    pub oldest_message: Option<Duration>,
    /// Messages in a dead-letter queue.
    pub dead_letters: u32,
    /// How long the metric can have no datapoints; whole minutes.
    pub metric_silent: Duration,
}

impl BacklogPerTask {
    /// The acceptable backlog per task: the number of waiting messages per task with which the last one starts
    /// within the acceptable latency. `None` without a processing time.
    #[must_use]
    pub fn target(&self) -> Option<f64> {
        let latency = self.acceptable_latency.saturating_mul(self.concurrency);
        scaling::acceptable_backlog_per_task(latency, self.processing_time)
    }
}

impl Stack {
    /// Whether a queue is FIFO; a queue that isn't defined is not.
    #[must_use]
    pub fn is_fifo(&self, queue: &str) -> bool {
        match self.queues.get(queue) {
            Some(Queue::Create(spec)) => spec.fifo.is_some(),
            Some(Queue::Existing(queue)) => queue.name.ends_with(".fifo"),
            None => false,
        }
    }

    /// The part of a created service that runs on Fargate Spot. `None` if no capacity provider of Fargate
    /// determines it: on instances, and on an existing cluster if the service has no `capacity`.
    #[must_use]
    pub fn spot(&self, spec: &ServiceSpec) -> Option<Spot> {
        match (&spec.capacity, &self.cluster) {
            (Some(TaskCapacity::Fargate(spot)), _) => Some(*spot),
            (Some(TaskCapacity::Providers(_)), _) | (None, Cluster::Existing { .. }) => None,
            (None, Cluster::Create { capacity, .. }) => match capacity {
                Capacity::Fargate => Some(Spot::default()),
                Capacity::FargateSpot { base } => Some(Spot {
                    share: 100,
                    base: *base,
                }),
                Capacity::Ec2 { .. } => None,
            },
        }
    }

    /// Whether the tasks of a created service run on EC2 instances: of the stack, or of an existing cluster's
    /// capacity providers.
    #[must_use]
    pub fn is_on_instances(&self, spec: &ServiceSpec) -> bool {
        self.cluster.is_on_instances() || spec.providers().is_some()
    }

    /// Whether tasks of a created service run on Fargate Spot.
    #[must_use]
    pub fn is_on_spot(&self, spec: &ServiceSpec) -> bool {
        self.spot(spec).is_some_and(|spot| spot.share > 0)
    }

    /// The name of the definition, without the environment name that the stack's name adds.
    #[must_use]
    pub fn application(&self) -> &str {
        let environment = self.environment.as_deref();
        let stem = environment.and_then(|environment| self.name.strip_suffix(environment));
        stem.and_then(|stem| stem.strip_suffix('-'))
            .unwrap_or(&self.name)
    }

    /// The services that consume the queue of this short name, with their own short names.
    pub fn consumers<'a>(&'a self, queue: &'a str) -> impl Iterator<Item = (&'a str, &'a Service)> {
        self.services
            .iter()
            .filter(move |(_, service)| service.consumes.iter().any(|name| name == queue))
            .map(|(name, service)| (name.as_str(), service))
    }

    /// Whether the stack creates a dead-letter queue for a queue.
    #[must_use]
    pub fn has_dead_letters(&self, queue: &str) -> bool {
        matches!(self.queues.get(queue), Some(Queue::Create(spec)) if spec.dead_letter.is_some())
    }

    /// The age of a queue's oldest message above which the alarm is in ALARM: `alarms.oldest_message`, or else the
    /// shortest latency objective of its consumers. `None` if no consumer has one.
    #[must_use]
    pub fn oldest_message(&self, queue: &str) -> Option<Duration> {
        let objective = self
            .consumers(queue)
            .filter_map(|(_, service)| service.queue_objective(queue))
            .min();
        self.alarms.oldest_message.or(objective)
    }
}
