use std::time::Duration;

use proptest::prelude::*;

use super::algorithm::to_float;
use super::*;
use crate::Bounds;

fn law() -> DemandAlgorithm {
    DemandAlgorithm {
        promise: Duration::from_secs(60),
        processing_time: Duration::from_secs(2),
        concurrency: 1,
        start: Duration::ZERO,
        late: 0.01,
    }
}

fn work(rate: f64, visible: u64) -> Workload {
    Workload {
        rate,
        visible,
        running: 10,
        starting: 0,
    }
}

fn near(found: Option<f64>, expected: f64) {
    assert!(
        found.is_some_and(|found| (found - expected).abs() < 1e-9),
        "{found:?} for {expected}"
    );
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn bounds(min: u32, max: u32) -> Bounds {
    Bounds::new(min, max).unwrap()
}

/// 5 messages a second of 2 s are 10 tasks; 90 that wait are 180 s of work, 3 tasks within 60 s.
#[test]
fn arrivals_and_backlog_add_up() {
    // 11 places rather than 10, so that chance makes hardly anyone wait for 30 processing times.
    near(law().need(&work(5.0, 90)), 11.0 + 3.0);
    near(law().need(&work(0.0, 0)), 0.0);
    let four = DemandAlgorithm {
        concurrency: 4,
        ..law()
    };
    near(four.need(&work(5.0, 90)), 14.0 / 4.0);
}

/// 10 tasks do 5 messages a second. At 8 a second the backlog of 10 grows by 3 a second for 40 s, to
/// 130: 260 s of work for the 20 s that are left, 13 tasks on top of 17.
#[test]
fn what_piles_up_until_new_tasks_run_counts() {
    let law = DemandAlgorithm {
        start: at(40),
        ..law()
    };
    near(law.need(&work(8.0, 10)), 17.0 + 130.0 * 2.0 / 60.0);
    let started = Workload {
        starting: 12,
        ..work(8.0, 10)
    };
    near(law.need(&started), 17.0 + 10.0 * 2.0 / 60.0);
}

#[test]
fn what_is_no_number_is_unknown() {
    for rate in [f64::NAN, f64::INFINITY, -1.0] {
        assert_eq!(law().need(&work(rate, 1)), None, "{rate}");
    }
    let timeless = DemandAlgorithm {
        processing_time: Duration::ZERO,
        ..law()
    };
    assert_eq!(timeless.need(&work(1.0, 1)), None);
    let hasty = DemandAlgorithm {
        promise: Duration::ZERO,
        ..law()
    };
    assert_eq!(hasty.need(&work(1.0, 1)), None);
}

fn sample(seconds: u64, visible: u64, in_flight: u64) -> QueueSample {
    QueueSample {
        at: at(seconds),
        visible,
        in_flight,
    }
}

/// In 10 s the queue grew by 30 messages, and 8 in flight of 2 s each were 4 deletes a second.
#[test]
fn what_was_sent_is_growth_and_deletes() {
    let mut history = QueueHistory::new(at(60));
    assert_eq!(history.rate(at(2), at(60)), None);
    history.record(sample(0, 10, 8));
    assert_eq!(history.rate(at(2), at(60)), None);
    history.record(sample(10, 40, 8));
    near(history.rate(at(2), at(60)), 3.0 + 4.0);
    history.record(sample(10, 999, 0));
    near(history.rate(at(2), at(60)), 3.0 + 4.0);
    history.record(sample(20, 40, 8));
    near(history.rate(at(2), at(10)), 4.0);
    near(history.rate(at(2), at(20)), 1.5 + 4.0);
    history.clear();
    assert_eq!(history.rate(at(2), at(60)), None);
}

/// 2 messages a second of 2 s for a minute, then 30 a second: the mean over the minute says 6.7, one look
/// proves more, and a look of 25 messages rather than 20 proves nothing.
#[test]
fn a_sudden_rise_is_proven_and_chance_is_not() {
    let steady = |last: u64| {
        let mut history = QueueHistory::new(at(60));
        for look in 0..=6 {
            history.record(sample(look * 10, 0, 4));
        }
        history.record(sample(70, last, 4));
        history
    };
    let rise = steady(280);
    near(rise.rate(at(2), at(60)), 2.0 + 280.0 / 60.0);
    let proven = rise.proven_rate(at(2), at(60), 2.0);
    near(proven, 30.0 - 2.0 * (300.0f64 * 6.0).sqrt() / 10.0);
    let chance = steady(5);
    assert_eq!(
        chance.proven_rate(at(2), at(60), 2.0),
        chance.rate(at(2), at(60))
    );
}

#[test]
fn old_looks_are_forgotten() {
    let mut history = QueueHistory::new(at(60));
    history.record(sample(0, 60_000, 0));
    for second in 1..=200 {
        history.record(sample(second * 10, 0, 2));
    }
    near(history.rate(at(2), at(600)), 1.0);
}

#[test]
fn processing_time_is_measured_by_littles_law() {
    let minute = at(60);
    assert_eq!(measured_processing_time(4.0, 120.0, minute), Some(at(2)));
    for (in_flight, deleted) in [(0.0, 5.0), (5.0, 0.0), (f64::NAN, 1.0), (1.0, f64::NAN)] {
        assert_eq!(measured_processing_time(in_flight, deleted, minute), None);
    }
}

/// Looks every 20 s that saw nothing, while a message was deleted at 40 s: one task is needed until 100 s, with a window
/// of 60 s. Of a window that isn't known throughout, deletes tell nothing more.
#[test]
fn a_message_that_no_look_saw_needed_a_task() {
    let idle = |until: u64| {
        let mut history = NeedHistory::new(at(60), at(25));
        for look in 0..=until / 20 {
            history.record(at(look * 20), Some(0.0));
        }
        history.record_deletes(at(40));
        history.record_deletes(at(30));
        history
    };
    assert_eq!(idle(100).largest(at(100)), Some(1.0));
    assert_eq!(idle(120).largest(at(120)), Some(0.0));
    assert_eq!(idle(40).largest(at(40)), None);
    let kept = decide(&idle(100), at(100), 3, bounds(0, 9));
    assert_eq!((kept.desired, kept.why), (1, DecisionReason::Spare));
    let kept = decide(&idle(100), at(100), 1, bounds(0, 9));
    assert_eq!((kept.desired, kept.why), (1, DecisionReason::Recent));
    let gone = decide(&idle(120), at(120), 1, bounds(0, 9));
    assert_eq!((gone.desired, gone.why), (0, DecisionReason::Spare));
    let asleep = decide(&idle(100), at(100), 0, bounds(0, 9));
    assert_eq!(asleep.desired, 0, "a message that is gone wakes nothing");
}

fn decide(history: &NeedHistory, now: Duration, desired: u32, bounds: Bounds) -> Decision {
    decide_between(history.present(now), history.largest(now), desired, bounds)
}

fn history(needs: &[(u64, Option<f64>)]) -> NeedHistory {
    let mut history = NeedHistory::new(at(60), at(25));
    for (seconds, need) in needs {
        history.record(at(*seconds), *need);
    }
    history
}

fn check(needs: &[(u64, Option<f64>)], now: u64, desired: u32, expected: (u32, DecisionReason)) {
    let decision = decide(&history(needs), at(now), desired, bounds(1, 20));
    assert_eq!((decision.desired, decision.why), expected, "{needs:?}");
}

#[test]
fn out_at_once_and_in_to_the_largest_need_of_the_window() {
    let steady = |second: u64| (second, Some(4.2));
    let minute: Vec<_> = (0..=8).map(|look| steady(look * 10)).collect();
    check(&minute, 80, 3, (5, DecisionReason::Needed));
    check(&minute, 80, 5, (5, DecisionReason::Right));
    check(&minute, 80, 9, (5, DecisionReason::Spare));
    check(&minute[..6], 50, 9, (9, DecisionReason::Unknown));
    let mut falling = minute.clone();
    falling[8] = (80, Some(0.0));
    check(&falling, 80, 5, (5, DecisionReason::Recent));
    check(&[(0, Some(1e300))], 0, 5, (20, DecisionReason::Needed));
    check(&[], 0, 30, (20, DecisionReason::Bounds));
    check(&[], 0, 0, (1, DecisionReason::Bounds));
}

#[test]
fn a_look_that_failed_removes_nothing() {
    let mut needs: Vec<_> = (0..=12).map(|look| (look * 10, Some(2.0))).collect();
    check(&needs, 120, 9, (2, DecisionReason::Spare));
    check(&needs, 140, 9, (2, DecisionReason::Spare));
    check(&needs, 146, 9, (9, DecisionReason::Unknown));
    needs[10].1 = None;
    check(&needs, 120, 9, (2, DecisionReason::Spare));
    needs[11].1 = None;
    check(&needs, 120, 9, (9, DecisionReason::Unknown));
}

proptest! {
    /// More arrivals or a larger backlog never need less; more tasks never need more.
    #[test]
    fn grows_with_rate_and_backlog(
        rate in 0.0f64..1e2, more in 0.0f64..1e2, visible in 0u64..1_000_000, waiting in 0u64..1_000_000,
        running in 0u32..1_000, starting in 0u32..1_000, start in 0u64..200, late in 0.001f64..0.5,
        processing in 1u64..20_000, promise in 1u64..3_600,
    ) {
        let law = DemandAlgorithm {
            promise: at(promise), processing_time: Duration::from_millis(processing), concurrency: 1,
            start: at(start), late,
        };
        let work = Workload { rate, visible, running, starting };
        let need = law.need(&work).unwrap();
        prop_assert!(need >= 0.0);
        prop_assert!(need >= law.steady(rate).unwrap());
        let busier = law.need(&Workload { rate: rate + more, ..work }).unwrap();
        let fuller = law.need(&Workload { visible: visible + waiting, ..work }).unwrap();
        let helped = law.need(&Workload { running: running + 1, ..work }).unwrap();
        // Adding in another order may differ in the last digit.
        prop_assert!(busier >= need * (1.0 - 1e-9));
        prop_assert!(fuller >= need);
        prop_assert!(helped <= need);
    }

    /// With that many tasks, arrivals are served and the backlog is drained within what is left.
    #[test]
    fn the_tasks_asked_for_drain_the_backlog(
        rate in 0.0f64..1e3, visible in 0u64..100_000, processing in 1u64..10_000, promise in 1u64..3_600,
    ) {
        let law = DemandAlgorithm {
            promise: at(promise), processing_time: Duration::from_millis(processing), ..law()
        };
        let need = law.need(&work(rate, visible)).unwrap();
        let spare = need / law.processing_time.as_secs_f64() - rate;
        prop_assert!(spare * law.promise.as_secs_f64() >= to_float(visible) * (1.0 - 1e-6) - 1e-3);
    }

    /// Whatever is known, the count is within the bounds; and nothing is removed when the need was
    /// unknown for longer than the gap at some time of the window, or is unknown now.
    #[test]
    fn stays_within_bounds_and_never_removes_without_data(
        looks in proptest::collection::vec((1u64..40, proptest::option::of(0.0f64..100.0)), 0..30),
        desired in 0u32..200, min in 0u32..20, more in 0u32..100,
    ) {
        let mut history = NeedHistory::new(at(60), at(25));
        let (mut now, mut known) = (0, Vec::new());
        for (pause, need) in looks {
            now += pause;
            history.record(at(now), need);
            if need.is_some() {
                known.push(now);
            }
        }
        let bounds = bounds(min, min + more);
        let decision = decide(&history, at(now), desired, bounds);
        prop_assert!((min..=min + more).contains(&decision.desired));
        let mut ends: Vec<u64> = known.clone();
        ends.push(now);
        let begin = now.saturating_sub(60);
        let gaps = ends.windows(2).any(|pair| pair[1] - pair[0] > 25 && pair[1] > begin);
        let short = known.first().is_none_or(|first| *first > begin || now < 60);
        if gaps || short {
            prop_assert!(decision.desired >= bounds.clamp(desired));
        }
    }

    /// A larger need at any time never leads to fewer tasks.
    #[test]
    fn grows_with_each_need(
        mut needs in proptest::collection::vec(0.0f64..100.0, 1..20), which in 0usize..20,
        more in 0.0f64..50.0, desired in 0u32..100,
    ) {
        let decided = |needs: &[f64]| {
            let mut history = NeedHistory::new(at(60), at(25));
            for (look, need) in (0u64..).zip(needs) {
                history.record(at(look * 10), Some(*need));
            }
            let now = at((needs.len() as u64 - 1) * 10);
            decide(&history, now, desired, bounds(0, 1_000)).desired
        };
        let before = decided(&needs);
        let which = which % needs.len();
        needs[which] += more;
        prop_assert!(decided(&needs) >= before);
    }

    /// The rate of a queue that is worked off at a known pace is found, whatever its backlog does.
    #[test]
    fn the_rate_is_found(
        sent in proptest::collection::vec(0u64..500, 1..30), busy in 0u64..50,
    ) {
        let mut history = QueueHistory::new(at(1_000));
        // Plenty waits; `busy` tasks take 2 s a message, so 5 × busy leave every 10 s.
        let mut visible = 10_000;
        history.record(sample(0, visible, busy));
        for (look, sent) in (1u64..).zip(&sent) {
            visible = visible + sent - 5 * busy;
            history.record(sample(look * 10, visible, busy));
        }
        let total: u64 = sent.iter().sum();
        let expected = to_float(total) / (10.0 * to_float(sent.len() as u64));
        near(history.rate(at(2), at(1_000)).map(|rate| rate - expected), 0.0);
    }
}
