//! What is read at a check.

use std::time::Duration;

/// What a queue says of its messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueCounts {
    /// `ApproximateNumberOfMessages`.
    pub visible: u64,
    /// `ApproximateNumberOfMessagesNotVisible`.
    pub in_flight: u64,
}

/// The input of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceReading<'a> {
    /// When. All times of one watch count from the same origin.
    pub at: Duration,
    /// Each queue, always in the same order; `None` for one that could not be read.
    pub queues: &'a [Option<QueueCounts>],
    /// Tasks that run.
    pub running: u32,
    /// Tasks that are desired.
    pub desired: u32,
}
