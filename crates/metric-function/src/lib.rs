//! The metric function: an event that says what to measure goes in, `BacklogPerTask` datapoints come
//! out.
//!
//! This room owns one invocation: reading the event, reading the queues and the services at the same
//! time, publishing what could be read, and saying which targets failed and why. It holds no
//! configuration of its own and no state between invocations. The law (messages ÷ running tasks) and
//! the event's shape belong to the room `scaling`. [`handle`] is the way in; the clients, the clock
//! and the log are its arguments.

mod answer;
mod call;
mod clients;
mod error;
mod handler;
mod log;
mod plan;
mod publish;
mod queues;
mod reason;
mod services;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Failed, Published, Target};
pub use clients::Clients;
pub use error::InvocationError;
pub use handler::{Invocation, handle};
pub use log::Log;
pub use reason::Reason;
