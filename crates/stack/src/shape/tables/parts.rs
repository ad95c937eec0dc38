//! Parts that several tables share: kinds of keys, units of time in milliseconds, and values.

use crate::shape::kind::{Field, Kind, List, Object, Time, Whole};

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// A required key.
pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: true,
        default: None,
    }
}

/// An optional key; without it, nothing of its kind exists.
pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: false,
        default: None,
    }
}

/// An optional key with this default.
pub(super) const fn default(
    name: &'static str,
    kind: Kind,
    value: &'static str,
    doc: &'static str,
) -> Field {
    Field {
        name,
        doc,
        kind,
        required: false,
        default: Some(value),
    }
}

pub(super) const fn whole(least: u32, most: u32) -> Whole {
    Whole {
        least,
        most,
        offered: &[],
    }
}

pub(super) const fn time(step: u64, least: u64, most: u64) -> Time {
    Time {
        step,
        least,
        most,
        offered: &[],
        besides: &[],
    }
}

/// A duration that is not zero.
pub(super) static MOMENT: Time = time(1, 1, 14 * DAY);

/// How a period without a datapoint can be treated.
pub(super) static MISSING: [&str; 4] = ["missing", "ignore", "breaching", "not_breaching"];

pub(super) static COOLDOWN: Object = Object {
    what: "the cooldowns",
    fields: &[
        default(
            "out",
            Kind::Time(&PAUSE),
            "60s",
            "Cooldown after a scale-out: the time that new tasks get to take effect before the same number is added again.",
        ),
        default(
            "in",
            Kind::Time(&PAUSE),
            "300s",
            "Cooldown after a scale-in: the time before more tasks are removed.",
        ),
    ],
    rules: &[],
};

/// A cooldown of over a day would prevent scaling.
pub(super) static PAUSE: Time = time(SECOND, 0, DAY);

pub(super) static COUNT: List = List {
    of: Kind::Word(&["visible", "in_flight", "delayed"]),
    least: 1,
    most: 3,
    unique: true,
    rule: None,
};
