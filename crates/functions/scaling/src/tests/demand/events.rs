//! Valid and invalid events of a function that follows demand.

use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::cloud::{Invoked, Shared, invoke_at, order, policy, world};
use crate::Memory;

async fn invoke(world: &Shared, event: Value) -> Invoked {
    invoke_at(world, 0, &Mutex::new(Memory::default()), event).await
}

#[tokio::test(start_paused = true)]
async fn one_look_if_that_is_all_that_is_asked() {
    let world = world(|_| (6_000, 10));
    let mut event = order(&[&policy(&json!({}))]);
    event["once"] = true.into();
    let invoked = invoke(&world, event).await;
    assert_eq!(invoked.looks().len(), 1);
    assert_eq!(world.lock().unwrap().set, [(0, 50)]);
    let answer = serde_json::to_value(invoked.fleet()).unwrap();
    let expected = json!({
        "services": [{
            "cluster": "web", "service": "worker", "outcome": "scaled_out", "from": 10, "to": 50,
            "reason": "the known work needs 276.4 tasks, and the maximum is 50",
            "processing_time": {"source": "given", "seconds": 2.0},
            "looks": [{
                "at": "2026-11-21T10:00:00Z", "outcome": "scaled_out", "backlog": 6000, "in_flight": 10,
                "running": 10, "from": 10, "to": 50,
                "reason": "the known work needs 276.4 tasks, and the maximum is 50",
            }],
        }],
        "needs_published": 0,
    });
    assert_eq!(answer, expected);
}

#[tokio::test(start_paused = true)]
async fn an_alarms_message_is_none_of_its_events() {
    let message = json!({"Records": [{"Sns": {"Message": "{}"}}]});
    for (event, problem) in [
        (
            message,
            "Records: this function scales by demand, and doesn't accept alarm messages",
        ),
        (
            json!({"Records": []}),
            "Records: this function scales by demand",
        ),
        (
            json!({"action": "scale", "services": []}),
            "unknown variant `scale`",
        ),
        (
            json!({"action": "re-evaluate"}),
            "unknown variant `re-evaluate`",
        ),
        (json!(null), "invalid type: null"),
    ] {
        let world = world(|_| (0, 0));
        let invoked = invoke(&world, event).await;
        let error = invoked.result.as_ref().unwrap_err();
        let text = error.to_string();
        assert_eq!(error.name(), "MalformedEvent");
        assert!(text.contains(problem), "{problem} in {text}");
        assert!(text.ends_with("as the function's rule sends it"), "{text}");
        assert_eq!(invoked.lines(), ["ERROR invocation failed"]);
        assert!(world.lock().unwrap().calls.is_empty());
    }
}
