//! A measured processing time.

use serde_json::json;
use tokio::sync::Mutex;

use super::cloud::{invoke_at, minutes, order, policy, two_queues, world};
use crate::{DemandOutcome, Memory, ProcessingTime};

fn measured() -> serde_json::Value {
    policy(&json!({"processing_time_ms": null, "min": 0}))
}

/// 10 in flight, and 300 deleted in a minute: 2 s per message.
#[tokio::test(start_paused = true)]
async fn is_read_once_an_invocation() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().metrics = Some((10.0, 300.0));
    let invoked = &minutes(&world, &measured(), 1).await[0];
    assert_eq!(
        invoked.answer().processing_time,
        ProcessingTime::Measured(2.0)
    );
    assert_eq!(invoked.looks()[1].need, Some(10.0 / 1.05));
    assert_eq!(world.lock().unwrap().count("GetMetricData"), 1);
}

#[tokio::test(start_paused = true)]
async fn the_last_good_one_is_remembered() {
    let world = world(|_| (0, 10));
    let memory = Mutex::new(Memory::default());
    world.lock().unwrap().metrics = Some((10.0, 300.0));
    invoke_at(&world, 0, &memory, order(&[&measured()])).await;
    world.lock().unwrap().metrics = None;
    let idle = invoke_at(&world, 60, &memory, order(&[&measured()])).await;
    assert_eq!(idle.answer().processing_time, ProcessingTime::Measured(2.0));
    world
        .lock()
        .unwrap()
        .fail("GetMetricData", |_| Some("AccessDenied"));
    let refused = invoke_at(&world, 120, &memory, order(&[&measured()])).await;
    assert!(refused.result.is_ok());
    assert_eq!(
        refused.answer().processing_time,
        ProcessingTime::Measured(2.0)
    );
    assert_eq!(refused.lines()[0], "WARN deletes unknown");
    assert_eq!(
        refused.log[0]["error"],
        "GetMetricData failed: AccessDenied: as told"
    );
}

#[tokio::test(start_paused = true)]
async fn while_it_is_unknown_nothing_is_removed_and_a_message_wakes_the_service() {
    let idle = world(|_| (0, 0));
    let all = minutes(&idle, &measured(), 4).await;
    assert_eq!(idle.lock().unwrap().set, []);
    assert_eq!(idle.lock().unwrap().puts, []);
    let reason = &all[3].looks()[0].reason;
    assert!(
        reason.ends_with("; the processing time is not known yet"),
        "{reason}"
    );
    assert!(all[3].result.is_ok());

    let waiting = world(|second| (if second < 20 { 0 } else { 7 }, 0));
    waiting.lock().unwrap().desired = 0;
    let invoked = &minutes(&waiting, &measured(), 1).await[0];
    assert_eq!(waiting.lock().unwrap().set, [(20, 1)]);
    assert_eq!(invoked.looks()[2].outcome, DemandOutcome::ScaledOut);
}

#[tokio::test(start_paused = true)]
async fn one_that_can_not_be_asked_for_fails_the_invocation() {
    let world = world(|_| (0, 10));
    world
        .lock()
        .unwrap()
        .fail("GetMetricData", |_| Some("AccessDenied"));
    let invoked = &minutes(&world, &measured(), 1).await[0];
    let text = invoked.result.as_ref().unwrap_err().to_string();
    assert_eq!(
        text,
        "service worker: 0 of 6 checks failed: GetMetricData failed: AccessDenied: as told"
    );
}

/// The checks never see the messages, but CloudWatch reports deletes in the minute before each invocation. So a
/// service that can scale to zero keeps its last task.
#[tokio::test(start_paused = true)]
async fn deletes_between_the_looks_keep_the_last_task() {
    let asleep = policy(&json!({"min": 0}));
    let busy = world(|_| (0, 0));
    busy.lock().unwrap().metrics = Some((0.0, 3.0));
    minutes(&busy, &asleep, 5).await;
    assert_eq!(busy.lock().unwrap().desired, 1);
    assert_eq!(busy.lock().unwrap().count("GetMetricData"), 5);

    let idle = world(|_| (0, 0));
    minutes(&idle, &asleep, 5).await;
    assert_eq!(idle.lock().unwrap().desired, 0);

    let awake = world(|_| (0, 0));
    minutes(&awake, &policy(&json!({})), 5).await;
    assert_eq!(awake.lock().unwrap().desired, 1);
    assert_eq!(awake.lock().unwrap().count("GetMetricData"), 5);
}

/// Without an answer, only the checks decide, and the log reports it.
#[tokio::test(start_paused = true)]
async fn unread_deletes_never_stop_scaling() {
    let idle = world(|_| (0, 0));
    idle.lock()
        .unwrap()
        .fail("GetMetricData", |_| Some("AccessDenied"));
    let all = minutes(&idle, &policy(&json!({"min": 0})), 5).await;
    assert_eq!(idle.lock().unwrap().desired, 0);
    assert!(all.iter().all(|one| one.result.is_ok()));
    assert_eq!(all[0].lines()[0], "WARN deletes unknown");
}

/// `returns` has 5 messages in flight, but CloudWatch doesn't report it yet: the deletes of `orders` alone show
/// nothing about the messages in flight of both. So the time is the same as before the first check: 10 × 60 s in
/// flight and 30 messages of 2 s, for 60 and 30 messages.
#[tokio::test(start_paused = true)]
async fn a_queue_that_is_reported_late_is_waited_for() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().queues.insert("returns", |_| (0, 5));
    world.lock().unwrap().metrics = Some((10.0, 60.0));
    let all = minutes(&world, &two_queues(), 6).await;
    let expected = ProcessingTime::Measured(660.0 / 90.0);
    assert_eq!(all[5].answer().processing_time, expected);
}
