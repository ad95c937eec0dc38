//! Bounds that change with the hours. The tests start on Saturday, 2026-11-21, at 10:00:00Z.

use serde_json::{Value, json};

use super::cloud::{minutes, policy, world};
use crate::DemandOutcome;

fn scheduled(period: &Value) -> Value {
    policy(&json!({"schedule": {
        "timezone": {"name": "Europe/Berlin", "rule": "CET-1CEST,M3.5.0,M10.5.0/3"},
        "periods": [period],
    }}))
}

/// 11:01 in Berlin is 10:01Z. Ten tasks run, and nothing waits.
#[tokio::test(start_paused = true)]
async fn a_period_raises_the_minimum_at_its_first_check() {
    let world = world(|_| (0, 0));
    let policy = scheduled(&json!({"when": "Sat 11:01-11:02", "min": 20}));
    let all = minutes(&world, &policy, 3).await;
    assert_eq!(world.lock().unwrap().set[0], (60, 20));
    let look = &all[1].looks()[0];
    assert_eq!(look.outcome, DemandOutcome::ScaledOut);
    assert!(look.reason.contains("20"), "{}", look.reason);
    // After its end, tasks that nothing needs are removed.
    let (second, count) = *world.lock().unwrap().set.last().unwrap();
    assert!(second >= 120 && count < 20, "{second} {count}");
}

#[tokio::test(start_paused = true)]
async fn a_period_lowers_the_maximum_whatever_waits() {
    let world = world(|_| (3_000, 10));
    let policy = scheduled(&json!({"when": "Sat 11:01-11:02", "min": 0, "max": 0}));
    let all = minutes(&world, &policy, 3).await;
    let set = world.lock().unwrap().set.clone();
    assert!(set.contains(&(60, 0)), "{set:?}");
    assert!(
        set.iter()
            .all(|(second, count)| !(60..120).contains(second) || *count == 0),
        "{set:?}"
    );
    assert_eq!(
        set.iter().find(|(second, _)| *second >= 120),
        Some(&(120, 50)),
        "{set:?}"
    );
    assert!(all.iter().all(|one| one.result.is_ok()));
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_can_not_be_followed_is_refused() {
    let world = world(|_| (0, 0));
    let policy = scheduled(&json!({"when": "Sat", "min": 60}));
    let all = minutes(&world, &policy, 1).await;
    let error = all[0].result.as_ref().unwrap_err().to_string();
    let said =
        "`schedule`: in period 0, the minimum capacity 60 is greater than the maximum capacity 50";
    assert!(
        format!("{error} {:?}", all[0].result).contains(said),
        "{error}"
    );
}
