//! Scaling functions: one for each service with `alarm_steps`, and one for all services with `demand`. With its own
//! function, a service's role can describe and update only that service, and its calls run one after the other.

mod alarm_steps;
mod demand;
mod setup;
mod triggers;

use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::parameters::{PARAMETER_SCALING_FUNCTION_KEY, PARAMETER_SERIALIZE_SCALING};
use crate::resolved::Resolved;
pub(crate) use demand::Fleet;
use setup::SERIALIZED;
pub(crate) use setup::{NEVER_GIVEN, NEVER_ON, set_counts};

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    fleet: &Fleet<'_, '_>,
) -> Result<(), SynthesisError> {
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
    fleet.add(builder)
}
