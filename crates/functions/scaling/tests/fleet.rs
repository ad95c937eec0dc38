//! Many services in one function: few calls, and no service waits for another.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "in a test they are the assertion; clippy.toml lets them pass in test functions only"
)]

mod fake;

use fake::{Broken, Fake};
use scaling_function::{DemandOutcome, Memory};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// Every 10 s.
const EVERY: u64 = 10_000;

/// Nothing arrives.
fn idle(_: usize, _: u64) -> f64 {
    0.0
}

/// 4 messages of 2 s per second: 8 tasks are busy.
fn steady(_: usize, _: u64) -> f64 {
    4.0
}

/// A burst in the 25th second.
fn burst(_: usize, second: u64) -> f64 {
    if second == 25 { 600.0 } else { 0.0 }
}

#[tokio::test(start_paused = true)]
async fn ten_services_are_described_in_a_call_and_nothing_is_updated_without_a_change() {
    let fake = Fake::new(25, 25, idle);
    let memory = Mutex::new(Memory::default());
    for minute in 0..2 {
        let invoked = fake
            .invoke(minute * 60, &memory, fake.order(25, EVERY))
            .await;
        let answer = invoked.result.unwrap();
        assert!(answer.services.iter().all(|one| one.looks.len() == 6));
    }
    assert_eq!(fake.seconds("DescribeServices").len(), 2 * 6 * 3);
    assert_eq!(fake.seconds("GetQueueAttributes").len(), 2 * 6 * 25);
    assert_eq!(
        fake.seconds("GetMetricData").len(),
        2,
        "all queues in a call"
    );
    assert_eq!(fake.seconds("PutMetricData").len(), 2);
    assert_eq!(fake.seconds("UpdateService"), [0; 0]);
}

/// Each kind of failure, next to services that are scaled at the check after their burst.
#[tokio::test(start_paused = true)]
async fn a_broken_service_delays_and_stops_no_other() {
    for broken in [
        Broken::NoQueue,
        Broken::SlowQueue,
        Broken::Denied,
        Broken::NoService,
        Broken::Fixed,
    ] {
        let fake = Fake::new(12, 12, burst);
        fake.break_service(4, broken);
        let memory = Mutex::new(Memory::default());
        let invoked = fake.invoke(0, &memory, fake.order(12, EVERY)).await;
        let mut scaled: Vec<(u64, usize)> = Vec::new();
        for (second, number, _) in &fake.0.lock().unwrap().set {
            if !scaled.iter().any(|(_, known)| known == number) {
                scaled.push((*second, *number));
            }
        }
        scaled.sort_by_key(|(_, number)| *number);
        let others: Vec<(u64, usize)> = (0..12)
            .filter(|one| *one != 4)
            .map(|one| (30, one))
            .collect();
        assert_eq!(scaled, others, "{broken:?}");
        match (broken, invoked.result) {
            (Broken::NoService, Ok(answer)) => {
                assert_eq!(answer.services[4].outcome, Some(DemandOutcome::Missing));
            }
            (_, Err(error)) => {
                let text = error.to_string();
                assert!(text.starts_with("service worker-4: "), "{broken:?}: {text}");
                assert_eq!(text.matches("service worker-").count(), 1, "{text}");
            }
            (_, Ok(answer)) => panic!("{broken:?}: {answer:?}"),
        }
        let named = |line: &str| serde_json::from_str::<Value>(line).unwrap()["service"].clone();
        let failed: Vec<Value> = invoked
            .log
            .lines()
            .filter(|line| line.contains("ERROR"))
            .map(named)
            .collect();
        assert!(
            failed
                .iter()
                .all(|name| *name == "worker-4" || name.is_null()),
            "{failed:?}"
        );
    }
}

/// If a call for several services is denied because of one, it is repeated for each; from then on, that service has
/// a separate call.
#[tokio::test(start_paused = true)]
async fn a_denied_service_is_described_alone() {
    let fake = Fake::new(10, 10, idle);
    fake.break_service(3, Broken::Denied);
    let memory = Mutex::new(Memory::default());
    let _ = fake.invoke(0, &memory, fake.order(10, EVERY)).await;
    let per_check: Vec<usize> = (0..6)
        .map(|check| {
            let calls = fake.seconds("DescribeServices");
            calls.iter().filter(|second| **second / 10 == check).count()
        })
        .collect();
    assert_eq!(per_check, [11, 2, 2, 2, 2, 2]);
}

/// 100 services need more tasks at once. ECS allows a burst of 50 updates and 5 per second; the function uses 40
/// and 4.
#[tokio::test(start_paused = true)]
async fn updates_stay_below_the_rate_of_ecs_and_every_service_gets_its_turn() {
    let fake = Fake::new(100, 100, |_, second| if second >= 5 { 4.0 } else { 0.0 });
    let memory = Mutex::new(Memory::default());
    for minute in 0..3 {
        let invoked = fake
            .invoke(minute * 60, &memory, fake.order(100, EVERY))
            .await;
        assert!(invoked.result.is_ok(), "waiting is no failure");
    }
    let updates = fake.seconds("UpdateService");
    for (position, second) in updates.iter().enumerate() {
        let until_then = u64::try_from(position).unwrap() + 1;
        assert!(
            until_then <= 40 + 4 * (second + 1),
            "{until_then} updates in {second} s"
        );
    }
    // All wanted their first update in the same check, so a service that got one early waits for the others before
    // its second. Between two checks, when none waits, one can get in.
    let order: Vec<usize> = fake
        .0
        .lock()
        .unwrap()
        .set
        .iter()
        .map(|(_, one, _)| *one)
        .collect();
    let mut first = order[..100].to_vec();
    first.sort_unstable();
    first.dedup();
    assert!(first.len() >= 97, "{order:?}");
    // (100 - 40) ÷ 4 s after the first check that saw the load.
    assert!((25..=32).contains(&updates[99]), "{}", updates[99]);
    assert!(
        order
            .iter()
            .collect::<std::collections::BTreeSet<_>>()
            .len()
            == 100
    );
}

/// As many calls as services, because each service is in its own cluster.
#[tokio::test(start_paused = true)]
async fn descriptions_stay_below_the_rate_of_ecs_and_every_service_is_checked() {
    let fake = Fake::new(120, 1, steady);
    let memory = Mutex::new(Memory::default());
    for minute in 0..3 {
        let order = fake.order(120, 5_000);
        let invoked = fake.invoke(minute * 60, &memory, order).await;
        assert_eq!(invoked.result.err(), None);
    }
    let calls = fake.seconds("DescribeServices");
    for (position, second) in calls.iter().enumerate() {
        let until_then = u64::try_from(position).unwrap() + 1;
        assert!(
            until_then <= 50 + 10 * (second + 1),
            "{until_then} in {second} s"
        );
    }
    let cloud = fake.0.lock().unwrap();
    let behind = cloud.services.iter().filter(|one| one.desired < 8).count();
    assert_eq!(behind, 0, "each got the tasks that it needs");
}

/// An update replaces the function of one service with one for all: for a minute, both run.
#[tokio::test(start_paused = true)]
async fn a_new_function_takes_over_without_a_change_of_the_count() {
    let fake = Fake::new(3, 3, steady);
    let old: Vec<Mutex<Memory>> = (0..3).map(|_| Mutex::default()).collect();
    let alone = |number: usize| json!({"action": "scale-by-demand", "services": [fake.policy(number, 5_000)]});
    for minute in 0..5 {
        let runs = old.iter().enumerate();
        let runs = runs.map(|(number, memory)| fake.invoke(minute * 60, memory, alone(number)));
        futures::future::join_all(runs).await;
    }
    let before: Vec<u32> = fake
        .0
        .lock()
        .unwrap()
        .services
        .iter()
        .map(|one| one.desired)
        .collect();
    let changes = fake.0.lock().unwrap().set.len();
    let new = Mutex::new(Memory::default());
    let runs = old.iter().enumerate();
    let runs = runs.map(|(number, memory)| fake.invoke(300, memory, alone(number)));
    let _ = futures::join!(
        futures::future::join_all(runs),
        fake.invoke(320, &new, fake.order(3, 5_000))
    );
    for minute in 6..12 {
        let order = fake.order(3, 5_000);
        assert!(
            fake.invoke(minute * 60 + 20, &new, order)
                .await
                .result
                .is_ok()
        );
    }
    let cloud = fake.0.lock().unwrap();
    let after: Vec<u32> = cloud.services.iter().map(|one| one.desired).collect();
    assert_eq!(before, after);
    assert_eq!(
        cloud.set.len(),
        changes,
        "neither changed what the other had set"
    );
}

/// Their memory is kept when another service is added or changed.
#[tokio::test(start_paused = true)]
async fn a_changed_definition_resets_only_what_it_changes() {
    let fake = Fake::new(3, 3, idle);
    for service in &mut fake.0.lock().unwrap().services {
        (service.desired, service.running) = (10, 10);
    }
    let memory = Mutex::new(Memory::default());
    fake.invoke(0, &memory, fake.order(2, EVERY))
        .await
        .result
        .unwrap();
    let mut order = fake.order(3, EVERY);
    order["services"][1]["max"] = 40.into();
    fake.invoke(60, &memory, order).await.result.unwrap();
    // The arrivals of the first service are known for a minute; the others' only from the second minute on.
    assert_eq!(fake.0.lock().unwrap().set, [(60, 0, 1)]);
}

fn by_object(fake: &Fake, key: &str) -> Value {
    let mut services = fake.order(2, EVERY)["services"].take();
    services[0]["service"] = "${WorkerService.Name}".into();
    let document = json!({"references": ["WorkerService.Name"], "services": services});
    let objects = &mut fake.0.lock().unwrap().objects;
    objects.insert("fleets/shop/1.json".to_owned(), document.to_string());
    let object = json!({"bucket": "assets", "key": key, "values": ["worker-0"]});
    json!({"action": "scale-by-demand", "object": object})
}

#[tokio::test(start_paused = true)]
async fn an_object_is_read_once_and_outlives_one_that_cant_be_read() {
    let fake = Fake::new(2, 2, burst);
    let memory = Mutex::new(Memory::default());
    let order = by_object(&fake, "fleets/shop/1.json");
    for minute in 0..2 {
        let answer = fake.invoke(minute * 60, &memory, order.clone()).await;
        assert_eq!(answer.result.unwrap().services[0].service, "worker-0");
    }
    assert_eq!(fake.seconds("GetObject"), [0]);
    let scaled = fake
        .0
        .lock()
        .unwrap()
        .set
        .iter()
        .filter(|(second, ..)| *second == 30)
        .count();
    assert_eq!(scaled, 2);
    let gone = by_object(&fake, "fleets/shop/2.json");
    let kept = fake
        .invoke(120, &memory, gone.clone())
        .await
        .result
        .unwrap_err();
    let text = kept.to_string();
    assert!(
        text.starts_with("what to scale is in s3://assets/fleets/shop/2.json: GetObject failed"),
        "{text}"
    );
    let scaling_function::InvocationError::LooksFailed(answer) = kept else {
        panic!("{kept:?}")
    };
    assert!(
        answer.services.iter().all(|one| one.looks.len() == 6),
        "they are checked all the same"
    );
    let cold = fake
        .invoke(180, &Mutex::default(), gone)
        .await
        .result
        .unwrap_err();
    assert_eq!(cold.name(), "FleetUnread");
}

/// With an objective shorter than a start, warm tasks depend on two weeks of arrivals. Three services request them
/// at each check, the longest waiting first, so 125 services know them after 42 checks.
#[tokio::test(start_paused = true)]
async fn three_services_learn_at_a_time_until_all_know_the_arrivals_of_two_weeks() {
    let fake = Fake::new(30, 30, steady);
    let memory = Mutex::new(Memory::default());
    let mut order = fake.order(30, 5_000);
    for service in order["services"].as_array_mut().unwrap() {
        service["law"]["acceptable_latency_ms"] = json!(10_000);
    }
    fake.invoke(0, &memory, order.clone()).await.result.unwrap();
    let asked = fake.seconds("GetMetricData");
    // Reading the recent flows of all queues is one more call.
    let at = |second| asked.iter().filter(|one| **one == second).count();
    let expected = [4, 3, 3, 3, 3, 3, 3, 3, 3, 3, 0, 0];
    let found: Vec<usize> = (0..12).map(|check| at(check * 5)).collect();
    assert_eq!((found.as_slice(), asked.len()), (&expected[..], 31));
    fake.invoke(60, &memory, order).await.result.unwrap();
    assert_eq!(fake.seconds("GetMetricData").len(), 31 + 1);
}
