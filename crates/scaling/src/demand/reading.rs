//! The readings of a check.

use std::time::Duration;

/// The message counts of a queue.
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
    /// When it was read. All times of one watch count from the same origin.
    pub at: Duration,
    /// Each queue, always in the same order; `None` for one that could not be read.
    pub queues: &'a [Option<QueueCounts>],
    /// Running count.
    pub running: u32,
    /// Desired count.
    pub desired: u32,
}
