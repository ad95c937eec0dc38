//! Warm tasks, the days that they depend on, and the published values of a service.

use serde_json::json;

use super::cloud::{World, minutes, policy, world};
use crate::DemandOutcome;

/// Tasks that start in 40 s, for an objective of 10 s.
fn tight() -> serde_json::Value {
    policy(&json!({"acceptable_latency_ms": 10_000}))
}

/// The latest value of a metric.
fn published(world: &World, name: &str) -> Option<f64> {
    let data = world.puts.iter().flat_map(|put| put.metric_data());
    data.rev()
        .find(|datum| datum.metric_name() == Some(name))
        .and_then(|datum| datum.value())
}

/// 600 messages of 2 s in every other minute of two weeks: 20 warm tasks serve them, and cost less than late messages.
#[tokio::test(start_paused = true)]
async fn a_new_environment_learns_from_two_weeks() {
    let world = world(|_| (0, 0));
    world.lock().unwrap().history = Some(|minute| if minute % 2 == 0 { 600.0 } else { 0.0 });
    let all = minutes(&world, &tight(), 2).await;
    let look = all[0].looks().last().unwrap();
    let floor = look.warm.unwrap();
    let warm = floor.tasks;
    assert!((15..=27).contains(&warm), "{look:?}");
    assert!(
        look.reason
            .starts_with(&format!("{warm} warm tasks: bursts of 10/s came ")),
        "{}",
        look.reason
    );
    // `status` reads it there.
    let line = all[0].log.iter().rfind(|line| line["message"] == "look");
    let line = line.unwrap();
    assert_eq!(line["warm"], json!(floor));
    assert_eq!(
        (&line["cluster"], &line["service"]),
        (&json!("web"), &json!("worker"))
    );
    assert_eq!(all[0].looks()[0].outcome, DemandOutcome::ScaledOut);
    let world = world.lock().unwrap();
    assert_eq!(world.desired, i32::try_from(warm).unwrap());
    assert_eq!(published(&world, "WarmTasks"), Some(f64::from(warm)));
    // Two weeks once, and the last 15 minutes at each invocation.
    assert_eq!(world.count("GetMetricData"), 3);
}

#[tokio::test(start_paused = true)]
async fn earlier_arrivals_are_asked_for_until_they_are_known() {
    let world = world(|_| (0, 0));
    world.lock().unwrap().fail("GetMetricData", |second| {
        (second < 60).then_some("AccessDenied")
    });
    let all = minutes(&world, &tight(), 3).await;
    assert_eq!(all[0].lines()[0], "WARN earlier arrivals unknown");
    assert!(all.iter().all(|invoked| invoked.result.is_ok()));
    assert_eq!(all[1].lines()[0], "INFO look");
    assert_eq!(world.lock().unwrap().count("GetMetricData"), 2 + 2 + 1);
}

/// 10 in flight and 300 deleted in the last minute are 2 s per message, and all of them started at once.
#[tokio::test(start_paused = true)]
async fn what_is_measured_is_published() {
    let world = world(|_| (0, 10));
    world.lock().unwrap().metrics = Some((10.0, 300.0));
    minutes(&world, &policy(&json!({})), 1).await;
    let world = world.lock().unwrap();
    assert_eq!(published(&world, "ProcessingTime"), Some(2.0));
    assert_eq!(published(&world, "TaskStart"), None, "no task was started");
    assert_eq!(published(&world, "WithinObjective"), Some(100.0));
    assert_eq!(published(&world, "WarmTasks"), None);
}
