//! A policy that only observes: it publishes the count that it would set, and sets nothing.

use serde_json::json;
use tokio::sync::Mutex as Kept;

use super::cloud::{invoke_at, minutes, order, policy, world};
use crate::{DemandOutcome, Memory};

/// 900 messages of 2 s are 1,800 s of work, far more than ten tasks can do within the minute of the objective: 30
/// tasks could.
#[tokio::test(start_paused = true)]
async fn what_would_be_set_is_published_and_nothing_is_set() {
    let world = world(|_| (900, 0));
    let all = minutes(&world, &policy(&json!({"observe": true})), 2).await;
    let looks = all[0].looks();
    let first = &looks[0];
    let recommended = first.recommended.unwrap();
    assert!(recommended >= 30, "{recommended}");
    assert_eq!(first.outcome, DemandOutcome::Observed);
    assert_eq!((first.from, first.to), (Some(10), Some(10)));
    let begins = format!("would set {recommended}: the known work needs");
    assert!(first.reason.starts_with(&begins), "{}", first.reason);
    // The same result again needs no line.
    assert_eq!(looks[1].recommended, first.recommended);
    assert_eq!(looks[1].outcome, DemandOutcome::Kept);

    let world = world.lock().unwrap();
    assert_eq!(world.set, []);
    let calls = world.calls.iter();
    assert!(calls.clone().all(|(_, call)| *call != "UpdateService"));
    let data = world.puts.iter().flat_map(|put| put.metric_data());
    let data = data.filter(|datum| datum.metric_name() == Some("RecommendedTasks"));
    let values: Vec<f64> = data.filter_map(|datum| datum.value()).collect();
    assert_eq!(values[0], f64::from(recommended));
    assert_eq!(values.len(), 12, "one for each check");
}

/// A policy that starts to act already knows a minute of observations: unneeded tasks are removed at its first
/// check.
#[tokio::test(start_paused = true)]
async fn a_policy_that_begins_to_act_knows_what_it_has_observed() {
    let world = world(|_| (0, 0));
    let memory = Kept::new(Memory::default());
    let observe = policy(&json!({"observe": true}));
    for minute in 0..20 {
        let _ = invoke_at(&world, minute * 60, &memory, order(&[&observe])).await;
    }
    assert_eq!(world.lock().unwrap().set, []);
    let acting = policy(&json!({}));
    let _ = invoke_at(&world, 1_200, &memory, order(&[&acting])).await;
    let set = world.lock().unwrap().set.clone();
    assert_eq!(
        set.first().map(|(second, _)| *second),
        Some(1_200),
        "{set:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_any_queue_the_check_fails_and_recommends_nothing_new() {
    let world = world(|_| (0, 0));
    world
        .lock()
        .unwrap()
        .failing
        .insert("orders", |_| Some("AccessDenied"));
    let all = minutes(&world, &policy(&json!({"observe": true})), 1).await;
    assert_eq!(all[0].looks()[0].outcome, DemandOutcome::Failed);
    assert!(all[0].looks().iter().all(|look| look.recommended.is_none()));
    let world = world.lock().unwrap();
    let data = world.puts.iter().flat_map(|put| put.metric_data());
    let mut names = data.filter_map(|datum| datum.metric_name());
    assert!(names.all(|name| name != "RecommendedTasks"));
    assert_eq!(world.set, []);
}
