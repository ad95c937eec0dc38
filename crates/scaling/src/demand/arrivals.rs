//! The arrival rate, from SQS's counts.

use std::collections::VecDeque;
use std::time::Duration;

use super::algorithm::to_float;

/// One reading of a queue. All times of a computation count from the same origin, whichever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueSample {
    /// When.
    pub at: Duration,
    /// `ApproximateNumberOfMessages`.
    pub visible: u64,
    /// `ApproximateNumberOfMessagesNotVisible`.
    pub in_flight: u64,
}

/// The latest readings of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueHistory {
    kept: Duration,
    samples: VecDeque<QueueSample>,
}

impl QueueHistory {
    /// Returns an empty history that keeps readings for this long.
    #[must_use]
    pub fn new(kept: Duration) -> Self {
        Self {
            kept,
            samples: VecDeque::new(),
        }
    }

    /// Adds a reading. One that is not later than the latest is ignored.
    pub fn record(&mut self, sample: QueueSample) {
        if self.samples.back().is_some_and(|last| sample.at <= last.at) {
            return;
        }
        self.samples.push_back(sample);
        // One reading from before the time that is kept stays, so that the whole of that time is known.
        while self
            .samples
            .get(1)
            .is_some_and(|second| second.at.saturating_add(self.kept) <= sample.at)
        {
            self.samples.pop_front();
        }
    }

    /// Forgets everything, for example after checks failed for long.
    pub fn clear(&mut self) {
        self.samples.clear();
    }

    /// Returns the time since the latest reading; `None` without one.
    #[must_use]
    pub fn age(&self, now: Duration) -> Option<Duration> {
        let latest = self.samples.back()?;
        Some(now.saturating_sub(latest.at))
    }

    /// Messages that were sent a second, on average over at least the time `over` before the latest
    /// reading if that is known, and over what is known otherwise. `None` with fewer than two readings.
    ///
    /// What was sent is what the queue has grown by, in flight included, plus what was deleted. SQS
    /// reports deletes only through CloudWatch, a minute or two late; but a message in flight is one that
    /// is being processed, so that deletes a second are messages in flight ÷ processing time (Little's
    /// law). Messages that a task receives in advance, or that a dead task still holds, are in flight
    /// too: they make the estimate too high, never too low.
    #[must_use]
    pub fn rate(&self, processing_time: Duration, over: Duration) -> Option<f64> {
        let spans = self.spans(processing_time, over);
        spans.last().map(|span| span.rate())
    }

    /// The largest rate that the latest readings prove, up to `over` before the latest: of every span up to
    /// now the rate less `deviations` of the standard deviations that chance alone gives it, or the mean
    /// over all of it if that is more. A sudden rise shows after one or two readings, and chance does not.
    ///
    /// The number of messages sent at random in a time has its own mean as variance (Poisson). Readings
    /// of messages in flight that are further apart than a processing time show deletes only by a
    /// sample, which adds as much variance again for each processing time between two readings.
    #[must_use]
    pub fn proven_rate(
        &self,
        processing_time: Duration,
        over: Duration,
        deviations: f64,
    ) -> Option<f64> {
        let mut proven = f64::NEG_INFINITY;
        let mut mean = None;
        for span in self.spans(processing_time, over) {
            let rate = span.rate();
            proven = proven.max(rate - deviations * span.deviation());
            // The longest span is the last.
            mean = Some(rate);
        }
        mean.map(|mean| proven.max(mean))
    }

    /// The spans from each earlier reading to the latest, the shortest first; the last is the first to
    /// reach `over`.
    fn spans(&self, processing_time: Duration, over: Duration) -> impl Iterator<Item = Span> {
        let processing = processing_time.as_secs_f64();
        let last = self.samples.back().copied();
        let pairs = self.samples.iter().zip(self.samples.iter().skip(1)).rev();
        let mut busy = 0.0;
        let mut looks = 0.0;
        let mut done = false;
        pairs.map_while(move |(earlier, later)| {
            let last = last.filter(|_| !done && processing > 0.0)?;
            let pause = later.at.saturating_sub(earlier.at).as_secs_f64();
            busy += (to_float(earlier.in_flight) + to_float(later.in_flight)) / 2.0 * pause;
            looks += 1.0;
            let length = last.at.saturating_sub(earlier.at);
            done = length >= over;
            let all = |sample: &QueueSample| to_float(sample.visible) + to_float(sample.in_flight);
            Some(Span {
                length: length.as_secs_f64(),
                sent: (all(&last) - all(earlier) + busy / processing).max(0.0),
                pauses: length.as_secs_f64() / looks / processing,
            })
        })
    }
}

/// A time up to the latest reading.
struct Span {
    /// Seconds, above zero.
    length: f64,
    /// Messages sent in it.
    sent: f64,
    /// Processing times between two readings.
    pauses: f64,
}

impl Span {
    fn rate(&self) -> f64 {
        self.sent / self.length
    }

    /// Standard deviation of the rate.
    fn deviation(&self) -> f64 {
        (self.sent * (1.0 + self.pauses)).sqrt() / self.length
    }
}

/// Whole minutes of SQS's metrics over which a processing time is measured. SQS's metrics come up to 15
/// minutes late when a queue wakes up, and an average over less would jump.
pub const MEASURED_MINUTES: u64 = 15;

/// Average processing time of a message, from the average number of messages in flight over a time in
/// which so many were deleted: Little's law. `None` when nothing was deleted or in flight, from which
/// nothing follows.
///
/// Source: Little, "A Proof for the Queuing Formula L = λW", Operations Research 9 (1961).
#[must_use]
pub fn measured_processing_time(
    in_flight: f64,
    deleted: f64,
    during: Duration,
) -> Option<Duration> {
    let seconds = in_flight * during.as_secs_f64() / deleted;
    if !(in_flight > 0.0 && deleted > 0.0) {
        return None;
    }
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|time| !time.is_zero())
}
