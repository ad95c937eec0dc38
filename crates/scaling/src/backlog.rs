//! Backlog per task and its target.

use std::time::Duration;

/// Backlog per task: messages ÷ running tasks, unrounded. With no running task the divisor is 1, so
/// that the whole backlog shows.
///
/// Source: "Scaling based on Amazon SQS", Amazon EC2 Auto Scaling User Guide, with tasks for instances.
#[must_use]
#[expect(
    clippy::cast_precision_loss,
    reason = "a backlog over 2^53 messages needs no exact count"
)]
pub fn backlog_per_task(messages: u64, running: u32) -> f64 {
    messages as f64 / f64::from(running.max(1))
}

/// Acceptable backlog per task, the target of the scaling policy: how many messages may wait for one
/// task so that the last of them is still reached within `acceptable_latency`, when each takes
/// `processing_time`. `None` when `processing_time` is zero.
///
/// Source: as [`backlog_per_task`].
#[must_use]
pub fn acceptable_backlog_per_task(
    acceptable_latency: Duration,
    processing_time: Duration,
) -> Option<f64> {
    (!processing_time.is_zero())
        .then(|| acceptable_latency.as_secs_f64() / processing_time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_no_task_the_whole_backlog_shows() {
        assert!((backlog_per_task(1_500, 0) - 1_500.0).abs() < 1e-9);
    }

    #[test]
    fn is_not_rounded() {
        assert!((backlog_per_task(10, 4) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn no_processing_time_is_no_target() {
        assert_eq!(
            acceptable_backlog_per_task(Duration::from_secs(1), Duration::ZERO),
            None
        );
    }
}
