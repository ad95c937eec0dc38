//! Delivery: the share of the messages of the last days that started within the objective.

use super::arrivals::ArrivalLog;

/// Messages received, and how many of them were late, decayed over days.
#[derive(Clone, Debug)]
pub(super) struct Delivered {
    objective: f64,
    decay: f64,
    received: f64,
    late: f64,
    /// Number of the latest received message.
    number: Option<f64>,
    /// Seconds counted, decayed.
    during: f64,
    at: f64,
}

impl Delivered {
    pub(super) fn new(objective: f64, decay: f64) -> Self {
        Self {
            objective,
            decay,
            received: 0.0,
            late: 0.0,
            number: None,
            during: 0.0,
            at: 0.0,
        }
    }

    /// The log restarts: numbers have another origin.
    pub(super) fn restart(&mut self) {
        self.number = None;
    }

    /// Counts the messages received since the previous check, by their age: all messages in the log that
    /// are no longer `visible`.
    pub(super) fn add(&mut self, at: f64, visible: f64, log: &ArrivalLog) {
        let number = log.total() - visible;
        let Some(before) = self.number.replace(number) else {
            self.at = at;
            return;
        };
        let passed = at - self.at;
        self.at = at;
        let kept = libm::exp(-passed / self.decay);
        self.received *= kept;
        self.late *= kept;
        self.during = self.during * kept + passed;
        let received = number - before;
        if received <= 0.0 {
            self.number = Some(before.max(number));
            return;
        }
        self.received += received;
        self.late += received * self.late_share(at - passed / 2.0, before, number, log);
    }

    /// The share of the messages from number `before` to `number` that were late when they were received at
    /// `at`.
    fn late_share(&self, at: f64, before: f64, number: f64, log: &ArrivalLog) -> f64 {
        let parts = 4u32;
        let late = (0..parts).filter(|part| {
            let one = before + (number - before) * (f64::from(*part) + 0.5) / f64::from(parts);
            log.sent_at(one)
                .is_some_and(|sent| at - sent > self.objective)
        });
        late.count() as f64 / f64::from(parts)
    }

    /// Share of the messages that were late. Less than a day counts as a day whose other messages came at
    /// the same rate and were in time. 0 without messages.
    pub(super) fn late(&self, day: f64) -> f64 {
        if self.received <= 0.0 {
            return 0.0;
        }
        let missing = (day / self.during.max(f64::MIN_POSITIVE)).max(1.0);
        self.late / (self.received * missing)
    }

    /// The number of messages counted, and the share of them that was in time.
    pub(super) fn share(&self) -> Option<f64> {
        (self.received > 0.0).then(|| 1.0 - self.late / self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 10 messages per second, none received until 20 s, and all by 25 s: received at 22.5 s on average, the first half
    /// of the 250 was sent before 12.5 s.
    #[test]
    fn counts_by_age() {
        let mut log = ArrivalLog::new(120.0);
        let mut delivered = Delivered::new(10.0, 86_400.0);
        for check in 0..=5u32 {
            let at = f64::from(check) * 5.0;
            log.add(at, if check == 0 { 0.0 } else { 50.0 });
            let visible = if check < 5 { log.total() } else { 0.0 };
            delivered.add(at, visible, &log);
        }
        assert_eq!(delivered.share(), Some(0.5));
        // As if a whole day had been counted, of which 25 s are known.
        assert!((delivered.late(86_400.0) - 0.5 * 25.0 / 86_400.0).abs() < 1e-6);
    }
}
