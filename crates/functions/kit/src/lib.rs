//! What the Lambda functions share: how they start, how patient they are with AWS, and how they log.
//!
//! This crate owns the edges of a function: [`serve`] hands events to a handler with Lambda's data on
//! the invocation, [`in_time`] bounds a call and shortens its error, [`Log`] writes JSON lines, and
//! [`flows`] reads CloudWatch's data on queues, which [`record_flows`] gives to the scaling algorithm.
//! The function's purpose is its own.

mod call;
mod deployments;
mod history;
mod invocation;
mod log;
mod measured;
mod patience;
mod start;

pub use call::{CallError, in_time};
pub use deployments::is_deploying;
pub use history::sent_by_minute;
pub use invocation::Invocation;
pub use log::{Level, Log};
pub use measured::{Flow, flows, record_flows};
pub use patience::{aws_config, retries, timeouts};
pub use start::{init_failed, serve};
