//! Tests of whole invocations with SDK mocks, one topic per file.

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
