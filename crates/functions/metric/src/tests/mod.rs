//! Tests of whole invocations against SDK mocks; each file is one theme.

mod cloud;
mod demand;
mod failures;
mod fleet;
mod fuzz;
mod log;
mod measuring;
mod requests;
mod retries;
mod time;
mod waking;
