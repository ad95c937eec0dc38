//! A running service, as its definition: readings become facts with evidence, and facts become a document.
//!
//! Nothing is invented. Measured values name their source, guesses are marked as guesses, and unknown values, such
//! as the latency objective, remain a question in a comment.

mod capacity;
mod definition;
mod expression;
mod facts;
mod little;
mod names;
mod number;
mod present;
mod present_steps;
mod present_tracking;
mod queues;
mod readings;
mod role_policy;
mod start;
#[cfg(test)]
mod tests;
mod traffic;

pub use definition::{Written, write_definition};
pub use facts::{Fact, Facts, infer};
pub use little::{Concurrency, Work, measure_work};
pub use present::{Present, find_present};
pub use queues::{Candidate, QueueChoice, QueueName, choose_queues, find_candidates, parse_queue};
pub use readings::*;
pub use role_policy::{QueueGrant, queue_grants};
pub use start::{TaskStart, measure_start};
pub use traffic::{Traffic, measure_traffic};
