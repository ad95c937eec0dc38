//! The metric function: an event that says what to measure goes in, `BacklogPerTask` datapoints come
//! out, and `BacklogWithoutTasks` for services that are to be woken.
//!
//! This room owns one invocation: reading the event, reading the queues and the services at the same
//! time, publishing what could be read, and saying which targets failed and why. It holds no
//! configuration of its own and no state between invocations. The law (messages ÷ running tasks) and
//! the event's shape belong to the room `scaling`. [`handle`] is the way in; the clients, the clock
//! and the log are its arguments.

mod answer;
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
mod waking;

pub use answer::{Answer, Failed, Published, Target, Waking};
pub use clients::Clients;
pub use error::InvocationError;
pub use handler::handle;
pub use reason::Reason;
