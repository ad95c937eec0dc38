//! A validated stack definition: what [`crate::parse`] hands out. Every default is filled in, and
//! every value is one that AWS takes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

pub use scaling::Count;

/// A whole stack definition.
#[derive(Clone, Debug, PartialEq)]
pub struct Stack {
    /// The CloudFormation stack's name.
    pub name: String,
    /// Refuse any other AWS account (12 digits).
    pub account: Option<String>,
    /// AWS region; otherwise the profile's.
    pub region: Option<String>,
    /// Tags of the stack, which CloudFormation puts on its resources.
    pub tags: BTreeMap<String, String>,
    /// Whether CloudFormation refuses to delete the stack.
    pub termination_protection: bool,
    /// ARN of the IAM policy put as permissions boundary on every role.
    pub permissions_boundary: Option<String>,
    /// Where the created services run.
    pub network: Network,
    /// Cluster of the created services.
    pub cluster: Cluster,
    /// Queues by their short names in the file.
    pub queues: BTreeMap<String, Queue>,
    /// Services by their short names in the file.
    pub services: BTreeMap<String, Service>,
    /// The metric function and what it publishes.
    pub metric: Metric,
    /// Thresholds of the operational alarms.
    pub alarms: Alarms,
    /// E-mail addresses that receive the alarms.
    pub notify: Vec<String>,
}

/// Where the tasks of created services run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Network {
    /// A small VPC of the stack's own: two public subnets, no NAT.
    Create,
    /// A VPC that somebody else owns.
    Existing {
        /// VPC id; the stack makes a security group in it when `security_groups` is empty.
        vpc: Option<String>,
        /// Subnet ids, at least one.
        subnets: Vec<String>,
        /// Security group ids.
        security_groups: Vec<String>,
        /// Whether tasks get a public address.
        assign_public_ip: bool,
    },
}

/// The ECS cluster of the created services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// Created by the stack.
    Create {
        /// Fixed name; otherwise CloudFormation chooses.
        name: Option<String>,
        /// What its tasks run on.
        capacity: Capacity,
    },
    /// Somebody else's cluster, by name.
    Existing {
        /// Cluster name.
        name: String,
    },
}

/// What the tasks run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// Fargate, on demand.
    Fargate,
    /// Fargate Spot, with the first `base` tasks on demand.
    FargateSpot {
        /// Tasks that run on demand.
        base: u32,
    },
}

/// A queue that services consume.
#[derive(Clone, Debug, PartialEq)]
pub enum Queue {
    /// Created by the stack.
    Create(QueueSpec),
    /// Somebody else's queue.
    Existing(ExistingQueue),
}

/// A queue that the stack creates.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueSpec {
    /// Fixed name (with its `.fifo` suffix on a FIFO queue); otherwise CloudFormation chooses.
    pub name: Option<String>,
    /// How long a received message stays hidden; whole seconds, at most 12 hours.
    pub visibility_timeout: Duration,
    /// How long a message is kept; whole seconds, 60 s to 14 days.
    pub retention: Duration,
    /// First-in-first-out queue.
    pub fifo: bool,
    /// Encryption at rest.
    pub encryption: Encryption,
    /// Where messages go that fail again and again.
    pub dead_letter: Option<DeadLetter>,
    /// SNS topics whose messages the queue receives.
    pub subscribe: Vec<Subscription>,
}

/// Encryption at rest of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// SQS-managed keys (SSE-SQS).
    Sqs,
    /// A KMS key, by ARN.
    Kms(String),
}

/// The dead-letter queue of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// Receives after which a message is moved (`maxReceiveCount`), 1 to 1,000.
    pub after: u32,
    /// How long the dead-letter queue keeps it; whole seconds, 60 s to 14 days.
    pub retention: Duration,
}

/// A subscription of a queue to an SNS topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Topic ARN.
    pub topic: String,
    /// SNS filter policy (on message attributes), as JSON.
    pub filter: Option<serde_json::Value>,
}

/// A queue that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExistingQueue {
    /// Queue ARN, as written.
    pub arn: String,
    /// Partition of the ARN (`aws`, `aws-cn`, …).
    pub partition: String,
    /// Region of the ARN.
    pub region: String,
    /// Account of the ARN.
    pub account: String,
    /// Queue name.
    pub name: String,
}

/// An ECS service, its queues and its scaling.
#[derive(Clone, Debug, PartialEq)]
pub struct Service {
    /// Created by the stack, or somebody else's.
    pub source: ServiceSource,
    /// Short names of the queues that it consumes, in the file's order.
    pub consumes: Vec<String>,
    /// Bounds of the desired count.
    pub tasks: Tasks,
    /// How the desired count follows the work; a fixed count of `tasks.min` when absent.
    pub scaling: Option<BacklogPerTask>,
}

/// Whose service it is.
#[derive(Clone, Debug, PartialEq)]
pub enum ServiceSource {
    /// Created by the stack.
    Create(Box<ServiceSpec>),
    /// Somebody else's: only measured and scaled.
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
    /// CPU units (1,024 are one vCPU), with `memory` a pair that Fargate offers.
    pub cpu: u32,
    /// Memory in MiB.
    pub memory: u32,
    /// Instruction set of the image.
    pub architecture: Architecture,
    /// Command that replaces the image's; empty: the image's own.
    pub command: Vec<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Environment variables from Secrets Manager or SSM Parameter Store, by ARN.
    pub secrets: BTreeMap<String, String>,
    /// Time between SIGTERM and SIGKILL; whole seconds, at most 120 s.
    pub stop_timeout: Duration,
}

/// Instruction set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit ARM (Graviton).
    Arm64,
    /// 64-bit x86.
    X86_64,
}

/// Bounds of a service's desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tasks {
    /// Fewest tasks.
    pub min: u32,
    /// Most tasks, at least `min`.
    pub max: u32,
}

/// Target tracking on the backlog per task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacklogPerTask {
    /// How long a message may wait.
    pub acceptable_latency: Duration,
    /// Average time that one task needs for one message.
    pub processing_time: Duration,
    /// Which messages count as backlog; never empty.
    pub count: BTreeSet<Count>,
    /// Cooldowns of the scaling policy.
    pub cooldown: Cooldown,
}

/// Cooldowns of a scaling policy, in whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cooldown {
    /// After a scale-out.
    pub out: Duration,
    /// After a scale-in.
    pub r#in: Duration,
}

/// The metric function and what it publishes.
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
    /// How long its log is kept; a value that CloudWatch Logs offers.
    pub log_retention: Duration,
}

/// Thresholds of the operational alarms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alarms {
    /// Age of the oldest message; when absent, each queue's follows the promise of its consumers.
    pub oldest_message: Option<Duration>,
    /// Messages in a dead-letter queue.
    pub dead_letters: u32,
    /// Silence of the metric; whole minutes.
    pub metric_silent: Duration,
}

impl Stack {
    /// The services that consume the queue of this short name, with their own short names.
    pub fn consumers<'a>(&'a self, queue: &'a str) -> impl Iterator<Item = (&'a str, &'a Service)> {
        self.services
            .iter()
            .filter(move |(_, service)| service.consumes.iter().any(|name| name == queue))
            .map(|(name, service)| (name.as_str(), service))
    }

    /// Age of a queue's oldest message over which the promise is broken: `alarms.oldest_message`,
    /// or else the shortest promise among its consumers. `None` when nobody promises anything.
    #[must_use]
    pub fn oldest_message(&self, queue: &str) -> Option<Duration> {
        let promised = self
            .consumers(queue)
            .filter_map(|(_, service)| service.scaling.as_ref())
            .map(|scaling| scaling.acceptable_latency)
            .min();
        self.alarms.oldest_message.or(promised)
    }
}
