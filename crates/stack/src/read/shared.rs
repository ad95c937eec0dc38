//! Values that occur in several places of a definition.

use std::collections::BTreeSet;

use super::fields::Fields;
use crate::model::{Architecture, Cooldown, Count};

pub(super) fn architecture(fields: Fields<'_>) -> Architecture {
    match fields.text("architecture").as_str() {
        "x86_64" => Architecture::X86_64,
        _ => Architecture::Arm64,
    }
}

/// The cooldowns of a scaling policy.
pub(super) fn cooldown(fields: Fields<'_>) -> Cooldown {
    let fields = fields.object("cooldown");
    Cooldown {
        out: fields.duration("out"),
        r#in: fields.duration("in"),
    }
}

/// The messages that a `count` key lists; without it, the visible ones.
pub(super) fn counts(fields: Fields<'_>) -> BTreeSet<Count> {
    let words = fields.texts("count");
    let given: BTreeSet<Count> = Count::ALL
        .into_iter()
        .filter(|count| words.iter().any(|word| word == count.name()))
        .collect();
    if given.is_empty() {
        BTreeSet::from([Count::Visible])
    } else {
        given
    }
}
