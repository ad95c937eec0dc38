//! Step scaling: what is watched.
//!
//! Source: Amazon CloudWatch API, `PutMetricAlarm`.

use super::parts::{COOLDOWN, DAY, MINUTE, MISSING, SECOND, default, optional, required};
use super::scaling::COUNT;
use super::sides::{SCALE_IN, SCALE_OUT};
use crate::shape::kind::{Entries, Form, Kind, Object, Rule, Time};
use crate::shape::texts::{
    ALARM_NAMESPACE, ALARM_STATISTIC, DIMENSION, DIMENSION_VALUE, METRIC_NAME, SHORT_NAME,
};

pub(super) static STEP_SCALING: Object = Object {
    what: "step scaling",
    fields: &[
        optional(
            "metric",
            Kind::Either(&METRIC_FORMS),
            "What is watched, where a side has no `metric` of its own: `request_count`, the requests that the service's load balancer sent to its tasks in a period; a metric of a queue; or any other metric.",
        ),
        default(
            "period",
            Kind::Time(&PERIOD),
            "1m",
            "Length of a period, over which the statistic is taken. Under a minute only for high-resolution metrics of your own, and such an alarm costs more.",
        ),
        default(
            "cooldown",
            Kind::Object(&COOLDOWN),
            "{}",
            "Pauses after a step.",
        ),
        optional("missing", Kind::Word(&MISSING), MISSING_DOC),
        optional(
            "scale_out",
            Kind::Object(&SCALE_OUT),
            "When and how tasks are added.",
        ),
        optional(
            "scale_in",
            Kind::Object(&SCALE_IN),
            "When and how tasks are removed.",
        ),
    ],
    rules: &[Rule::AnyOf(&["scale_out", "scale_in"])],
};

const MISSING_DOC: &str = "What a period without a datapoint counts as: nothing (`missing`), the last state (`ignore`), beyond the threshold (`breaching`) or within it (`not_breaching`). Otherwise `missing`; for `request_count`, whose silence means that nobody asked, as 0 requests.";

/// An alarm sees one day of periods under an hour, and seven days of longer ones.
static PERIOD: Time = Time {
    step: MINUTE,
    least: 10 * SECOND,
    most: DAY,
    offered: &[],
    besides: &[10 * SECOND, 20 * SECOND, 30 * SECOND],
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
            "In place of `name`: which messages are counted, added up. Waiting (`visible`), received and not yet deleted (`in_flight`), not yet due (`delayed`).",
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
            "All dimensions of the metric: with one less it is another metric, which nobody publishes.",
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
