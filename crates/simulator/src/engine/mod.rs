//! The discrete-event engine: arrivals, queues, tasks, and the control, message by message.

mod agenda;
mod clock;
mod close;
mod course;
mod instances;
mod messages;
mod queue;
mod records;
mod run;
mod service;
mod state;
mod tasks;

pub(crate) use close::Finished;
pub(crate) use course::{LateSpan, Step};
pub(crate) use records::{LaneRecords, Records};
pub use records::{Point, ScalingAction};
pub(crate) use run::{Metered, Run, Sender, Sent, run_messages};
