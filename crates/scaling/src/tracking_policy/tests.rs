use super::*;
use proptest::prelude::*;

fn policy(target: f64) -> TrackingPolicy {
    TrackingPolicy {
        target,
        cooldown_out: Duration::from_secs(60),
        cooldown_in: Duration::from_secs(300),
        scale_in: true,
    }
}

fn target(policies: &[TrackingPolicy]) -> TargetTracking {
    TargetTracking::new(policies.to_vec(), Bounds::new(1, 50).unwrap())
}

fn reading(metric: f64, target: f64) -> TrackingReading {
    let state = |rings| {
        if rings {
            AlarmState::Alarm
        } else {
            AlarmState::Ok
        }
    };
    TrackingReading {
        high: state(metric > target),
        low: state(metric < 0.9 * target),
        metric,
        running: None,
    }
}

fn counts(running: u32, desired: u32) -> ServiceCounts {
    ServiceCounts {
        running,
        desired,
        deploying: false,
    }
}

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// The articles' example: 1,500 messages, 10 tasks, target 100.
#[test]
fn worked_example_goes_to_fifteen_once() {
    let mut target = target(&[policy(100.0)]);
    let high = [reading(150.0, 100.0)];
    assert_eq!(target.decide(at(0), counts(10, 10), &high), Some(15));
    assert_eq!(
        target.decide(at(60), counts(10, 15), &high),
        None,
        "still starting"
    );
    assert_eq!(
        target.decide(at(120), counts(15, 15), &[reading(100.0, 100.0)]),
        None
    );
}

/// AWS: "capacity added by the initiating scale-out activity is calculated as part of the desired
/// capacity for the next scale-out activity".
#[test]
fn within_the_cooldown_only_the_difference_is_added() {
    let mut target = target(&[policy(100.0)]);
    assert_eq!(
        target.decide(at(0), counts(10, 10), &[reading(150.0, 100.0)]),
        Some(15)
    );
    assert_eq!(
        target.decide(at(30), counts(15, 15), &[reading(120.0, 100.0)]),
        None,
        "+3 after +5"
    );
    assert_eq!(
        target.decide(at(45), counts(15, 15), &[reading(180.0, 100.0)]),
        Some(18),
        "+8 after +5"
    );
    assert_eq!(
        target.decide(at(105), counts(18, 18), &[reading(150.0, 100.0)]),
        None,
        "the cooldown ends now"
    );
    assert_eq!(
        target.decide(at(106), counts(18, 18), &[reading(150.0, 100.0)]),
        Some(27),
        "18 × 1.5"
    );
}

#[test]
fn scale_in_waits_for_its_cooldown_and_a_scale_out_ends_that() {
    let mut target = target(&[policy(100.0)]);
    assert_eq!(
        target.decide(at(0), counts(20, 20), &[reading(50.0, 100.0)]),
        Some(19)
    );
    assert_eq!(
        target.decide(at(300), counts(19, 19), &[reading(50.0, 100.0)]),
        None
    );
    assert_eq!(
        target.decide(at(300), counts(19, 19), &[reading(110.0, 100.0)]),
        Some(21)
    );
    assert_eq!(
        target.decide(at(360), counts(21, 21), &[reading(50.0, 100.0)]),
        None
    );
    assert_eq!(
        target.decide(at(361), counts(21, 21), &[reading(50.0, 100.0)]),
        Some(20)
    );
}

#[test]
fn out_when_one_asks_in_when_all_do() {
    let mut target = target(&[policy(100.0), policy(60.0)]);
    let two = |first, second| [reading(first, 100.0), reading(second, 60.0)];
    assert_eq!(
        target.decide(at(0), counts(10, 10), &two(50.0, 90.0)),
        Some(15)
    );
    assert_eq!(
        target.decide(at(900), counts(15, 15), &two(50.0, 58.0)),
        None
    );
    assert_eq!(
        target.decide(at(960), counts(15, 15), &two(50.0, 48.0)),
        Some(14),
        "one task, and both would allow it"
    );
    assert_eq!(
        target.decide(at(2_000), counts(10, 10), &two(150.0, 120.0)),
        Some(20),
        "the larger of 15 and 20"
    );
}

#[test]
fn without_data_or_while_deploying_nothing_is_removed() {
    let mut target = target(&[policy(100.0), policy(60.0)]);
    let silent = TrackingReading {
        high: AlarmState::InsufficientData,
        low: AlarmState::InsufficientData,
        metric: 0.0,
        running: None,
    };
    let low = reading(10.0, 100.0);
    assert_eq!(target.decide(at(0), counts(9, 9), &[low, silent]), None);
    assert_eq!(target.decide(at(0), counts(9, 9), &[low]), None);
    let mut deploying = counts(9, 9);
    deploying.deploying = true;
    assert_eq!(
        target.decide(at(0), deploying, &[low, reading(1.0, 60.0)]),
        None
    );
}

#[test]
fn a_policy_that_does_not_scale_in_has_no_say_in_it() {
    let out_only = TrackingPolicy {
        scale_in: false,
        ..policy(60.0)
    };
    let both = [reading(50.0, 100.0), reading(59.0, 60.0)];
    let mut target_of_both = target(&[policy(100.0), out_only]);
    assert_eq!(target_of_both.decide(at(0), counts(10, 10), &both), Some(9));
    let mut never = target(&[out_only]);
    assert_eq!(
        never.decide(at(0), counts(10, 10), &[reading(0.0, 60.0)]),
        None
    );
}

/// 20 tasks at half of the target could go to 10 in one step.
#[test]
fn variants_of_scale_in_differ_in_how_far_they_go() {
    let to = |scale_in, metric| {
        let behavior = TrackingBehavior {
            scale_in,
            ..TrackingBehavior::default()
        };
        let mut target = target(&[policy(100.0)]).with_behavior(behavior);
        target.decide(at(0), counts(20, 20), &[reading(metric, 100.0)])
    };
    assert_eq!(to(ScaleInStep::ToTarget, 50.0), Some(10));
    assert_eq!(to(ScaleInStep::Percent(25), 50.0), Some(15));
    assert_eq!(to(ScaleInStep::Percent(10), 50.0), Some(18));
    assert_eq!(to(ScaleInStep::Percent(25), 85.0), Some(17), "20 × 0.85");
    assert_eq!(to(ScaleInStep::Percent(25), 0.0), Some(15));
}

/// Two tasks with 80 each is 160 on one task, which is above the target of 100.
#[test]
fn the_flapping_guard_keeps_a_task_whose_work_the_others_could_not_take() {
    let decide = |flapping_guard| {
        let behavior = TrackingBehavior {
            flapping_guard,
            ..TrackingBehavior::default()
        };
        let mut target = target(&[policy(100.0)]).with_behavior(behavior);
        target.decide(at(0), counts(2, 2), &[reading(80.0, 100.0)])
    };
    assert_eq!(decide(FlappingGuard::On), None);
    assert_eq!(decide(FlappingGuard::Off), Some(1));
}

/// Four of ten tasks run. 1,000 messages was 250 per task when it was measured on those four.
#[test]
fn variants_of_the_base_differ_while_tasks_start() {
    let to = |base| {
        let behavior = TrackingBehavior {
            base,
            ..TrackingBehavior::default()
        };
        let mut target = target(&[policy(100.0)]).with_behavior(behavior);
        let reading = TrackingReading {
            running: Some(4),
            ..reading(250.0, 100.0)
        };
        target.decide(at(0), counts(6, 10), &[reading])
    };
    assert_eq!(to(TrackingBase::Desired), Some(25));
    assert_eq!(to(TrackingBase::RunningThen), None, "10 are enough");
    assert_eq!(to(TrackingBase::Running), Some(15));
}

#[test]
fn variants_of_the_cooldown_differ_in_what_passes() {
    let to = |cooldown| {
        let behavior = TrackingBehavior {
            cooldown,
            ..TrackingBehavior::default()
        };
        let mut target = target(&[policy(100.0)]).with_behavior(behavior);
        let first = target.decide(at(0), counts(10, 10), &[reading(150.0, 100.0)]);
        assert_eq!(first, Some(15));
        target.decide(at(30), counts(15, 15), &[reading(180.0, 100.0)])
    };
    assert_eq!(to(OutCooldown::LargerPasses), Some(18), "10 × 1.8");
    assert_eq!(to(OutCooldown::Blocks), None);
    assert_eq!(to(OutCooldown::Repeats), Some(22), "15 + (12 - 5)");
}

proptest! {
    /// In any case, the count moves within the bounds, out only on a high alarm and in only on a low alarm.
    #[test]
    fn moves_as_the_alarms_say(
        steps in proptest::collection::vec((0u64..120, 0.0f64..300.0, 0u32..5), 1..60),
    ) {
        let mut target = target(&[policy(100.0)]);
        let (mut now, mut desired) = (0, 5);
        for (pause, metric, starting) in steps {
            now += pause;
            let service = counts(u32::saturating_sub(desired, starting), desired);
            let next = target.decide(at(now), service, &[reading(metric, 100.0)]);
            if let Some(next) = next {
                prop_assert!((1..=50).contains(&next));
                prop_assert_eq!(next > desired, metric > 100.0);
                prop_assert_eq!(next < desired, metric < 90.0);
                desired = next;
            }
        }
    }
}
