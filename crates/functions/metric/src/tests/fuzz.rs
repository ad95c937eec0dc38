//! Requests that are almost valid, or not at all: they are read without a panic.

use serde_json::{Value, json};

use crate::plan::Plan;

/// Requests with every setting of a service.
fn requests() -> Vec<Value> {
    let queue = json!({"name": "q", "url": "https://sqs.us-west-2.amazonaws.com/111122223333/q"});
    let law = json!({
        "acceptable_latency_ms": 1_000, "processing_time_ms": 100, "concurrency": 1, "task_start_ms": 40_000,
        "window_ms": 120_000});
    let waking = json!({"cluster": "c", "service": "s", "queues": [queue], "count": ["visible", "in_flight"],
        "wake": true, "target": 10.5});
    let demanding = json!({"cluster": "c", "service": "d", "queues": [queue], "demand": law});
    vec![
        json!({"namespace": "N", "services": [waking]}),
        json!({"namespace": "N", "services": [waking, demanding]}),
    ]
}

fn read(text: &str) -> bool {
    let event = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    Plan::from_event(event).is_ok()
}

fn fuzz_requests(seeds: std::ops::Range<u64>) {
    let requests = requests();
    assert!(requests.iter().all(|request| read(&request.to_string())));
    let changed = |rng: &mut fuzz::Rng| fuzz::change_json(rng, &requests);
    let accepted = fuzz::survive(seeds, changed, read);
    assert!(accepted > 0, "nothing that is valid was read");
}

#[test]
fn a_request_that_is_almost_right_is_read_without_a_panic() {
    fuzz_requests(0..300);
}

#[test]
#[ignore = "runs in test --full"]
fn thousands_of_requests_are_read_without_a_panic() {
    fuzz_requests(300..30_000);
}
