//! The times at which a function checks.

use std::time::Duration;

use crate::assumptions::Assumptions;
use crate::random::{Purpose, Random};
use crate::time::{Nanos, from_seconds, nanos, seconds};

/// The times at which the function checks. A rule starts it every minute, and it checks several times within
/// the minute.
pub(super) struct Clock {
    random: Random,
    minute: Nanos,
    jitter: f64,
    phase: Nanos,
    pub(super) every: Nanos,
    pub(super) checks: u64,
    pub(super) invocations: u64,
    pub(super) check: u64,
    begun: Nanos,
}

impl Clock {
    pub(super) fn new(assumptions: &Assumptions, every: Duration, seed: u64) -> Self {
        let mut random = Random::new(seed, Purpose::Sampling);
        let minute = assumptions.minute();
        let phase = from_seconds(random.unit() * seconds(minute));
        let every = nanos(every);
        Self {
            random,
            minute,
            jitter: assumptions.rule_jitter.as_secs_f64(),
            phase,
            every,
            // Rounding to nanoseconds must not lose a check.
            checks: ((minute + every / 1_000) / every.max(1)).max(1),
            invocations: 0,
            check: 0,
            begun: 0,
        }
    }

    pub(super) fn next(&mut self) -> Nanos {
        if self.check == 0 {
            self.begun = self
                .minute
                .saturating_mul(self.invocations)
                .saturating_add(self.phase)
                .saturating_add(from_seconds(self.jitter * self.random.unit()));
            self.invocations += 1;
        }
        let at = self
            .begun
            .saturating_add(self.every.saturating_mul(self.check));
        self.check = (self.check + 1) % self.checks;
        at
    }
}
