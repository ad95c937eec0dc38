//! The metric function: receives an event that lists targets, and publishes `BacklogPerTask` datapoints, and
//! `BacklogWithoutTasks` for services that scale from zero. For services that follow demand, it publishes
//! `TasksNeeded` and `TasksNeededPerDesiredTask` instead.
//!
//! This crate owns one invocation: it reads the event, reads the queues and the services in parallel, publishes the
//! available data, and reports which targets failed and why. It has no configuration. Between invocations, it keeps
//! a [`Memory`] of the checks from which the need is computed, as long as the execution environment exists. If that
//! is lost, the need is unknown for a while, and no value is published that removes tasks. The crate `scaling` owns
//! the algorithms and the format of the event. [`handle`] is the entry point; the clients, the clock, the memory,
//! and the log are its arguments.

mod answer;
mod clients;
mod demand;
mod error;
mod handler;
mod log;
mod plan;
mod publish;
mod queues;
mod reason;
mod serve;
mod services;
#[cfg(test)]
mod tests;
mod waking;

pub use answer::{Answer, Failed, Need, Published, Target, Unknown, Waking};
pub use clients::Clients;
pub use demand::Memory;
pub use error::InvocationError;
pub use handler::handle;
pub use reason::Reason;
pub use serve::serve;
