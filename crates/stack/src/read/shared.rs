//! Values that stand in several places of a definition.

use super::fields::Fields;
use crate::model::{Architecture, Cooldown};

pub(super) fn architecture(fields: Fields<'_>) -> Architecture {
    match fields.text("architecture").as_str() {
        "x86_64" => Architecture::X86_64,
        _ => Architecture::Arm64,
    }
}

/// The cooldowns inside a way of scaling.
pub(super) fn cooldown(fields: Fields<'_>) -> Cooldown {
    let fields = fields.object("cooldown");
    Cooldown {
        out: fields.duration("out"),
        r#in: fields.duration("in"),
    }
}
