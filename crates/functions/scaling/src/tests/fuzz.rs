//! Events, policies, and times that are almost valid, or not at all: they are read without a panic.

use scaling::DemandOrder;
use serde_json::{Value, json};

use super::cloud::policy;
use super::world::{IN, OUT, START, event, message};
use crate::event::Event;
use crate::{Policy, moment};

/// Valid events: messages of alarms, and requests of rules.
fn events() -> Vec<Value> {
    let (loud, idle) = (message(OUT, "ALARM", START), message(IN, "OK", START));
    vec![
        event(&[&loud, &idle]),
        json!("re_evaluate"),
        json!({"Records": []}),
    ]
}

/// Policies of both kinds.
fn policies() -> Vec<Value> {
    let steps = json!({"alarm": OUT, "cooldown": 60, "steps": {
        "adjustment_type": "percent_change_in_capacity", "minimum": 1,
        "steps": [{"from": 0, "to": 10.5, "adjustment": 50}, {"from": 10.5, "adjustment": 100}]}});
    let demand = json!({
        "namespace": "N", "cluster": "c", "service": "s", "min": 0, "max": 9,
        "queues": [{"name": "q", "url": "https://sqs.us-west-2.amazonaws.com/111122223333/q"}],
        "law": {"acceptable_latency_ms": 1, "processing_time_ms": 1, "concurrency": 1, "task_start_ms": 0,
                "window_ms": 0},
        "every_ms": 1, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 0});
    let demand = json!({"action": "scale-by-demand", "services": [demand]});
    vec![
        json!({"cluster": "c", "service": "s", "min": 1, "max": 2, "scale_out": steps}),
        demand,
    ]
}

fn read_event(text: &str) -> bool {
    let policy = policy();
    let policy = policy.steps().unwrap();
    // As bytes, and as the runtime passes it.
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let whole = Event::from_json(value, policy).is_ok_and(|event| event.refused.is_empty());
    let inner = json!({"Records": [{"Sns": {"Message": text}}]});
    let inner = Event::from_json(inner, policy).unwrap();
    whole || inner.refused.is_empty()
}

fn read_policy(text: &str) -> bool {
    Policy::alarm_steps(text).is_ok() || serde_json::from_str::<DemandOrder>(text).is_ok()
}

fn fuzz_readers(seeds: std::ops::Range<u64>) {
    let alarms = [message(OUT, "ALARM", START), message(IN, "OK", START)];
    let (events, policies) = (events(), policies());
    for accepted in [
        fuzz::survive(
            seeds.clone(),
            |rng| fuzz::change_json(rng, &events),
            read_event,
        ),
        fuzz::survive(
            seeds.clone(),
            |rng| fuzz::change_json(rng, &alarms),
            read_event,
        ),
        fuzz::survive(
            seeds.clone(),
            |rng| fuzz::change_json(rng, &policies),
            read_policy,
        ),
    ] {
        assert!(accepted > 0, "nothing that is valid was read");
    }
    let time = |rng: &mut fuzz::Rng| fuzz::scramble(rng, "2026-11-21T10:00:00.123+0000");
    fuzz::survive(seeds, time, |text| moment::parse(text).is_some());
}

#[test]
fn an_event_that_is_almost_right_is_read_without_a_panic() {
    fuzz_readers(0..300);
}

#[test]
#[ignore = "runs in test --full"]
fn thousands_of_events_are_read_without_a_panic() {
    fuzz_readers(300..30_000);
}
