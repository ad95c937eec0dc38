//! The scaling function: an alarm that rings goes in, one step of a service's desired count comes out.
//!
//! This room owns one invocation. Whatever wakes it, an alarm's message or the rule that asks to look
//! again, it reconciles: it reads the alarms' states, the service and what is remembered of the last
//! steps, lets the room `scaling` say what is right to do, and does it. What it remembers is a tag on
//! each alarm, written before the step is taken, so that messages may come twice, late, or out of order.
//! Which service and which steps is its [`Policy`], from its environment. [`handle`] is the way in; the
//! clients, the clock and the log are its arguments.

mod alarms;
mod answer;
mod clients;
mod error;
mod event;
mod handler;
mod log;
mod memory;
mod metric;
mod moment;
mod policy;
mod reconcile;
mod record;
mod service;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Outcome};
pub use clients::Clients;
pub use error::{InvocationError, Problem, Refused};
pub use handler::handle;
pub use policy::{Policy, PolicyProblem};
