//! The metric function: an event that says what to measure goes in, `BacklogPerTask` datapoints come
//! out, and `BacklogWithoutTasks` for services that are to be woken. Of services that follow demand,
//! `TasksNeeded` and `TasksNeededPerRunningTask` come out instead.
//!
//! This crate owns one invocation: reading the event, reading the queues and the services at the same
//! time, publishing what could be read, and saying which targets failed and why. It holds no
//! configuration of its own. Between invocations it keeps a [`Memory`] of the checks that the need is
//! reckoned from, as long as the execution environment lives; where it is lost, the need is unknown for a
//! while, and nothing is published that removes tasks. The algorithms and the event's shape belong to the crate
//! `scaling`. [`handle`] is the way in; the clients, the clock, the memory and the log are its arguments.

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
