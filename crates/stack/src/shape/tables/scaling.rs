//! How the number of tasks follows the work.

use super::demand::{CONCURRENCY, CONCURRENCY_DOC, DEMAND};
use super::parts::{COOLDOWN, COUNT, MOMENT, default, optional, required, whole};
use super::step_scaling::STEP_SCALING;
use crate::shape::kind::{Kind, Object, Rule, Whole};

pub(super) static SCALING: Object = Object {
    what: "the scaling",
    fields: &[
        optional(
            "backlog_per_task",
            Kind::Object(&BACKLOG_PER_TASK),
            "Target tracking on the backlog per task; the target is `acceptable_latency` divided by `processing_time`, times `concurrency`.",
        ),
        optional(
            "demand",
            Kind::Object(&DEMAND),
            "As many tasks as the work needs so that each message meets its deadline. The only policy of its service, unless `actuator` is `none`.",
        ),
        optional(
            "cpu",
            Kind::Object(&UTILIZATION),
            "Target tracking on the average CPU utilization of the service's tasks.",
        ),
        optional(
            "memory",
            Kind::Object(&UTILIZATION),
            "Target tracking on the average memory utilization of the service's tasks.",
        ),
        optional(
            "steps",
            Kind::Object(&STEP_SCALING),
            "Step scaling by Application Auto Scaling: its policies have their own alarms, and act every minute while one is in ALARM.",
        ),
        optional(
            "alarm_steps",
            Kind::Object(&STEP_SCALING),
            "Step scaling by the stack's own function: the alarms notify an SNS topic, which notifies the function and the recipients in `notify`. It has the keys of `steps`, and can't be combined with other policies.",
        ),
    ],
    rules: &[Rule::AnyOf(&[
        "backlog_per_task",
        "demand",
        "cpu",
        "memory",
        "steps",
        "alarm_steps",
    ])],
};

static BACKLOG_PER_TASK: Object = Object {
    what: "the scaling by backlog per task",
    fields: &[
        optional(
            "acceptable_latency",
            Kind::Time(&MOMENT),
            "Waiting time that the policy aims at; otherwise the latency of the service's `slo`. Required without `slo`; it is then also the service's latency objective. A scale-out takes 2 to 5 minutes, so only tasks that already run meet a shorter one.",
        ),
        required(
            "processing_time",
            Kind::Time(&MOMENT),
            "Average processing time of one message.",
        ),
        default(
            "concurrency",
            Kind::Whole(&CONCURRENCY),
            "1",
            CONCURRENCY_DOC,
        ),
        default(
            "count",
            Kind::List(&COUNT),
            "[visible]",
            "Which messages count as backlog: waiting (`visible`), received and not yet deleted (`in_flight`), not yet due (`delayed`).",
        ),
        default(
            "cooldown",
            Kind::Object(&COOLDOWN),
            "{}",
            "Cooldowns of the scaling policy.",
        ),
        default(
            "source",
            Kind::Word(&["lambda", "metric_math"]),
            "lambda",
            "What divides the backlog by the tasks: the metric function (`lambda`), or CloudWatch itself from the metrics of SQS and of Container Insights (`metric_math`), which then must be on in the cluster and is billed per metric.",
        ),
    ],
    rules: &[],
};

static UTILIZATION: Object = Object {
    what: "the scaling by utilization",
    fields: &[
        required(
            "target",
            Kind::Whole(&PERCENT),
            "Average utilization to keep, in percent of the tasks' `cpu` or `memory`.",
        ),
        default(
            "high_resolution",
            Kind::Flag,
            "false",
            "Whether the metric has a datapoint every 20 s instead of every minute, so that the policy reacts sooner. The owner of an existing service must turn its `monitoring` on.",
        ),
        default(
            "cooldown",
            Kind::Object(&COOLDOWN),
            "{}",
            "Cooldowns of the scaling policy.",
        ),
    ],
    rules: &[],
};

static PERCENT: Whole = whole(1, 100);
