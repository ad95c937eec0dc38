//! Queues, created and existing.

use std::time::Duration;

/// A queue that services consume.
#[derive(Clone, Debug, PartialEq)]
pub enum Queue {
    /// Created by the stack.
    Create(QueueSpec),
    /// An existing queue.
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
    /// How long a new message stays hidden; whole seconds, at most 15 minutes.
    pub delay: Duration,
    /// First in, first out, and how; `None` on a standard queue.
    pub fifo: Option<Fifo>,
    /// Encryption at rest.
    pub encryption: Encryption,
    /// Where messages go that fail repeatedly.
    pub dead_letter: Option<DeadLetter>,
    /// SNS topics whose messages the queue receives.
    pub subscribe: Vec<Subscription>,
    /// Other senders.
    pub senders: Vec<Sender>,
}

/// How a FIFO queue detects duplicates and counts its quotas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fifo {
    /// Two messages with the same body are duplicates, if they have no deduplication ID.
    pub content_based_deduplication: bool,
    /// Quotas and deduplication apply to each message group.
    pub high_throughput: bool,
}

/// A sender with permission to send to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// An AWS service on behalf of a resource.
    Service {
        /// Its name in its principal: `events`, `s3`, or `sns`.
        service: String,
        /// ARN of the resource, with IAM wildcards.
        source: String,
        /// Account of the resource; otherwise the stack's.
        account: Option<String>,
    },
    /// The identities of an account.
    Account(String),
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
    /// SNS filter policy, as JSON.
    pub filter: Option<serde_json::Value>,
    /// What the filter applies to.
    pub filter_scope: FilterScope,
    /// Whether messages arrive as published, without the SNS envelope.
    pub raw: bool,
}

/// What an SNS filter policy applies to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterScope {
    /// The message attributes.
    Attributes,
    /// The message body, a JSON object.
    Body,
}

/// An existing queue.
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
    /// ARN of the KMS key that encrypts its messages; `None` if the tasks need no permission to use a key.
    pub key: Option<String>,
}
