//! The loop of an invocation, and its changes of the count.

use serde_json::json;
use tokio::sync::Mutex;

use super::cloud::{START, invoke_at, minutes, order, policy, two_queues, world};
use crate::{DemandOutcome, Memory};

#[tokio::test(start_paused = true)]
async fn six_looks_a_minute_with_the_least_calls() {
    // 10 messages in flight of 2 s each: 5 per second, 10 ÷ 1.05 tasks.
    let world = world(|_| (0, 10));
    world.lock().unwrap().desired = 8;
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    let world = world.lock().unwrap();
    for operation in ["GetQueueAttributes", "DescribeServices"] {
        let calls = world.calls.iter().filter(|(_, one)| *one == operation);
        let seconds: Vec<u64> = calls.map(|(second, _)| *second).collect();
        assert_eq!(seconds, [0, 10, 20, 30, 40, 50], "{operation}");
    }
    assert_eq!(world.set, [(10, 10)], "the first look knows no rate");
    assert_eq!(world.count("PutMetricData"), 1);
    assert_eq!(world.calls.len(), 6 + 6 + 1 + 1 + 1);
    assert_eq!(invoked.looks().len(), 6);
    assert_eq!(
        (invoked.answer().from, invoked.answer().to),
        (Some(8), Some(10))
    );
}

#[tokio::test(start_paused = true)]
async fn each_look_tells_its_numbers_and_its_reason() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().desired = 8;
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    let looked = invoked.log.iter().filter(|line| line["message"] == "look");
    let second = looked.clone().nth(1).unwrap();
    let expected = json!({
        "timestamp": "2026-11-21T10:00:10Z", "level": "INFO", "requestId": "request-1",
        "message": "look", "cluster": "web", "service": "worker", "at": "2026-11-21T10:00:10Z", "outcome": "scaled_out", "rate": 5.0,
        "backlog": 0, "in_flight": 10, "need": 10.0 / 1.05, "running": 8, "from": 8, "to": 10,
        "reason": "the work needs 9.5 tasks",
    });
    assert_eq!(*second, expected);
    assert_eq!(looked.count(), 6);
    let last = invoked.log.last().unwrap();
    let expected = json!({
        "timestamp": "2026-11-21T10:00:50Z", "level": "INFO", "requestId": "request-1",
        "message": "invocation succeeded", "services": 1, "failedServices": 0, "looks": 6, "failedLooks": 0,
        "needsPublished": 5,
        "durationMs": 50_000,
    });
    assert_eq!(*last, expected);
}

#[tokio::test(start_paused = true)]
async fn the_need_of_each_look_is_published_once() {
    let world = world(|_| (0, 10));
    minutes(&world, &policy(&json!({})), 1).await;
    let world = world.lock().unwrap();
    let [put] = world.puts.as_slice() else {
        panic!("{:?}", world.puts)
    };
    assert_eq!(put.namespace(), Some("EcsScaler"));
    // The first check knows no rate, and publishes nothing.
    let data = put.metric_data().iter();
    let data = data.filter(|datum| datum.metric_name() == Some("TasksNeeded"));
    let at = |second: u64| i64::try_from(START + second).unwrap();
    let found: Vec<_> = data
        .clone()
        .map(|one| (one.timestamp().unwrap().secs(), one.value()))
        .collect();
    let expected = [10, 20, 30, 40, 50].map(|second| (at(second), Some(10.0 / 1.05)));
    assert_eq!(found, expected);
    for datum in data {
        assert_eq!(datum.metric_name(), Some("TasksNeeded"));
        let dimensions = datum
            .dimensions()
            .iter()
            .map(|one| (one.name(), one.value()));
        let expected = [
            (Some("ClusterName"), Some("web")),
            (Some("ServiceName"), Some("worker")),
        ];
        assert_eq!(dimensions.collect::<Vec<_>>(), expected);
    }
}

/// Idle from the start: at 60 s, the arrivals are known for a minute.
#[tokio::test(start_paused = true)]
async fn tasks_are_removed_once_the_window_is_known() {
    let world = world(|_| (0, 0));
    let all = minutes(&world, &policy(&json!({})), 3).await;
    assert_eq!(world.lock().unwrap().set, [(60, 1)]);
    let look = &all[1].looks()[0];
    assert_eq!(
        (look.outcome, look.keep),
        (DemandOutcome::ScaledIn, Some(0.0))
    );
    assert_eq!(look.reason, "the work needs at most 0.0 tasks");
    let before = &all[0].looks()[5];
    assert!(
        before
            .reason
            .ends_with("until the arrivals are known for a minute")
    );
}

#[tokio::test(start_paused = true)]
async fn a_cold_start_removes_nothing() {
    let world = world(|_| (0, 0));
    for minute in 0..5 {
        let memory = Mutex::new(Memory::default());
        let policy = policy(&json!({}));
        invoke_at(&world, minute * 60, &memory, order(&[&policy])).await;
    }
    assert_eq!(world.lock().unwrap().set, []);
}

#[tokio::test(start_paused = true)]
async fn cooldowns_hold_from_an_invocation_to_the_next() {
    let world = world(|second| (if second == 140 { 3_000 } else { 0 }, 0));
    let cooldowns = json!({"cooldown_out_ms": 200_000, "cooldown_in_ms": 0});
    let all = minutes(&world, &policy(&cooldowns), 6).await;
    // Without the cooldown it would be at 270 s, when the burst is older than the window.
    assert_eq!(world.lock().unwrap().set, [(140, 50), (340, 1)]);
    let look = &all[4].looks()[4];
    let text = "the count waits until 2026-11-21T10:05:40Z for the last scale-out to take effect";
    assert_eq!(
        (look.outcome, look.reason.as_str()),
        (DemandOutcome::Kept, text)
    );
}

#[tokio::test(start_paused = true)]
async fn scale_in_waits_for_a_deployment() {
    for deployments in [vec!["COMPLETED", "COMPLETED"], vec!["IN_PROGRESS"]] {
        let world = world(|_| (0, 0));
        world.lock().unwrap().deployments = deployments;
        let all = minutes(&world, &policy(&json!({})), 3).await;
        assert_eq!(world.lock().unwrap().set, []);
        let look = &all[2].looks()[5];
        assert_eq!(look.reason, "scale-in waits until the service is deployed");
    }
    let busy = world(|_| (3_000, 10));
    busy.lock().unwrap().deployments = vec!["IN_PROGRESS"];
    let invoked = &minutes(&busy, &policy(&json!({})), 1).await[0];
    assert_eq!(busy.lock().unwrap().set, [(0, 50)]);
    let reason = &invoked.looks()[0].reason;
    assert!(reason.ends_with("and the maximum is 50"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn several_queues_are_one_backlog() {
    let world = world(|_| (30, 10));
    world.lock().unwrap().queues.insert("returns", |_| (30, 10));
    let invoked = &minutes(&world, &two_queues(), 1).await[0];
    let look = &invoked.looks()[1];
    assert_eq!(
        (look.backlog, look.in_flight, look.rate),
        (Some(60), Some(20), Some(10.0))
    );
    assert_eq!(world.lock().unwrap().count("GetQueueAttributes"), 12);
}

#[tokio::test(start_paused = true)]
async fn the_count_is_brought_within_its_bounds() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().desired = 70;
    let invoked = &minutes(&world, &policy(&json!({})), 1).await[0];
    assert_eq!(world.lock().unwrap().set, [(0, 50)]);
    assert_eq!(
        invoked.looks()[0].reason,
        "the desired count was 70, outside 1 to 50"
    );
}

#[tokio::test(start_paused = true)]
async fn two_environments_at_once_set_the_same_count() {
    let world = world(|_| (0, 10));
    let policy = policy(&json!({}));
    let (one, other) = (Mutex::default(), Mutex::default());
    let (one, other) = futures::join!(
        invoke_at(&world, 0, &one, order(&[&policy])),
        invoke_at(&world, 0, &other, order(&[&policy])),
    );
    assert!(one.result.is_ok() && other.result.is_ok());
    assert!(
        world
            .lock()
            .unwrap()
            .set
            .iter()
            .all(|(_, count)| *count == 10)
    );
}
