//! The times of checks: shortly after the alarms are evaluated, by a clock that can run faster than real time.

use std::time::Duration;

use crate::behavior::Speed;

/// Time between two checks, in the loop's time. Alarms with periods under a minute are evaluated at this
/// interval.
const EVERY: Duration = Duration::from_secs(10);
/// Alarms are evaluated one to four seconds after the end of a minute, in the loop's time.
const BEHIND: Duration = Duration::from_secs(5);

/// The times of checks, in real time since 1970, like those of alarms.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Real time between two checks.
    every: Duration,
    /// Real time from the end of a minute to a check.
    behind: Duration,
}

impl Clock {
    /// Creates the clock of a sandbox with this speed.
    pub(super) fn new(speed: Speed) -> Self {
        Self {
            every: speed.compress(EVERY),
            behind: speed.compress(BEHIND),
        }
    }

    /// Returns the loop's time of the check at `unix`, in the loop's seconds. Checks are exactly 10 s apart,
    /// even if one starts late, so a cooldown of a minute has ended when an alarm's action is repeated.
    pub(super) fn time(&self, unix: Duration) -> Duration {
        let checks = unix.saturating_sub(self.behind).as_nanos() / self.every.as_nanos().max(1);
        let checks = u64::try_from(checks).unwrap_or(u64::MAX);
        Duration::from_secs(checks.saturating_mul(EVERY.as_secs()))
    }

    /// Returns the real time from `unix` until the next check.
    pub(super) fn until_next(&self, unix: Duration) -> Duration {
        let every = self.every.as_nanos().max(1);
        let left = every - unix.saturating_sub(self.behind).as_nanos() % every;
        Duration::from_nanos(u64::try_from(left).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(factor: u32) -> Clock {
        Clock::new(Speed::try_from(factor).unwrap())
    }

    /// In each minute of a sandbox at any speed, checks are at 5, 15 … 55 s of the sandbox's time.
    #[test]
    fn checks_follow_the_evaluation_of_alarms() {
        for (factor, unix_ms, left_ms) in [
            (1, 60_000, 5_000),
            (1, 64_999, 1),
            (1, 65_000, 10_000),
            (1, 119_000, 6_000),
            (20, 3_000, 250),
            (20, 3_250, 500),
            (20, 5_900, 350),
        ] {
            let left = clock(factor).until_next(Duration::from_millis(unix_ms));
            assert_eq!(left, Duration::from_millis(left_ms), "{factor} {unix_ms}");
        }
    }

    /// Also in 2026, at the maximum speed, and regardless of how late a check starts.
    #[test]
    fn checks_are_ten_seconds_apart() {
        for factor in [1, 7, 20, 30] {
            let clock = clock(factor);
            let mut unix = Duration::from_secs(1_795_000_000);
            let mut before = None;
            for late_ms in [0, 3, 50, 0, 120, 1] {
                unix += clock.until_next(unix);
                let time = clock.time(unix + Duration::from_millis(late_ms));
                if let Some(before) = before {
                    assert_eq!(time, before + EVERY, "{factor}");
                }
                before = Some(time);
            }
        }
    }
}
