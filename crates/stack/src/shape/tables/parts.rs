//! Parts that several tables share: kinds of keys, units of time in milliseconds, and values.

use crate::shape::kind::{Field, Kind, List, Object, Time, Whole};

pub(super) const SECOND: u64 = 1_000;
pub(super) const MINUTE: u64 = 60 * SECOND;
pub(super) const HOUR: u64 = 60 * MINUTE;
pub(super) const DAY: u64 = 24 * HOUR;

/// A key that must be given.
pub(super) const fn required(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: true,
        default: None,
    }
}

/// A key that may be left out, and then means nothing of its kind.
pub(super) const fn optional(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field {
        name,
        doc,
        kind,
        required: false,
        default: None,
    }
}

/// A key that may be left out, and then has this value.
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

/// What a period without a datapoint can count as.
pub(super) static MISSING: [&str; 4] = ["missing", "ignore", "breaching", "not_breaching"];

pub(super) static COOLDOWN: Object = Object {
    what: "the cooldowns",
    fields: &[
        default(
            "out",
            Kind::Time(&PAUSE),
            "60s",
            "After a scale-out, how long the new tasks have to take effect before as many are added again.",
        ),
        default(
            "in",
            Kind::Time(&PAUSE),
            "300s",
            "After a scale-in, how long before more tasks are removed.",
        ),
    ],
    rules: &[],
};

/// A pause of over a day would be no scaling.
pub(super) static PAUSE: Time = time(SECOND, 0, DAY);

pub(super) static COUNT: List = List {
    of: Kind::Word(&["visible", "in_flight", "delayed"]),
    least: 1,
    most: 3,
    unique: true,
    rule: None,
};
