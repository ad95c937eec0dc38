//! Backlog per task and its target.

use std::time::Duration;

/// Backlog per task: messages ÷ running tasks, unrounded. With no running task the divisor is 1, so the
/// result is the whole backlog.
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

/// Acceptable backlog per task, the target of the scaling policy: how many messages can wait for one task so that
/// the last of them still starts within `acceptable_latency`, if each takes `processing_time`. `None` if
/// `processing_time` is zero.
///
/// Source: the same as for [`backlog_per_task`].
#[must_use]
pub fn acceptable_backlog_per_task(
    acceptable_latency: Duration,
    processing_time: Duration,
) -> Option<f64> {
    (!processing_time.is_zero())
        .then(|| acceptable_latency.as_secs_f64() / processing_time.as_secs_f64())
}

/// Share of the target at which a service's last task is held: above the low alarm's threshold
/// ([`crate::LOW_SHARE`]), and at most the target.
const HELD_SHARE: f64 = 0.95;

/// Returns what to add to the published backlog per task so that a service that can go to zero tasks keeps
/// its last task while there is work, in messages per task; 0 with several running tasks or without work.
///
/// Without it, the low alarm is in ALARM while there is nothing to do, and it stays there for minutes after
/// the first message has started a task. Application Auto Scaling then removes that task within about 80
/// seconds, before it has started or while it works. One datapoint that isn't below the low alarm's
/// threshold takes the alarm out of ALARM for all of its 15 periods.
///
/// `messages` are all messages that count as backlog, `published` is the sum of the values that the
/// service's queues would publish, and `target` is the policy's target.
#[must_use]
pub fn held_backlog(messages: u64, running: u32, published: f64, target: f64) -> f64 {
    if messages == 0 || running > 1 {
        return 0.0;
    }
    (HELD_SHARE * target - published).max(0.0)
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

    /// Target 100: the low alarm goes off below 90, the high one above 100.
    #[test]
    fn the_last_task_is_held_while_there_is_work() {
        let published = |messages, running| {
            let plain = backlog_per_task(messages, running);
            plain + held_backlog(messages, running, plain, 100.0)
        };
        for (messages, running, expected) in [
            (0, 0, 0.0),
            (0, 1, 0.0),
            (1, 0, 95.0),
            (1, 1, 95.0),
            (97, 1, 97.0),
            (250, 1, 250.0),
            (2, 2, 1.0),
        ] {
            let found = published(messages, running);
            assert!(
                (found - expected).abs() < 1e-9,
                "{messages}, {running}: {found}"
            );
        }
    }
}
