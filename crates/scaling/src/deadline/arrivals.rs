//! Arrivals, from SQS's counts: how many messages were sent between two samples, and when each was sent.

use std::collections::VecDeque;

/// Counts the messages that are sent, from samples of the queue.
///
/// The messages sent are the growth of the queue, including messages in flight, plus the messages deleted.
/// Deletes per second are messages in flight ÷ residence time (Little's law), so they are integrated over
/// the samples. A negative result is carried over to the next sample instead of being cut off, so noise
/// adds no messages.
///
/// Source: Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (1961).
#[derive(Clone, Debug, Default)]
pub(super) struct ArrivalCounter {
    last: Option<Sample>,
    carry: f64,
}

/// The counts of the queues at a time, in seconds and messages.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    pub(super) at: f64,
    pub(super) visible: f64,
    pub(super) in_flight: f64,
}

impl Sample {
    /// Messages in the queue.
    pub(super) fn total(&self) -> f64 {
        self.visible + self.in_flight
    }
}

impl ArrivalCounter {
    /// Returns the messages sent since the previous sample. A message that leaves the queue was in flight
    /// for `residence` seconds on average. The first sample returns 0.
    pub(super) fn count(&mut self, sample: Sample, residence: f64) -> f64 {
        let Some(last) = self.last.replace(sample) else {
            return 0.0;
        };
        let in_flight = (last.in_flight + sample.in_flight) / 2.0;
        let deleted = in_flight * (sample.at - last.at) / residence;
        self.carry += sample.total() - last.total() + deleted;
        let count = self.carry.max(0.0);
        self.carry -= count;
        count
    }
}

/// The cumulative arrivals of the last minutes: when each message came.
#[derive(Clone, Debug)]
pub(super) struct ArrivalLog {
    /// Seconds to remember.
    kept: f64,
    /// Minimum seconds between two entries, so that their number is bounded.
    resolution: f64,
    entries: VecDeque<Cohort>,
}

/// The messages up to number `count` were sent by `at`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cohort {
    pub(super) at: f64,
    pub(super) count: f64,
}

/// Approximate maximum number of entries in a log.
const ENTRIES: f64 = 400.0;

impl ArrivalLog {
    pub(super) fn new(kept: f64) -> Self {
        Self {
            kept,
            resolution: kept / ENTRIES,
            entries: VecDeque::new(),
        }
    }

    /// Adds messages that were sent up to `at`.
    pub(super) fn add(&mut self, at: f64, messages: f64) {
        let count = self.total() + messages;
        let entry = Cohort { at, count };
        let before = self.entries.len().checked_sub(2);
        let close = before
            .and_then(|index| self.entries.get(index))
            .is_some_and(|before| at - before.at < self.resolution);
        match self.entries.back_mut().filter(|_| close) {
            Some(last) => *last = entry,
            None => self.entries.push_back(entry),
        }
        while self.entries.len() > 2
            && self
                .entries
                .get(1)
                .is_some_and(|one| one.at < at - self.kept)
        {
            self.entries.pop_front();
        }
    }

    /// Number of the latest message. Messages that were there before the first entry have numbers below zero.
    pub(super) fn total(&self) -> f64 {
        self.entries.back().map_or(0.0, |last| last.count)
    }

    /// When message number `number` was sent: the start of the log for an older message, and `None` for one
    /// that isn't sent yet.
    pub(super) fn sent_at(&self, number: f64) -> Option<f64> {
        let after = self.entries.partition_point(|entry| entry.count < number);
        let entry = self.entries.get(after)?;
        let Some(before) = after
            .checked_sub(1)
            .and_then(|index| self.entries.get(index))
        else {
            return Some(entry.at);
        };
        let share = (number - before.count) / (entry.count - before.count);
        Some(before.at + share * (entry.at - before.at))
    }

    /// The cohorts whose last message has a higher number than `number`, in order.
    pub(super) fn after(&self, number: f64) -> impl Iterator<Item = Cohort> {
        let first = self.entries.partition_point(|entry| entry.count <= number);
        self.entries.range(first..).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(at: f64, visible: f64, in_flight: f64) -> Sample {
        Sample {
            at,
            visible,
            in_flight,
        }
    }

    /// In 10 s the queue grew by 30, and 8 in flight for 2 s each make 4 deletes per second: 30 + 40 = 70.
    #[test]
    fn arrivals_are_growth_plus_deletes() {
        let mut counter = ArrivalCounter::default();
        assert_eq!(counter.count(sample(0.0, 10.0, 8.0), 2.0), 0.0);
        assert_eq!(counter.count(sample(10.0, 40.0, 8.0), 2.0), 70.0);
    }

    /// The queue shrank by 20 while 8 in flight explain only 4 deletes in 1 s: −16 is carried, so that the 30 of the
    /// next second, 26 + 4, count as 14.
    #[test]
    fn a_negative_count_is_carried_over() {
        let mut counter = ArrivalCounter::default();
        counter.count(sample(0.0, 40.0, 8.0), 2.0);
        assert_eq!(counter.count(sample(1.0, 20.0, 8.0), 2.0), 0.0);
        assert_eq!(counter.count(sample(2.0, 46.0, 8.0), 2.0), 14.0);
    }

    /// 10 messages by 5 s, 30 more by 10 s: number 25 came at the middle of the second five seconds.
    #[test]
    fn knows_when_a_message_was_sent() {
        let mut log = ArrivalLog::new(60.0);
        log.add(0.0, 0.0);
        log.add(5.0, 10.0);
        log.add(10.0, 30.0);
        assert_eq!(log.sent_at(25.0), Some(7.5));
        assert_eq!(log.sent_at(-3.0), Some(0.0));
        assert_eq!(log.sent_at(41.0), None);
        let behind: Vec<_> = log.after(10.0).map(|cohort| cohort.at).collect();
        assert_eq!(behind, [10.0]);
    }

    proptest! {
        /// Noise around no arrivals adds up to none: the sum is at most the largest excess.
        #[test]
        fn noise_adds_no_messages(noise in proptest::collection::vec(0.0f64..20.0, 1..200)) {
            let mut counter = ArrivalCounter::default();
            let mut sum = 0.0;
            for (at, visible) in noise.iter().enumerate() {
                sum += counter.count(sample(at as f64, *visible, 0.0), 1.0);
            }
            prop_assert!(sum <= 20.0);
        }

        /// The log stays small, however often it is written to, and numbers only grow.
        #[test]
        fn stays_small_and_in_order(pauses in proptest::collection::vec(0.01f64..5.0, 1..2_000)) {
            let mut log = ArrivalLog::new(100.0);
            let mut at = 0.0;
            for pause in pauses {
                at += pause;
                log.add(at, pause);
            }
            prop_assert!(log.entries.len() <= 2 * 400 + 2);
            let pairs = log.entries.iter().zip(log.entries.iter().skip(1));
            prop_assert!(pairs.into_iter().all(|(one, next)| one.at < next.at && one.count <= next.count));
        }
    }
}
