use proptest::prelude::*;
use scaling::{AdjustmentType, Bounds, Comparison, ServiceCounts};

use super::super::model::Adjustment;
use super::*;

const WORKER: &str = "service/voucher/worker";

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn tracking(name: &str, target: f64, cooldown: (u64, u64)) -> Policy {
    Policy {
        arn: arn(name),
        name: name.to_owned(),
        law: Law::Tracking(TrackingPolicy {
            target,
            cooldown_out: at(cooldown.0),
            cooldown_in: at(cooldown.1),
            scale_in: true,
        }),
    }
}

fn stepping(name: &str, kind: AdjustmentType, steps: &[(f64, f64, i32)], cooldown: u64) -> Policy {
    let bound = |bound: f64| bound.is_finite().then_some(bound);
    let adjustment = |&(lower, upper, adjustment): &(f64, f64, i32)| Adjustment {
        lower: bound(lower),
        upper: bound(upper),
        adjustment,
    };
    Policy {
        arn: arn(name),
        name: name.to_owned(),
        law: Law::Steps(StepPolicy {
            adjustment_type: kind,
            at_least: None,
            adjustments: steps.iter().map(adjustment).collect(),
            cooldown: at(cooldown),
        }),
    }
}

fn arn(policy: &str) -> String {
    format!("arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:1:resource/ecs/{policy}")
}

fn alarm(
    name: &str,
    policy: &str,
    comparison: Comparison,
    threshold: f64,
    value: impl Into<Option<f64>>,
) -> Alarm {
    Alarm {
        arn: format!("arn:aws:cloudwatch:us-east-1:000000000000:alarm:{name}"),
        name: name.to_owned(),
        comparison,
        threshold,
        since: at(1_000_000),
        policies: vec![arn(policy)],
        value: value.into(),
    }
}

fn high(policy: &str, threshold: f64, value: impl Into<Option<f64>>) -> Alarm {
    let name = format!("{policy}-high");
    alarm(&name, policy, Comparison::Above, threshold, value)
}

fn low(policy: &str, threshold: f64, value: impl Into<Option<f64>>) -> Alarm {
    let name = format!("{policy}-low");
    alarm(&name, policy, Comparison::Below, threshold, value)
}

fn target(policies: &[Policy], alarms: &[Alarm], tasks: u32) -> Target {
    Target {
        resource_id: WORKER.to_owned(),
        bounds: Bounds::new(0, 20).unwrap(),
        suspended: PerSide::default(),
        policies: policies.to_vec(),
        alarms: alarms.to_vec(),
        service: ServiceCounts {
            running: tasks,
            desired: tasks,
            deploying: false,
        },
    }
}

fn set(from: u32, to: u32, cause: &str) -> Vec<ScalingDecision> {
    let resource_id = WORKER.to_owned();
    let cause = cause.to_owned();
    vec![ScalingDecision::SetDesiredCount {
        resource_id,
        from,
        to,
        cause,
    }]
}

fn to(actions: &[ScalingDecision]) -> Option<u32> {
    actions.iter().find_map(|action| match action {
        ScalingDecision::SetDesiredCount { to, .. } => Some(*to),
        ScalingDecision::ReportProblem { .. } => None,
    })
}

/// The articles' example: 1,500 messages, 10 tasks, 0.1 s per message, 10 s acceptable latency.
#[test]
fn the_worked_example() {
    let policy = tracking("backlog", 100.0, (60, 300));
    let mut memory = Memory::default();
    let rings = target(
        std::slice::from_ref(&policy),
        &[high("backlog", 100.0, 150.0)],
        10,
    );
    let actions = decide(at(0), std::slice::from_ref(&rings), &mut memory);
    let cause = "monitor alarm backlog-high in state ALARM triggered policy backlog";
    assert_eq!(actions, set(10, 15, cause));
    // The tasks start. A minute later, the alarm is still in ALARM because of an old datapoint.
    let mut starting = rings;
    starting.service.desired = 15;
    assert_eq!(decide(at(60), &[starting], &mut memory), []);
    let calm = target(&[policy], &[], 15);
    assert_eq!(decide(at(120), &[calm], &mut memory), []);
}

#[test]
fn scale_in_names_its_own_alarm() {
    let policy = tracking("backlog", 100.0, (0, 0));
    let rings = target(&[policy], &[low("backlog", 90.0, 50.0)], 10);
    let cause = "monitor alarm backlog-low in state ALARM triggered policy backlog";
    assert_eq!(
        decide(at(0), &[rings], &mut Memory::default()),
        set(10, 9, cause)
    );
}

/// "It will scale out if any of the policies are ready for scale out, but will scale in only if all of
/// them (with the scale-in portion enabled) are ready to scale in."
#[test]
fn out_if_any_in_only_if_all() {
    let two = [
        tracking("one", 100.0, (0, 0)),
        tracking("two", 60.0, (0, 0)),
    ];
    let after = |policies: &[Policy], alarms: &[Alarm]| {
        decide(
            at(0),
            &[target(policies, alarms, 10)],
            &mut Memory::default(),
        )
    };
    let (low_one, low_two) = (low("one", 90.0, 50.0), low("two", 54.0, 48.0));
    let cause = "monitor alarm two-high in state ALARM triggered policy two";
    assert_eq!(
        after(&two, &[low_one.clone(), high("two", 60.0, 90.0)]),
        set(10, 15, cause)
    );
    assert_eq!(after(&two, std::slice::from_ref(&low_one)), []);
    let cause = "monitor alarm two-low in state ALARM triggered policy two";
    assert_eq!(
        after(&two, &[low_one.clone(), low_two]),
        set(10, 9, cause),
        "one task at a time"
    );
    let mut out_only = two;
    if let Law::Tracking(law) = &mut out_only[1].law {
        law.scale_in = false;
    }
    let cause = "monitor alarm one-low in state ALARM triggered policy one";
    assert_eq!(after(&out_only, &[low_one]), set(10, 9, cause));
}

#[test]
fn without_a_value_target_tracking_changes_nothing() {
    let policy = [tracking("one", 100.0, (0, 0))];
    for alarm in [high("one", 100.0, None), low("one", 90.0, None)] {
        let rings = target(&policy, &[alarm], 10);
        assert_eq!(decide(at(0), &[rings], &mut Memory::default()), []);
    }
}

#[test]
fn a_deployment_and_a_suspension_keep_tasks() {
    let policy = [tracking("one", 100.0, (0, 0))];
    let mut deploying = target(&policy, &[low("one", 90.0, 50.0)], 10);
    deploying.service.deploying = true;
    assert_eq!(
        decide(at(0), &[deploying.clone()], &mut Memory::default()),
        []
    );
    deploying.alarms = vec![high("one", 100.0, 200.0)];
    assert_eq!(
        to(&decide(at(0), &[deploying.clone()], &mut Memory::default())),
        Some(20),
        "out all the same"
    );
    deploying.suspended = convert_suspension(Some(true), None);
    assert_eq!(decide(at(0), &[deploying], &mut Memory::default()), []);
}

/// AWS's example of step adjustments: threshold 50; out by 0%, 10%, 30%, in by 0%, 10%, 30%; one policy per
/// side, each with AWS's bounds; 10 → 11 → 14, and 14 → 13 → 10.
#[test]
fn the_documented_steps() {
    use AdjustmentType::PercentChangeInCapacity as Percent;
    const END: f64 = f64::INFINITY;
    let policies = [
        stepping(
            "out",
            Percent,
            &[(0.0, 10.0, 0), (10.0, 20.0, 10), (20.0, END, 30)],
            0,
        ),
        stepping(
            "in",
            Percent,
            &[(-10.0, 0.0, 0), (-20.0, -10.0, -10), (-END, -20.0, -30)],
            0,
        ),
    ];
    let mut memory = Memory::default();
    let mut count = 10;
    for (check, (value, next)) in [
        (59.0, None),
        (60.0, Some(11)),
        (70.0, Some(14)),
        (41.0, None),
        (40.0, Some(13)),
        (30.0, Some(10)),
    ]
    .into_iter()
    .enumerate()
    {
        let (policy, comparison) = if value > 50.0 {
            ("out", Comparison::AtOrAbove)
        } else {
            ("in", Comparison::AtOrBelow)
        };
        let rings = target(
            &policies,
            &[alarm("a", policy, comparison, 50.0, value)],
            count,
        );
        let now = at(60 * u64::try_from(check).unwrap());
        let actions = decide(now, &[rings], &mut memory);
        assert_eq!(to(&actions), next, "at {value}");
        count = next.unwrap_or(count);
    }
}

#[test]
fn one_policy_may_have_steps_on_both_sides() {
    let both = [
        (f64::NEG_INFINITY, -10.0, -2),
        (-10.0, 0.0, -1),
        (0.0, 10.0, 1),
        (10.0, f64::INFINITY, 4),
    ];
    let policy = [stepping("both", AdjustmentType::ChangeInCapacity, &both, 0)];
    for (comparison, value, next) in [
        (Comparison::AtOrAbove, 50.0, 11),
        (Comparison::AtOrAbove, 60.0, 14),
        (Comparison::Below, 49.0, 9),
        (Comparison::AtOrBelow, 40.0, 8),
        (Comparison::Below, 39.9, 8),
    ] {
        let rings = target(&policy, &[alarm("a", "both", comparison, 50.0, value)], 10);
        let actions = decide(at(0), &[rings], &mut Memory::default());
        assert_eq!(to(&actions), Some(next), "{comparison} {value}");
    }
}

#[test]
fn steps_that_begin_late_or_lie_on_the_other_side() {
    let late = [(10.0, f64::INFINITY, 3)];
    let change = [stepping("late", AdjustmentType::ChangeInCapacity, &late, 0)];
    for (value, next) in [(105.0, None), (110.0, Some(13))] {
        let rings = target(&change, &[high("late", 100.0, value)], 10);
        assert_eq!(to(&decide(at(0), &[rings], &mut Memory::default())), next);
    }
    let exact = [stepping("late", AdjustmentType::ExactCapacity, &late, 0)];
    for (policies, alarm) in [
        (&exact, high("late", 100.0, 120.0)),
        (&change, low("late", 90.0, 10.0)),
    ] {
        let rings = target(policies, &[alarm], 10);
        let actions = decide(at(0), &[rings], &mut Memory::default());
        assert!(
            matches!(actions.as_slice(), [ScalingDecision::ReportProblem { policy, .. }] if policy == "late"),
            "{actions:?}"
        );
    }
}

/// No task is running and the alarm that scales from zero is in ALARM: the service gets one task. It also has a
/// target tracking policy, far from its target.
#[test]
fn the_first_task_of_a_sleeping_service() {
    let policies = [
        tracking("backlog", 1_000.0, (60, 300)),
        stepping(
            "wake",
            AdjustmentType::ExactCapacity,
            &[(0.0, f64::INFINITY, 1)],
            0,
        ),
    ];
    let wake = alarm("wake", "wake", Comparison::AtOrAbove, 1.0, 7.0);
    let low = low("backlog", 900.0, 7.0);
    let asleep = target(&policies, &[low, wake], 0);
    let mut memory = Memory::default();
    let cause = "monitor alarm wake in state ALARM triggered policy wake";
    assert_eq!(decide(at(0), &[asleep], &mut memory), set(0, 1, cause));
}

/// Both policies act: target tracking from zero adds the minimum amount.
#[test]
fn target_tracking_wakes_over_its_target() {
    let policy = tracking("backlog", 100.0, (60, 300));
    let asleep = target(
        std::slice::from_ref(&policy),
        &[high("backlog", 100.0, 1_500.0)],
        0,
    );
    assert_eq!(
        to(&decide(at(0), &[asleep], &mut Memory::default())),
        Some(1)
    );
}

#[test]
fn what_could_not_be_done_is_not_remembered() {
    let policy = tracking("backlog", 100.0, (300, 300));
    let rings = target(
        std::slice::from_ref(&policy),
        &[high("backlog", 100.0, 150.0)],
        10,
    );
    let mut memory = Memory::default();
    let before = memory.clone();
    assert_eq!(
        to(&decide(at(0), std::slice::from_ref(&rings), &mut memory)),
        Some(15)
    );
    let mut refused = memory.clone();
    refused.undo(&before, WORKER);
    assert_eq!(
        to(&decide(at(60), std::slice::from_ref(&rings), &mut refused)),
        Some(15)
    );
    let done = target(&[policy], &[high("backlog", 100.0, 150.0)], 15);
    assert_eq!(
        to(&decide(at(60), &[done], &mut memory)),
        None,
        "its cooldown"
    );
}

#[test]
fn a_target_that_was_taken_away_begins_anew() {
    let rings = target(
        &[tracking("backlog", 100.0, (300, 300))],
        &[low("backlog", 90.0, 50.0)],
        10,
    );
    let mut memory = Memory::default();
    assert_eq!(
        to(&decide(at(0), std::slice::from_ref(&rings), &mut memory)),
        Some(9)
    );
    memory.keep(&BTreeSet::from([WORKER.to_owned()]));
    assert_eq!(
        to(&decide(at(60), std::slice::from_ref(&rings), &mut memory)),
        None
    );
    memory.keep(&BTreeSet::new());
    assert_eq!(to(&decide(at(60), &[rings], &mut memory)), Some(9));
}

#[test]
fn an_action_fires_at_once_and_then_every_minute() {
    let mut memory = Memory::default();
    let mut ringing = [high("one", 1.0, None)];
    let fires = |memory: &mut Memory, now, ringing: &[Alarm]| {
        let due = memory.due(at(now), ringing).len();
        memory.fire(at(now), ringing, &[]);
        due
    };
    let checks: Vec<usize> = (0..13)
        .map(|check| fires(&mut memory, check * 10, &ringing))
        .collect();
    assert_eq!(checks, [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    ringing[0].since += at(1);
    assert_eq!(
        fires(&mut memory, 130, &ringing),
        1,
        "it went to OK and back"
    );
    assert_eq!(fires(&mut memory, 140, &ringing), 0);
    assert_eq!(fires(&mut memory, 150, &[]), 0);
    assert_eq!(
        memory,
        Memory::default(),
        "an alarm that left ALARM is forgotten"
    );
}

/// If a second policy's alarm is checked with the first one's, it fires with it: one check per minute.
#[test]
fn the_alarms_of_a_target_fire_together() {
    let mut memory = Memory::default();
    let (one, two) = (high("one", 1.0, None), low("two", 1.0, None));
    memory.fire(at(0), std::slice::from_ref(&one), &[]);
    let ringing = [one, two];
    assert_eq!(memory.due(at(30), &ringing).len(), 1);
    let both = target(&[], &ringing, 1);
    memory.fire(at(30), &ringing, &[both]);
    assert_eq!(memory.due(at(60), &ringing).len(), 0);
    assert_eq!(memory.due(at(90), &ringing).len(), 2);
}

#[test]
fn a_service_at_its_bound_needs_no_closer_look() {
    let policies = [tracking("one", 100.0, (0, 0))];
    let rings = |alarm, tasks| target(&policies, &[alarm], tasks).may_change();
    let (over, under) = (high("one", 100.0, 150.0), low("one", 90.0, 1.0));
    assert!(!rings(under.clone(), 0));
    assert!(rings(under, 1));
    assert!(!rings(over.clone(), 20));
    assert!(rings(over, 19));
    assert!(!target(&policies, &[], 5).may_change());
}

prop_compose! {
    fn any_alarm()(
        policy in prop::sample::select(vec!["one", "two", "steps"]), is_high in any::<bool>(),
        threshold in 1.0f64..500.0, value in prop::option::of(0.0f64..1_000.0),
    ) -> Alarm {
        if is_high { high(policy, threshold, value) } else { low(policy, threshold, value) }
    }
}

prop_compose! {
    fn any_target()(
        alarms in prop::collection::vec(any_alarm(), 0..5),
        (min, more) in (0u32..5, 0u32..15), (running, desired) in (0u32..25, 0u32..25),
        deploying in any::<bool>(), out in any::<bool>(), scale_in in any::<bool>(),
        (first, second) in (-5i32..5, -5i32..5), cooldown in 0u64..400,
    ) -> Target {
        let steps = [(f64::NEG_INFINITY, 0.0, first), (0.0, f64::INFINITY, second)];
        let policies = [
            tracking("one", 100.0, (cooldown, 60)),
            tracking("two", 40.0, (60, cooldown)),
            stepping("steps", AdjustmentType::ChangeInCapacity, &steps, cooldown),
        ];
        Target {
            bounds: Bounds::new(min, min + more).unwrap(),
            suspended: convert_suspension(Some(out), Some(scale_in)),
            service: ServiceCounts { running, desired, deploying },
            ..target(&policies, &alarms, 1)
        }
    }
}

proptest! {
    /// For any set of alarms: counts stay within the bounds, a suspension or a deployment prevents actions, and
    /// every action has an alarm and contains the names of the alarm and the policy.
    #[test]
    fn every_action_has_its_reason(checks in prop::collection::vec((0u64..200, any_target()), 1..30)) {
        let mut memory = Memory::default();
        let mut now = 0;
        for (pause, target) in checks {
            now += pause;
            let service = target.service;
            for action in decide(at(now), std::slice::from_ref(&target), &mut memory) {
                let ScalingDecision::SetDesiredCount { from, to, cause, .. } = action else {
                    prop_assert!(false, "{action:?}");
                    continue;
                };
                prop_assert_eq!(from, service.desired);
                prop_assert!(to != from);
                prop_assert!((target.bounds.min()..=target.bounds.max()).contains(&to));
                prop_assert!(to > from || !service.deploying);
                let suspended = target.suspended;
                let off = if to > from { suspended.scale_out } else { suspended.scale_in };
                prop_assert!(!off, "a suspended side");
                let named = target.alarms.iter().any(|alarm| {
                    cause.starts_with(&format!("monitor alarm {} in state ALARM triggered policy ", alarm.name))
                });
                prop_assert!(named, "{}", cause);
            }
        }
    }

    /// Only a target's own state matters. Other targets have no effect.
    #[test]
    fn targets_do_not_disturb_each_other(
        checks in prop::collection::vec((0u64..200, any_target(), any_target()), 1..15),
    ) {
        let (mut alone, mut beside) = (Memory::default(), Memory::default());
        let mut now = 0;
        for (pause, target, mut other) in checks {
            now += pause;
            other.resource_id = "service/voucher/other".to_owned();
            let expected = decide(at(now), std::slice::from_ref(&target), &mut alone);
            let both = decide(at(now), &[target, other], &mut beside);
            prop_assert_eq!(&both[..expected.len()], &expected[..]);
        }
    }
}
