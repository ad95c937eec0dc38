//! Step scaling: the watched metric.
//!
//! Source: Amazon CloudWatch API, `PutMetricAlarm`.

use super::parts::{COOLDOWN, DAY, MINUTE, MISSING, SECOND, default, optional};
use super::sides::{SCALE_IN, SCALE_OUT};
use super::step_metric::METRIC_FORMS;
use crate::shape::kind::{Kind, Object, Rule, Time};

pub(super) static STEP_SCALING: Object = Object {
    what: "step scaling",
    fields: &[
        optional(
            "metric",
            Kind::Either(&METRIC_FORMS),
            "The watched metric, if a side doesn't set its own `metric`: `request_count`, the requests that the service's load balancer sent to its tasks in a period; a metric of a queue; or any other metric.",
        ),
        default(
            "period",
            Kind::Time(&PERIOD),
            "1m",
            "Length of a period, over which the statistic is taken. Less than a minute only for custom high-resolution metrics, and such an alarm costs more.",
        ),
        default(
            "cooldown",
            Kind::Object(&COOLDOWN),
            "{}",
            "Cooldowns after a step.",
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

const MISSING_DOC: &str = "How a period without a datapoint is treated: it doesn't count (`missing`), keeps the state (`ignore`), is beyond the threshold (`breaching`), or within it (`not_breaching`). Otherwise `missing`; for `request_count`, which has no datapoints without requests, 0 requests.";

/// An alarm can evaluate one day of periods shorter than an hour, and seven days of longer ones.
static PERIOD: Time = Time {
    step: MINUTE,
    least: 10 * SECOND,
    most: DAY,
    offered: &[],
    besides: &[10 * SECOND, 20 * SECOND, 30 * SECOND],
};
