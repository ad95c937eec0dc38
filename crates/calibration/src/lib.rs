//! The experiments of a calibration in an account.
//!
//! An [`Estimate`] shows what a run creates, how long it takes, and what it costs. [`run`] deploys one stack with a
//! service per experiment, publishes the metrics of their policies, and records what Application Auto Scaling does.
//! [`remove`] deletes the stack, including one from an earlier run. The record is a
//! [`simulator::calibration::Observation`], and `simulator` fits it.

mod estimate;
mod publish;
mod read;
mod run;
mod stage;

pub use estimate::Estimate;
pub use run::run;
pub use stage::{STACK, Stage, remove};
