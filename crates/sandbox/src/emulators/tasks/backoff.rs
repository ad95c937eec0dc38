//! How long a service whose tasks fail waits before it starts the next task.
//!
//! ECS increases the wait up to 27 minutes if tasks fail to start, and immediately restarts tasks that ran. On
//! one machine, a worker that ends as soon as it starts would keep the machine busy, so here that counts as a
//! failure to start, and the wait is at most one minute.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_secs(1);
/// The maximum wait.
const LONGEST: Duration = Duration::from_secs(60);
/// A task that has run this long counts as started.
const STARTED: Duration = Duration::from_secs(10);

/// Consecutive failures, and when the next start is allowed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
    until: Option<Duration>,
}

impl Backoff {
    /// Records that a task ended without a request. `began` is when it started, if it did.
    pub(super) fn failed(&mut self, began: Option<Duration>, now: Duration) {
        let lived = began.is_some_and(|began| began + STARTED <= now);
        // Several tasks that fail together count as one failure.
        if lived || self.until.is_some_and(|until| until > now) {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let wait = FIRST.saturating_mul(1 << (self.failures - 1).min(16));
        self.until = Some(now + wait.min(LONGEST));
    }

    /// Ends the backoff if a task started after the last wait and has run long enough.
    pub(super) fn observe_starts(
        &mut self,
        began: impl IntoIterator<Item = Duration>,
        now: Duration,
    ) {
        let Some(until) = self.until else { return };
        let lives = |began: Duration| began >= until && began + STARTED <= now;
        if began.into_iter().any(lives) {
            *self = Self::default();
        }
    }

    /// Returns when the next start is allowed.
    pub(super) fn until(self) -> Option<Duration> {
        self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn waits_double_up_to_a_minute_and_end_when_a_task_lives() {
        let mut backoff = Backoff::default();
        let mut now = secs(0);
        let mut waits = Vec::new();
        for _ in 0..8 {
            backoff.failed(Some(now), now);
            let until = backoff.until().unwrap();
            waits.push((until - now).as_secs());
            now = until;
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        backoff.observe_starts([now - secs(100)], now + secs(50));
        assert!(backoff.until().is_some(), "that task started before");
        backoff.observe_starts([now], now + secs(9));
        assert!(backoff.until().is_some(), "that one is young");
        backoff.observe_starts([now], now + secs(10));
        assert_eq!(backoff, Backoff::default());
    }

    #[test]
    fn those_that_fail_together_are_one_failure_and_the_old_are_none() {
        let mut backoff = Backoff::default();
        for _ in 0..5 {
            backoff.failed(None, secs(5));
        }
        assert_eq!(backoff.until(), Some(secs(6)));
        let mut backoff = Backoff::default();
        backoff.failed(Some(secs(0)), secs(10));
        assert_eq!(backoff, Backoff::default());
    }
}
