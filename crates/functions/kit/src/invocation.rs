//! Lambda's data on an invocation.

use std::time::{Duration, SystemTime};

/// Maximum timeout in Lambda.
///
/// Source: AWS Lambda Developer Guide, Lambda quotas.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Lambda's data on an invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Request ID, for the log.
    pub request_id: String,
    /// The time now.
    pub now: SystemTime,
    /// Remaining time before Lambda ends the invocation.
    pub time_left: Duration,
}

impl Invocation {
    /// Time that the function can work, so that it can still report its failure before Lambda ends the invocation.
    #[must_use]
    pub fn usable_time(&self) -> Duration {
        let time_left = self.time_left.min(LONGEST);
        let margin = (time_left / 10).min(Duration::from_secs(1));
        time_left.saturating_sub(margin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_time_to_report() {
        for (left, usable) in [
            (30_000, 29_000),
            (1_000, 900),
            (0, 0),
            (u64::MAX, 15 * 60 * 1_000 - 1_000),
        ] {
            let invocation = Invocation {
                request_id: String::new(),
                now: SystemTime::UNIX_EPOCH,
                time_left: Duration::from_millis(left),
            };
            assert_eq!(invocation.usable_time(), Duration::from_millis(usable));
        }
    }
}
