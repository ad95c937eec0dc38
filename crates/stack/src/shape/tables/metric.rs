//! The metric, its alarms, and their recipients.

use super::network::SUBNETS;
use super::parts::{DAY, HOUR, MINUTE, SECOND, default, optional, required, time, whole};
use crate::shape::container_texts::BUCKET;
use crate::shape::kind::{Form, Kind, List, Object, Rule, Time, Whole};
use crate::shape::texts::{
    KEY_ARN, NAMESPACE, RECIPIENT, SECURITY_GROUP_ID, SLACK_CHANNEL, SLACK_WORKSPACE, VPC_ID,
};

pub(super) static METRIC: Object = Object {
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
            "How often the metric is published; target tracking evaluates whole minutes.",
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
        optional(
            "vpc",
            Kind::Either(&FUNCTION_NETWORK_FORMS),
            "The VPC that the functions of the stack run in: `network` for the subnets of `network`, or a mapping. The subnets must be private, and must be able to reach ECS, SQS, CloudWatch, and S3 through NAT or VPC endpoints. Otherwise the functions run outside of your VPCs.",
        ),
        default(
            "tracing",
            Kind::Flag,
            "false",
            "Whether X-Ray traces the functions of the stack.",
        ),
        default(
            "log_retention",
            Kind::Time(&LOG_RETENTION),
            "14d",
            "The older name of `logs.retention`.",
        ),
    ],
    rules: &[],
};

static FUNCTION_NETWORK_FORMS: [Form; 2] = [Form::Word("network"), Form::Object(&FUNCTION_NETWORK)];

/// Lambda accepts 16 subnets and 5 security groups.
pub(crate) static FUNCTION_NETWORK: Object = Object {
    what: "the network of the functions",
    fields: &[
        optional(
            "vpc",
            Kind::Text(&VPC_ID),
            "VPC in which the stack creates a security group that allows only outbound HTTPS; required without `security_groups`.",
        ),
        required(
            "subnets",
            Kind::List(&SUBNETS),
            "Private subnets, best in several availability zones.",
        ),
        optional(
            "security_groups",
            Kind::List(&FUNCTION_GROUPS),
            "Security groups of the functions. They must allow outbound HTTPS.",
        ),
    ],
    rules: &[Rule::AnyOf(&["vpc", "security_groups"])],
};

static FUNCTION_GROUPS: List = List {
    of: Kind::Text(&SECURITY_GROUP_ID),
    least: 1,
    most: 5,
    unique: true,
    rule: None,
};

pub(super) static ASSETS: Object = Object {
    what: "the storage of code",
    fields: &[required(
        "bucket",
        Kind::Text(&BUCKET),
        "Name of an existing S3 bucket in the stack's account and region. ecs-scaler uploads the functions' code and large templates to `functions/`, `fleets/`, `templates/`, and `drafts/` in it, and changes no setting of it. Objects there must not expire while a stack uses them. If a KMS key encrypts the bucket, you need permission to use the key; functions with too many services for their rule read `fleets/`, and can't use such a bucket.",
    )],
    rules: &[],
};

pub(super) static LOGS: Object = Object {
    what: "the settings of logs",
    fields: &[
        optional(
            "retention",
            Kind::Time(&LOG_RETENTION),
            "How long the logs of services and functions are kept; CloudWatch Logs supports only certain values. Otherwise `metric.log_retention`.",
        ),
        optional(
            "key",
            Kind::Text(&KEY_ARN),
            "ARN of a KMS key in the stack's region that encrypts the logs; otherwise that of `encryption`, or one that CloudWatch Logs manages. The key's policy must let CloudWatch Logs use it.",
        ),
    ],
    rules: &[],
};

/// An alarm can evaluate at most one day, and must evaluate two periods of the rule.
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
    besides: &[],
};

pub(super) static ALARMS: Object = Object {
    what: "the alarms",
    fields: &[
        optional(
            "oldest_message",
            Kind::Time(&AGE),
            "Age of a queue's oldest message above which the alarm goes into ALARM; otherwise the shortest latency objective of its consumers: of `slo`, or else `acceptable_latency`.",
        ),
        default(
            "dead_letters",
            Kind::Whole(&LETTERS),
            "1",
            "Number of messages in a dead-letter queue that puts the alarm into ALARM.",
        ),
        default(
            "metric_silent",
            Kind::Time(&SILENCE),
            "10m",
            "How long the metric can be missing before the alarm goes into ALARM; at least two periods of `metric.every`.",
        ),
    ],
    rules: &[],
};

static AGE: Time = time(SECOND, SECOND, 14 * DAY);

static LETTERS: Whole = whole(1, 1_000_000_000);

static SILENCE: Time = time(MINUTE, MINUTE, DAY);

/// Each is one SNS subscription. A mailing list is better for more people.
pub(super) static RECIPIENTS: List = List {
    of: Kind::Either(&RECIPIENT_FORMS),
    least: 0,
    most: 100,
    unique: true,
    rule: None,
};

static RECIPIENT_FORMS: [Form; 2] = [
    Form::Text(&RECIPIENT),
    Form::Keyed("slack", &SLACK_RECIPIENT),
];

static SLACK_RECIPIENT: Object = Object {
    what: "a Slack channel",
    fields: &[required(
        "slack",
        Kind::Object(&SLACK),
        "The channel. You must authorize Amazon Q Developer in chat applications (formerly AWS Chatbot) in the workspace once, in its console. Its role reads alarms and metrics, and its guardrail allows no more.",
    )],
    rules: &[],
};

pub(crate) static SLACK: Object = Object {
    what: "the channel",
    fields: &[
        required(
            "workspace",
            Kind::Text(&SLACK_WORKSPACE),
            "The workspace's ID.",
        ),
        required("channel", Kind::Text(&SLACK_CHANNEL), "The channel's ID."),
    ],
    rules: &[],
};
