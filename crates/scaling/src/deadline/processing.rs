//! The processing time, calibrated while the service runs.

use std::collections::VecDeque;

/// Weight of the configured processing time in a measurement, in messages.
const CONFIGURED_MESSAGES: f64 = 30.0;

/// A calibrated time is at most this many times the configured one, and at least its inverse.
const MOST_TIMES: f64 = 4.0;

/// Number of minutes whose deletes can be reported late.
const REMEMBERED: usize = 20;

/// Processing times by Little's law: the messages in flight over a minute, which the checks sample, ÷ the
/// deletes of that minute, which CloudWatch reports 1 to 2 minutes later. Both sums decay, and both include
/// a few messages with the configured time, so a calibration starts there and moves slowly.
///
/// There are two times. *Residence* is how long a message is in flight; deletes are inferred from it.
/// *Work* is how long it keeps one of the places busy (task × concurrency); tasks are computed from it.
/// They differ if tasks receive messages in advance: of the messages in flight, only as many as there are
/// places are being worked on.
///
/// Source: Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (1961).
#[derive(Clone, Debug)]
pub(super) struct ProcessingTime {
    configured: Option<f64>,
    minute: f64,
    decay: f64,
    minutes: VecDeque<FlightMinute>,
    last: Option<Occupancy>,
    /// Message-seconds in flight, place-seconds busy, and messages deleted, decayed.
    residence: f64,
    work: f64,
    deleted: f64,
    /// The contribution of the minutes since the last deletes.
    undeleted: Undeleted,
}

/// Message-seconds and place-seconds of minutes without deletes, which wait for a minute with some.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Undeleted {
    minutes: usize,
    residence: f64,
    work: f64,
}

/// The messages in flight over a whole minute, in message-seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct FlightMinute {
    number: u64,
    seconds: f64,
    in_flight: f64,
    busy: f64,
}

/// Messages in flight at a time, and the number of them that tasks work on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Occupancy {
    pub(super) at: f64,
    pub(super) in_flight: f64,
    /// Messages that the running tasks can work on at once.
    pub(super) places: f64,
}

impl ProcessingTime {
    /// A time of `configured` seconds; `None` if it is only measured. Deletes are reported for minutes of
    /// `minute` seconds, and a measurement decays to 1/e in `decay` seconds.
    pub(super) fn new(configured: Option<f64>, minute: f64, decay: f64) -> Self {
        Self {
            configured,
            minute,
            decay,
            minutes: VecDeque::new(),
            last: None,
            residence: 0.0,
            work: 0.0,
            deleted: 0.0,
            undeleted: Undeleted::default(),
        }
    }

    /// Adds a sample of the messages in flight.
    pub(super) fn sample(&mut self, now: Occupancy) {
        let Some(last) = self.last.replace(now) else {
            return;
        };
        // A minute gets all of a sample's time, so two neighbors are off by less than a sample.
        let number = self.number((last.at + now.at) / 2.0);
        if self
            .minutes
            .back()
            .is_none_or(|minute| minute.number != number)
        {
            if self.minutes.len() == REMEMBERED {
                self.minutes.pop_front();
            }
            self.minutes.push_back(FlightMinute {
                number,
                seconds: 0.0,
                in_flight: 0.0,
                busy: 0.0,
            });
        }
        let passed = now.at - last.at;
        let busy = |one: &Occupancy| one.in_flight.min(one.places);
        if let Some(minute) = self.minutes.back_mut() {
            minute.seconds += passed;
            minute.in_flight += (last.in_flight + now.in_flight) / 2.0 * passed;
            minute.busy += (busy(&last) + busy(&now)) / 2.0 * passed;
        }
    }

    /// Nothing is known about the time between the last sample and the next.
    pub(super) fn restart(&mut self) {
        self.last = None;
    }

    /// Adds the number of deletes of the minute that started at `start`. A minute counts once, and only if
    /// most of it was sampled. A minute without deletes waits for the next minute that has some.
    pub(super) fn record_deletes(&mut self, start: f64, deleted: f64) {
        let number = self.number(start + self.minute / 2.0);
        let Some(index) = self
            .minutes
            .iter()
            .position(|minute| minute.number == number)
        else {
            return;
        };
        let Some(minute) = self.minutes.remove(index) else {
            return;
        };
        // Earlier minutes, whose deletes never came, are no longer of use.
        self.minutes.drain(..index);
        if minute.seconds < self.minute * 0.8 || !deleted.is_finite() {
            return;
        }
        if deleted <= 0.0 {
            self.wait_for_deletes(minute);
            return;
        }
        let undeleted = std::mem::take(&mut self.undeleted);
        let kept = libm::exp(-self.minute / self.decay);
        self.residence = self.residence * kept + minute.in_flight + undeleted.residence;
        self.work = self.work * kept + minute.busy + undeleted.work;
        // For a minute that was sampled in part, the same part of the deletes.
        let sampled = (minute.seconds / self.minute).min(1.0);
        self.deleted = self.deleted * kept + deleted * sampled;
    }

    /// Remembers a minute without deletes, because the work of a long message belongs to its delete. A
    /// message that is stuck would look like long work, so each message in flight counts for at most a few
    /// of the known times, or for 20 minutes if none is known.
    fn wait_for_deletes(&mut self, minute: FlightMinute) {
        let most = |known: Option<f64>, seconds: f64| {
            known.map_or(f64::INFINITY, |known| {
                MOST_TIMES * known * seconds / minute.seconds
            })
        };
        let (residence, work) = (
            most(self.residence(), minute.in_flight),
            most(self.work(), minute.busy),
        );
        let undeleted = &mut self.undeleted;
        if undeleted.minutes == REMEMBERED {
            return;
        }
        undeleted.minutes += 1;
        undeleted.residence = (undeleted.residence + minute.in_flight).min(residence);
        undeleted.work = (undeleted.work + minute.busy).min(work);
    }

    /// Adds message-seconds in flight and deletes of minutes that were not sampled.
    pub(super) fn seed(&mut self, in_flight: f64, deleted: f64) {
        if in_flight > 0.0 && deleted > 0.0 && in_flight.is_finite() && deleted.is_finite() {
            self.residence += in_flight;
            self.work += in_flight;
            self.deleted += deleted;
        }
    }

    /// Whether something was measured.
    pub(super) fn is_measured(&self) -> bool {
        self.deleted > 0.0
    }

    /// Seconds that a message is in flight. `None` if nothing is configured and nothing was measured.
    pub(super) fn residence(&self) -> Option<f64> {
        self.mix(self.residence)
    }

    /// Seconds that a message keeps a place busy. `None` if nothing is configured and nothing was measured.
    pub(super) fn work(&self) -> Option<f64> {
        self.mix(self.work)
    }

    fn mix(&self, seconds: f64) -> Option<f64> {
        match self.configured {
            Some(configured) => {
                let mixed = (seconds + CONFIGURED_MESSAGES * configured)
                    / (self.deleted + CONFIGURED_MESSAGES);
                Some(mixed.clamp(configured / MOST_TIMES, configured * MOST_TIMES))
            }
            None => (seconds > 0.0 && self.deleted > 0.0).then(|| seconds / self.deleted),
        }
    }

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "times are not negative"
    )]
    fn number(&self, at: f64) -> u64 {
        (at / self.minute).floor() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(processing: &mut ProcessingTime, until: u32, in_flight: f64, places: f64) {
        let from = processing.last.map_or(0.0, |last| last.at);
        for second in 0..=until {
            let at = f64::from(second);
            if at >= from {
                processing.sample(Occupancy {
                    at,
                    in_flight,
                    places,
                });
            }
        }
    }

    /// 8 in flight for a minute and 120 deletes: 480 message-seconds plus the assumed 30 × 2 s, ÷ 150: 3.6
    /// s.
    #[test]
    fn moves_from_what_is_configured_to_what_is_measured() {
        let mut processing = ProcessingTime::new(Some(2.0), 60.0, 300.0);
        assert_eq!(processing.work(), Some(2.0));
        sampled(&mut processing, 60, 8.0, 10.0);
        processing.record_deletes(0.0, 120.0);
        let found = processing.residence().unwrap_or_default();
        assert!((found - (480.0 + 60.0) / 150.0).abs() < 1e-9, "{found}");
        // The same minute again changes nothing.
        processing.record_deletes(0.0, 120.0);
        assert_eq!(processing.residence(), Some(found));
    }

    /// 20 in flight on 4 places, 120 deletes: each message is in flight for 10 s, and worked on for 2 s.
    #[test]
    fn messages_received_in_advance_are_not_worked_on() {
        let mut processing = ProcessingTime::new(None, 60.0, 300.0);
        assert_eq!(processing.work(), None);
        sampled(&mut processing, 60, 20.0, 4.0);
        processing.record_deletes(0.0, 120.0);
        assert_eq!(
            (processing.residence(), processing.work()),
            (Some(10.0), Some(2.0))
        );
    }

    #[test]
    fn is_bounded_around_what_is_configured() {
        let mut processing = ProcessingTime::new(Some(2.0), 60.0, 300.0);
        for minute in 0..60u32 {
            sampled(&mut processing, (minute + 1) * 60, 1_000.0, 1_000.0);
            processing.record_deletes(f64::from(minute) * 60.0, 60.0);
        }
        assert_eq!(processing.work(), Some(8.0));
    }

    #[test]
    fn a_minute_that_was_not_sampled_counts_for_nothing() {
        let mut processing = ProcessingTime::new(Some(2.0), 60.0, 300.0);
        sampled(&mut processing, 40, 100.0, 100.0);
        processing.record_deletes(0.0, 10.0);
        processing.record_deletes(60.0, 10.0);
        assert_eq!(processing.work(), Some(2.0));
    }

    /// 20 messages per minute of 0.5 s each, then one message that stays in flight for an hour: without
    /// deletes, the time doesn't change. The next minute with 20 deletes has 70 s in flight and 4 × 0.5 s
    /// from before.
    #[test]
    fn a_message_that_is_stuck_is_no_long_work() {
        let mut processing = ProcessingTime::new(None, 60.0, 300.0);
        sampled(&mut processing, 60, 10.0 / 60.0, 4.0);
        processing.record_deletes(0.0, 20.0);
        let before = processing.work();
        assert!(before.is_some_and(|time| (time - 0.5).abs() < 1e-9));
        for minute in 1..=60u32 {
            sampled(&mut processing, (minute + 1) * 60, 1.0, 4.0);
            processing.record_deletes(f64::from(minute) * 60.0, 0.0);
            assert_eq!(processing.work(), before, "{minute}");
        }
        sampled(&mut processing, 62 * 60, 70.0 / 60.0, 4.0);
        processing.record_deletes(61.0 * 60.0, 20.0);
        let kept = libm::exp(-0.2);
        let expected = (10.0 * kept + 70.0 + 2.0) / (20.0 * kept + 20.0);
        assert!(
            processing
                .work()
                .is_some_and(|time| (time - expected).abs() < 0.1),
            "{:?} {expected}",
            processing.work()
        );
    }

    /// Messages of 10 minutes, one at a time: 9 minutes without deletes and one minute with one.
    #[test]
    fn long_work_is_counted_with_its_delete() {
        let mut processing = ProcessingTime::new(None, 60.0, 300.0);
        for minute in 0..30u32 {
            sampled(&mut processing, (minute + 1) * 60, 1.0, 1.0);
            let deleted = if minute % 10 == 9 { 1.0 } else { 0.0 };
            processing.record_deletes(f64::from(minute) * 60.0, deleted);
        }
        assert!(
            processing
                .work()
                .is_some_and(|time| (time - 600.0).abs() < 1.0)
        );
    }
}
