//! Successive checks of a service and its queues, and the need that follows from them.
//!
//! The metric function and the simulator share this code:
//! - [`DemandWatch::new`] with the number of queues and [`DemandWatchSettings`], the numbers that it goes by;
//! - [`DemandWatch::estimate`] with a [`ServiceReading`] and the algorithm (`None` without a processing time):
//!   gives [`DemandEstimate`], the rate and the need, and remembers both.

use std::time::Duration;

use super::algorithm::{DemandAlgorithm, Workload};
use super::arrivals::{QueueHistory, QueueSample};
use super::decision::NeedHistory;

/// Standard deviations that separate a rise from chance; see
/// [`crate::QueueHistory::proven_rate`]. Chosen by the experiment in `docs/demand.md`.
pub const RATE_DEVIATIONS: f64 = 1.0;

/// Time over which arrivals are averaged. Chosen by the experiment in `docs/demand.md`.
pub const RATE_OVER: Duration = Duration::from_secs(120);

/// Settings of a watch, in addition to the algorithm's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DemandWatchSettings {
    /// Tasks are removed only to the largest need of this time.
    pub window: Duration,
    /// Longest time between two needs over which the need counts as known.
    pub gap: Duration,
    /// Time over which arrivals are averaged; see [`QueueHistory::proven_rate`].
    pub rate_over: Duration,
}

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

/// The result of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct DemandEstimate {
    /// Messages that wait in the queues that could be read.
    pub visible: u64,
    /// Messages in flight in the queues that could be read.
    pub in_flight: u64,
    /// Messages that are sent a second to all queues; `None` when it is not known of each.
    pub rate: Option<f64>,
    /// Tasks that the work needs, unrounded; `None` when it is not known. At least one while there is a
    /// message.
    pub need: Option<f64>,
    /// Tasks that what is known needs at least; the need, if that is known. `None` when nothing is.
    pub at_least: Option<f64>,
    /// The largest need of the window up to this check; `None` unless the need is known throughout.
    pub largest: Option<f64>,
    /// The largest need of the window, as far as it is known.
    pub largest_known: Option<f64>,
}

/// The results of the latest checks.
#[derive(Clone, Debug)]
pub struct DemandWatch {
    watching: DemandWatchSettings,
    queues: Vec<QueueHistory>,
    needs: NeedHistory,
    latest: Option<Duration>,
}

impl DemandWatchSettings {
    /// Returns the settings of a caller that doesn't know how often it checks. Arrivals are averaged over at least two
    /// checks, so one check can fail or be late.
    #[must_use]
    pub fn new(window: Duration, rate_over: Duration) -> Self {
        Self {
            window,
            gap: rate_over.saturating_add(rate_over / 4),
            rate_over,
        }
    }

    /// Returns how long a history stays valid without a check.
    fn lasting(&self) -> Duration {
        self.gap.max(self.rate_over)
    }
}

impl DemandWatch {
    /// A watch of so many queues that has seen nothing yet.
    #[must_use]
    pub fn new(queues: usize, watching: DemandWatchSettings) -> Self {
        Self {
            watching,
            queues: vec![QueueHistory::new(watching.rate_over); queues],
            needs: NeedHistory::new(watching.window, watching.gap),
            latest: None,
        }
    }

    /// Checks: what follows from this reading and the earlier ones, by the algorithm; without one, nothing is known but
    /// that messages need a task.
    pub fn estimate(
        &mut self,
        seen: &ServiceReading<'_>,
        law: Option<&DemandAlgorithm>,
    ) -> DemandEstimate {
        self.record_queues(seen.at, seen.queues);
        let counts = || seen.queues.iter().flatten();
        let visible = saturating_sum(counts().map(|queue| queue.visible));
        let in_flight = saturating_sum(counts().map(|queue| queue.in_flight));
        let (known, complete) = self.rates(seen.queues, law);
        let rate = Some(known).filter(|_| complete && self.all_read(seen.queues));
        let work = |rate| Workload {
            rate,
            visible,
            running: seen.running,
            starting: seen.desired.saturating_sub(seen.running),
        };
        // What a message needs, however little work it is.
        let one = if visible > 0 || in_flight > 0 {
            1.0
        } else {
            0.0
        };
        let need_at = |rate: f64| Some(law?.need(&work(rate))?.max(one));
        let need = rate.and_then(need_at);
        let part = need_at(known).or((one > 0.0).then_some(one));
        self.needs.record(seen.at, need);
        if let (None, Some(part)) = (need, part) {
            self.needs.record_part(seen.at, part);
        }
        DemandEstimate {
            visible,
            in_flight,
            rate,
            need,
            at_least: need.or(part),
            largest: need.and_then(|_| self.needs.largest(seen.at)),
            largest_known: self.needs.largest_known(seen.at),
        }
    }

    /// Remembers what the queues say where nothing can be decided: the service could not be read, say.
    pub fn record_queues(&mut self, at: Duration, queues: &[Option<QueueCounts>]) {
        if self.latest.is_some_and(|latest| at < latest) {
            // The clock was set back, so the age of the history is unknown.
            *self = Self::new(self.queues.len(), self.watching);
        }
        self.latest = Some(at);
        let lasting = self.watching.lasting();
        for (history, seen) in self.queues.iter_mut().zip(queues) {
            let Some(QueueCounts { visible, in_flight }) = *seen else {
                continue;
            };
            if history.age(at).is_some_and(|age| age > lasting) {
                history.clear();
            }
            history.record(QueueSample {
                at,
                visible,
                in_flight,
            });
        }
    }

    /// Remembers that messages were deleted up to `at`, as CloudWatch shows a minute or two later: see
    /// [`NeedHistory::record_deletes`].
    pub fn record_deletes(&mut self, at: Duration) {
        self.needs.record_deletes(at);
    }

    fn all_read(&self, seen: &[Option<QueueCounts>]) -> bool {
        let all = !seen.is_empty() && seen.len() == self.queues.len();
        all && seen.iter().all(Option::is_some)
    }

    /// Messages sent a second to the queues of which that is known, and whether it is of all.
    fn rates(&self, seen: &[Option<QueueCounts>], law: Option<&DemandAlgorithm>) -> (f64, bool) {
        let Some(law) = law else {
            return (0.0, false);
        };
        let rate_over = self.watching.rate_over;
        let mut complete = self.all_read(seen);
        let mut known = 0.0;
        for (history, _) in self
            .queues
            .iter()
            .zip(seen)
            .filter(|(_, seen)| seen.is_some())
        {
            match history.proven_rate(law.processing_time, rate_over, RATE_DEVIATIONS) {
                Some(rate) => known += rate,
                None => complete = false,
            }
        }
        (known, complete)
    }
}

fn saturating_sum(numbers: impl Iterator<Item = u64>) -> u64 {
    numbers.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
