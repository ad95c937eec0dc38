use deployer::{QueueRecord, SentHistory};
use simulator::Range;

use super::text::format_comparison;
use super::*;

fn document() -> Document {
    Document {
        scenario: "orders/order-worker".to_owned(),
        seconds: 604_800.0,
        begin: 1_795_262_400,
        sent: 1_234_567,
        slo: 60.0,
        required: Some(0.99),
        policy: "demand",
        observes: true,
        actual: Actual {
            within_objective: Some(0.971),
            over_slo: 11_520.0,
            task_hours: Some(1_234.0),
            known: 1.0,
            most: Some(20.0),
            changes: (40, 41),
            cost: Some(49.9),
            recommended: Some((6.25, 18.0)),
        },
        simulated: Simulated {
            within_objective: Range {
                lowest: 0.9995,
                highest: 0.9997,
            },
            phases: 10,
            missed: 0,
            over_slo: 480.0,
            task_hours: 910.0,
            most: 18,
            changes: (310, 305),
            cost: Some(36.8),
        },
        queues: Vec::new(),
        notes: vec!["processing times vary exponentially".to_owned()],
    }
}

/// 1,234 − 910 hours are 26% of 1,234.
#[test]
fn what_happened_stands_beside_what_would_have() {
    insta::assert_snapshot!(format_comparison(&document()));
}

#[test]
fn gaps_are_named_and_nothing_is_made_of_them() {
    let whole = document();
    let gaps = Document {
        actual: Actual {
            within_objective: None,
            task_hours: None,
            known: 0.0,
            most: None,
            cost: None,
            recommended: None,
            ..whole.actual
        },
        ..whole
    };
    let text = format_comparison(&gaps);
    assert!(text.contains("unknown"), "{text}");
    assert!(text.contains("is known for 0% of the time"), "{text}");
    assert!(!text.contains("task time than it used"), "{text}");
}

fn stack(scaling: &str) -> Stack {
    let text = format!(
        "name: a\nnetwork: create\nqueues: {{q: {{}}}}\nservices: {{w: {{image: 'w:1', consumes: [q], slo: 1m, tasks: {{min: 1, max: 9}}, scaling: {{{scaling}}}}}}}\n"
    );
    stack::parse("a.yaml", &text).unwrap().stack
}

#[test]
fn the_policy_that_observes_is_meant_before_the_one_that_acts() {
    let observed = "demand: {processing_time: 1s, actuator: none}";
    let both = stack(&format!(
        "backlog_per_task: {{processing_time: 1s}}, {observed}"
    ));
    let meant = meant_policy(&both, "w").unwrap();
    assert!(meant.services["w"].backlog_per_task().is_none());
    let acting = stack("backlog_per_task: {processing_time: 1s}");
    assert_eq!(meant_policy(&acting, "w").unwrap(), acting);
    let mut without = acting;
    without.services.get_mut("w").unwrap().scaling = None;
    let refused = meant_policy(&without, "w").unwrap_err();
    assert_eq!(refused.code(), Code::Usage);
}

/// Half an hour with two tasks, which is one task-hour. Every third minute is over the objective.
#[test]
fn a_record_is_compared_with_a_simulation_of_its_messages() {
    let stack = stack("demand: {processing_time: 2s, actuator: none}");
    let scenario = Scenario::from_stack(&stack, "w", &simulator::Overrides::default()).unwrap();
    let load = simulator::Load::generate("constant:rate=1/s,for=30m").unwrap();
    let progress = Progress::new(|_| {});
    let survey = simulator::survey(&scenario, &load, 1, &progress).unwrap();
    let record = TrackRecord {
        sent: SentHistory {
            queues: vec!["q".to_owned()],
            period: Duration::from_secs(60),
            begin: 0,
            counts: vec![60; 30],
            silent: 0,
        },
        queues: vec![QueueRecord {
            sent: None,
            received: vec![Some(60.0); 30],
            oldest: (0..30)
                .map(|minute| Some(if minute % 3 == 0 { 90.0 } else { 5.0 }))
                .collect(),
        }],
        running: vec![Some(2.0); 30],
        recommended: vec![Some(3.0); 30],
        within_objective: Some(97.5),
    };
    let found = compare(&stack, "w", (&scenario, &survey), (&[], &record));
    assert_eq!(
        (found.seconds, found.sent, found.slo),
        (1_800.0, 1_800, 60.0)
    );
    assert_eq!((found.policy, found.observes), ("demand", true));
    assert_eq!(found.actual.task_hours, Some(1.0));
    assert_eq!(
        (found.actual.over_slo, found.actual.within_objective),
        (600.0, Some(0.975))
    );
    assert_eq!(found.actual.recommended, Some((3.0, 3.0)));
    // 1,800 messages of 2 s are one task-hour of work.
    assert!(found.simulated.task_hours >= 1.0, "{:?}", found.simulated);
    // The same price applies to both.
    let price = found.actual.cost.unwrap();
    let expected = price * found.simulated.task_hours;
    assert!((found.simulated.cost.unwrap() - expected).abs() < 1e-9);
}

/// 30 minutes in which one message per second was sent to queue `a` and two to queue `b`. The oldest message of both was 90 s old
/// in every third minute: over the objective of 1 minute, and within 10 minutes.
fn compare_two(b: &str) -> Document {
    let text = format!(
        "name: s\nnetwork: create\nqueues: {{a: {{}}, b: {{}}}}\nservices:\n  w: {{image: 'w:1', \
         consumes: [a, {b}], slo: 99% within 1m, tasks: {{min: 1, max: 9}}, \
         scaling: {{demand: {{processing_time: 2s, actuator: none}}}}}}\n"
    );
    let stack = stack::parse("a.yaml", &text).unwrap().stack;
    let stack = meant_policy(&stack, "w").unwrap();
    let scenario = Scenario::from_stack(&stack, "w", &simulator::Overrides::default()).unwrap();
    let load = |rate: &str| simulator::Load::generate(&format!("constant:rate={rate},for=30m"));
    let loads = [("a", load("1/s").unwrap()), ("b", load("2/s").unwrap())];
    let load = simulator::Load::mixed(loads.map(|(name, load)| (name.to_owned(), load)).into());
    let survey = simulator::survey(&scenario, &load, 1, &Progress::new(|_| {})).unwrap();
    let sent = |per_minute: u64| SentHistory {
        queues: Vec::new(),
        period: Duration::from_secs(60),
        begin: 0,
        counts: vec![per_minute; 30],
        silent: 0,
    };
    let queue = |per_minute| QueueRecord {
        sent: Some(sent(per_minute)),
        received: vec![Some(60.0); 30],
        oldest: (0..30)
            .map(|minute| Some(if minute % 3 == 0 { 90.0 } else { 5.0 }))
            .collect(),
    };
    let record = TrackRecord {
        sent: sent(180),
        queues: vec![queue(60), queue(120)],
        running: vec![Some(6.0); 30],
        recommended: vec![None; 30],
        within_objective: Some(33.0),
    };
    let names = ["a".to_owned(), "b".to_owned()];
    compare(&stack, "w", (&scenario, &survey), (&names, &record))
}

/// The service counts one share for both, which says nothing about different objectives.
#[test]
fn each_queue_is_judged_by_its_own_objective() {
    let found = compare_two("{queue: b, slo: 99% within 10m}");
    let queues: Vec<_> = found
        .queues
        .iter()
        .map(|queue| (&*queue.queue, queue.slo, queue.sent))
        .collect();
    assert_eq!(queues, [("a", 60.0, 1_800), ("b", 600.0, 3_600)]);
    let actual = |place: usize| {
        let actual = &found.queues[place].actual;
        (actual.over_slo, actual.within_objective)
    };
    // In the minute after each, all messages count as late, too.
    assert_eq!(actual(0), (600.0, Some(10.0 / 30.0)));
    assert_eq!(actual(1), (0.0, Some(1.0)));
    assert_eq!(found.actual.over_slo, 600.0);
    let text = format_comparison(&found);
    assert!(text.contains("a: started within 1m"), "{text}");
    assert!(text.contains("b: oldest over 10m"), "{text}");
    assert!(
        text.contains("demand        would miss the objective of a queue in ")
            || text.contains("demand        would meet the objective of each queue"),
        "{text}"
    );
    assert!(!text.contains("worst queue"), "{text}");
}

#[test]
fn queues_with_one_objective_have_a_share_together() {
    let found = compare_two("b");
    let text = format_comparison(&found);
    let row = text
        .lines()
        .find(|line| line.starts_with("worst queue: started within 1m"));
    assert!(row.is_some_and(|row| row.contains("33%")), "{text}");
    assert!(text.contains("a: started within 1m"), "{text}");
    assert!(text.contains("b: oldest over 1m"), "{text}");
    assert!(
        text.contains("demand        would not meet 99% within 1m"),
        "{text}"
    );
}
