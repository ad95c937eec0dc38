//! Every kind of scaling in a definition that a load of messages determines.

use super::*;
use crate::{
    BillItem, DeadlinePolicy, DemandPolicy, Overrides, QueueMetric, ScenarioError, StepPolicy,
    StepSide,
};

const VOUCHERS: &str = include_str!("../../../../stacks/voucher-worker.yaml");
const BACKLOG: &str = "      backlog_per_task:\n        acceptable_latency: 10s\n        processing_time: 100ms\n        count: [visible]\n        cooldown: {out: 60s, in: 300s}\n";
const SERVICE: &str = "voucher-worker";

/// The shipped definition with another kind of scaling.
fn with(scaling: &str) -> stack::Stack {
    assert!(VOUCHERS.contains(BACKLOG));
    let text = VOUCHERS.replace(BACKLOG, scaling);
    stack::parse("test.yaml", &text).unwrap().stack
}

fn scenario_of(scaling: &str, overrides: &Overrides) -> Result<Scenario, ScenarioError> {
    Scenario::from_stack(&with(scaling), SERVICE, overrides)
}

fn known() -> Overrides {
    Overrides {
        slo: Some(Duration::from_secs(60)),
        processing: Some(Distribution::Exponential(Duration::from_millis(500))),
        ..Overrides::default()
    }
}

fn demand(policy: &Scenario) -> DemandPolicy {
    match policy.policy {
        Policy::Demand(policy) => policy,
        _ => panic!("{:?}", policy.policy),
    }
}

#[test]
fn demand_has_the_definitions_numbers() {
    let seconds = Duration::from_secs;
    let text = "      demand:\n        acceptable_latency: 20s\n        processing_time: 250ms\n        concurrency: 3\n        task_start: 50s\n        window: 5m\n        cooldown: {out: 10s, in: 90s}\n";
    let scenario = scenario_of(text, &Overrides::default()).unwrap();
    assert_eq!(scenario.slo, seconds(20));
    assert_eq!(scenario.concurrency, 3);
    let quarter = Duration::from_millis(250);
    assert_eq!(scenario.processing, Distribution::Exponential(quarter));
    let expected = DeadlinePolicy {
        acceptable_latency: Some(seconds(20)),
        start: seconds(50),
        window: seconds(300),
        cooldown_out: seconds(10),
        cooldown_in: seconds(90),
        ..DeadlinePolicy::defaults(quarter)
    };
    assert_eq!(scenario.policy, Policy::Deadline(expected));
    assert_eq!(expected.every, seconds(5));

    let tracked = text.replace("task_start: 50s", "actuator: target_tracking");
    let tracked = demand(&scenario_of(&tracked, &Overrides::default()).unwrap());
    assert_eq!(tracked.start, seconds(40), "the definition's default");
    assert_eq!(tracked.every, seconds(60));
}

/// Both actuators meet the objective with a constant load, and cost little more than necessary.
#[test]
fn demand_is_met_by_either_actuator() {
    for actuator in ["function", "target_tracking"] {
        let text = format!(
            "      demand: {{acceptable_latency: 60s, processing_time: 500ms, actuator: {actuator}}}\n"
        );
        let scenario = scenario_of(&text, &Overrides::default()).unwrap();
        let outcome = run(&scenario, "poisson:rate=12/s,for=12h", 5);
        assert!(
            outcome.within_objective > 0.99,
            "{actuator}: {}",
            outcome.within_objective
        );
        let cost = outcome.tasks.seconds / outcome.tasks.needed_seconds;
        assert!((1.0..1.6).contains(&cost), "{actuator}: {cost}");
        // TasksNeeded, and the function's measurements. With target tracking, also the metric that it tracks.
        let month = outcome.duration / 3_600.0 / 730.0;
        let metrics = if actuator == "function" { 4.0 } else { 2.0 };
        near(
            outcome.cost.of(BillItem::Metrics),
            0.30 * metrics * month,
            1e-6,
        );
    }
}

/// Little's law finds the processing time if it isn't configured. Until then, at most one task is requested.
#[test]
fn a_processing_time_is_measured() {
    let text = "      demand: {acceptable_latency: 60s, processing_time: measured}\n";
    let error = scenario_of(text, &Overrides::default()).unwrap_err();
    assert_eq!(error, ScenarioError::Processing(SERVICE.to_owned()));
    let scenario = scenario_of(text, &known()).unwrap();
    assert!(
        matches!(scenario.policy, Policy::Deadline(policy) if policy.processing_time.is_none())
    );
    let load = "poisson:rate=12/s,for=12h";
    let outcome = run(&scenario, load, 5);
    assert!(
        outcome.within_objective > 0.97,
        "{}",
        outcome.within_objective
    );
    let first = outcome.first_scale_out().unwrap();
    // The first minute that was sampled completely, a minute until CloudWatch has it, and a check after at most
    // 15 s.
    assert!((180.0..196.0).contains(&first), "{first}");
    let late = outcome.series.iter().filter(|point| point.at > 3_600.0);
    let worst = late.map(|point| point.worst_wait).fold(0.0, f64::max);
    assert!(worst < 60.0, "{worst}");
}

#[test]
fn alarm_steps_follow_the_law_of_the_function() {
    let text = "      alarm_steps:\n        metric: {queue: vouchers, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}\n        period: 60s\n        cooldown: {out: 120s, in: 300s}\n        scale_out: {at_or_above: 100, for: 1, add: 2}\n        scale_in: {below: 1, for: 5, remove: 1}\n";
    let scenario = scenario_of(text, &known()).unwrap();
    let Policy::AlarmSteps(policy) = &scenario.policy else {
        panic!("{:?}", scenario.policy)
    };
    let metrics = [&policy.scale_out, &policy.scale_in].map(|side| side.as_ref().unwrap().metric);
    assert_eq!(metrics, [QueueMetric::Visible; 2]);
    // A task that processes 2 per second can't process 20 per second, so the alarm stays in ALARM.
    let outcome = run(&scenario, "step:from=1/s,to=20/s,at=10m,for=40m", 3);
    let out: Vec<_> = outcome
        .actions
        .iter()
        .filter(|action| action.to > action.from)
        .collect();
    // The first by the alarm's message: the minute after the rise, its datapoint a minute later, 10 s for the
    // evaluation, 5 s for the message, and 1 s for the function.
    near(out[0].at, 660.0 + 60.0 + 10.0 + 5.0 + 1.0, 0.1);
    assert_eq!((out[0].from, out[0].to), (1, 3));
    // The next ones by the rule's checks, each after the cooldown: never sooner, and at most a minute and a
    // check later.
    assert!(out.len() >= 4, "{out:?}");
    for pair in out.windows(2) {
        let pause = pair[1].at - pair[0].at;
        assert!((119.0..=192.0).contains(&pause), "{pause}");
        assert_eq!(pair[1].to, (pair[0].to + 2).min(20));
    }
    assert!(outcome.cost.of(BillItem::Functions) > 0.0);
}

/// Steps in combination with target tracking: both can scale, and the larger count is used.
#[test]
fn steps_beside_target_tracking_add_to_it() {
    let steps = format!(
        "{BACKLOG}      steps:\n        metric: {{queue: vouchers, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}}\n        period: 60s\n        scale_out: {{at_or_above: 1000, for: 1, add: 12}}\n"
    );
    let both = scenario_of(&steps, &Overrides::default()).unwrap();
    assert!(
        matches!(both.policy, Policy::BacklogPerTaskAndSteps(..)),
        "{:?}",
        both.policy
    );
    let load = "step:from=5/s,to=100/s,at=10m,for=30m";
    let alone = scenario_of(BACKLOG, &Overrides::default()).unwrap();
    let (both, alone) = (run(&both, load, 3), run(&alone, load, 3));
    let first = |outcome: &RunOutcome| outcome.first_scale_out().unwrap();
    // One datapoint of SQS's own metric compared with three of the function's.
    near(first(&both), 660.0 + 60.0 + 15.0, 0.1);
    assert!(first(&both) < first(&alone) - 30.0);
    let peak = both.actions.iter().map(|action| action.to).max();
    assert!(peak >= Some(13), "{:?}", both.actions);
    // One more alarm: the alarm of the steps.
    let alarms = |outcome: &RunOutcome| outcome.cost.of(BillItem::Alarms);
    let month = both.duration / 3_600.0 / 730.0;
    let per_month = alarms(&alone) / (alone.duration / 3_600.0 / 730.0);
    near(alarms(&both) / month, per_month + 0.10, 1e-9);
}

/// A load of messages doesn't determine CPU.
#[test]
fn cpu_is_refused() {
    let error = scenario_of("      cpu: {target: 60}\n", &known()).unwrap_err();
    assert!(error.to_string().contains("CPU or memory"), "{error}");
}

/// The articles' second policy on a queue: one step per minute while 100 messages arrive per minute.
#[test]
fn the_articles_second_policy_steps_by_ones() {
    let scenario = Scenario {
        policy: Policy::AlarmSteps(StepPolicy::articles_alarm_steps().unwrap()),
        max: 5,
        ..scenario()
    };
    let outcome = run(&scenario, "step:from=5/min,to=3/s,at=20m,for=60m", 2);
    let counts: Vec<u32> = outcome.actions.iter().map(|action| action.to).collect();
    assert_eq!(counts, [2, 3, 4, 5]);
    assert!(outcome.actions[0].at > 1_200.0 + 60.0);
}

/// Exact counts by depth: Application Auto Scaling also sets a lower count while its scale-out alarm is in
/// ALARM. The function's scale-out never removes tasks. `docs/alarm-steps.md` describes both.
#[test]
fn an_exact_count_in_a_scale_out_lowers_the_count_with_steps_only() {
    let counts = |way: &str| {
        let text = format!(
            "      {way}:\n        metric: {{queue: vouchers, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}}\n        cooldown: {{out: 60s, in: 60s}}\n        scale_out: {{at_or_above: 1, steps: [{{from: 0, set: 2}}, {{from: 999, set: 6}}, {{from: 4999, set: 20}}]}}\n        scale_in: {{at_or_below: 0, set: 1}}\n"
        );
        let scenario = scenario_of(&text, &known()).unwrap();
        let outcome = run(&scenario, "step:from=200/s,to=1/min,at=1m,for=30m", 1);
        let counts: Vec<u32> = outcome.actions.iter().map(|action| action.to).collect();
        counts
    };
    let steps = counts("steps");
    assert!(steps.windows(2).any(|pair| pair == [20, 6]), "{steps:?}");
    let function = counts("alarm_steps");
    assert!(function.contains(&20), "{function:?}");
    assert!(
        !function.windows(2).any(|pair| pair == [20, 6]),
        "{function:?}"
    );
}

/// A sum of visible and in-flight messages covers both, and each side can have its own metric.
#[test]
fn steps_on_messages_that_wait_or_are_worked_on() {
    let sum = "{queue: vouchers, count: [visible, in_flight], statistic: Maximum}";
    let steps = |own: &str| {
        format!(
            "      steps:\n        metric: {sum}\n        scale_out: {{at_or_above: 1, add: 1}}\n        scale_in: {{{own}at_or_below: 0, remove: 1}}\n"
        )
    };
    let scenario = scenario_of(&steps(""), &known()).unwrap();
    let Policy::Steps(policy) = &scenario.policy else {
        panic!("{:?}", scenario.policy)
    };
    let watched = |policy: &StepPolicy| {
        let metric = |side: &Option<StepSide>| side.as_ref().unwrap().metric;
        (metric(&policy.scale_out), metric(&policy.scale_in))
    };
    let both = QueueMetric::Outstanding;
    assert_eq!(watched(policy), (both, both));
    let own = "metric: {queue: vouchers, name: NumberOfMessagesSent, statistic: Sum}, ";
    let scenario = scenario_of(&steps(own), &known()).unwrap();
    let Policy::Steps(policy) = &scenario.policy else {
        panic!("{:?}", scenario.policy)
    };
    assert_eq!(watched(policy), (both, QueueMetric::Sent));
    let other = "metric: {namespace: Shop, name: Orders, statistic: Sum}, ";
    let error = scenario_of(&steps(other), &known()).unwrap_err();
    assert!(error.to_string().contains("Shop Orders"), "{error}");
}

/// The objective that is evaluated and the one that the policy aims for are independent, whichever of them the
/// command line overrides.
#[test]
fn demand_aims_at_its_own_latency_whatever_is_judged() {
    let ten = Overrides {
        slo: Some(Duration::from_secs(10)),
        ..Overrides::default()
    };
    let outcomes = ["5s", "10s", "60s"].map(|latency| {
        let text =
            format!("      demand: {{acceptable_latency: {latency}, processing_time: 500ms}}\n");
        let scenario = scenario_of(&text, &ten).unwrap();
        assert_eq!(scenario.slo, Duration::from_secs(10));
        run(&scenario, "poisson:rate=5/s,for=6h", 1)
    });
    let [five, ten, sixty] =
        outcomes.map(|outcome| (outcome.within_objective, outcome.tasks.seconds));
    // Only tasks that are already running meet 10 s, and 5 s requires the same number.
    assert!(
        five.0 >= ten.0 && ten.0 > sixty.0,
        "{five:?} {ten:?} {sixty:?}"
    );
    assert!(
        five.1 > ten.1 && ten.1 > sixty.1,
        "{five:?} {ten:?} {sixty:?}"
    );
}

#[test]
fn a_service_is_judged_by_its_objective() {
    let text = "      demand: {acceptable_latency: 5s, processing_time: 500ms}\n";
    let mut stack = with(text);
    stack.services.get_mut(SERVICE).unwrap().slo = Some(stack::Slo {
        share: Some(0.99),
        latency: Duration::from_secs(30),
    });
    let scenario = Scenario::from_stack(&stack, SERVICE, &Overrides::default()).unwrap();
    assert_eq!(scenario.slo, Duration::from_secs(30));
    let Policy::Deadline(policy) = scenario.policy else {
        panic!("{:?}", scenario.policy)
    };
    assert_eq!(policy.acceptable_latency, Some(Duration::from_secs(5)));
    assert_eq!(policy.share, Some(0.99));
}

/// For every key, the changed value is shown only under its own name, and with its evidence if it comes from a
/// file.
#[test]
fn every_assumption_is_shown() {
    let values = [
        "7s", "7", "0.7", "true", "false", "running", "blocks", "average", "5%", "off", "deletes",
        "keda",
    ];
    let shown = |overrides: &Overrides| scenario_of(BACKLOG, overrides).unwrap().list_assumptions();
    let defaults = shown(&Overrides::default());
    for key in crate::assume::KEYS {
        let differing = |value: &&str| {
            let mut overrides = Overrides::default();
            let taken = overrides.assume(&format!("{key}={value}"));
            let list = taken.ok().map(|()| shown(&overrides))?;
            let differing = list.into_iter().filter(|one| !defaults.contains(one));
            Some(differing.collect::<Vec<_>>()).filter(|all| !all.is_empty())
        };
        let value = values.iter().find(|value| differing(value).is_some());
        let value = value.unwrap_or_else(|| panic!("{key} is never shown"));
        let [one] = &*differing(value).unwrap() else {
            panic!("{key} is shown more than once")
        };
        assert_eq!(one.key, key);
        assert!(one.value.starts_with(value), "{key}: {}", one.value);

        let mut overrides = Overrides::default();
        let file = format!("{key}: {{value: {value}, evidence: seen}}");
        overrides.assume_file("a.yaml", &file).unwrap();
        let list = shown(&overrides);
        let one = list.iter().find(|one| one.key == key).unwrap();
        assert_eq!(one.evidence.as_deref(), Some("seen"), "{key}");
        overrides.assume(&format!("{key}={value}")).unwrap();
        let list = shown(&overrides);
        let one = list.iter().find(|one| one.key == key).unwrap();
        assert_eq!(one.evidence, None, "{key}: said on the command line");
    }
}
