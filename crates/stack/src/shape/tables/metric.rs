//! The metric, its alarms and who hears of them.

use super::parts::{DAY, HOUR, MINUTE, SECOND, default, optional, required, time, whole};
use crate::shape::kind::{Form, Kind, List, Object, Time, Whole};
use crate::shape::texts::{KEY_ARN, NAMESPACE, RECIPIENT, SLACK_CHANNEL, SLACK_WORKSPACE};

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
            "How often the metric is published; target tracking looks at minutes.",
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
            "The older name of `logs.retention`.",
        ),
    ],
    rules: &[],
};

pub(super) static LOGS: Object = Object {
    what: "how logs are kept",
    fields: &[
        optional(
            "retention",
            Kind::Time(&LOG_RETENTION),
            "How long the logs are kept, those of services and of functions; CloudWatch Logs offers certain values. Otherwise `metric.log_retention`.",
        ),
        optional(
            "key",
            Kind::Text(&KEY_ARN),
            "ARN of a KMS key in the stack's region that encrypts the logs; otherwise that of `encryption`, or one that CloudWatch Logs manages. The key's policy must let CloudWatch Logs use it.",
        ),
    ],
    rules: &[],
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
    besides: &[],
};

pub(super) static ALARMS: Object = Object {
    what: "the alarms",
    fields: &[
        optional(
            "oldest_message",
            Kind::Time(&AGE),
            "Age of a queue's oldest message over which the alarm rings; otherwise the shortest latency objective of its consumers: of `slo`, or else `acceptable_latency`.",
        ),
        default(
            "dead_letters",
            Kind::Whole(&LETTERS),
            "1",
            "How many messages in a dead-letter queue let the alarm ring.",
        ),
        default(
            "metric_silent",
            Kind::Time(&SILENCE),
            "10m",
            "How long the metric may be missing before the alarm rings; two periods of `metric.every` at least.",
        ),
    ],
    rules: &[],
};

static AGE: Time = time(SECOND, SECOND, 14 * DAY);

static LETTERS: Whole = whole(1, 1_000_000_000);

static SILENCE: Time = time(MINUTE, MINUTE, DAY);

/// One SNS subscription each; more people are better reached through a mailing list.
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
        "The channel. Somebody has to authorize Amazon Q Developer in chat applications (formerly AWS Chatbot) in the workspace once, in its console. Its role reads alarms and metrics, and its guardrail allows no more.",
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
