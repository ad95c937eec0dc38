//! Stack definitions.
mod model;
pub use model::*;
