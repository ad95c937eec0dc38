//! Queues.

use super::parts::{DAY, HOUR, MINUTE, SECOND, default, optional, required, time, whole};
use crate::shape::container_texts::SOURCE_ARN;
use crate::shape::kind::{Entries, Form, Kind, List, Object, Time, Whole};
use crate::shape::texts::{
    ACCOUNT, ENCRYPTION, KEY_ARN, QUEUE_ARN, QUEUE_NAME, SHORT_NAME, TOPIC_ARN,
};

/// CloudFormation accepts 500 resources per stack, so there are never more queues or services.
pub(super) static QUEUES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Either(&QUEUE_FORMS),
    least: 0,
    most: 500,
};

static QUEUE_FORMS: [Form; 2] = [
    Form::Keyed("existing", &EXISTING_QUEUE),
    Form::Object(&QUEUE),
];

pub(crate) static EXISTING_QUEUE: Object = Object {
    what: "an existing queue",
    fields: &[
        required(
            "existing",
            Kind::Text(&QUEUE_ARN),
            "ARN of an existing queue in the stack's own account and region; the stack only measures it.",
        ),
        optional(
            "key",
            Kind::Text(&KEY_ARN),
            "ARN of the KMS key that encrypts the queue's messages, if it isn't a key that SQS manages. The tasks that consume the queue can then decrypt with it; the key's policy must also allow that.",
        ),
    ],
    rules: &[],
};

pub(crate) static QUEUE: Object = Object {
    what: "a queue that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&QUEUE_NAME),
            "Fixed name; otherwise, it consists of the key and a part of the stack's ID. A FIFO queue's ends in `.fifo`.",
        ),
        default(
            "visibility_timeout",
            Kind::Time(&VISIBILITY),
            "30s",
            "How long a received message stays hidden from other tasks; longer than its processing time.",
        ),
        default(
            "retention",
            Kind::Time(&RETENTION),
            "4d",
            "How long a message is kept if no consumer deletes it; at least as long as it can wait.",
        ),
        default(
            "delay",
            Kind::Time(&DELAY),
            "0s",
            "How long a new message stays hidden from tasks. Waiting times start when it is sent, so they include the delay.",
        ),
        default(
            "fifo",
            Kind::Either(&FIFO_FORMS),
            "false",
            "First in, first out within a message group, each message once; FIFO queues are slower, and only one task at a time works on a group.",
        ),
        default(
            "encryption",
            Kind::Text(&ENCRYPTION),
            "sqs",
            "Encryption at rest: by keys that SQS manages (`sqs`), or by one of your KMS keys, by its ARN. Senders then also need permission to use the key.",
        ),
        optional(
            "dead_letter",
            Kind::Object(&DEAD_LETTER),
            "A dead-letter queue, which the stack also creates, for messages that fail repeatedly; without one, they are received until their retention ends.",
        ),
        default(
            "subscribe",
            Kind::List(&SUBSCRIPTIONS),
            "[]",
            "SNS topics whose messages the queue receives.",
        ),
        default(
            "senders",
            Kind::List(&SENDERS),
            "[]",
            "Senders to the queue, in addition to the topics in `subscribe` and the account's own identities: AWS services on behalf of a resource, and other accounts.",
        ),
    ],
    rules: &[],
};

static VISIBILITY: Time = time(SECOND, 0, 12 * HOUR);

/// SQS `CreateQueue`, `DelaySeconds`.
static DELAY: Time = time(SECOND, 0, 15 * MINUTE);

static FIFO_FORMS: [Form; 2] = [Form::Flag, Form::Object(&FIFO)];

pub(crate) static FIFO: Object = Object {
    what: "a FIFO queue",
    fields: &[
        default(
            "content_based_deduplication",
            Kind::Flag,
            "false",
            "Whether SQS treats two messages with the same body within 5 minutes as one, if they are sent without a deduplication ID.",
        ),
        default(
            "high_throughput",
            Kind::Flag,
            "false",
            "Whether quotas and deduplication count for each message group, not for the whole queue.",
        ),
    ],
    rules: &[],
};

static RETENTION: Time = time(SECOND, MINUTE, 14 * DAY);

static DEAD_LETTER: Object = Object {
    what: "a dead-letter queue",
    fields: &[
        required(
            "after",
            Kind::Whole(&RECEIVES),
            "How often a message can be received before it is moved to the dead-letter queue.",
        ),
        default(
            "retention",
            Kind::Time(&RETENTION),
            "14d",
            "How long the dead-letter queue keeps it, counted from its first arrival on a standard queue.",
        ),
    ],
    rules: &[],
};

static RECEIVES: Whole = whole(1, 1_000);

static SUBSCRIPTIONS: List = List {
    of: Kind::Object(&SUBSCRIPTION),
    least: 0,
    most: 100,
    unique: false,
    rule: None,
};

pub(crate) static SUBSCRIPTION: Object = Object {
    what: "a subscription",
    fields: &[
        required("topic", Kind::Text(&TOPIC_ARN), "ARN of the topic."),
        optional(
            "filter",
            Kind::Filter,
            "SNS filter policy: a list of accepted values or operators for each of at most 5 attributes, and at most 150 combinations of values. `$or` has a list of alternatives. With `filter_scope: body`, keys can be nested: only the outermost ones count as attributes, and each number of values counts times the level of its key.",
        ),
        default(
            "raw",
            Kind::Flag,
            "true",
            "Whether messages arrive as published; otherwise, in SNS's JSON envelope, with the text in `Message`.",
        ),
        default(
            "filter_scope",
            Kind::Word(&["attributes", "body"]),
            "attributes",
            "Whether `filter` applies to the message attributes or to the message body. Messages whose body isn't a JSON object are then not delivered.",
        ),
    ],
    rules: &[],
};

/// A queue's policy can have 20 statements; two of them deny plain HTTP and let topics send. Source: Amazon SQS
/// quotas, "Policies".
static SENDERS: List = List {
    of: Kind::Either(&SENDER_FORMS),
    least: 0,
    most: 18,
    unique: false,
    rule: None,
};

static SENDER_FORMS: [Form; 2] = [
    Form::Keyed("service", &SENDING_SERVICE),
    Form::Keyed("account", &SENDING_ACCOUNT),
];

pub(crate) static SENDING_SERVICE: Object = Object {
    what: "a service that sends",
    fields: &[
        required(
            "service",
            Kind::Word(&["events", "s3", "sns"]),
            "`s3` for notifications of a bucket, `events` for a rule of EventBridge, `sns` for a topic that someone else subscribes the queue to.",
        ),
        required(
            "source",
            Kind::Text(&SOURCE_ARN),
            "ARN of the bucket, rule, or topic, with the wildcards `*` and `?`. The service can send only on its behalf.",
        ),
        optional(
            "account",
            Kind::Text(&ACCOUNT),
            "Account of the source; otherwise the one in `source`, or the stack's for a bucket.",
        ),
    ],
    rules: &[],
};

pub(crate) static SENDING_ACCOUNT: Object = Object {
    what: "an account that sends",
    fields: &[required(
        "account",
        Kind::Text(&ACCOUNT),
        "Account whose identities can send to the queue, if their own policies also allow it.",
    )],
    rules: &[],
};
