//! Step scaling: what is watched.
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
