//! A worker: receives messages from SQS queues, processes them, and deletes them when they are done.
//!
//! This crate owns everything around the work: how messages are received, kept hidden while they are
//! worked on, deleted or left for redelivery, and what happens when the task is stopped or SQS is down.
//! The work itself is [`Check`]: replace [`VoucherCheck`] with your own. [`run`] is the whole worker;
//! [`run_program`] only wires it.
//!
//! A message can come more than once: SQS delivers *at least* once, and a worker can end between its
//! work and the deletion. A check must be idempotent.

mod backoff;
mod check;
mod client;
mod config;
mod delete;
mod health;
mod heartbeat;
mod log;
mod program;
mod protection;
mod receive;
mod shutdown;
mod sqs;
#[cfg(test)]
mod tests;
mod work;
mod worker;

pub use check::{Check, CheckError, Message, VoucherCheck, WorkTime};
pub use client::client;
pub use config::{Config, ConfigErrors, QueueAddress};
pub use health::check_health;
pub use log::{Event, Log, MessageOutcome};
pub use program::run_program;
pub use shutdown::{Stop, StopTimes, Stopper, stop_on_signals, stopper};
pub use worker::{Summary, run};
