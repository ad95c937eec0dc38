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
        target.decide(at(45), counts(15, 15), &[reading(150.0, 100.0)]),
        Some(18),
        "+8 after +5"
    );
    assert_eq!(
        target.decide(at(105), counts(18, 18), &[reading(150.0, 100.0)]),
        Some(27),
        "the cooldown is over"
    );
}

#[test]
fn scale_in_waits_for_its_cooldown_and_a_scale_out_ends_that() {
    let mut target = target(&[policy(100.0)]);
    assert_eq!(
        target.decide(at(0), counts(20, 20), &[reading(50.0, 100.0)]),
        Some(10)
    );
    assert_eq!(
        target.decide(at(299), counts(10, 10), &[reading(50.0, 100.0)]),
        None
    );
    assert_eq!(
        target.decide(at(299), counts(10, 10), &[reading(110.0, 100.0)]),
        Some(11)
    );
    assert_eq!(
        target.decide(at(358), counts(11, 11), &[reading(50.0, 100.0)]),
        None
    );
    assert_eq!(
        target.decide(at(359), counts(11, 11), &[reading(50.0, 100.0)]),
        Some(6)
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
        Some(12),
        "the larger of 8 and 12"
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
    assert_eq!(target_of_both.decide(at(0), counts(10, 10), &both), Some(5));
    let mut never = target(&[out_only]);
    assert_eq!(
        never.decide(at(0), counts(10, 10), &[reading(0.0, 60.0)]),
        None
    );
}

proptest! {
    /// Whatever comes, the count moves within the bounds, out on a high alarm only and in on a low
    /// one only.
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
