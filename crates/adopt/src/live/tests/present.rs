//! The current policy, as far as it can be simulated.

use scaling::{AdjustmentType, Comparison, MissingData, Step};

use simulator::{BacklogPolicy, Policy, QueueMetric, Statistic};

use super::*;

fn present(policies: Vec<PolicyReading>) -> Present {
    find_present(&Readings {
        policies,
        ..readings()
    })
}

fn tracked_as(expression: &str, metrics: &[(&str, (&str, &str))]) -> Option<BacklogPolicy> {
    match present(vec![tracking(expression, metrics)]).policy {
        Ok(Policy::BacklogPerTask(found)) => Some(found),
        _ => None,
    }
}

#[test]
fn a_backlog_per_task_is_recognized_however_it_is_written() {
    let plain = [("m1", VISIBLE), ("tasks", RUNNING)];
    for expression in [
        "m1 / tasks",
        "m1/FILL(tasks,1)",
        "IF(tasks > 0, m1 / tasks, m1)",
        "m1 / MAX([tasks, 1])",
    ] {
        let found = tracked_as(expression, &plain).unwrap();
        assert_eq!(
            (found.target, found.visible, found.in_flight),
            (100.0, true, false),
            "{expression}"
        );
        // The scale-out has its own cooldown; without one, Application Auto Scaling waits 300 s.
        assert_eq!(found.cooldown_out, Duration::from_secs(30));
        assert_eq!(found.cooldown_in, Duration::from_secs(300));
    }
    let both = [("a", VISIBLE), ("b", IN_FLIGHT), ("n", RUNNING)];
    let found = tracked_as("(a + b) / n", &both).unwrap();
    assert_eq!((found.visible, found.in_flight), (true, true));
    // With 2 s per message, the target of 100 s is 50 messages.
    assert_eq!(tracked_as("2 * m1 / tasks", &plain).unwrap().target, 50.0);
    for unknown in [
        "m1",
        "m1 * tasks",
        "m1 / tasks + 5",
        "m1 / (tasks + 1)",
        "RATE(m1) / tasks",
        "",
        "a / tasks",
    ] {
        assert_eq!(tracked_as(unknown, &plain), None, "{unknown}");
    }
    assert_eq!(tracked_as("(a + 2 * b) / n", &both), None);
}

#[test]
fn an_expression_can_use_another() {
    let mut policy = tracking(
        "backlog / tasks",
        &[("a", VISIBLE), ("b", IN_FLIGHT), ("tasks", RUNNING)],
    );
    let PolicyKind::Tracking {
        metric: TrackedReading::Math { terms, .. },
        ..
    } = &mut policy.kind
    else {
        panic!("it tracks metric math");
    };
    let sum = |text: &str| TermReading::Expression(text.to_owned());
    terms.insert("backlog".to_owned(), sum("a + b"));
    let found = present(vec![policy.clone()]).policy;
    assert!(
        matches!(found, Ok(Policy::BacklogPerTask(found)) if found.in_flight),
        "{found:?}"
    );
    // An expression that refers to itself has no value.
    let PolicyKind::Tracking {
        metric: TrackedReading::Math { terms, .. },
        ..
    } = &mut policy.kind
    else {
        panic!("it tracks metric math");
    };
    terms.insert("backlog".to_owned(), sum("backlog + b"));
    assert!(present(vec![policy]).policy.is_err());
}

#[test]
fn what_cant_be_simulated_says_why() {
    let predefined = |name: &str| tracked(TrackedReading::Predefined(name.to_owned()));
    let of = |name: (&str, &str)| tracked(TrackedReading::Metric(metric(name)));
    let mut other_queue = tracking("m1 / tasks", &[("m1", VISIBLE), ("tasks", RUNNING)]);
    if let PolicyKind::Tracking {
        metric: TrackedReading::Math { terms, .. },
        ..
    } = &mut other_queue.kind
        && let Some(TermReading::Metric(metric)) = terms.get_mut("m1")
    {
        metric
            .dimensions
            .insert("QueueName".to_owned(), "returns".to_owned());
    }
    let mut only_out = tracking("m1 / tasks", &[("m1", VISIBLE), ("tasks", RUNNING)]);
    if let PolicyKind::Tracking { only_out, .. } = &mut only_out.kind {
        *only_out = true;
    }
    let predictive = PolicyReading {
        kind: PolicyKind::Other("PredictiveScaling".to_owned()),
        ..only_out.clone()
    };
    for (policy, why) in [
        (
            predefined("ECSServiceAverageCPUUtilization"),
            "it scales by CPU, which",
        ),
        (of(VISIBLE), "regardless of the number of tasks"),
        (
            of(("Shop", "OrdersPerTask")),
            "the meaning of its metric OrdersPerTask is unknown",
        ),
        (other_queue, "it follows the queue returns"),
        (only_out, "its scale-in is disabled"),
        (predictive, "PredictiveScaling isn't simulated"),
        (
            tracking("m1", &[("m1", VISIBLE)]),
            "doesn't depend on the number of tasks",
        ),
    ] {
        let found = present(vec![policy]).policy.unwrap_err();
        assert!(found.contains(why), "{found}");
    }
    let both = vec![
        predefined("ECSServiceAverageCPUUtilization"),
        tracking("m1 / tasks", &[("m1", VISIBLE), ("tasks", RUNNING)]),
    ];
    let found = present(both);
    assert!(
        matches!(found.policy, Ok(Policy::BacklogPerTask(_))),
        "{found:?}"
    );
    assert!(found.notes[0].contains("on CPU is omitted"), "{found:?}");
    assert!(
        found
            .description
            .contains("ECSServiceAverageCPUUtilization at 100"),
        "{found:?}"
    );
}

#[test]
fn a_metric_of_its_own_is_a_guess_by_its_name() {
    let found = present(vec![tracked(TrackedReading::Metric(metric((
        "Shop",
        "BacklogPerTask",
    ))))]);
    assert!(
        matches!(found.policy, Ok(Policy::BacklogPerTask(_))),
        "{found:?}"
    );
    assert!(
        found.notes[0].starts_with("guess: BacklogPerTask of Shop"),
        "{found:?}"
    );
}

#[test]
fn without_a_target_the_count_is_fixed_and_an_unread_one_is_unknown() {
    let mut without = readings();
    without.target = None;
    without.policies.clear();
    let found = find_present(&without);
    assert_eq!(found.policy, Ok(Policy::Fixed { tasks: 2 }));
    assert_eq!(found.description, "a fixed count of 2");
    without.service.desired = 0;
    let none = find_present(&without).policy;
    assert_eq!(none, Err("no task is desired".to_owned()));
    without.scaling_unread = Some("access is denied".to_owned());
    assert_eq!(
        find_present(&without).policy,
        Err("access is denied".to_owned())
    );
    let mut scheduled = readings();
    scheduled.target = Some(TargetReading {
        scheduled: 2,
        ..TargetReading::default()
    });
    assert!(find_present(&scheduled).notes[0].starts_with("2 scheduled actions"));
}

#[test]
fn what_is_suspended_does_not_scale_it() {
    let mut paused = readings();
    let tasks = paused.service.desired;
    let mut with = |suspended| {
        paused.target.as_mut().unwrap().suspended = suspended;
        find_present(&paused).policy
    };
    assert_eq!(with((true, true)), Ok(Policy::Fixed { tasks }));
    let one_side = Err("one side of its scaling is suspended".to_owned());
    assert_eq!(with((false, true)), one_side);
    assert!(matches!(
        with((false, false)),
        Ok(Policy::BacklogPerTask(_))
    ));
}

/// A policy can weigh the queues in any way, but the simulation uses the sum of their messages.
#[test]
fn a_policy_on_several_queues_is_not_simulated() {
    let mut several = readings();
    let mut other = several.queues[0].clone();
    other.name = "other".to_owned();
    several.queues.push(other);
    let why = find_present(&several).policy.unwrap_err();
    assert!(why.contains("several queues"), "{why}");
}

fn alarm(comparison: Comparison, threshold: f64) -> AlarmReading {
    AlarmReading {
        name: "alarm".to_owned(),
        metric: Some(metric(VISIBLE)),
        period: Duration::from_secs(60),
        comparison: Some(comparison),
        threshold,
        datapoints: 1,
        periods: 1,
        missing: MissingData::Missing,
    }
}

fn steps(adjustments: &[(Option<f64>, Option<f64>, i32)], alarm: AlarmReading) -> PolicyReading {
    PolicyReading {
        name: "steps".to_owned(),
        kind: PolicyKind::Steps {
            adjustment: "ChangeInCapacity".to_owned(),
            cooldown: Some(Duration::from_secs(120)),
            at_least: None,
            steps: adjustments.to_vec(),
        },
        alarms: vec![alarm],
    }
}

/// From the API reference of `StepAdjustment`: bounds are relative to the threshold. With a threshold of 100, 0 to
/// 400 means 100 to 500 messages. Below a threshold of 10, −5 to 0 means 5 to 10, and below −5 means less than 5.
#[test]
fn steps_start_at_a_distance_beyond_the_threshold() {
    let out = steps(
        &[(Some(400.0), None, 5), (Some(0.0), Some(400.0), 1)],
        alarm(Comparison::AtOrAbove, 100.0),
    );
    let scale_in = steps(
        &[(None, Some(-5.0), -2), (Some(-5.0), Some(0.0), -1)],
        alarm(Comparison::AtOrBelow, 10.0),
    );
    let found = present(vec![out.clone(), scale_in]).policy;
    let Ok(Policy::Steps(found)) = found else {
        panic!("{found:?}");
    };
    let step = |from, adjustment| Step { from, adjustment };
    let side = found.scale_out.unwrap();
    let measured = (side.metric, side.statistic);
    assert_eq!(measured, (QueueMetric::Visible, Statistic::Average));
    assert_eq!(side.steps.as_slice(), [step(0.0, 1), step(400.0, 5)]);
    assert_eq!(
        side.steps.adjustment_type(),
        AdjustmentType::ChangeInCapacity
    );
    assert_eq!(
        found.scale_in.unwrap().steps.as_slice(),
        [step(0.0, -1), step(5.0, -2)]
    );
    assert_eq!(found.cooldown_out, Duration::from_secs(120));
    let twice = present(vec![out.clone(), out.clone()]).policy.unwrap_err();
    assert!(twice.contains("several alarms"), "{twice}");
    let beside = vec![
        out,
        tracking("m1 / tasks", &[("m1", VISIBLE), ("tasks", RUNNING)]),
    ];
    assert!(matches!(
        present(beside).policy,
        Ok(Policy::BacklogPerTaskAndSteps(..))
    ));
}

#[test]
fn alarms_that_a_simulation_doesnt_know_are_named() {
    let with = |change: fn(&mut AlarmReading)| {
        let mut alarm = alarm(Comparison::Above, 1.0);
        change(&mut alarm);
        present(vec![steps(&[(Some(0.0), None, 1)], alarm)])
            .policy
            .unwrap_err()
    };
    let on_cpu = |alarm: &mut AlarmReading| {
        let metric = alarm.metric.as_mut().unwrap();
        "AWS/ECS".clone_into(&mut metric.namespace);
        "CPUUtilization".clone_into(&mut metric.name);
    };
    assert!(with(on_cpu).contains("is on AWS/ECS CPUUtilization"));
    let percentile = |alarm: &mut AlarmReading| {
        "p99".clone_into(&mut alarm.metric.as_mut().unwrap().statistic);
    };
    assert!(with(percentile).contains("the statistic p99 of its alarm"));
    assert!(with(|alarm| alarm.metric = None).contains("is on metric math"));
    assert!(with(|alarm| alarm.comparison = None).contains("is on a band"));
    assert!(
        with(|alarm| alarm.period = Duration::from_secs(10)).contains("whole number of minutes")
    );
    let mut gap = steps(&[(Some(50.0), None, 1)], alarm(Comparison::Above, 1.0));
    assert!(
        present(vec![gap.clone()])
            .policy
            .unwrap_err()
            .contains("not at 0")
    );
    gap.alarms.clear();
    assert!(
        present(vec![gap])
            .policy
            .unwrap_err()
            .contains("no alarm acts on")
    );
}
