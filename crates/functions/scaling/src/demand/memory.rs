//! What an execution environment remembers.

use std::time::Duration;

use scaling::DemandScaler;

/// What an execution environment remembers from an invocation to the next. An environment that has just
/// begun knows nothing, and then removes nothing until it does.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) scaler: Option<DemandScaler>,
    /// The last processing time that was measured.
    pub(super) measured: Option<Duration>,
}
