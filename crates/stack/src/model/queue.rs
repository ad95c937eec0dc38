//! Queues, created and existing.

use std::time::Duration;

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
    /// How long a new message stays hidden; whole seconds, at most 15 minutes.
    pub delay: Duration,
    /// First in, first out, and how; `None` on a standard queue.
    pub fifo: Option<Fifo>,
    /// Encryption at rest.
    pub encryption: Encryption,
    /// Where messages go that fail again and again.
    pub dead_letter: Option<DeadLetter>,
    /// SNS topics whose messages the queue receives.
    pub subscribe: Vec<Subscription>,
    /// Who else may send to it.
    pub senders: Vec<Sender>,
}

/// How a FIFO queue tells messages apart and counts its quotas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fifo {
    /// Two messages with the same body are one, if they have no deduplication ID.
    pub content_based_deduplication: bool,
    /// Quotas and deduplication count for each message group.
    pub high_throughput: bool,
}

/// Who may send to a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sender {
    /// A service of AWS on behalf of a resource.
    Service {
        /// Its name in its principal: `events`, `s3`, or `sns`.
        service: String,
        /// ARN of the resource, with wildcards of IAM.
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
    /// Whether messages arrive as they were published, without SNS's envelope.
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
    /// The KMS key that encrypts its messages, by ARN; `None` if its tasks need no permission to use a key.
    pub key: Option<String>,
}
