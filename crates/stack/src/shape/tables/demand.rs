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
            "Waiting time that the policy aims at; otherwise the latency of the service's `slo`. Required unless the service or each of its queues has an `slo`; it is then also the service's latency objective. A queue with its own `slo` aims at that.",
        ),
        required(
            "processing_time",
            Kind::TimeOr(&MOMENT, "measured"),
            "Average processing time of one message, or `measured`. The function measures it in either case, from the messages in flight and the messages deleted, which CloudWatch reports a few minutes late. A configured time is the initial value, and the measured one stays between a quarter and four times it. Until a time is known, no task is removed.",
        ),
        default(
            "concurrency",
            Kind::Whole(&CONCURRENCY),
            "1",
            CONCURRENCY_DOC,
        ),
        default(
            "actuator",
            Kind::Word(&["function", "target_tracking", "none"]),
            "function",
            "What sets the desired count: a Lambda function, which checks several times per minute and scales by deadlines (`function`); Application Auto Scaling, by a metric that the metric function publishes each minute (`target_tracking`), which takes minutes longer; or nothing (`none`): the function publishes the count that it would set, and has no permission to set it.",
        ),
        default(
            "every",
            Kind::Time(&EVERY),
            "5s",
            "Time between two checks of the function; not with `actuator: target_tracking`.",
        ),
        default(
            "warm",
            Kind::WholeOr(&WARM, &["auto", "off"]),
            "auto",
            "Tasks that stay although nothing needs them now, at most `tasks.max`. `auto`: as many as pay for themselves, if a task start takes longer than the objective. Not with `actuator: target_tracking`.",
        ),
        default(
            "task_start",
            Kind::Time(&START),
            "40s",
            "Time from a decision to the first message of a new task. The function measures it; this is the initial value.",
        ),
        default(
            "window",
            Kind::Time(&WINDOW),
            "2m",
            "How long the last task stays after the last message, with `tasks.min: 0`.",
        ),
        default(
            "cooldown",
            Kind::Object(&DEMAND_COOLDOWN),
            "{}",
            "Cooldowns between changes of the desired count.",
        ),
    ],
    rules: &[],
};

pub(super) const CONCURRENCY_DOC: &str = "Messages that a task processes at the same time.";

/// Far more than one task has memory for, and below the 120,000 messages that a queue can have in flight.
pub(super) static CONCURRENCY: Whole = whole(1, 10_000);

static START: Time = time(1, 0, HOUR);

/// Divisors of a minute, so that the checks of two invocations are as far apart as the checks within one.
static EVERY: Time = Time {
    offered: &[5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE],
    ..time(SECOND, SECOND, MINUTE)
};

/// More tasks than any service can have.
static WARM: Whole = whole(1, 5_000);

/// A window shorter than the time between two checks would have no effect.
static WINDOW: Time = time(SECOND, MINUTE, DAY);

static DEMAND_COOLDOWN: Object = Object {
    what: "the cooldowns of demand",
    fields: &[
        optional(
            "out",
            Kind::Time(&PAUSE),
            "After a scale-out, how long only a larger count is set. Otherwise 0s; `2m` with `target_tracking`, whose datapoints can be from before the scale-out.",
        ),
        default(
            "in",
            Kind::Time(&PAUSE),
            "0s",
            "After a scale-in, how long no task is removed.",
        ),
    ],
    rules: &[],
};
