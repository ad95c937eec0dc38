//! Target tracking: the next desired count, and the two alarms that request it.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// Bounds of a service's desired count: the scalable target's minimum and maximum capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    min: u32,
    max: u32,
}

/// Why a pair of numbers isn't valid as [`Bounds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the minimum capacity {min} is greater than the maximum capacity {max}")]
pub struct BoundsError {
    min: u32,
    max: u32,
}

impl Bounds {
    /// No bounds.
    pub(crate) const ANY: Self = Self {
        min: 0,
        max: u32::MAX,
    };

    /// From `min` to `max` tasks, inclusive.
    ///
    /// # Errors
    /// If `min` is over `max`.
    pub fn new(min: u32, max: u32) -> Result<Self, BoundsError> {
        if min > max {
            return Err(BoundsError { min, max });
        }
        Ok(Self { min, max })
    }

    /// Minimum number of tasks.
    #[must_use]
    pub fn min(self) -> u32 {
        self.min
    }

    /// Maximum number of tasks.
    #[must_use]
    pub fn max(self) -> u32 {
        self.max
    }

    /// The nearest count within the bounds.
    #[must_use]
    pub fn clamp(self, count: u32) -> u32 {
        count.clamp(self.min, self.max)
    }
}

impl Serialize for Bounds {
    /// Serializes `[min, max]`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.min, self.max).serialize(serializer)
    }
}

/// One of the two alarms of a target tracking policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackingAlarm {
    /// The metric must be above (high) or below (low) this value.
    pub threshold: f64,
    /// Datapoints to alarm, and also the number of evaluation periods.
    pub datapoints: u32,
    /// Length of a period.
    pub period: Duration,
}

/// The alarms that Application Auto Scaling creates for a target tracking policy: the high one starts
/// scale-out, the low one scale-in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackingAlarms {
    /// Above the target.
    pub high: TrackingAlarm,
    /// Below a share of the target.
    pub low: TrackingAlarm,
}

/// Share of the target below which the low alarm goes into ALARM. Observed; AWS documents only that the two
/// thresholds leave a gap so that the count does not flap.
pub const LOW_SHARE: f64 = 0.9;

/// The alarms of a policy with this target: 3 of 3 and 15 of 15 periods of 60 s, as Application Auto
/// Scaling creates them for a custom metric. Observed, not documented.
#[must_use]
pub fn tracking_alarms(target: f64) -> TrackingAlarms {
    let period = Duration::from_secs(60);
    TrackingAlarms {
        high: TrackingAlarm {
            threshold: target,
            datapoints: 3,
            period,
        },
        low: TrackingAlarm {
            threshold: LOW_SHARE * target,
            datapoints: 15,
            period,
        },
    }
}

/// Returns the desired count that brings `metric` (a value per task) to `target` if `base` tasks have that
/// value: base × metric ÷ target. Additions round up and removals round down, within `bounds`.
///
/// Between the low alarm's threshold and the target, only the bounds change the count. From zero tasks, the
/// smallest possible number is added, because the metric then doesn't show the load of one task. A metric
/// or target that isn't a positive finite number (zero is a valid metric) changes nothing either: missing
/// data never scales.
///
/// AWS doesn't publish the formula. It documents the rounding, and that scale-in never brings the metric
/// above the target again. Its example of scaling on a queue (1,500 messages, 10 instances, target 100:
/// scale out by 5) determines the rest. The base count is an assumption: [`crate::TrackingBase`]. Source:
/// "How target tracking scaling for Application Auto Scaling works", Application Auto Scaling User Guide.
#[must_use]
pub fn next_desired_count(base: u32, metric: f64, target: f64, bounds: Bounds) -> u32 {
    let usable = metric.is_finite() && metric >= 0.0 && target.is_finite() && target > 0.0;
    let in_gap = metric <= target && metric >= LOW_SHARE * target;
    if !usable || in_gap {
        return bounds.clamp(base);
    }
    if base == 0 {
        return bounds.clamp(u32::from(metric > target));
    }
    bounds.clamp(required_tasks(base, metric, target))
}

/// Tasks at which the metric is at the target or just below it. A ratio that is above a whole number only
/// by floating-point error counts as that number: 3 × 0.7 ÷ 0.3 is 7, not 8.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive, and a float over the range saturates, which is what a bound above it needs"
)]
fn required_tasks(base: u32, metric: f64, target: f64) -> u32 {
    const TOLERANCE: f64 = 1e-9;
    let exact = f64::from(base) * metric / target;
    (exact * (1.0 - TOLERANCE)).ceil() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{acceptable_backlog_per_task, backlog_per_task};
    use proptest::prelude::*;

    fn bounds(min: u32, max: u32) -> Bounds {
        Bounds::new(min, max).unwrap()
    }

    /// The worked example of the AWS articles: 1,500 messages on 10 tasks, 0.1 s per message, 10 s
    /// acceptable latency.
    #[test]
    fn worked_example_scales_out_by_five() {
        let target =
            acceptable_backlog_per_task(Duration::from_secs(10), Duration::from_millis(100))
                .unwrap();
        let metric = backlog_per_task(1_500, 10);
        assert!((target - 100.0).abs() < 1e-9);
        assert!((metric - 150.0).abs() < 1e-9);
        assert_eq!(next_desired_count(10, metric, target, bounds(1, 20)), 15);
    }

    /// AWS: capacity to add is rounded up (1.5 to 2), capacity to remove is rounded down (1.5 to 1).
    #[test]
    fn additions_round_up_and_removals_round_down() {
        assert_eq!(
            next_desired_count(3, 150.0, 100.0, bounds(1, 9)),
            5,
            "3 + 1.5"
        );
        assert_eq!(
            next_desired_count(3, 50.0, 100.0, bounds(1, 9)),
            2,
            "3 - 1.5"
        );
    }

    #[test]
    fn zero_messages_go_to_the_minimum() {
        assert_eq!(next_desired_count(7, 0.0, 100.0, bounds(2, 9)), 2);
        assert_eq!(next_desired_count(7, 0.0, 100.0, bounds(0, 9)), 0);
    }

    #[test]
    fn from_zero_one_task_is_added_and_only_over_the_target() {
        assert_eq!(next_desired_count(0, 1_500.0, 100.0, bounds(0, 20)), 1);
        assert_eq!(
            next_desired_count(0, 100.0, 100.0, bounds(0, 20)),
            0,
            "strictly over"
        );
        assert_eq!(
            next_desired_count(0, 1.0, 1.0, bounds(0, 20)),
            0,
            "one message, target one"
        );
    }

    #[test]
    fn nothing_moves_in_the_gap_or_without_data() {
        for metric in [90.0, 95.0, 100.0, f64::NAN, f64::INFINITY, -1.0] {
            assert_eq!(
                next_desired_count(5, metric, 100.0, bounds(1, 20)),
                5,
                "{metric}"
            );
        }
        for target in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(
                next_desired_count(5, 1.0, target, bounds(1, 20)),
                5,
                "{target}"
            );
        }
    }

    #[test]
    fn huge_metrics_end_at_the_maximum() {
        assert_eq!(
            next_desired_count(u32::MAX, f64::MAX, 1e-300, bounds(1, 5_000)),
            5_000
        );
    }

    #[test]
    fn bounds_refuse_a_minimum_over_the_maximum() {
        let error = Bounds::new(3, 2).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the minimum capacity 3 is greater than the maximum capacity 2"
        );
    }

    #[test]
    fn alarms_leave_a_gap() {
        let alarms = tracking_alarms(100.0);
        assert!((alarms.high.threshold - 100.0).abs() < 1e-9);
        assert!((alarms.low.threshold - 90.0).abs() < 1e-9);
        assert_eq!((alarms.high.datapoints, alarms.low.datapoints), (3, 15));
    }

    proptest! {
        #[test]
        fn stays_within_bounds(
            running in 0u32..6_000, metric in proptest::num::f64::ANY,
            target in proptest::num::f64::ANY, min in 0u32..100, more in 0u32..5_000,
        ) {
            let next = next_desired_count(running, metric, target, bounds(min, min + more));
            prop_assert!((min..=min + more).contains(&next));
        }

        #[test]
        fn grows_with_the_metric(
            running in 0u32..6_000, a in 0.0f64..1e6, b in 0.0f64..1e6, target in 0.001f64..1e5,
        ) {
            let next = |metric| next_desired_count(running, metric, target, bounds(0, 5_000));
            prop_assert!(next(a.min(b)) <= next(a.max(b)));
        }

        /// AWS documents that after scale-in, the metric is not above the target.
        #[test]
        fn the_count_asked_for_holds_the_backlog(
            messages in 0u64..10_000_000, running in 1u32..5_000, target in 0.01f64..1e5,
        ) {
            let metric = backlog_per_task(messages, running);
            let next = next_desired_count(running, metric, target, bounds(1, u32::MAX));
            prop_assert!(backlog_per_task(messages, next) <= target * (1.0 + 1e-6));
        }

        /// Whole ratios are exact despite floating-point errors.
        #[test]
        fn whole_ratios_are_exact(running in 1u32..500, factor in 2u32..10, target in 0.01f64..1e4) {
            let next = next_desired_count(running, target * f64::from(factor), target, bounds(0, u32::MAX));
            prop_assert_eq!(next, running * factor);
        }
    }
}
