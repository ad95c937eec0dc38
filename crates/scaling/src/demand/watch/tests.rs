use super::*;
use proptest::prelude::*;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn law() -> DemandAlgorithm {
    DemandAlgorithm {
        promise: at(60),
        processing_time: at(2),
        concurrency: 1,
        start: at(40),
        late: 0.01,
    }
}

fn watch(queues: usize) -> DemandWatch {
    let watching = DemandWatchSettings {
        gap: at(30),
        ..DemandWatchSettings::new(at(120), at(120))
    };
    DemandWatch::new(queues, watching)
}

#[expect(clippy::unnecessary_wraps, reason = "a queue that could be read")]
fn holds(visible: u64, in_flight: u64) -> Option<QueueCounts> {
    Some(QueueCounts { visible, in_flight })
}

fn reading(seconds: u64, queues: &[Option<QueueCounts>]) -> ServiceReading<'_> {
    ServiceReading {
        at: at(seconds),
        queues,
        running: 10,
        desired: 10,
    }
}

fn near(found: Option<f64>, expected: f64) {
    assert!(
        found.is_some_and(|found| (found - expected).abs() < 1e-9),
        "{found:?} for {expected}"
    );
}

/// 8 and 2 messages in flight of 2 s each are 4 and 1 a second; 5 a second are 10 tasks, and one more so
/// that chance keeps hardly anyone waiting.
#[test]
fn rates_are_per_queue_and_counts_are_summed() {
    let mut watch = watch(2);
    let queues = [holds(3, 8), holds(2, 2)];
    let first = watch.estimate(&reading(0, &queues), Some(&law()));
    assert_eq!((first.visible, first.in_flight), (5, 10));
    assert_eq!((first.rate, first.need, first.largest), (None, None, None));
    let second = watch.estimate(&reading(10, &queues), Some(&law()));
    near(second.rate, 5.0);
    near(second.need, 11.0 + 5.0 * 2.0 / 60.0);
    assert_eq!(second.largest, None);
    assert_eq!(second.largest_known, second.need);
}

/// The first look knows no rate; but a backlog of 6,000 messages is 12,000 s of work to do in 60 s, less
/// what 10 tasks do in 40 s.
#[test]
fn what_is_known_counts_before_all_is() {
    let mut watch = watch(1);
    let estimate = watch.estimate(&reading(0, &[holds(6_000, 0)]), Some(&law()));
    assert_eq!(estimate.need, None);
    near(estimate.at_least, (6_000.0 - 200.0) * 2.0 / 60.0);
    // It stays the largest need of the window, though the next looks need less.
    let later = watch.estimate(&reading(10, &[holds(5_900, 10)]), Some(&law()));
    assert_eq!(later.largest_known, estimate.at_least);
}

#[test]
fn a_message_needs_a_task_whatever_it_takes() {
    for law in [None, Some(law())] {
        for (queue, least) in [
            (holds(1, 0), Some(1.0)),
            (holds(0, 1), Some(1.0)),
            (holds(0, 0), law.map(|_| 0.0)),
        ] {
            let estimate = watch(1).estimate(&reading(0, &[queue]), law.as_ref());
            assert_eq!(
                (estimate.need, estimate.at_least),
                (None, least),
                "{queue:?}"
            );
        }
    }
    let idle = ServiceReading {
        at: at(0),
        queues: &[holds(3, 0)],
        running: 0,
        desired: 0,
    };
    let estimate = watch(1).estimate(&idle, None);
    assert_eq!((estimate.need, estimate.at_least), (None, Some(1.0)));
    // Tasks that run without taking any message are not removed to none.
    let mut stuck = self::watch(1);
    stuck.estimate(&reading(0, &[holds(1, 0)]), Some(&law()));
    let estimate = stuck.estimate(&reading(10, &[holds(1, 0)]), Some(&law()));
    near(estimate.need, 1.0);
}

#[test]
fn a_queue_that_can_not_be_read_leaves_the_look_without_data() {
    let mut watch = watch(2);
    let quiet = [holds(0, 0), holds(0, 0)];
    for look in 0..=13 {
        watch.estimate(&reading(look * 10, &quiet), Some(&law()));
    }
    let whole = watch.estimate(&reading(140, &quiet), Some(&law()));
    assert_eq!(whole.largest, Some(0.0));
    let part = watch.estimate(&reading(150, &[holds(0, 0), None]), Some(&law()));
    assert_eq!((part.rate, part.need, part.largest), (None, None, None));
    let busy = watch.estimate(&reading(160, &[None, holds(3_000, 0)]), Some(&law()));
    assert_eq!(busy.need, None);
    // The backlog alone is 3,000 × 2 s − 10 tasks × 40 s of work in 60 s.
    assert!(busy.at_least.is_some_and(|least| least > 5_600.0 / 60.0));
}

#[test]
fn no_queue_is_no_zero() {
    let mut watch = watch(1);
    for look in 0..20 {
        let estimate = watch.estimate(&reading(look * 10, &[]), Some(&law()));
        assert_eq!((estimate.rate, estimate.need), (None, None));
    }
}

#[test]
fn what_is_too_old_is_forgotten() {
    let mut watch = watch(1);
    watch.estimate(&reading(0, &[holds(9_000, 0)]), Some(&law()));
    // Within the time over which arrivals are averaged, a gap is bridged.
    let bridged = watch.estimate(&reading(120, &[holds(9_000, 8)]), Some(&law()));
    assert!(bridged.rate.is_some());
    let late = watch.estimate(&reading(241, &[holds(0, 8)]), Some(&law()));
    assert_eq!(late.rate, None);
    // A clock that is set back leaves nothing of which the age is known.
    assert!(
        watch
            .estimate(&reading(251, &[holds(0, 8)]), Some(&law()))
            .rate
            .is_some()
    );
    let back = watch.estimate(&reading(200, &[holds(0, 8)]), Some(&law()));
    assert_eq!((back.rate, back.largest_known), (None, Some(1.0)));
    assert!(
        watch
            .estimate(&reading(210, &[holds(0, 8)]), Some(&law()))
            .rate
            .is_some()
    );
}

proptest! {
    /// More in a queue at the latest look never needs less, and no number is one that can't be.
    #[test]
    fn more_work_never_needs_less(
        looks in prop::collection::vec((0u64..2_000, 0u64..200), 2..20),
        more in 0u64..5_000, running in 0u32..100, starting in 0u32..100,
    ) {
        let (mut less, mut full) = (watch(1), watch(1));
        for (index, (visible, in_flight)) in looks.iter().enumerate() {
            let last = index + 1 == looks.len();
            let queues = |more: u64| [holds(visible + more, *in_flight)];
            let seen = [queues(0), queues(if last { more } else { 0 })];
            let reading = |queues| ServiceReading {
                at: at(10 * index as u64), queues, running, desired: running + starting,
            };
            let one = less.estimate(&reading(&seen[0]), Some(&law()));
            let other = full.estimate(&reading(&seen[1]), Some(&law()));
            prop_assert!(other.at_least >= one.at_least, "{:?} {:?}", one, other);
            prop_assert!(one.at_least.is_some_and(|need| need.is_finite() && need >= 0.0));
            prop_assert!(one.largest_known >= one.at_least);
        }
    }
}
