//! The scaling function: what sets desired counts, of one service by an alarm's steps, or of many by demand.
//!
//! This crate owns one invocation. Under alarm steps, an alarm's message or a rule's request to re-evaluate invokes it,
//! and it reconciles: it reads the alarms' states, the service and what is remembered of the last
//! steps, lets the crate `scaling` decide what is right to do, and does it. What it remembers is a tag on
//! each alarm, written before the step is taken, so that messages may come twice, late, or out of order.
//!
//! Under demand, an invocation checks the queues and the services that its event names several times until its rule's
//! period is over, and sets the counts that the crate `scaling` decides. No service waits for another. What earlier
//! checks found is its [`Memory`], which lives as long as the execution environment; without one, nothing is removed
//! until enough is known again.
//!
//! Which of the two is its [`Policy`], from its environment. [`handle`] is the way in; the clients, the clock, the memory
//! and the log are its arguments.

mod alarms;
mod answer;
mod clients;
mod demand;
mod error;
mod event;
mod handler;
mod log;
mod memory;
mod metric;
mod moment;
mod pauses;
mod policy;
mod reconcile;
mod serve;
mod service;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Reply, ScalingOutcome};
pub use clients::Clients;
pub use demand::{
    DemandAnswer, DemandCheck, DemandOutcome, FleetAnswer, Memory, ProcessingTime, QueueCheck,
    UnreadQueue,
};
pub use error::{InvocationError, Problem, Refused};
pub use handler::handle;
pub use policy::{Policy, PolicyProblem};
pub use serve::serve;
