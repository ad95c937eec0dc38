//! Events: malformed, empty, duplicated, or with names that AWS would refuse.

use serde_json::{Value, json};

use super::cloud::{Cloud, TestOutcome, counting, event, service};

async fn refused(event: Value) -> TestOutcome {
    let outcome = Cloud::default().run(event).await;
    let calls = &outcome.calls;
    assert_eq!(
        (calls.queues.len(), calls.services.len(), calls.puts.len()),
        (0, 0, 0)
    );
    outcome
}

#[tokio::test]
async fn a_malformed_event_says_where_and_what_is_expected() {
    let url_less = json!({"namespace": "N", "services": [
        {"cluster": "a", "service": "b", "queues": [{"name": "q"}]}]});
    let unknown_count = event(&[counting("a", "b", &["q"], &["waiting"])]);
    let scheduled = json!({"version": "0", "detail-type": "Scheduled Event", "detail": {}});
    for (event, problem) in [
        (url_less, "services[0].queues[0]: missing field `url`"),
        (
            unknown_count,
            "services[0].count[0]: unknown variant `waiting`",
        ),
        (scheduled, "unknown field `version`"),
        (json!(null), "invalid type: null"),
        (json!("text"), "invalid type: string \"text\""),
        (json!({}), "missing field `namespace`"),
        (
            json!({"namespace": " ", "services": []}),
            "namespace: is empty",
        ),
    ] {
        let error = refused(event).await.result.unwrap_err();
        assert_eq!(error.name(), "MalformedEvent");
        let text = error.to_string();
        assert!(text.contains(problem), "{text}");
        assert!(
            text.contains(r#"expected {"namespace": "…", "services": ["#),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_request_without_services_is_a_mistake() {
    let error = refused(event(&[])).await.result.unwrap_err();
    assert_eq!(error.name(), "NoServices");
    assert!(
        error
            .to_string()
            .starts_with("the event names no service to measure; expected {")
    );
}

#[tokio::test]
async fn nothing_to_count_is_not_zero() {
    let outcome = refused(event(&[
        counting("a", "b", &["q"], &[]),
        service("a", "c", &[]),
    ]))
    .await;
    let reasons = [
        "a/b/q: `count` is empty, so there is nothing to measure",
        "a/c: the service names no queue",
    ];
    assert_eq!(outcome.reasons(), reasons);
}

#[tokio::test]
async fn count_defaults_to_visible() {
    let mut request = service("a", "b", &["q"]);
    request.as_object_mut().unwrap().remove("count");
    let outcome = Cloud::default()
        .queue("q", 5)
        .service("a", "b", 5)
        .run(event(&[request]))
        .await;
    assert_eq!(outcome.values(), [("a/b/q".to_owned(), 1.0)]);
}

#[tokio::test]
async fn a_doubled_target_is_one_datapoint() {
    let cloud = Cloud::default().queue("q", 5).service("a", "b", 5);
    let request = [service("a", "b", &["q", "q"]), service("a", "b", &["q"])];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(outcome.values(), [("a/b/q".to_owned(), 1.0)]);
    assert_eq!(outcome.calls.puts[0].metric_data().len(), 1);
    assert_eq!(
        (outcome.calls.queues.len(), outcome.calls.services.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_target_asked_for_in_two_ways_is_ambiguous() {
    let cloud = Cloud::default()
        .queue("q", 5)
        .queue("other", 1)
        .service("a", "b", 5);
    let request = [
        service("a", "b", &["q", "other"]),
        counting("a", "b", &["q"], &["delayed"]),
        service("a", "b", &["q"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(outcome.values(), [("a/b/other".to_owned(), 0.2)]);
    let reason = "a/b/q: the request contains it twice, with different queue URLs, counts, or demand settings";
    assert_eq!(outcome.reasons(), [reason]);
}

#[tokio::test]
async fn names_that_aws_would_refuse_stay_out_of_the_calls() {
    let long = "x".repeat(256);
    let arn = "arn:aws:ecs:us-west-2:111122223333:service/a/b";
    for bad in ["", " ", "a/b", "ü", "a\nb", arn, &long] {
        let cloud = Cloud::default().queue("q", 4).service("a", "b", 2);
        let request = [
            service("a", bad, &["q"]),
            service(bad, "b", &["q"]),
            service("a", "b", &["q"]),
        ];
        let outcome = cloud.run(event(&request)).await;
        assert_eq!(outcome.values(), [("a/b/q".to_owned(), 2.0)]);
        let failed = &outcome.partial().failed;
        assert_eq!(failed.len(), 2, "{failed:?}");
        let reason = failed[0].reason.to_string();
        assert!(
            reason.contains("up to 255 letters, digits, hyphens"),
            "{reason}"
        );
        assert_eq!(outcome.calls.services.len(), 1);
    }
    let long = "x".repeat(1025);
    for bad in ["", "  ", ":q", "ü", "a\u{7}b", &long] {
        let cloud = Cloud::default()
            .queue("q", 4)
            .queue(bad, 4)
            .service("a", "b", 2);
        let outcome = cloud.run(event(&[service("a", "b", &[bad, "q"])])).await;
        assert_eq!(outcome.values(), [("a/b/q".to_owned(), 2.0)]);
        let reason = outcome.partial().failed[0].reason.to_string();
        assert!(reason.contains("is not a queue name"), "{reason}");
        assert_eq!(outcome.calls.queues.len(), 1);
    }
}
