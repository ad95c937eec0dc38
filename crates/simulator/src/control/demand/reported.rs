//! What is read at a check: the queue, the service, and the deletes of past minutes.

use std::collections::VecDeque;
use std::time::Duration;

use scaling::{DeadlineScaler, QueueCounts, ServiceReading};

use crate::assumptions::Assumptions;
use crate::control::Observation;
use crate::number::count;
use crate::time::{Nanos, nanos};

/// `NumberOfMessagesDeleted`, which CloudWatch has some time after the end of each minute.
pub(super) struct ReportedDeletes {
    pub(super) minute: Nanos,
    delay: Nanos,
    deleted: u64,
    /// Minutes that CloudWatch doesn't have yet: the end of each, and its deletes.
    minutes: VecDeque<(Nanos, u64)>,
}

impl ReportedDeletes {
    pub(super) fn new(assumptions: &Assumptions) -> Self {
        Self {
            minute: assumptions.minute(),
            delay: nanos(assumptions.sqs_metric_delay),
            deleted: 0,
            minutes: VecDeque::new(),
        }
    }

    /// A minute is over.
    pub(super) fn end_minute(&mut self, now: Nanos, seen: &Observation) {
        self.minutes.push_back((now, seen.deleted - self.deleted));
        self.deleted = seen.deleted;
    }

    /// Gives the scaler the minutes that CloudWatch has by now.
    pub(super) fn report(&mut self, now: Nanos, scaler: &mut DeadlineScaler) {
        while let Some((ended, deleted)) = self.minutes.front().copied()
            && ended.saturating_add(self.delay) <= now
        {
            self.minutes.pop_front();
            let start = Duration::from_nanos(ended.saturating_sub(self.minute));
            scaler.record_deletes(start, count(deleted));
        }
    }
}

/// The counts of the queue.
pub(super) fn counts(seen: &Observation) -> QueueCounts {
    QueueCounts {
        visible: seen.visible,
        in_flight: seen.in_flight,
    }
}

/// The input of a check.
pub(super) fn reading<'a>(
    now: Nanos,
    seen: &Observation,
    queues: &'a [Option<QueueCounts>],
) -> ServiceReading<'a> {
    ServiceReading {
        at: Duration::from_nanos(now),
        queues,
        running: seen.running,
        desired: seen.desired,
    }
}
