//! Services whose queues have their own objectives.

use scaling::QueueSettings;

use super::*;
use crate::{DeadlinePolicy, DemandPolicy, QueueScenario};

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// A queue with this objective, and messages with this processing time.
fn queue(name: &str, slo: u64, work: u64) -> QueueScenario {
    QueueScenario {
        name: name.to_owned(),
        slo: seconds(slo),
        share: None,
        processing: Distribution::Fixed(seconds(work)),
        settings: Some(QueueSettings {
            objective: seconds(slo),
            share: None,
            processing_time: Some(seconds(work)),
        }),
    }
}

fn of(queues: Vec<QueueScenario>, policy: Policy) -> Scenario {
    Scenario {
        queues,
        ..scenario().with_policy(policy)
    }
}

fn loads(urgent: &str, patient: &str) -> Load {
    let load = |text| Load::generate(text).unwrap();
    Load::mixed(vec![
        ("urgent".to_owned(), load(urgent)),
        ("patient".to_owned(), load(patient)),
    ])
}

/// One task, and 100 messages of 1 s in each queue within the first second. They are received in turn, so those of each
/// queue start about 2 s apart. In the urgent queue, 30 start within 60 s. The patient queue has 300 s, and all start
/// by 200 s.
#[test]
fn tasks_take_messages_of_all_queues_in_turn() {
    let queues = vec![queue("urgent", 60, 1), queue("patient", 300, 1)];
    let load = loads("constant:rate=100/s,for=1s", "constant:rate=100/s,for=1s");
    let outcome = simulate(&of(queues, Policy::Fixed { tasks: 1 }), &load, 1).unwrap();
    let [urgent, patient] = outcome.queues.as_slice() else {
        panic!("{:?}", outcome.queues)
    };
    assert_eq!((urgent.sent, patient.sent), (100, 100));
    assert!((urgent.within_objective - 0.30).abs() < 0.02, "{urgent:?}");
    assert_eq!(patient.within_objective, 1.0);
    assert_eq!(patient.slo, 300.0);
    // The service meets its objectives only if each queue does.
    assert_eq!(outcome.within_objective, urgent.within_objective);
    assert_eq!(outcome.messages.deleted, 200);
    assert!((195.0..205.0).contains(&patient.max), "{patient:?}");
}

/// A single queue with the numbers of the scenario is equivalent to a scenario without queues.
#[test]
fn one_queue_is_as_none() {
    let policy = Policy::Deadline(DeadlinePolicy::defaults(seconds(2)));
    let one = Scenario {
        processing: Distribution::Fixed(seconds(2)),
        ..scenario().with_policy(policy.clone())
    };
    let named = Scenario {
        queues: vec![queue("urgent", 60, 2)],
        ..one.clone()
    };
    let load = Load::generate("mmpp:rates=1/s|15/s,stays=20m|5m,for=3h").unwrap();
    let expected = simulate(&one, &load, 3).unwrap();
    let mut found = simulate(&named, &load, 3).unwrap();
    assert_eq!(found.queues.len(), 1);
    found.queues.clear();
    assert_eq!(found, expected);
}

/// 4 messages of 2 s per second in each of two queues require 16 tasks. Both actuators serve each queue within its own
/// objective with little more than that.
#[test]
fn demand_meets_each_objective() {
    let deadline = Policy::Deadline(DeadlinePolicy::defaults(seconds(2)));
    let tracked = Policy::Demand(DemandPolicy::defaults(seconds(2)));
    let alike = |name| QueueScenario {
        settings: None,
        ..queue(name, 60, 2)
    };
    let two = |objective| vec![queue("urgent", objective, 2), queue("patient", 1_800, 2)];
    for (policy, queues, most) in [
        (deadline.clone(), two(60), 1.2),
        // As one queue, 85% of the messages would start in time.
        (deadline, vec![alike("urgent"), alike("patient")], 1.2),
        (tracked, two(600), 1.3),
    ] {
        let load = loads("poisson:rate=4/s,for=8h", "poisson:rate=4/s,for=8h");
        let outcome = simulate(&of(queues, policy), &load, 5).unwrap();
        for queue in &outcome.queues {
            assert!(queue.within_objective > 0.99, "{queue:?}");
        }
        let work = 2.0 * 2.0 * 4.0 * 8.0 * 3_600.0;
        let cost = outcome.tasks.seconds / work;
        assert!((0.97..most).contains(&cost), "{cost}");
    }
}

/// The ideal delays work that can wait: 600 messages of 1 s within a second need 600 ÷ 60 = 10 tasks for a minute, and
/// twice as many messages need 20. If half of them can wait for 10 min, 10 tasks are enough for the others, which come
/// first.
#[test]
fn the_ideal_knows_each_deadline() {
    let need = |patient| {
        let queues = vec![queue("urgent", 60, 1), queue("patient", patient, 1)];
        let load = loads("constant:rate=600/s,for=1s", "constant:rate=600/s,for=1s");
        let scenario = Scenario {
            min: 0,
            initial: 0,
            ..of(queues, Policy::Ideal)
        };
        let outcome = simulate(&scenario, &load, 1).unwrap();
        assert_eq!(outcome.within_objective, 1.0, "{:?}", outcome.queues);
        outcome.tasks.most
    };
    let (hurried, patient) = (need(60), need(600));
    assert!(hurried >= 20, "{hurried}");
    assert!((10..hurried).contains(&patient), "{patient}");
}

#[test]
fn a_load_without_queues_goes_to_all_of_them() {
    let queues = vec![queue("urgent", 60, 1), queue("patient", 300, 1)];
    let scenario = of(queues, Policy::Fixed { tasks: 10 });
    let outcome = run(&scenario, "constant:rate=5/s,for=20m", 7);
    let sent: Vec<u64> = outcome.queues.iter().map(|queue| queue.sent).collect();
    assert_eq!(sent.iter().sum::<u64>(), 6_000);
    // Half of 6,000 with a standard deviation of √1,500 = 39.
    assert!(
        sent.iter().all(|sent| sent.abs_diff(3_000) < 200),
        "{sent:?}"
    );
}

/// Two loads with dates keep the time between them: the second one, and its 60 messages, starts an hour later.
#[test]
fn loads_with_dates_keep_their_times() {
    let read = |hour: u32| {
        let rows = format!("2026-11-21T{hour:02}:00:00Z,60\n2026-11-21T{hour:02}:01:00Z,0\n");
        Load::read_csv(rows.as_bytes(), Some(crate::Rows::Counts)).unwrap()
    };
    let mixed = Load::mixed(vec![
        ("later".to_owned(), read(13)),
        ("first".to_owned(), read(12)),
    ]);
    assert_eq!(mixed.begins().as_deref(), Some("2026-11-21T12:00:00Z"));
    let hour = 3_600_000_000_000;
    let arrivals: Vec<_> = mixed.arrivals(1).collect();
    assert_eq!(arrivals.len(), 120);
    assert!(arrivals.is_sorted_by_key(|arrival| arrival.at));
    for arrival in arrivals {
        assert_eq!(arrival.part, Some(if arrival.at < hour { 1 } else { 0 }));
    }
    let scaled = mixed.scaled(3.0).unwrap();
    assert_eq!(scaled.arrivals(1).count(), 360);
    let second = scaled.between(Some("30m"), None).unwrap();
    assert_eq!(second.arrivals(1).count(), 180);
}

#[test]
fn a_definition_has_its_queues() {
    let text = "name: shop\nqueues: {orders: {visibility_timeout: 1h}, reports: {visibility_timeout: 1h}}\nservices:\n  worker:\n    image: a/b:1\n    consumes: [orders, {queue: reports, slo: 95% within 1h, processing_time: 20s}]\n    slo: 99% within 2m\n    tasks: {min: 1, max: 30}\n    protect: true\n    scaling: {demand: {processing_time: 2s}}\n";
    let stack = stack::parse("stack.yaml", text).unwrap().stack;
    let scenario = Scenario::from_stack(&stack, "worker", &crate::Overrides::default()).unwrap();
    let found: Vec<_> = scenario
        .queues
        .iter()
        .map(|queue| {
            (
                queue.name.as_str(),
                queue.slo,
                queue.share,
                queue.processing.mean(),
            )
        })
        .collect();
    let expected = [
        ("orders", seconds(120), Some(0.99), seconds(2)),
        ("reports", seconds(3_600), Some(0.95), seconds(20)),
    ];
    assert_eq!(found, expected);
    assert_eq!(scenario.slo, seconds(120));
    // Assumptions apply to all of them.
    let overrides = crate::Overrides {
        slo: Some(seconds(30)),
        ..crate::Overrides::default()
    };
    let assumed = Scenario::from_stack(&stack, "worker", &overrides).unwrap();
    assert!(assumed.queues.iter().all(|queue| queue.slo == seconds(30)));
}

/// One task starts 60 messages of 1 s within a minute: all 10 of the urgent queue, and 50 of the 100 of the patient
/// queue, whose objective requires less.
#[test]
fn the_verdict_is_each_queues_own() {
    let with = |urgent: f64, patient: f64| {
        let mut queues = vec![queue("urgent", 60, 1), queue("patient", 60, 1)];
        for (queue, share) in queues.iter_mut().zip([urgent, patient]) {
            queue.share = Some(share);
        }
        // A tenth of the messages are in the urgent queue, so that all of them start in time.
        let load = loads("constant:rate=10/s,for=1s", "constant:rate=100/s,for=1s");
        let survey = survey(
            &of(queues, Policy::Fixed { tasks: 1 }),
            &load,
            1,
            &crate::Progress::none(),
        );
        let report = crate::Report::from_survey("load".to_owned(), None, survey.unwrap());
        report.requiring(Some(urgent.max(patient)))
    };
    // In the urgent queue, all 10 are in time, and in the patient one, 50 of 100.
    let met = with(0.99, 0.45);
    assert_eq!(met.satisfied, Some(true), "{:?}", met.outcome.queues);
    let verdict = met.verdict();
    assert!(verdict.starts_with("objective met"), "{verdict}");
    assert!(verdict.contains("of each queue its own share"), "{verdict}");
    assert_eq!(with(0.99, 0.6).satisfied, Some(false));
    // A share on the command line applies to every queue.
    assert_eq!(
        with(0.99, 0.45).requiring(Some(0.995)).satisfied,
        Some(false)
    );
    let figures = met.figures();
    let lines: Vec<String> = figures
        .iter()
        .filter(|figure| figure.label == "queue")
        .map(ToString::to_string)
        .collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("urgent: 100% (required 99%) within 1m"),
        "{lines:?}"
    );
}

/// A service with two queues that have the same settings, and one task. 100 messages of 1 s come to the first queue in the
/// first second, and 10 to the second one in the second from 30 s.
fn alike() -> (Scenario, Load) {
    let text = "name: shop\nqueues: {orders: {visibility_timeout: 1h}, reports: {visibility_timeout: 1h}}\nservices:\n  worker:\n    image: a/b:1\n    consumes: [orders, reports]\n    slo: 99% within 1m\n    tasks: {min: 1, max: 1}\n    protect: true\n    scaling: {demand: {processing_time: 1s}}\n";
    let stack = stack::parse("stack.yaml", text).unwrap().stack;
    let overrides = crate::Overrides {
        processing: Some(Distribution::Fixed(seconds(1))),
        ..crate::Overrides::default()
    };
    let scenario = Scenario::from_stack(&stack, "worker", &overrides).unwrap();
    let burst = |at: u32, count: u32| {
        let rows = format!("time,count\n0,0\n{at},{count}\n{},0\n", at + 1);
        Load::read_csv(rows.as_bytes(), Some(crate::Rows::Counts)).unwrap()
    };
    let orders = ("orders".to_owned(), burst(1, 100));
    let load = Load::mixed(vec![orders, ("reports".to_owned(), burst(30, 10))]);
    (scenario, load)
}

/// The task works on orders until 30 s, in turn with reports until 50 s, and then on orders: 30 + 10 + 10 of 100 start
/// within 60 s, and each report within 20 s. In the order in which they were sent, the reports would start after 100 s.
#[test]
fn queues_with_the_same_objective_take_turns() {
    let (scenario, load) = alike();
    assert!(!scenario.has_own_settings());
    let outcome = simulate(&scenario, &load, 1).unwrap();
    let [orders, reports] = outcome.queues.as_slice() else {
        panic!("{:?}", outcome.queues)
    };
    assert!((orders.within_objective - 0.50).abs() < 0.02, "{orders:?}");
    assert_eq!(reports.within_objective, 1.0, "{reports:?}");
    assert!((reports.max - 19.0).abs() < 2.0, "{reports:?}");
    assert!(outcome.has_one_objective());
    assert_eq!(outcome.within_objective, orders.within_objective);
    let survey = survey(&scenario, &load, 1, &crate::Progress::none());
    let report = crate::Report::from_survey("load".to_owned(), None, survey.unwrap());
    let verdict = report.requiring(Some(0.99)).verdict();
    assert!(
        verdict.contains("of the worst queue's messages started within the 1m objective"),
        "{verdict}"
    );
}

/// The same load as in [`queues_with_the_same_objective_take_turns`]: the share of the worse queue for each objective. Within
/// 30 s, 30 of 100 orders start; within 2 min, all of them.
#[test]
fn a_frontier_has_the_share_of_the_worst_queue() {
    let (scenario, load) = alike();
    let progress = crate::Progress::none();
    let found = crate::frontier(&scenario, &load, 1, None, &progress).unwrap();
    let share = |objective: f64| {
        let place = found.objectives.iter().position(|one| *one == objective);
        found.present.within_objective[place.unwrap()]
    };
    for (objective, expected) in [(30.0, 0.30), (60.0, 0.50), (120.0, 1.0)] {
        let found = share(objective);
        assert!((found - expected).abs() < 0.03, "{objective}: {found}");
    }
}

/// The articles' example in two queues: 750 of its 1,500 messages are in each, and ten tasks run. The target is 100 messages per
/// task. Neither queue alone would add a task, because it has 75; their sum, 150, results in 15 tasks.
#[test]
fn backlog_per_task_follows_the_sum_of_the_queues() {
    let first = |orders: usize, reports: usize| {
        let text = "name: shop\nqueues: {orders: {}, reports: {}}\nservices:\n  worker:\n    image: a/b:1\n    consumes: [orders, reports]\n    tasks: {min: 1, max: 20}\n    scaling: {backlog_per_task: {acceptable_latency: 10s, processing_time: 100ms}}\n";
        let stack = stack::parse("stack.yaml", text).unwrap().stack;
        let overrides = crate::Overrides {
            processing: Some(Distribution::Fixed(Duration::from_millis(100))),
            ..crate::Overrides::default()
        };
        let scenario = Scenario {
            initial: 10,
            ..Scenario::from_stack(&stack, "worker", &overrides).unwrap()
        };
        // So many at once, then together exactly as many as ten tasks process.
        let rows = |count: usize| {
            let mut rows = "0\n".repeat(count + 5);
            for tenth in 1..6_000 {
                rows.push_str(&format!("{}.{}\n", tenth / 10, tenth % 10).repeat(5));
            }
            Load::read_csv(rows.as_bytes(), None).unwrap()
        };
        let load = Load::mixed(vec![
            ("orders".to_owned(), rows(orders)),
            ("reports".to_owned(), rows(reports)),
        ]);
        let outcome = simulate(&scenario, &load, 1).unwrap();
        let action = outcome.actions.first();
        action.map(|action| (action.from, action.to))
    };
    assert_eq!(first(750, 750), Some((10, 15)));
    assert_eq!(first(1_500, 0), Some((10, 15)));
    assert_ne!(first(750, 0), Some((10, 15)));
}

/// Two queues that each have work for five tasks get ten, by either actuator of `demand`: 2.5 messages of 2 s per second in each.
/// The larger of two separate counts would be five, of which each message would wait longer than the one before.
#[test]
fn work_for_five_tasks_in_each_of_two_queues_is_ten_tasks() {
    let deadline = Policy::Deadline(DeadlinePolicy::defaults(seconds(2)));
    let tracked = Policy::Demand(DemandPolicy::defaults(seconds(2)));
    for policy in [deadline, tracked] {
        let tasks = |patient: &str| {
            let queues = vec![queue("urgent", 300, 2), queue("patient", 900, 2)];
            let load = loads("constant:rate=2.5/s,for=4h", patient);
            let outcome = simulate(&of(queues, policy.clone()), &load, 3).unwrap();
            assert_eq!(outcome.within_objective, 1.0, "{:?}", outcome.queues);
            // Only what runs while the load is steady.
            let steady = outcome
                .series
                .iter()
                .filter(|point| (7_200.0..14_000.0).contains(&point.at));
            let running: Vec<f64> = steady.map(|point| point.running).collect();
            let count = f64::from(u32::try_from(running.len()).unwrap());
            running.iter().sum::<f64>() / count
        };
        let (one, two) = (
            tasks("constant:rate=0.001/s,for=4h"),
            tasks("constant:rate=2.5/s,for=4h"),
        );
        assert!((5.0..6.5).contains(&one), "{one}");
        assert!((9.9..11.5).contains(&two), "{two}");
    }
}
