//! metric-function.
