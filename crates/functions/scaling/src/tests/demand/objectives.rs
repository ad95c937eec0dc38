//! Queues with their own objectives.

use serde_json::json;

use super::cloud::{minutes, two_queues, world};
use crate::DemandOutcome;

/// 500 messages of 2 s and an objective of 5 min: 1,000 s of work in the 200 s that a start of 40 s leaves of 240
/// s. 1,100 messages with 10 min: 2,200 s in 440 s. Each is work for five tasks, together for ten.
#[tokio::test(start_paused = true)]
async fn the_needs_of_two_queues_add_up() {
    let world = world(|_| (500, 0));
    {
        let mut world = world.lock().unwrap();
        world.queues.insert("returns", |_| (1_100, 0));
        world.desired = 0;
    }
    let mut policy = two_queues();
    policy["min"] = json!(0);
    policy["law"]["acceptable_latency_ms"] = json!(300_000);
    policy["law"]["task_start_ms"] = json!(39_000);
    policy["queues"][1]["acceptable_latency_ms"] = json!(600_000);
    let invoked = &minutes(&world, &policy, 1).await[0];
    let look = &invoked.looks()[0];
    assert_eq!(
        (look.outcome, look.to),
        (DemandOutcome::ScaledOut, Some(10))
    );
    let parts: Vec<_> = look
        .queues
        .iter()
        .map(|part| (part.queues.join(" "), part.objective, part.backlog))
        .collect();
    let expected = [
        ("orders".to_owned(), 300.0, 500),
        ("returns".to_owned(), 600.0, 1_100),
    ];
    assert_eq!(parts, expected);
    let line = invoked.log.iter().find(|line| line["message"] == "look");
    assert_eq!(line.unwrap()["queues"][1]["queues"], json!(["returns"]));
}

/// Queues without their own settings count as one, and have no separate results.
#[tokio::test(start_paused = true)]
async fn queues_without_objectives_are_one() {
    let world = world(|_| (500, 0));
    world.lock().unwrap().queues.insert("returns", |_| (500, 0));
    let invoked = &minutes(&world, &two_queues(), 1).await[0];
    assert_eq!(invoked.looks()[0].queues, []);
    let line = invoked.log.iter().find(|line| line["message"] == "look");
    assert_eq!(line.unwrap().get("queues"), None);
}
