//! Common parts of the Lambda functions: how they start, how long they wait for AWS, and how they log.
//!
//! This crate owns the edges of a function: [`serve`] passes events to a handler with Lambda's data on the
//! invocation, [`in_time`] limits a call and shortens its error, [`Log`] writes JSON lines, and [`flows`] reads
//! CloudWatch's data on queues, which [`record_flows`] passes to the scaling algorithm. Each function defines its
//! own purpose.

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
