//! When an invocation checks, and when its calls must end: pure.

use std::time::Duration;

use scaling::DemandPolicy;

/// Minimum time for the calls of a check, however close the checks are: longer than one attempt.
const PATIENCE: Duration = Duration::from_secs(5);

/// The times of one invocation, counted from its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Schedule {
    every: Duration,
    /// No check starts after this time.
    looks: Duration,
    /// When checks must end, so that the results are still published.
    reading: Duration,
    end: Duration,
}

impl Schedule {
    /// The schedule of a service in an invocation with this `usable` time: a single check if `once`, otherwise one
    /// at every multiple of the policy's time between two checks, until its period is over.
    pub(crate) fn new(policy: &DemandPolicy, once: bool, usable: Duration) -> Self {
        let period = Duration::from_millis(policy.period_ms);
        let end = usable.min(period.max(PATIENCE));
        let reading = end - end / 20;
        Self {
            every: Duration::from_millis(policy.every_ms).max(Duration::from_millis(1)),
            looks: match once {
                false => period.min(reading),
                true => Duration::ZERO,
            },
            reading,
            end,
        }
    }

    /// The time of the next check, at `elapsed`; `None` after the last one. A check whose time has passed is
    /// skipped.
    pub(crate) fn after(&self, elapsed: Duration) -> Option<Duration> {
        let passed = elapsed.as_nanos() / self.every.as_nanos();
        let next = u32::try_from(passed.saturating_add(1)).ok()?;
        let at = self.every.checked_mul(next)?;
        (at < self.looks).then_some(at)
    }

    /// When the calls of a check that starts at `elapsed` must end.
    pub(crate) fn until(&self, elapsed: Duration) -> Duration {
        let patience = self.every.max(PATIENCE);
        elapsed.saturating_add(patience).min(self.reading)
    }

    /// When the invocation must end.
    pub(crate) fn end(&self) -> Duration {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn schedule(every_ms: u64, period_ms: u64, usable_ms: u64) -> Schedule {
        let policy = format!(
            r#"{{"namespace": "n", "cluster": "c", "service": "s", "queues": [], "min": 1, "max": 5,
            "every_ms": {every_ms}, "period_ms": {period_ms}, "cooldown_out_ms": 0, "cooldown_in_ms": 0,
            "law": {{"acceptable_latency_ms": 1, "concurrency": 1, "task_start_ms": 0,
            "window_ms": 1}}}}"#
        );
        let policy = serde_json::from_str(&policy).unwrap();
        let usable = Duration::from_millis(usable_ms);
        Schedule::new(&policy, false, usable)
    }

    /// The times of the checks, in milliseconds, of an invocation whose checks take no time.
    fn looks(schedule: &Schedule) -> Vec<u128> {
        let next = |at: &Duration| schedule.after(*at);
        let all = std::iter::successors(Some(Duration::ZERO), next);
        all.map(|at| at.as_millis()).collect()
    }

    #[test]
    fn six_looks_a_minute_within_lambdas_minute() {
        let minute = schedule(10_000, 60_000, 59_000);
        assert_eq!(looks(&minute), [0, 10_000, 20_000, 30_000, 40_000, 50_000]);
        assert_eq!(minute.end(), Duration::from_secs(59));
        assert_eq!(minute.until(Duration::from_secs(20)).as_secs(), 30);
        assert_eq!(minute.until(Duration::from_secs(50)).as_millis(), 56_050);
    }

    #[test]
    fn other_periods() {
        assert_eq!(
            looks(&schedule(500, 3_000, 59_000)),
            [0, 500, 1_000, 1_500, 2_000, 2_500]
        );
        assert_eq!(
            looks(&schedule(10_000, 60_000, 29_000)),
            [0, 10_000, 20_000]
        );
        assert_eq!(looks(&schedule(90_000, 60_000, 59_000)), [0]);
        assert_eq!(looks(&schedule(10_000, 0, 59_000)), [0]);
        assert_eq!(looks(&schedule(10_000, 60_000, 0)), [0]);
        // Even with short periods, a check has the time that a call can need.
        let short = schedule(500, 3_000, 59_000);
        assert_eq!(short.until(Duration::from_millis(2_500)).as_millis(), 4_750);
    }

    #[test]
    fn a_late_look_leaves_out_what_it_missed() {
        let minute = schedule(10_000, 60_000, 59_000);
        let after = |millis| {
            minute
                .after(Duration::from_millis(millis))
                .map(|at| at.as_secs())
        };
        assert_eq!(after(9_999), Some(10));
        assert_eq!(after(10_001), Some(20));
        assert_eq!(after(34_000), Some(40));
        assert_eq!(after(50_000), None);
    }

    proptest! {
        #[test]
        fn ends_in_time(every in 0u64..u64::MAX, period in 0u64..u64::MAX, usable in 0u64..900_000) {
            let schedule = schedule(every, period, usable);
            let (usable, mut at) = (Duration::from_millis(usable), Duration::ZERO);
            for _ in 0..100 {
                prop_assert!(schedule.until(at) <= schedule.end() && schedule.end() <= usable);
                let Some(next) = schedule.after(at) else { break };
                prop_assert!(next > at && next < usable && next < Duration::from_millis(period));
                at = next;
            }
        }
    }
}
