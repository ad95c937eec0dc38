//! The scaling function. It sets the desired count of one service by an alarm's steps, or of many services by
//! demand.
//!
//! This crate owns one invocation. With alarm steps, an alarm's message or a rule's request to re-evaluate invokes
//! it, and it reconciles: it reads the alarms' states, the service, and the records of the last steps, lets the
//! crate `scaling` decide, and applies the decision. The record is a tag on each alarm, written before the step is
//! applied, so messages can arrive twice, late, or out of order.
//!
//! With demand, an invocation checks the queues and services in its event several times until its rule's period is
//! over, and sets the counts that the crate `scaling` decides. No service waits for another. The results of earlier
//! checks are its [`Memory`], which exists as long as the execution environment; without it, no tasks are removed
//! until enough is known again.
//!
//! Its [`Policy`], from its environment, selects one of the two. [`handle`] is the entry point; the clients, the
//! clock, the memory, and the log are its arguments.

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
