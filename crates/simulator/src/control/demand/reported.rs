//! The input of a check: the queue, the service, and the deletions of past minutes.

use std::collections::VecDeque;
use std::time::Duration;

use scaling::{DeadlineScaler, DeadlineSettings, QueueCounts, QueueSettings, ServiceReading};

use crate::assumptions::Assumptions;
use crate::control::{Lanes, Observation};
use crate::number::count;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

/// `NumberOfMessagesDeleted`, which CloudWatch has some time after the end of each minute.
pub(super) struct ReportedDeletes {
    pub(super) minute: Nanos,
    delay: Nanos,
    deleted: Lanes,
    /// Minutes that CloudWatch doesn't have yet: the end of each, and the queues' deletions until then and until
    /// the previous end.
    minutes: VecDeque<(Nanos, Lanes, Lanes)>,
}

impl ReportedDeletes {
    pub(super) fn new(assumptions: &Assumptions) -> Self {
        Self {
            minute: assumptions.minute(),
            delay: nanos(assumptions.sqs_metric_delay),
            deleted: Lanes::default(),
            minutes: VecDeque::new(),
        }
    }

    pub(super) fn end_minute(&mut self, now: Nanos, seen: &Observation) {
        let before = std::mem::replace(&mut self.deleted, seen.lanes);
        self.minutes.push_back((now, seen.lanes, before));
    }

    /// Passes the minutes that CloudWatch has by now to the scaler.
    pub(super) fn report(&mut self, now: Nanos, scaler: &mut DeadlineScaler) {
        while let Some((ended, after, before)) = self.minutes.front().copied()
            && ended.saturating_add(self.delay) <= now
        {
            self.minutes.pop_front();
            let start = Duration::from_nanos(ended.saturating_sub(self.minute));
            let deletes = |place: &usize| {
                let of = |lanes: &Lanes| lanes.0.get(*place).map_or(0, |lane| lane.deleted);
                of(&after).saturating_sub(of(&before))
            };
            let groups: Vec<u64> = scaler
                .groups()
                .map(|places| places.iter().map(deletes).sum())
                .collect();
            for (group, deleted) in groups.into_iter().enumerate() {
                scaler.record_deletes(group, start, count(deleted));
            }
        }
    }
}

/// Returns the counts of this number of queues.
pub(super) fn counts(seen: &Observation, queues: usize) -> Vec<Option<QueueCounts>> {
    let lanes = seen.lanes.0.iter().take(queues);
    let counts = lanes.map(|lane| QueueCounts {
        visible: lane.visible,
        in_flight: lane.in_flight,
    });
    counts.map(Some).collect()
}

/// Returns the queues of a scenario. The policy's settings apply to queues without their own.
pub(super) fn queue_settings(
    scenario: &Scenario,
    settings: &DeadlineSettings,
) -> Vec<QueueSettings> {
    match scenario.queues.as_slice() {
        [] => vec![settings.queue()],
        queues => queues
            .iter()
            .map(|queue| queue.settings.unwrap_or_else(|| settings.queue()))
            .collect(),
    }
}

/// Returns the input of a check.
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
