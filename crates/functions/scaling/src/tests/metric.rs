//! Several steps: the metric determines which one applies.

use serde_json::{Value, json};

use super::cloud::{Invoked, invoke_with, policy_of};
use super::world::{IN, OUT, START, Shared, event, re_evaluate, world};
use crate::{Policy, ScalingOutcome};

fn policy(kind: &str, out: &Value, scale_in: &Value) -> Policy {
    let side = |alarm: &str, steps: &Value| json!({"alarm": alarm, "cooldown": 60, "steps": {"adjustment_type": kind, "steps": steps}});
    policy_of(&json!({"max": 20, "scale_out": side(OUT, out), "scale_in": side(IN, scale_in)}))
}

fn changes() -> Policy {
    policy(
        "change_in_capacity",
        &json!([{"from": 0, "adjustment": 1}, {"from": 200, "adjustment": 3}]),
        &json!([{"from": 0, "adjustment": -1}, {"from": 15, "adjustment": -4}]),
    )
}

async fn ring(world: &Shared, alarm: &'static str, policy: &Policy) -> Invoked {
    let message = world.lock().unwrap().ring(alarm, "ALARM");
    invoke_with(world, policy, event(&[&message])).await
}

#[tokio::test]
async fn the_distance_from_the_threshold_chooses_the_step() {
    for (alarm, value, next) in [
        (OUT, 100.0, 11),
        (OUT, 299.0, 11),
        (OUT, 300.0, 13),
        (OUT, 5_000.0, 13),
        (OUT, 40.0, 11), // It returned, but the alarm is still in ALARM.
        (IN, 19.0, 9),
        (IN, 5.0, 6),
        (IN, 0.0, 6),
    ] {
        let world = world(10);
        world.lock().unwrap().datapoints = vec![(START - 60_000, value)];
        let invoked = ring(&world, alarm, &changes()).await;
        assert_eq!(invoked.answer().to, Some(next), "{value} on {alarm}");
    }
}

#[tokio::test]
async fn without_a_datapoint_it_is_the_nearest_step() {
    let world = world(10);
    // Too old, and from an incomplete period.
    world.lock().unwrap().datapoints = vec![(START - 600_000, 900.0), (START, 900.0)];
    assert_eq!(ring(&world, OUT, &changes()).await.answer().to, Some(11));
    assert!(world.lock().unwrap().calls.contains(&"GetMetricData"));
}

#[tokio::test]
async fn the_latest_period_that_is_over_counts() {
    let world = world(10);
    world.lock().unwrap().pause(45);
    world.lock().unwrap().datapoints = vec![
        (START - 60_000, 100.0),
        (START - 120_000, 900.0),
        (START, 900.0), // Started at the full minute, 45 s ago.
    ];
    assert_eq!(ring(&world, OUT, &changes()).await.answer().to, Some(11));
}

#[tokio::test]
async fn a_moving_threshold_has_no_distance() {
    let world = world(10);
    world.lock().unwrap().datapoints = vec![(START - 60_000, 900.0)];
    world.lock().unwrap().alarms.get_mut(OUT).unwrap().threshold = None;
    assert_eq!(ring(&world, OUT, &changes()).await.answer().to, Some(11));
    assert!(!world.lock().unwrap().calls.contains(&"GetMetricData"));
}

/// AWS: +3 after +2 adds 1; here, after +1, it adds 2.
#[tokio::test]
async fn a_larger_step_within_the_cooldown_adds_the_difference() {
    let world = world(10);
    world.lock().unwrap().datapoints = vec![(START - 60_000, 150.0)];
    assert_eq!(ring(&world, OUT, &changes()).await.answer().to, Some(11));
    world.lock().unwrap().pause(30);
    world.lock().unwrap().datapoints = vec![(START - 60_000, 400.0)];
    let invoked = invoke_with(&world, &changes(), re_evaluate()).await;
    assert_eq!(
        (invoked.answer().from, invoked.answer().to),
        (Some(11), Some(13))
    );
    world.lock().unwrap().pause(20);
    let invoked = invoke_with(&world, &changes(), re_evaluate()).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::Cooldown);
    assert_eq!(world.lock().unwrap().set, [11, 13]);
}

#[tokio::test]
async fn percentages_and_counts() {
    let percent = json!([{"from": 0, "adjustment": 10}, {"from": 200, "adjustment": 50}]);
    let percent = policy(
        "percent_change_in_capacity",
        &percent,
        &json!([{"from": 0, "adjustment": -30}]),
    );
    let count = json!([{"from": 0, "adjustment": 12}, {"from": 200, "adjustment": 18}]);
    let count = policy(
        "exact_capacity",
        &count,
        &json!([{"from": 0, "adjustment": 2}]),
    );
    for (policy, alarm, value, next) in [
        (&percent, OUT, 150.0, 11),
        (&percent, OUT, 300.0, 15),
        (&percent, IN, 0.0, 7),
        (&count, OUT, 150.0, 12),
        (&count, OUT, 300.0, 18),
        (&count, IN, 0.0, 2),
    ] {
        let world = world(10);
        world.lock().unwrap().datapoints = vec![(START - 60_000, value)];
        let invoked = ring(&world, alarm, policy).await;
        assert_eq!(invoked.answer().to, Some(next), "{value} on {alarm}");
    }
}

#[tokio::test]
async fn an_exact_count_of_scale_out_never_lowers() {
    let count = json!([{"from": 0, "adjustment": 4}]);
    let policy = policy(
        "exact_capacity",
        &count,
        &json!([{"from": 0, "adjustment": 2}]),
    );
    let world = world(10);
    let invoked = ring(&world, OUT, &policy).await;
    assert_eq!(invoked.answer().outcome, ScalingOutcome::AtBound);
    let end = "the step leaves the desired count at 10";
    assert!(
        invoked.answer().reason.ends_with(end),
        "{}",
        invoked.answer().reason
    );
}

#[tokio::test]
async fn a_single_step_needs_no_metric() {
    let world = world(1);
    let single = policy_of(&json!({}));
    ring(&world, OUT, &single).await;
    assert!(!world.lock().unwrap().calls.contains(&"GetMetricData"));
}
