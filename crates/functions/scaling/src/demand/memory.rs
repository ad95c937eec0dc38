//! What an execution environment remembers.

use scaling::DeadlineScaler;

/// What an execution environment remembers from an invocation to the next. An environment that has just
/// begun knows nothing, and then removes nothing until it does.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) scaler: Option<DeadlineScaler>,
}
