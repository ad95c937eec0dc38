//! The metric that step scaling watches.

use super::parts::COUNT;
use super::parts::{default, optional, required};
use crate::shape::kind::{Entries, Form, Kind, Object, Rule};
use crate::shape::texts::{
    ALARM_NAMESPACE, ALARM_STATISTIC, DIMENSION, DIMENSION_VALUE, METRIC_NAME, SHORT_NAME,
};

pub(super) static METRIC_FORMS: [Form; 3] = [
    Form::Word("request_count"),
    Form::Keyed("queue", &QUEUE_METRIC),
    Form::Object(&ANY_METRIC),
];

pub(crate) static QUEUE_METRIC: Object = Object {
    what: "a metric of a queue",
    fields: &[
        required(
            "queue",
            Kind::Text(&SHORT_NAME),
            "The queue, by its key under `queues`.",
        ),
        optional(
            "name",
            Kind::Word(&SQS_METRICS),
            "Name of a metric that SQS publishes. SQS's metrics stop when a queue isn't used for six hours, and come back up to 15 minutes late.",
        ),
        optional(
            "count",
            Kind::List(&COUNT),
            "Instead of `name`: which messages are counted; their numbers are added up. Waiting (`visible`), received and not yet deleted (`in_flight`), not yet due (`delayed`).",
        ),
        required("statistic", Kind::Text(&ALARM_STATISTIC), STATISTIC_DOC),
    ],
    rules: &[Rule::OneOf(&["name", "count"])],
};

/// Source: Amazon SQS Developer Guide, "Available CloudWatch metrics for Amazon SQS".
static SQS_METRICS: [&str; 11] = [
    "ApproximateNumberOfMessagesVisible",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateAgeOfOldestMessage",
    "ApproximateNumberOfGroupsWithInflightMessages",
    "NumberOfMessagesSent",
    "NumberOfMessagesReceived",
    "NumberOfMessagesDeleted",
    "NumberOfEmptyReceives",
    "NumberOfDeduplicatedSentMessages",
    "SentMessageSize",
];

pub(crate) static ANY_METRIC: Object = Object {
    what: "any other metric",
    fields: &[
        required(
            "namespace",
            Kind::Text(&ALARM_NAMESPACE),
            "Namespace of the metric, one of AWS's or your own.",
        ),
        required("name", Kind::Text(&METRIC_NAME), "Name of the metric."),
        default(
            "dimensions",
            Kind::Entries(&DIMENSIONS),
            "{}",
            "All dimensions of the metric: without one of them, it is another metric, which isn't published.",
        ),
        required("statistic", Kind::Text(&ALARM_STATISTIC), STATISTIC_DOC),
    ],
    rules: &[],
};

const STATISTIC_DOC: &str = "Statistic over a period: `Average`, `Sum`, `Minimum`, `Maximum`, `SampleCount`, or an extended one of CloudWatch.";

/// Source: Amazon CloudWatch API, `Dimension`.
static DIMENSIONS: Entries = Entries {
    key: &DIMENSION,
    value: Kind::Text(&DIMENSION_VALUE),
    least: 0,
    most: 30,
};
