//! The log: one line for each failed target, and one for the invocation.

use serde_json::json;

use super::cloud::{Cloud, event, service};

#[tokio::test]
async fn success_is_one_line() {
    let cloud = Cloud::default().queue("q", 1).service("a", "b", 1);
    let outcome = cloud.run(event(&[service("a", "b", &["q"])])).await;
    let [line] = outcome.log.as_slice() else {
        panic!("{:?}", outcome.log)
    };
    assert_eq!(line["level"], "INFO");
    assert_eq!(line["requestId"], "request-1");
    assert_eq!(line["message"], "invocation succeeded");
    assert_eq!(
        (&line["published"], &line["failed"]),
        (&json!(1), &json!(0))
    );
    assert!(line["durationMs"].is_u64());
    assert!(
        line["timestamp"]
            .as_str()
            .unwrap()
            .starts_with("2026-03-01T12:00:0"),
        "{line}"
    );
}

#[tokio::test]
async fn every_failed_target_has_its_line() {
    let cloud = Cloud::default().queue("q", 1).service("a", "b", 1);
    let request = [
        service("a", "b", &["q", "gone"]),
        service("a", "lost", &["q"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    let [gone, lost, last] = outcome.log.as_slice() else {
        panic!("{:?}", outcome.log)
    };
    let mut expected = json!({
        "timestamp": gone["timestamp"], "level": "ERROR", "requestId": "request-1",
        "message": "target failed", "cluster": "a", "service": "b", "queue": "gone",
        "reason": "GetQueueAttributes failed: AWS.SimpleQueueService.NonExistentQueue: \
                   The specified queue does not exist. (AWS request b2c1)",
    });
    assert_eq!(*gone, expected);
    expected["timestamp"] = lost["timestamp"].clone();
    expected["service"] = json!("lost");
    expected["queue"] = json!("q");
    expected["reason"] = json!("ECS reports the service as MISSING");
    assert_eq!(*lost, expected);
    assert_eq!(
        (&last["level"], &last["message"]),
        (&json!("ERROR"), &json!("invocation failed"))
    );
    assert_eq!(
        (&last["published"], &last["failed"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(last["errorType"], "TargetsFailed");
    assert_eq!(last.get("error"), None, "the targets have their own lines");
}

#[tokio::test]
async fn a_malformed_event_is_logged_with_its_problem() {
    let outcome = Cloud::default().run(json!({"namespace": 7})).await;
    let [line] = outcome.log.as_slice() else {
        panic!("{:?}", outcome.log)
    };
    assert_eq!(line["errorType"], "MalformedEvent");
    assert_eq!(line["error"], outcome.result.unwrap_err().to_string());
}
