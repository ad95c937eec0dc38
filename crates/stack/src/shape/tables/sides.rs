//! The two sides of step scaling: a threshold, and the steps beyond it.
//!
//! Sources: Amazon CloudWatch API, `PutMetricAlarm`; Application Auto Scaling API,
//! `StepScalingPolicyConfiguration`.

use super::parts::{MISSING, default, optional, required, whole};
use super::step_metric::METRIC_FORMS;
use crate::shape::kind::{Amount, Field, Kind, List, Number, Object, Rule, Whole};
use crate::shape::step_rules::{needs_percent, steps_in_order};

pub(crate) static SCALE_OUT: Object = Object {
    what: "the scale-out",
    fields: &[
        METRIC,
        AT_OR_ABOVE,
        ABOVE,
        BELOW,
        AT_OR_BELOW,
        FOR,
        OF,
        optional("missing", Kind::Word(&MISSING), MISSING_SIDE_DOC),
        optional(
            "add",
            Kind::Amount(&ADDED),
            "How many tasks are added, or how many percent of them.",
        ),
        optional("at_least", Kind::Whole(&COUNT), AT_LEAST_DOC),
        optional("set", Kind::Whole(&COUNT), SET_OUT_DOC),
        optional("steps", Kind::List(&OUT_STEPS), STEPS_DOC),
    ],
    rules: &[
        ONE_COMPARISON,
        Rule::OneOf(&["add", "set", "steps"]),
        Rule::Elsewhere("remove", "add", "scale_in"),
        Rule::Also(needs_percent),
    ],
};

pub(crate) static SCALE_IN: Object = Object {
    what: "the scale-in",
    fields: &[
        METRIC,
        BELOW,
        AT_OR_BELOW,
        AT_OR_ABOVE,
        ABOVE,
        FOR,
        OF,
        optional("missing", Kind::Word(&MISSING), MISSING_SIDE_DOC),
        optional(
            "remove",
            Kind::Amount(&REMOVED),
            "How many tasks are removed, or how many percent of them.",
        ),
        optional("at_least", Kind::Whole(&COUNT), AT_LEAST_DOC),
        optional(
            "set",
            Kind::Whole(&COUNT_OR_NONE),
            "The number of tasks itself, within `tasks`.",
        ),
        optional("steps", Kind::List(&IN_STEPS), STEPS_DOC),
    ],
    rules: &[
        ONE_COMPARISON,
        Rule::OneOf(&["remove", "set", "steps"]),
        Rule::Elsewhere("add", "remove", "scale_out"),
        Rule::Also(needs_percent),
    ],
};

const ONE_COMPARISON: Rule = Rule::OneOf(&["at_or_above", "above", "below", "at_or_below"]);

const METRIC: Field = optional(
    "metric",
    Kind::Either(&METRIC_FORMS),
    "The watched metric, if this side's differs from the other's.",
);

const AT_OR_ABOVE: Field = threshold(
    "at_or_above",
    "Threshold that the metric reaches or exceeds.",
);
const ABOVE: Field = threshold("above", "Threshold that the metric exceeds.");
const BELOW: Field = threshold("below", "Threshold that the metric falls below.");
const AT_OR_BELOW: Field = threshold(
    "at_or_below",
    "Threshold that the metric reaches or falls below.",
);

const FOR: Field = default(
    "for",
    Kind::Whole(&PERIODS),
    "1",
    "How many of the last `of` periods must be beyond the threshold.",
);

const OF: Field = optional(
    "of",
    Kind::Whole(&PERIODS),
    "Number of periods to evaluate; otherwise the same as `for`. All of them end within the last day, or within seven days if a period is at least an hour.",
);

const MISSING_SIDE_DOC: &str =
    "How a period without a datapoint is treated, if this side differs from the other.";
const AT_LEAST_DOC: &str = "With percentages: the minimum number of tasks that a step changes, so that a small count changes at all.";
const SET_OUT_DOC: &str = "The number of tasks itself, within `tasks`. With `steps`, Application Auto Scaling sets it even if more tasks run; with `alarm_steps`, a scale-out removes no tasks.";
const STEPS_DOC: &str = "Several steps, by how far the metric is beyond the threshold: each applies from its `from` up to the `from` of the next one.";

const fn threshold(name: &'static str, doc: &'static str) -> Field {
    optional(name, Kind::Number(&THRESHOLD), doc)
}

/// Source: Amazon CloudWatch API, `MetricDatum`, `Value`: ±2^360.
const LARGEST: f64 = 2.348_542_582_773_833_4e108;

static THRESHOLD: Number = Number {
    least: -LARGEST,
    most: LARGEST,
};

static DISTANCE: Number = Number {
    least: 0.0,
    most: LARGEST,
};

/// One day of the shortest periods.
static PERIODS: Whole = whole(1, 8_640);

/// ECS's quota of tasks per service; no flood of messages needs more than ten times as many at once.
static ADDED: Amount = Amount {
    tasks: 5_000,
    percent: 1_000,
};

static REMOVED: Amount = Amount {
    tasks: 5_000,
    percent: 100,
};

static COUNT: Whole = whole(1, 5_000);

static COUNT_OR_NONE: Whole = whole(0, 5_000);

/// Application Auto Scaling accepts 20 steps per policy.
const MOST_STEPS: usize = 20;

static OUT_STEPS: List = List {
    of: Kind::Object(&OUT_STEP),
    least: 1,
    most: MOST_STEPS,
    unique: false,
    rule: Some(steps_in_order),
};

static IN_STEPS: List = List {
    of: Kind::Object(&IN_STEP),
    least: 1,
    most: MOST_STEPS,
    unique: false,
    rule: Some(steps_in_order),
};

const FROM: Field = required(
    "from",
    Kind::Number(&DISTANCE),
    "Distance beyond the threshold from which the step applies; 0 for the first one, and ascending.",
);

pub(crate) static OUT_STEP: Object = Object {
    what: "a step that adds tasks",
    fields: &[
        FROM,
        optional(
            "add",
            Kind::Amount(&ADDED),
            "How many tasks are added, or how many percent of them.",
        ),
        optional("set", Kind::Whole(&COUNT), SET_OUT_DOC),
    ],
    rules: &[
        Rule::OneOf(&["add", "set"]),
        Rule::Elsewhere("remove", "add", "scale_in"),
    ],
};

pub(crate) static IN_STEP: Object = Object {
    what: "a step that removes tasks",
    fields: &[
        FROM,
        optional(
            "remove",
            Kind::Amount(&REMOVED),
            "How many tasks are removed, or how many percent of them.",
        ),
        optional(
            "set",
            Kind::Whole(&COUNT_OR_NONE),
            "The number of tasks itself, within `tasks`.",
        ),
    ],
    rules: &[
        Rule::OneOf(&["remove", "set"]),
        Rule::Elsewhere("add", "remove", "scale_out"),
    ],
};
