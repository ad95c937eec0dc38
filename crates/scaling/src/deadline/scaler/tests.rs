use super::*;
use crate::{DeadlineTuning, Side, Warm, tasks_for};
use proptest::prelude::*;

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn settings() -> DeadlineSettings {
    DeadlineSettings {
        objective: at(60),
        share: None,
        processing_time: Some(at(2)),
        concurrency: 1,
        task_start: at(40),
        every: at(10),
        minute: at(60),
        reported: at(60),
        window: at(60),
        warm: Warm::Auto,
        tuning: DeadlineTuning::default(),
    }
}

/// From 1 to 50 tasks, with one queue.
fn scaler(out: u64, scale_in: u64) -> DeadlineScaler {
    let cooldowns = PerSide {
        scale_out: at(out),
        scale_in: at(scale_in),
    };
    DeadlineScaler::new(
        vec![settings().queue()],
        settings(),
        Bounds::new(1, 50).unwrap(),
        cooldowns,
    )
}

/// Checks while this many messages wait and none is in flight, and applies the decision. Tasks run at once.
fn step(
    scaler: &mut DeadlineScaler,
    seconds: u64,
    visible: u64,
    desired: &mut u32,
) -> DecisionReason {
    step_while(scaler, seconds, visible, desired, false)
}

fn step_while(
    scaler: &mut DeadlineScaler,
    seconds: u64,
    visible: u64,
    desired: &mut u32,
    deploying: bool,
) -> DecisionReason {
    let counts = QueueCounts {
        visible,
        in_flight: 0,
    };
    let seen = ServiceReading {
        at: at(seconds),
        queues: &[Some(counts)],
        running: *desired,
        desired: *desired,
    };
    let (_, decision) = scaler.decide(&seen, deploying);
    scaler.record_change(at(seconds), *desired, decision.desired);
    *desired = decision.desired;
    decision.why
}

/// Checks every 10 s at an empty queue, from one time to another, inclusive.
fn idle(scaler: &mut DeadlineScaler, from: u64, to: u64, desired: &mut u32) -> Vec<DecisionReason> {
    let checks = (from..=to).step_by(10);
    checks.map(|at| step(scaler, at, 0, desired)).collect()
}

#[test]
fn removes_once_the_arrivals_are_known_for_a_minute() {
    let (mut scaler, mut desired) = (scaler(0, 0), 9);
    let whys = idle(&mut scaler, 0, 50, &mut desired);
    assert_eq!((whys, desired), (vec![DecisionReason::Unknown; 6], 9));
    let why = step(&mut scaler, 60, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Spare, 1));
    let why = step(&mut scaler, 70, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Right, 1));
}

#[test]
fn nothing_is_removed_until_an_unknown_cooldown_would_be_over() {
    let (mut scaler, mut desired) = (scaler(30, 300), 9);
    idle(&mut scaler, 0, 50, &mut desired);
    let until = at(300);
    let whys = idle(&mut scaler, 60, 290, &mut desired);
    assert_eq!(
        (whys, desired),
        (vec![DecisionReason::Begun { until }; 24], 9)
    );
    let why = step(&mut scaler, 300, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Spare, 1));
}

#[test]
fn the_cooldown_of_scale_in_keeps_from_more_and_scale_out_ends_it() {
    let (mut scaler, mut desired) = (scaler(0, 300), 9);
    idle(&mut scaler, 0, 300, &mut desired);
    assert_eq!(desired, 1);
    desired = 5; // Another user's change.
    let (until, of) = (at(600), Side::In);
    let why = step(&mut scaler, 310, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Cooldown { until, of }, 5));
    let why = step(&mut scaler, 320, 3_000, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Needed, 50));
    idle(&mut scaler, 330, 500, &mut desired);
    assert_eq!(desired, 1);
}

#[test]
fn in_the_cooldown_of_scale_out_only_a_larger_count_is_set() {
    let (mut scaler, mut desired) = (scaler(600, 0), 5);
    idle(&mut scaler, 0, 50, &mut desired);
    step(&mut scaler, 60, 60, &mut desired);
    let first = desired;
    assert!((6..50).contains(&first), "{first}");
    step(&mut scaler, 70, 3_000, &mut desired);
    assert_eq!(desired, 50);
    desired = 10; // Another user's change: setting the same count again isn't an increase.
    let (until, of) = (at(670), Side::Out);
    let why = step(&mut scaler, 80, 4_000, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Cooldown { until, of }, 10));
    desired = 50;
    let whys = idle(&mut scaler, 90, 660, &mut desired);
    assert_eq!(
        (whys.last(), desired),
        (Some(&DecisionReason::Cooldown { until, of }), 50)
    );
    let why = step(&mut scaler, 670, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Spare, 1));
}

#[test]
fn scale_in_waits_for_a_deployment_and_scale_out_does_not() {
    let (mut scaler, mut desired) = (scaler(0, 0), 9);
    idle(&mut scaler, 0, 50, &mut desired);
    let why = step_while(&mut scaler, 60, 0, &mut desired, true);
    assert_eq!((why, desired), (DecisionReason::Deploying, 9));
    desired = 60;
    let why = step_while(&mut scaler, 65, 0, &mut desired, true);
    assert_eq!((why, desired), (DecisionReason::Deploying, 60));
    desired = 0;
    let why = step_while(&mut scaler, 68, 0, &mut desired, true);
    assert_eq!((why, desired), (DecisionReason::Bounds, 1));
    let why = step_while(&mut scaler, 70, 3_000, &mut desired, true);
    assert_eq!((why, desired), (DecisionReason::Needed, 50));
}

#[test]
fn a_count_outside_its_bounds_waits_for_no_cooldown() {
    let (mut scaler, mut desired) = (scaler(600, 600), 60);
    let why = step(&mut scaler, 0, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Bounds, 50));
    desired = 60;
    idle(&mut scaler, 10, 70, &mut desired);
    assert_eq!(desired, 50);
    desired = 60;
    // Spare, except for the cooldown: then at least to the bound.
    let why = step(&mut scaler, 80, 0, &mut desired);
    assert_eq!((why, desired), (DecisionReason::Bounds, 50));
}

#[test]
fn a_clock_that_is_set_back_blocks_nothing_for_long() {
    let (mut scaler, mut desired) = (scaler(0, 60), 9);
    idle(&mut scaler, 1_000, 1_100, &mut desired);
    assert_eq!(desired, 1);
    desired = 9;
    let whys = idle(&mut scaler, 500, 550, &mut desired);
    assert_eq!(whys, vec![DecisionReason::Unknown; 6]);
    let why = step(&mut scaler, 560, 0, &mut desired);
    assert_eq!(why, DecisionReason::Spare);
}

#[test]
fn follows_a_policy() {
    let policy = |law: &str| -> DemandPolicy {
        let text = format!(
            r#"{{"namespace": "n", "cluster": "c", "service": "s", "queues": [{{"name": "q", "url": "u"}}],
            "min": 1, "max": 5, "every_ms": 10000, "period_ms": 60000, "cooldown_out_ms": 0,
            "cooldown_in_ms": 0, "share": 0.999, "warm": 2, "law": {law}}}"#
        );
        serde_json::from_str(&text).unwrap()
    };
    let law = r#"{"acceptable_latency_ms": 60000, "processing_time_ms": 2000, "concurrency": 1,
        "task_start_ms": 40000, "window_ms": 60000}"#;
    let found = DeadlineSettings::from_policy(&policy(law));
    let expected = DeadlineSettings {
        share: Some(0.999),
        warm: Warm::Tasks(2),
        ..settings()
    };
    assert_eq!(found, expected);
    let mut scaler = DeadlineScaler::from_policy(&policy(law)).unwrap();
    let mut desired = 1;
    step(&mut scaler, 0, 0, &mut desired);
    assert_eq!(desired, 2, "warm tasks");
    step(&mut scaler, 10, 3_000, &mut desired);
    assert_eq!(desired, 5);
    let hasty = law.replace("60000, \"proc", "0, \"proc");
    let problem = DeadlineScaler::from_policy(&policy(&hasty)).unwrap_err();
    assert_eq!(problem, DemandPolicyError::Zero("acceptable_latency_ms"));
}

/// A period starts: the count is at the minimum at the next check. When it ends, the count falls only
/// because nothing needs the tasks. A period that allows no task ends them all, whatever waits.
#[test]
fn the_bounds_that_hold_are_kept_at_once() {
    let bounds = |min, max| Bounds::new(min, max).unwrap();
    let none = PerSide {
        scale_out: Duration::ZERO,
        scale_in: Duration::ZERO,
    };
    let mut scaler = DeadlineScaler::new(vec![settings().queue()], settings(), bounds(0, 50), none);
    scaler.hold(bounds(1, 20));
    let mut desired = 1;
    step(&mut scaler, 1_000, 0, &mut desired);
    scaler.hold(bounds(7, 20));
    let why = step(&mut scaler, 1_010, 0, &mut desired);
    assert_eq!((desired, why), (7, DecisionReason::Bounds));
    scaler.hold(bounds(1, 20));
    idle(&mut scaler, 1_020, 1_300, &mut desired);
    assert_eq!(desired, 1);
    scaler.hold(bounds(1, 50));
    step(&mut scaler, 1_310, 100_000, &mut desired);
    assert_eq!(desired, 50);
    scaler.hold(bounds(1, 20));
    let why = step(&mut scaler, 1_320, 100_000, &mut desired);
    assert_eq!((desired, why), (20, DecisionReason::Bounds));
    scaler.hold(bounds(0, 0));
    let why = step(&mut scaler, 1_330, 100_000, &mut desired);
    assert_eq!((desired, why), (0, DecisionReason::Bounds));
    scaler.hold(bounds(1, 20));
    step(&mut scaler, 1_340, 100_000, &mut desired);
    assert_eq!(desired, 20);
}

/// One check of a random life: the contents of the queue (`None`: it can't be read), seconds since the
/// previous check, whether ECS deploys, and the count that another user sets.
type Moment = (Option<(u64, u64)>, u64, bool, Option<u32>);

fn moments() -> impl Strategy<Value = Vec<Moment>> {
    let queue = prop::option::weighted(0.9, (0u64..300, 0u64..60));
    let other = prop::option::weighted(0.05, 0u32..70);
    let moment = (queue, 1u64..15, prop::bool::weighted(0.1), other);
    prop::collection::vec(moment, 1..120)
}

proptest! {
    #[test]
    fn bounds_cooldowns_and_data_hold(
        life in moments(), out in 0u64..90, scale_in in 0u64..90, max in 1u32..60,
    ) {
        let cooldowns = PerSide { scale_out: at(out), scale_in: at(scale_in) };
        let bounds = Bounds::new(1, max).unwrap();
        let mut scaler = DeadlineScaler::new(vec![settings().queue()], settings(), bounds, cooldowns);
        let (mut now, mut desired) = (0, 1u32);
        let (mut ups, mut downs): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for (queue, pause, deploying, other) in life {
            now += pause;
            desired = other.unwrap_or(desired);
            let counts = queue.map(|(visible, in_flight)| QueueCounts { visible, in_flight });
            let seen = ServiceReading { at: at(now), queues: &[counts], running: desired, desired };
            let (estimate, decision) = scaler.decide(&seen, deploying);
            let (from, to) = (desired, decision.desired);
            if !(deploying && from > max) {
                prop_assert!(to >= 1 && to <= max);
            }
            if to < from {
                prop_assert!(!deploying);
                if from <= max {
                    // There is a reason, data, and no cooldown, and only spare tasks are removed.
                    prop_assert_eq!(decision.why, DecisionReason::Spare);
                    prop_assert!(estimate.need.is_some() && counts.is_some());
                    prop_assert!(estimate.keep.is_some_and(|keep| tasks_for(keep, bounds) <= to));
                    prop_assert!(ups.last().is_none_or(|up| now >= up + out));
                    prop_assert!(
                        downs.last().is_none_or(|down| now >= down + scale_in || ups.last() > Some(down))
                    );
                }
                if from <= max || to < max {
                    downs.push(now);
                }
            }
            // A change that brings the count to a bound starts no cooldown.
            if to > from && to > bounds.clamp(from) {
                prop_assert_eq!(decision.why, DecisionReason::Needed);
                ups.push(now);
            }
            scaler.record_change(at(now), from, to);
            desired = to;
        }
    }
}

/// A new environment finds 9 tasks, which might be warm ones: an objective of 10 s is shorter than a start
/// of 40 s.
#[test]
fn a_new_environment_removes_nothing_before_it_knows_the_arrivals_of_earlier_days() {
    let mut policy: DemandPolicy = serde_json::from_value(serde_json::json!({
        "namespace": "n", "cluster": "c", "service": "s", "queues": [{"name": "q", "url": "https://sqs/q"}],
        "min": 1, "max": 50, "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 0,
        "law": {"acceptable_latency_ms": 10_000, "processing_time_ms": 2_000, "concurrency": 1,
                "task_start_ms": 40_000, "window_ms": 60_000},
    }))
    .unwrap();
    let after = |policy: &DemandPolicy, learned: u64| {
        let (mut scaler, mut desired) = (DeadlineScaler::from_policy(policy).unwrap(), 9);
        let until = at(15 * 60);
        let whys = idle(&mut scaler, 0, learned, &mut desired);
        let waits = whys.contains(&DecisionReason::Learning { until });
        let before = desired;
        scaler.seed_arrivals(0, []);
        idle(&mut scaler, learned + 10, learned + 60, &mut desired);
        (waits, before, desired)
    };
    assert_eq!(after(&policy, 600), (true, 9, 1));
    // It doesn't wait forever for data that can't be read.
    assert_eq!(after(&policy, 900), (true, 1, 1));
    policy.warm = Warm::Off;
    assert_eq!(after(&policy, 600), (false, 1, 1));
}

proptest! {
    /// Target tracking adds tasks only for the need. Tasks to keep never add any, however many were needed
    /// or busy.
    #[test]
    fn what_is_kept_adds_no_task_by_target_tracking(
        checks in proptest::collection::vec((0u64..5_000, 0u64..500, 0u32..60), 1..40),
    ) {
        let mut scaler = DeadlineScaler::without_bounds(
            vec![settings().queue()], DeadlineSettings { every: at(60), ..settings() },
        );
        for ((visible, in_flight, desired), minute) in checks.into_iter().zip(0..) {
            let counts = QueueCounts { visible, in_flight };
            let seen = ServiceReading {
                at: at(minute * 60), queues: &[Some(counts)], running: desired, desired,
            };
            let (estimate, value) = scaler.measure(&seen, false);
            let needed = estimate.at_least.unwrap_or_default();
            if let Some(value) = value {
                prop_assert_eq!(value > 1.0, needed > f64::from(desired.max(1)));
            }
        }
    }
}
