use proptest::prelude::*;

use super::*;
use crate::evaluation::AlarmState;
use crate::steps::{AdjustmentType, Step};

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn bounds() -> Bounds {
    Bounds::new(0, 50).unwrap()
}

fn policy(target: f64, out: u64, r#in: u64) -> TrackingPolicy {
    TrackingPolicy {
        target,
        cooldown_out: at(out),
        cooldown_in: at(r#in),
        scale_in: true,
    }
}

fn reading(metric: f64, target: f64) -> TrackingReading {
    let state = |rings| match rings {
        true => AlarmState::Alarm,
        false => AlarmState::Ok,
    };
    TrackingReading {
        high: state(metric > target),
        low: state(metric < 0.9 * target),
        metric,
        running: None,
    }
}

fn counts(count: u32) -> ServiceCounts {
    ServiceCounts {
        running: count,
        desired: count,
        deploying: false,
    }
}

fn steps(kind: AdjustmentType, list: &[(f64, i32)], distance: f64, cooldown: u64) -> StepRequest {
    let list = list
        .iter()
        .map(|&(from, adjustment)| Step { from, adjustment });
    StepRequest {
        steps: Steps::new(kind, None, list.collect()).unwrap(),
        cooldown: at(cooldown),
        distance: Some(distance),
    }
}

fn change(tasks: i32, cooldown: u64) -> StepRequest {
    steps(
        AdjustmentType::ChangeInCapacity,
        &[(0.0, tasks)],
        0.0,
        cooldown,
    )
}

fn to(change: Option<Change>) -> Option<u32> {
    change.map(|change| change.to)
}

/// PutScalingPolicy: "if one policy increases capacity by 3, another policy increases capacity by 200
/// percent, and the current capacity is 10, Application Auto Scaling uses the policy with the highest
/// calculated capacity (200% of 10 = 20) and scales out to 30".
#[test]
fn the_largest_capacity_wins_as_in_the_documented_example() {
    let percent = steps(
        AdjustmentType::PercentChangeInCapacity,
        &[(0.0, 200)],
        0.0,
        300,
    );
    for (requests, by) in [
        ([change(3, 300), percent.clone()], 1),
        ([percent, change(3, 300)], 0),
    ] {
        let mut target = ScalableTarget::new(Vec::new(), bounds());
        let wins = target.decide(at(0), counts(10), &[], &requests);
        let expected = Change {
            to: 30,
            side: Side::Out,
            by: PolicyPosition::Steps(by),
        };
        assert_eq!(wins, Some(expected));
    }
}

/// StepScalingPolicyConfiguration: +2, then within the cooldown, a more aggressive step of +3 adds 1.
#[test]
fn the_documented_cooldown_of_steps() {
    let two = [(0.0, 2), (20.0, 3)];
    let ask = |distance| steps(AdjustmentType::ChangeInCapacity, &two, distance, 300);
    let mut target = ScalableTarget::new(Vec::new(), bounds());
    assert_eq!(
        to(target.decide(at(0), counts(10), &[], &[ask(5.0)])),
        Some(12)
    );
    assert_eq!(
        to(target.decide(at(60), counts(12), &[], &[ask(5.0)])),
        None
    );
    assert_eq!(
        to(target.decide(at(120), counts(12), &[], &[ask(25.0)])),
        Some(13)
    );
}

#[test]
fn the_worked_example_beside_a_step_policy() {
    let mut target = ScalableTarget::new(vec![policy(100.0, 60, 300)], bounds());
    let high = [reading(150.0, 100.0)];
    let wins = target.decide(at(0), counts(10), &high, &[change(2, 60)]);
    let expected = Change {
        to: 15,
        side: Side::Out,
        by: PolicyPosition::Tracking(0),
    };
    assert_eq!(wins, Some(expected));
    let later = target.decide(
        at(30),
        counts(15),
        &[reading(100.0, 100.0)],
        &[change(5, 60)],
    );
    assert_eq!(later, None, "5 were added within the cooldown");
    let larger = target.decide(
        at(40),
        counts(15),
        &[reading(100.0, 100.0)],
        &[change(7, 60)],
    );
    assert_eq!(to(larger), Some(17), "7 from the 10 before");
}

/// "If the step scaling policy initiates a scale-in activity before the target tracking policy is ready
/// to scale in, the scale-in activity will not be blocked."
#[test]
fn a_step_in_does_not_wait_for_target_tracking_but_for_a_scale_out() {
    let calm = [reading(95.0, 100.0)];
    let mut target = ScalableTarget::new(vec![policy(100.0, 60, 300)], bounds());
    assert_eq!(
        to(target.decide(at(0), counts(10), &calm, &[change(-1, 300)])),
        Some(9)
    );
    let out = target.decide(
        at(10),
        counts(9),
        &[reading(150.0, 100.0)],
        &[change(-1, 300)],
    );
    assert_eq!(to(out), Some(14), "out wins, and ends the cooldown");
    assert_eq!(
        to(target.decide(at(69), counts(14), &calm, &[change(-1, 300)])),
        None
    );
    assert_eq!(
        to(target.decide(at(70), counts(14), &calm, &[change(-1, 300)])),
        Some(13)
    );
}

#[test]
fn target_tracking_waits_for_the_cooldowns_of_steps() {
    let mut target = ScalableTarget::new(vec![policy(100.0, 0, 0)], bounds());
    let (calm, low) = ([reading(95.0, 100.0)], [reading(50.0, 100.0)]);
    assert_eq!(
        to(target.decide(at(0), counts(10), &calm, &[change(4, 120)])),
        Some(14)
    );
    assert_eq!(to(target.decide(at(60), counts(14), &low, &[])), None);
    let more = target.decide(at(60), counts(14), &[reading(120.0, 100.0)], &[]);
    assert_eq!(to(more), None, "3 more after 4");
    assert_eq!(to(target.decide(at(120), counts(14), &low, &[])), None);
    assert_eq!(to(target.decide(at(121), counts(14), &low, &[])), Some(13));
    assert_eq!(
        to(target.decide(at(122), counts(13), &calm, &[change(-1, 120)])),
        Some(12)
    );
    assert_eq!(to(target.decide(at(180), counts(12), &low, &[])), None);
    assert_eq!(to(target.decide(at(243), counts(12), &low, &[])), Some(11));
}

/// The first task of a service that has none: an exact count without a cooldown, so target tracking isn't
/// affected.
#[test]
fn waking_adds_one_and_nothing_waits_for_it() {
    let wake = steps(AdjustmentType::ExactCapacity, &[(0.0, 1)], 499.0, 0);
    let mut target = ScalableTarget::new(vec![policy(1_000.0, 60, 300)], bounds());
    let calm = [reading(950.0, 1_000.0)];
    assert_eq!(
        to(target.decide(at(0), counts(0), &calm, std::slice::from_ref(&wake))),
        Some(1)
    );
    assert_eq!(to(target.decide(at(0), counts(1), &calm, &[wake])), None);
    assert_eq!(
        to(target.decide(at(1), counts(1), &[reading(5_000.0, 1_000.0)], &[])),
        Some(5)
    );
}

#[test]
fn a_suspended_side_does_nothing_and_is_not_remembered() {
    let policies = vec![policy(100.0, 300, 300)];
    let suspended = |scale_out, scale_in| PerSide {
        scale_out,
        scale_in,
    };
    let mut target = ScalableTarget::new(policies.clone(), bounds());
    target.update(policies.clone(), bounds(), suspended(true, false));
    let high = [reading(150.0, 100.0)];
    assert_eq!(
        to(target.decide(at(0), counts(10), &high, &[change(9, 60)])),
        None
    );
    assert_eq!(
        to(target.decide(at(1), counts(10), &[reading(50.0, 100.0)], &[])),
        Some(9),
        "there was no scale-out to wait for"
    );
    let mut target = ScalableTarget::new(policies.clone(), bounds());
    target.update(policies.clone(), bounds(), suspended(false, true));
    assert_eq!(
        to(target.decide(at(0), counts(10), &[reading(50.0, 100.0)], &[change(-1, 0)])),
        None
    );
    target.update(policies, bounds(), suspended(false, false));
    assert_eq!(to(target.decide(at(1), counts(10), &high, &[])), Some(15));
}

#[test]
fn new_bounds_hold_at_once_and_the_memory_stays() {
    let policies = vec![policy(100.0, 300, 300)];
    let mut target = ScalableTarget::new(policies.clone(), bounds());
    let high = [reading(300.0, 100.0)];
    target.update(
        policies.clone(),
        Bounds::new(1, 12).unwrap(),
        PerSide::default(),
    );
    assert_eq!(to(target.decide(at(0), counts(10), &high, &[])), Some(12));
    target.update(policies, bounds(), PerSide::default());
    assert_eq!(
        to(target.decide(at(60), counts(12), &[reading(110.0, 100.0)], &[])),
        None,
        "2 after 2"
    );
    assert_eq!(
        to(target.decide(at(120), counts(12), &high, &[])),
        Some(30),
        "10 × 3"
    );
}

#[derive(Clone, Debug)]
struct Look {
    pause: u64,
    metric: f64,
    starting: u32,
    deploying: bool,
    step: Option<(i32, u64)>,
}

prop_compose! {
    fn any_look()(
        pause in 0u64..120, metric in 0.0f64..300.0, starting in 0u32..5,
        deploying in prop::bool::weighted(0.2), step in prop::option::of((-6i32..6, 0u64..300)),
    ) -> Look {
        Look { pause, metric, starting, deploying, step }
    }
}

proptest! {
    /// With only target tracking, it is the same as [`TargetTracking`], check by check.
    #[test]
    fn without_steps_it_is_target_tracking(
        looks in prop::collection::vec(any_look(), 1..60), cooldowns in (0u64..300, 0u64..300),
    ) {
        let policies = vec![policy(100.0, cooldowns.0, cooldowns.1), policy(150.0, 60, 60)];
        let mut plain = TargetTracking::new(policies.clone(), bounds());
        let mut target = ScalableTarget::new(policies, bounds());
        let (mut now, mut desired) = (0, 5);
        for look in looks {
            now += look.pause;
            let service = ServiceCounts {
                running: u32::saturating_sub(desired, look.starting),
                desired,
                deploying: look.deploying,
            };
            let readings = [reading(look.metric, 100.0), reading(look.metric, 150.0)];
            let expected = plain.decide(at(now), service, &readings);
            let decided = target.decide(at(now), service, &readings, &[]);
            prop_assert_eq!(to(decided), expected);
            desired = expected.unwrap_or(desired);
        }
    }

    /// With only one step policy, it is the same as [`allowed`], check by check.
    #[test]
    fn with_steps_alone_it_is_the_cooldown_law(looks in prop::collection::vec(any_look(), 1..60)) {
        let mut target = ScalableTarget::new(Vec::new(), bounds());
        let mut last: PerSide<Option<TakenStep>> = PerSide::default();
        let (mut now, mut desired) = (0, 5);
        for look in looks {
            now += look.pause;
            let tasks = look.step.map_or(1, |(tasks, _)| tasks);
            let side = if tasks > 0 { Side::Out } else { Side::In };
            let law = |from| bounds().clamp(u32::saturating_add_signed(from, tasks));
            let cooldowns = PerSide { scale_out: at(60), scale_in: at(60) };
            let expected = match allowed(side, at(now), desired, last, cooldowns, law) {
                Allowed::Step { to, base } => {
                    *last.get_mut(side) = Some(TakenStep { at: at(now), base, to });
                    Some(to)
                }
                _ => None,
            };
            let decided = target.decide(at(now), counts(desired), &[], &[change(tasks, 60)]);
            prop_assert_eq!(to(decided), expected);
            desired = expected.unwrap_or(desired);
        }
    }

    /// Whatever both kinds want: the count stays within the bounds, no task is removed during a deployment,
    /// and every change follows a request.
    #[test]
    fn moves_only_as_somebody_asks(looks in prop::collection::vec(any_look(), 1..60)) {
        let mut target = ScalableTarget::new(vec![policy(100.0, 60, 120)], bounds());
        let (mut now, mut desired) = (0, 5);
        for look in looks {
            now += look.pause;
            let service = ServiceCounts {
                running: u32::saturating_sub(desired, look.starting),
                desired,
                deploying: look.deploying,
            };
            let requests: Vec<_> = look.step.iter().map(|(tasks, wait)| change(*tasks, *wait)).collect();
            let tracked = reading(look.metric, 100.0);
            let Some(done) = target.decide(at(now), service, &[tracked], &requests) else {
                continue;
            };
            prop_assert!(done.to <= 50);
            let tasks = look.step.map_or(0, |(tasks, _)| tasks);
            match done.side {
                Side::Out => {
                    prop_assert!(done.to > desired);
                    prop_assert!(tracked.high == AlarmState::Alarm || tasks > 0);
                }
                Side::In => {
                    prop_assert!(done.to < desired && !look.deploying);
                    prop_assert!(tracked.low == AlarmState::Alarm || tasks < 0);
                }
            }
            desired = done.to;
        }
    }
}
