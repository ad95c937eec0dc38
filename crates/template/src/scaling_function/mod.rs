//! Scaling functions: one for each service with `alarm_steps` or `demand`, so that each may describe and update
//! just its service, and can be made to run one call after the other.

mod alarm_steps;
mod demand;
mod setup;
mod triggers;

use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::parameters::{PARAMETER_SCALING_FUNCTION_KEY, PARAMETER_SERIALIZE_SCALING};
use crate::resolved::Resolved;
use setup::SERIALIZED;

pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>) -> Result<(), SynthesisError> {
    if !resolved.has_scaling_functions() {
        return Ok(());
    }
    builder.parameter(
        PARAMETER_SCALING_FUNCTION_KEY,
        "Key of the scaling function's zip in the bucket",
    );
    builder.switch(
        PARAMETER_SERIALIZE_SCALING,
        SERIALIZED,
        "Whether the account's quota lets each scaling function reserve a concurrency of one",
    );
    alarm_steps::add(builder, resolved)?;
    demand::add(builder, resolved)
}
