//! Schedules: bounds of the number of tasks that change with the hours of the week.
//!
//! Source: Application Auto Scaling API, `PutScheduledAction`.

use super::parts::{default, optional, required, whole};
use crate::shape::kind::{Kind, List, Object, Rule, Whole};
use crate::shape::schedule_rules::{has_hours, has_known_zone, has_one_zone};
use crate::shape::texts::{HOURS, TIME_ZONE};

pub(super) const DOC: &str = "Periods of the week in which other bounds apply; see [schedules](schedules.md). Outside of them, `min` and `max` apply. They must not overlap. Requires `scaling`.";

/// Far below the 200 scheduled actions that Application Auto Scaling allows per service: two per period, and their
/// repetitions.
pub(super) static SCHEDULE: List = List {
    of: Kind::Object(&PERIOD),
    least: 1,
    most: 14,
    unique: false,
    rule: Some(has_one_zone),
};

pub(crate) static PERIOD: Object = Object {
    what: "a period of the schedule",
    fields: &[
        required(
            "when",
            Kind::Text(&HOURS),
            "Days and times by the clock of `timezone`. Without days, every day; without times, whole days. An end that isn't after the start is on the next day.",
        ),
        default(
            "timezone",
            Kind::Text(&TIME_ZONE),
            "UTC",
            "Name in the IANA time zone database. The period moves with its daylight saving time. One for all periods of a service.",
        ),
        optional(
            "min",
            Kind::Whole(&TASK_COUNT),
            "Minimum number of tasks in the period; without it, `tasks.min`.",
        ),
        optional(
            "max",
            Kind::Whole(&TASK_COUNT),
            "Maximum number of tasks in the period; without it, `tasks.max`. With 0, the service is off in the period.",
        ),
    ],
    rules: &[
        Rule::AnyOf(&["min", "max"]),
        Rule::Also(has_hours),
        Rule::Also(has_known_zone),
    ],
};

/// ECS's quota of tasks per service.
static TASK_COUNT: Whole = whole(0, 5_000);
