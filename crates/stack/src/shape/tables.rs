//! Every key of the format.

use super::texts::{
    ACCOUNT, ANY, CLUSTER_AND_SERVICE, ECS_NAME, EMAIL, ENCRYPTION, IMAGE, NAMESPACE, POLICY_ARN,
    QUEUE_ARN, QUEUE_NAME, REGION, SECRET_ARN, SECURITY_GROUP_ID, SHORT_NAME, STACK_NAME,
    SUBNET_ID, TAG_KEY, TAG_VALUE, TOPIC_ARN, VARIABLE, VPC_ID,
};
use super::{Entries, Field, Form, Kind, List, Object, Time, Whole};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// A key that must be given.
const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: true,
        default: None,
    }
}

/// A key that may be left out, and then means nothing of its kind.
const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: false,
        default: None,
    }
}

/// A key that may be left out, and then has this value.
const fn default(name: &'static str, kind: Kind, value: &'static str, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: false,
        default: Some(value),
    }
}

const fn whole(least: u32, most: u32) -> Whole {
    Whole {
        least,
        most,
        offered: &[],
    }
}

const fn time(step: u64, least: u64, most: u64) -> Time {
    Time {
        step,
        least,
        most,
        offered: &[],
    }
}

/// The whole definition.
pub(crate) static STACK: Object = Object {
    what: "the definition",
    fields: &[
        required(
            "name",
            Kind::Text(&STACK_NAME),
            "Name of the CloudFormation stack.",
        ),
        optional(
            "account",
            Kind::Text(&ACCOUNT),
            "AWS account that the stack belongs to; a deploy to any other is refused.",
        ),
        optional(
            "region",
            Kind::Text(&REGION),
            "AWS region of the stack; otherwise the profile's.",
        ),
        default(
            "tags",
            Kind::Entries(&TAGS),
            "{}",
            "Tags of the stack and of everything in it.",
        ),
        default(
            "termination_protection",
            Kind::Flag,
            "false",
            "Whether CloudFormation refuses to delete the stack.",
        ),
        optional(
            "permissions_boundary",
            Kind::Text(&POLICY_ARN),
            "IAM policy put as permissions boundary on every role.",
        ),
        default(
            "network",
            Kind::Either(&NETWORK_FORMS),
            "create",
            "Where created services run: `create` makes a small VPC with two public subnets and no NAT; a mapping names what exists.",
        ),
        default(
            "cluster",
            Kind::Either(&CLUSTER_FORMS),
            "{}",
            "ECS cluster of the created services: made by the stack, or with `existing` somebody else's.",
        ),
        default(
            "queues",
            Kind::Entries(&QUEUES),
            "{}",
            "SQS queues by short names, which `consumes` refers to.",
        ),
        required(
            "services",
            Kind::Entries(&SERVICES),
            "ECS services by short names.",
        ),
        default(
            "metric",
            Kind::Object(&METRIC),
            "{}",
            "The metric function, which publishes BacklogPerTask.",
        ),
        default(
            "alarms",
            Kind::Object(&ALARMS),
            "{}",
            "Thresholds of the operational alarms.",
        ),
        default(
            "notify",
            Kind::List(&ADDRESSES),
            "[]",
            "E-mail addresses that receive the alarms; each must confirm once.",
        ),
    ],
};

/// CloudFormation takes 50 tags.
static TAGS: Entries = Entries {
    key: &TAG_KEY,
    value: Kind::Text(&TAG_VALUE),
    least: 0,
    most: 50,
};

static NETWORK_FORMS: [Form; 2] = [Form::Word("create"), Form::Object(&NETWORK)];

/// ECS takes 16 subnets and 5 security groups.
pub(crate) static NETWORK: Object = Object {
    what: "an existing network",
    fields: &[
        optional(
            "vpc",
            Kind::Text(&VPC_ID),
            "VPC in which the stack makes a security group; needed without `security_groups`.",
        ),
        required("subnets", Kind::List(&SUBNETS), "Subnets of the tasks."),
        default(
            "security_groups",
            Kind::List(&SECURITY_GROUPS),
            "[]",
            "Security groups of the tasks; without any, the stack makes one that lets nothing in.",
        ),
        default(
            "assign_public_ip",
            Kind::Flag,
            "false",
            "Whether tasks get a public address: needed in public subnets, useless in private ones.",
        ),
    ],
};

static SUBNETS: List = List {
    of: Kind::Text(&SUBNET_ID),
    least: 1,
    most: 16,
    unique: true,
};

static SECURITY_GROUPS: List = List {
    of: Kind::Text(&SECURITY_GROUP_ID),
    least: 0,
    most: 5,
    unique: true,
};

static CLUSTER_FORMS: [Form; 2] = [
    Form::Keyed("existing", &EXISTING_CLUSTER),
    Form::Object(&CLUSTER),
];

pub(crate) static CLUSTER: Object = Object {
    what: "a cluster that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&ECS_NAME),
            "Fixed name; otherwise CloudFormation chooses one.",
        ),
        default(
            "capacity",
            Kind::Either(&CAPACITY_FORMS),
            "fargate",
            "What the tasks run on: `fargate`, or `fargate_spot` with its settings.",
        ),
    ],
};

pub(crate) static EXISTING_CLUSTER: Object = Object {
    what: "somebody else's cluster",
    fields: &[required(
        "existing",
        Kind::Text(&ECS_NAME),
        "Name of a cluster that somebody else owns; the services run there on Fargate.",
    )],
};

static CAPACITY_FORMS: [Form; 2] = [
    Form::Word("fargate"),
    Form::Keyed("fargate_spot", &CAPACITY),
];

pub(crate) static CAPACITY: Object = Object {
    what: "the capacity",
    fields: &[required(
        "fargate_spot",
        Kind::Object(&FARGATE_SPOT),
        "Fargate Spot: cheaper, and AWS may stop a task with two minutes' notice.",
    )],
};

pub(crate) static FARGATE_SPOT: Object = Object {
    what: "Fargate Spot",
    fields: &[default(
        "base",
        Kind::Whole(&SPOT_BASE),
        "0",
        "Tasks that run on demand, before Spot is used.",
    )],
};

/// ECS `CapacityProviderStrategyItem`.
static SPOT_BASE: Whole = whole(0, 100_000);

/// CloudFormation takes 500 resources a stack, so never more queues or services.
static QUEUES: Entries = Entries {
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
    what: "somebody else's queue",
    fields: &[required(
        "existing",
        Kind::Text(&QUEUE_ARN),
        "ARN of a queue that somebody else owns, in the stack's own account and region; the stack only measures it.",
    )],
};

pub(crate) static QUEUE: Object = Object {
    what: "a queue that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&QUEUE_NAME),
            "Fixed name; otherwise CloudFormation chooses one. A FIFO queue's ends in `.fifo`.",
        ),
        default(
            "visibility_timeout",
            Kind::Time(&VISIBILITY),
            "30s",
            "How long a received message stays hidden from other tasks; longer than its processing takes.",
        ),
        default(
            "retention",
            Kind::Time(&RETENTION),
            "4d",
            "How long a message is kept.",
        ),
        default(
            "fifo",
            Kind::Flag,
            "false",
            "First in, first out, each message once.",
        ),
        default(
            "encryption",
            Kind::Text(&ENCRYPTION),
            "sqs",
            "Encryption at rest: `sqs`, or the ARN of a KMS key.",
        ),
        optional(
            "dead_letter",
            Kind::Object(&DEAD_LETTER),
            "A dead-letter queue, for messages that fail again and again.",
        ),
        default(
            "subscribe",
            Kind::List(&SUBSCRIPTIONS),
            "[]",
            "SNS topics whose messages the queue receives.",
        ),
    ],
};

static VISIBILITY: Time = time(SECOND, 0, 12 * HOUR);

static RETENTION: Time = time(SECOND, MINUTE, 14 * DAY);

static DEAD_LETTER: Object = Object {
    what: "a dead-letter queue",
    fields: &[
        required(
            "after",
            Kind::Whole(&RECEIVES),
            "Receives after which a message is moved to the dead-letter queue.",
        ),
        default(
            "retention",
            Kind::Time(&RETENTION),
            "14d",
            "How long the dead-letter queue keeps it, counted from its first arrival on a standard queue.",
        ),
    ],
};

static RECEIVES: Whole = whole(1, 1_000);

static SUBSCRIPTIONS: List = List {
    of: Kind::Object(&SUBSCRIPTION),
    least: 0,
    most: 100,
    unique: false,
};

pub(crate) static SUBSCRIPTION: Object = Object {
    what: "a subscription",
    fields: &[
        required("topic", Kind::Text(&TOPIC_ARN), "ARN of the topic."),
        optional(
            "filter",
            Kind::Filter,
            "SNS filter policy on message attributes: a list of accepted values for each of at most five attributes.",
        ),
    ],
};

static SERVICES: Entries = Entries {
    key: &SHORT_NAME,
    value: Kind::Either(&SERVICE_FORMS),
    least: 1,
    most: 500,
};

static SERVICE_FORMS: [Form; 2] = [
    Form::Keyed("existing", &EXISTING_SERVICE),
    Form::Object(&SERVICE),
];

pub(crate) static EXISTING_SERVICE: Object = Object {
    what: "somebody else's service",
    fields: &[
        required(
            "existing",
            Kind::Text(&CLUSTER_AND_SERVICE),
            "CLUSTER/SERVICE that somebody else owns; the stack only measures and scales it.",
        ),
        required("consumes", Kind::List(&CONSUMES), CONSUMES_DOC),
        required("tasks", Kind::Object(&TASKS), TASKS_DOC),
        required("scaling", Kind::Object(&SCALING), SCALING_DOC),
    ],
};

pub(crate) static SERVICE: Object = Object {
    what: "a service that the stack creates",
    fields: &[
        optional(
            "name",
            Kind::Text(&ECS_NAME),
            "Fixed name; otherwise CloudFormation chooses one.",
        ),
        required("image", Kind::Text(&IMAGE), "Container image."),
        default(
            "cpu",
            Kind::Whole(&CPU),
            "256",
            "CPU units; 1024 are one vCPU.",
        ),
        default(
            "memory",
            Kind::Whole(&MEMORY),
            "512",
            "Memory in MiB; Fargate offers certain sizes with each `cpu`.",
        ),
        default(
            "architecture",
            Kind::Word(&["arm64", "x86_64"]),
            "arm64",
            "Instruction set of the image.",
        ),
        default(
            "command",
            Kind::List(&COMMAND),
            "[]",
            "Command in place of the image's own.",
        ),
        default(
            "environment",
            Kind::Entries(&ENVIRONMENT),
            "{}",
            "Environment variables. QUEUE_URL and QUEUE_URL_<QUEUE> are set by the stack.",
        ),
        default(
            "secrets",
            Kind::Entries(&SECRETS),
            "{}",
            "Environment variables whose values come from Secrets Manager or SSM Parameter Store, by ARN.",
        ),
        default("consumes", Kind::List(&CONSUMES), "[]", CONSUMES_DOC),
        default(
            "stop_timeout",
            Kind::Time(&STOP),
            "30s",
            "Time that a task has between SIGTERM and SIGKILL to finish its message.",
        ),
        default("tasks", Kind::Object(&TASKS), "{}", TASKS_DOC),
        optional("scaling", Kind::Object(&SCALING), SCALING_DOC),
    ],
};

const CONSUMES_DOC: &str = "Queues, by their short names, that the service consumes and may read.";
const TASKS_DOC: &str = "Bounds of the number of tasks; without `scaling`, `min` is the number.";
const SCALING_DOC: &str =
    "How the number of tasks follows the work; without it, the number is fixed.";

/// The CPU sizes of Fargate; `check` knows the memory that goes with each.
static CPU: Whole = Whole {
    least: 256,
    most: 16_384,
    offered: &[256, 512, 1_024, 2_048, 4_096, 8_192, 16_384],
};

static MEMORY: Whole = whole(512, 122_880);

static COMMAND: List = List {
    of: Kind::Text(&ANY),
    least: 0,
    most: 1_000,
    unique: false,
};

static ENVIRONMENT: Entries = Entries {
    key: &VARIABLE,
    value: Kind::Text(&ANY),
    least: 0,
    most: 1_000,
};

static SECRETS: Entries = Entries {
    key: &VARIABLE,
    value: Kind::Text(&SECRET_ARN),
    least: 0,
    most: 1_000,
};

static CONSUMES: List = List {
    of: Kind::Text(&SHORT_NAME),
    least: 0,
    most: 100,
    unique: true,
};

/// Fargate's longest is 120 s.
static STOP: Time = time(SECOND, SECOND, 120 * SECOND);

static TASKS: Object = Object {
    what: "the bounds of the number of tasks",
    fields: &[
        default("min", Kind::Whole(&TASK_COUNT), "1", "Fewest tasks."),
        optional(
            "max",
            Kind::Whole(&TASK_COUNT),
            "Most tasks, which bounds the bill; needed with `scaling`.",
        ),
    ],
};

/// ECS's quota of tasks a service.
static TASK_COUNT: Whole = whole(0, 5_000);

static SCALING: Object = Object {
    what: "the scaling",
    fields: &[required(
        "backlog_per_task",
        Kind::Object(&BACKLOG_PER_TASK),
        "Target tracking on the backlog per task; the target is `acceptable_latency` divided by `processing_time`.",
    )],
};

static BACKLOG_PER_TASK: Object = Object {
    what: "the scaling by backlog per task",
    fields: &[
        required(
            "acceptable_latency",
            Kind::Time(&MOMENT),
            "How long a message may wait: the promise.",
        ),
        required(
            "processing_time",
            Kind::Time(&MOMENT),
            "Average time that one task needs for one message.",
        ),
        default(
            "count",
            Kind::List(&COUNT),
            "[visible]",
            "Which messages count as backlog.",
        ),
        default(
            "cooldown",
            Kind::Object(&COOLDOWN),
            "{}",
            "Pauses between scaling activities.",
        ),
    ],
};

static MOMENT: Time = time(1, 1, 14 * DAY);

static COUNT: List = List {
    of: Kind::Word(&["visible", "in_flight", "delayed"]),
    least: 1,
    most: 3,
    unique: true,
};

static COOLDOWN: Object = Object {
    what: "the cooldowns",
    fields: &[
        default(
            "out",
            Kind::Time(&PAUSE),
            "60s",
            "After a scale-out: how long new tasks have to take effect before more are added.",
        ),
        default(
            "in",
            Kind::Time(&PAUSE),
            "300s",
            "After a scale-in: how long before more tasks are removed.",
        ),
    ],
};

/// A pause of over a day would be no scaling.
static PAUSE: Time = time(SECOND, 0, DAY);

static METRIC: Object = Object {
    what: "the metric function",
    fields: &[
        default(
            "namespace",
            Kind::Text(&NAMESPACE),
            "EcsScaler",
            "CloudWatch namespace of the metric.",
        ),
        default(
            "every",
            Kind::Time(&EVERY),
            "1m",
            "How often the metric is published.",
        ),
        default(
            "memory",
            Kind::Whole(&FUNCTION_MEMORY),
            "128",
            "Memory of the function in MiB.",
        ),
        default(
            "architecture",
            Kind::Word(&["arm64", "x86_64"]),
            "arm64",
            "Instruction set of the function.",
        ),
        default(
            "log_retention",
            Kind::Time(&LOG_RETENTION),
            "14d",
            "How long its log is kept; CloudWatch Logs offers certain values.",
        ),
    ],
};

/// An alarm sees one day at most, and must see two periods of the rule.
static EVERY: Time = time(MINUTE, MINUTE, 12 * HOUR);

static FUNCTION_MEMORY: Whole = whole(128, 10_240);

/// CloudWatch Logs `PutRetentionPolicy`.
static LOG_RETENTION: Time = Time {
    step: DAY,
    least: DAY,
    most: 3_653 * DAY,
    offered: &[
        DAY,
        3 * DAY,
        5 * DAY,
        7 * DAY,
        14 * DAY,
        30 * DAY,
        60 * DAY,
        90 * DAY,
        120 * DAY,
        150 * DAY,
        180 * DAY,
        365 * DAY,
        400 * DAY,
        545 * DAY,
        731 * DAY,
        1_096 * DAY,
        1_827 * DAY,
        2_192 * DAY,
        2_557 * DAY,
        2_922 * DAY,
        3_288 * DAY,
        3_653 * DAY,
    ],
};

static ALARMS: Object = Object {
    what: "the alarms",
    fields: &[
        optional(
            "oldest_message",
            Kind::Time(&AGE),
            "Age of a queue's oldest message that raises the alarm; otherwise the shortest `acceptable_latency` of its consumers.",
        ),
        default(
            "dead_letters",
            Kind::Whole(&LETTERS),
            "1",
            "Messages in a dead-letter queue that raise the alarm.",
        ),
        default(
            "metric_silent",
            Kind::Time(&SILENCE),
            "10m",
            "How long the metric may be missing before the alarm is raised.",
        ),
    ],
};

static AGE: Time = time(SECOND, SECOND, 14 * DAY);

static LETTERS: Whole = whole(1, 1_000_000_000);

static SILENCE: Time = time(MINUTE, MINUTE, DAY);

/// One SNS subscription each; more people are better reached through a mailing list.
static ADDRESSES: List = List {
    of: Kind::Text(&EMAIL),
    least: 0,
    most: 100,
    unique: true,
};
