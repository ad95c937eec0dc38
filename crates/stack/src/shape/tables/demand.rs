//! Scaling to the tasks that the work needs.

use super::parts::{
    DAY, HOUR, MINUTE, MOMENT, PAUSE, SECOND, default, optional, required, time, whole,
};
use crate::shape::kind::{Kind, Object, Time, Whole};

pub(super) static DEMAND: Object = Object {
    what: "the scaling by demand",
    fields: &[
        optional(
            "acceptable_latency",
            Kind::Time(&MOMENT),
            "Waiting time that the policy aims at; otherwise the latency of the service's `slo`. Required without `slo`, and then also what the service is judged by.",
        ),
        required(
            "processing_time",
            Kind::TimeOr(&MOMENT, "measured"),
            "Average processing time of one message, or `measured`: from the messages in flight and those deleted, as CloudWatch tells them some minutes late. Until it is known nothing is removed.",
        ),
        default(
            "concurrency",
            Kind::Whole(&CONCURRENCY),
            "1",
            CONCURRENCY_DOC,
        ),
        default(
            "actuator",
            Kind::Word(&["function", "target_tracking"]),
            "function",
            "Who sets the desired count: a Lambda function of the service's own, which looks every 10 seconds (`function`), or Application Auto Scaling, by a metric that the metric function publishes each minute (`target_tracking`), which takes minutes longer.",
        ),
        default(
            "task_start",
            Kind::Time(&START),
            "40s",
            "From a decision to the first message of a new task: the backlog is reckoned as it will be by then.",
        ),
        default(
            "window",
            Kind::Time(&WINDOW),
            "2m",
            "Tasks are removed only to the largest need of this time, and only when the need was known throughout.",
        ),
        default(
            "cooldown",
            Kind::Object(&DEMAND_COOLDOWN),
            "{}",
            "Pauses between changes of the desired count; the law needs none.",
        ),
    ],
    rules: &[],
};

pub(super) const CONCURRENCY_DOC: &str = "Messages that a task works on at once.";

/// Far over what one task has memory for, and under the 120,000 messages that a queue has in flight.
pub(super) static CONCURRENCY: Whole = whole(1, 10_000);

static START: Time = time(1, 0, HOUR);

/// A window shorter than the time between two checks would be none.
static WINDOW: Time = time(SECOND, MINUTE, DAY);

static DEMAND_COOLDOWN: Object = Object {
    what: "the cooldowns of demand",
    fields: &[
        default(
            "out",
            Kind::Time(&PAUSE),
            "0s",
            "After a scale-out, how long only a larger count is set.",
        ),
        default(
            "in",
            Kind::Time(&PAUSE),
            "0s",
            "After a scale-in, how long nothing is removed.",
        ),
    ],
    rules: &[],
};
