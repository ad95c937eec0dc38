//! Services without tasks: one message scales them from zero, and nothing else does.

use aws_sdk_cloudwatch::types::{MetricDatum, StandardUnit};
use serde_json::{Value, json};

use super::cloud::{Cloud, TestOutcome, counting, event, now, service};

/// A request that also asks for the backlog without tasks.
fn waking(mut request: Value) -> Value {
    request["wake"] = json!(true);
    request
}

/// Every published datum of the metric by its name.
fn published<'a>(outcome: &'a TestOutcome, metric: &str) -> Vec<&'a MetricDatum> {
    let data = outcome.calls.puts.iter().flat_map(|put| put.metric_data());
    data.filter(|datum| datum.metric_name() == Some(metric))
        .collect()
}

fn wake_value(outcome: &TestOutcome) -> Option<f64> {
    match published(outcome, "BacklogWithoutTasks").as_slice() {
        [] => None,
        [one] => one.value(),
        more => panic!("{more:?}"),
    }
}

#[tokio::test]
async fn the_whole_backlog_shows_while_no_task_is_desired() {
    let cloud = Cloud::default()
        .queue("vouchers", 3)
        .queue("orders", 4)
        .attribute("orders", "ApproximateNumberOfMessagesDelayed", "50")
        .service("a", "b", 0);
    let request = waking(counting("a", "b", &["vouchers", "orders"], &["visible"]));
    let outcome = cloud.run(event(&[request])).await;
    let [datum] = published(&outcome, "BacklogWithoutTasks")[..] else {
        panic!("one datapoint, got {:?}", outcome.calls.puts)
    };
    assert_eq!(datum.value(), Some(7.0));
    assert_eq!(datum.unit(), Some(&StandardUnit::Count));
    assert_eq!(datum.timestamp(), Some(&now().into()));
    let dimensions = datum.dimensions().iter();
    let dimensions: Vec<_> = dimensions.map(|one| (one.name(), one.value())).collect();
    let expected = [
        (Some("ClusterName"), Some("a")),
        (Some("ServiceName"), Some("b")),
    ];
    assert_eq!(dimensions, expected);
    assert_eq!(published(&outcome, "BacklogPerTask").len(), 2);
    assert_eq!(outcome.calls.puts.len(), 1, "both metrics go in one call");
    let answer = serde_json::to_value(outcome.answer()).unwrap();
    let expected =
        json!([{"cluster": "a", "service": "b", "desired": 0, "backlog_without_tasks": 7}]);
    assert_eq!(answer["waking"], expected);
}

/// The policy tracks the sum of both queues. Its target is 100, and its low alarm is below 90.
#[tokio::test]
async fn the_last_task_is_kept_while_there_is_work() {
    for (messages, running, expected) in [
        ([0, 0], 1, [0.0, 0.0]),
        ([0, 1], 0, [94.0, 1.0]),
        ([0, 1], 1, [94.0, 1.0]),
        ([60, 80], 1, [60.0, 80.0]),
        ([2, 4], 2, [1.0, 2.0]),
    ] {
        let cloud = Cloud::default()
            .queue("first", messages[0])
            .queue("second", messages[1])
            .service("a", "b", running);
        let mut request = waking(counting("a", "b", &["first", "second"], &["visible"]));
        request["target"] = json!(100.0);
        let outcome = cloud.run(event(&[request])).await;
        let values: Vec<_> = published(&outcome, "BacklogPerTask")
            .iter()
            .filter_map(|datum| datum.value())
            .collect();
        assert_eq!(values, expected, "{messages:?} on {running}");
    }
}

#[tokio::test]
async fn what_counts_as_backlog_counts_here_too() {
    let cloud = Cloud::default()
        .queue("q", 0)
        .attribute("q", "ApproximateNumberOfMessagesDelayed", "2")
        .service("a", "b", 0);
    let request = waking(counting("a", "b", &["q"], &["visible", "delayed"]));
    assert_eq!(wake_value(&cloud.run(event(&[request])).await), Some(2.0));
}

/// Its policy sets the count to one, so it must never see a value above 0 for a service with tasks.
#[tokio::test]
async fn it_is_zero_from_the_first_desired_task_on() {
    for (running, desired) in [(0, 1), (1, 1), (5, 5), (0, 20)] {
        let cloud = Cloud::default()
            .queue("q", 1_000)
            .service("a", "b", running)
            .desired("a", "b", desired);
        let outcome = cloud.run(event(&[waking(service("a", "b", &["q"]))])).await;
        assert_eq!(wake_value(&outcome), Some(0.0), "{running} of {desired}");
    }
    // Tasks that are stopping don't serve the backlog for long.
    let stopping = Cloud::default()
        .queue("q", 9)
        .service("a", "b", 2)
        .desired("a", "b", 0);
    let outcome = stopping
        .run(event(&[waking(service("a", "b", &["q"]))]))
        .await;
    assert_eq!(wake_value(&outcome), Some(9.0));
}

#[tokio::test]
async fn nobody_is_woken_by_an_empty_queue() {
    let cloud = Cloud::default().queue("q", 0).service("a", "b", 0);
    let outcome = cloud.run(event(&[waking(service("a", "b", &["q"]))])).await;
    assert_eq!(wake_value(&outcome), Some(0.0));
}

#[tokio::test]
async fn only_who_asks_gets_it() {
    let cloud = Cloud::default()
        .queue("q", 1)
        .service("a", "b", 0)
        .service("a", "c", 0);
    let request = [waking(service("a", "b", &["q"])), service("a", "c", &["q"])];
    let outcome = cloud.run(event(&request)).await;
    let woken: Vec<&str> = outcome
        .answer()
        .waking
        .iter()
        .map(|one| one.service.as_str())
        .collect();
    assert_eq!(woken, ["b"]);
}

#[tokio::test]
async fn a_queue_that_cannot_be_read_is_no_empty_queue() {
    let request = || event(&[waking(service("a", "b", &["q", "gone"]))]);
    let empty = Cloud::default().queue("q", 0).service("a", "b", 0);
    let outcome = empty.run(request()).await;
    assert_eq!(wake_value(&outcome), None);
    assert_eq!(outcome.partial().failed.len(), 1);
    let waiting = Cloud::default().queue("q", 1).service("a", "b", 0);
    let outcome = waiting.run(request()).await;
    assert_eq!(
        wake_value(&outcome),
        Some(1.0),
        "one known message is enough"
    );
    assert_eq!(outcome.partial().failed.len(), 1);
    let error = outcome.result.unwrap_err().to_string();
    assert!(
        error.ends_with("2 published: a/b/q = 1; a/b without tasks = 1"),
        "{error}"
    );
    // If there are tasks, no queue is needed to know that the service has scaled from zero.
    let awake = Cloud::default().queue("q", 0).service("a", "b", 1);
    assert_eq!(wake_value(&awake.run(request()).await), Some(0.0));
}

#[tokio::test]
async fn a_service_that_cannot_be_read_is_not_woken() {
    let asleep = |status, running| {
        Cloud::default()
            .queue("q", 5)
            .service_in("a", "b", status, running)
    };
    let request = || event(&[waking(service("a", "b", &["q"]))]);
    for (status, running) in [("INACTIVE", 0), ("", 0), ("LOST", 0), ("ACTIVE", -1)] {
        let outcome = asleep(status, running).run(request()).await;
        assert_eq!(wake_value(&outcome), None, "{status} {running}");
        assert_eq!(outcome.partial().failed.len(), 1);
    }
    let negative = asleep("ACTIVE", 0).desired("a", "b", -1);
    let outcome = negative.run(request()).await;
    assert_eq!(wake_value(&outcome), None);
    assert_eq!(
        outcome.reasons(),
        ["a/b/q: service reports -1 desired tasks"]
    );
}

#[tokio::test]
async fn names_that_aws_would_refuse_make_the_sum_incomplete() {
    let request = || event(&[waking(service("a", "b", &["q", ":bad"]))]);
    let cloud = |messages| Cloud::default().queue("q", messages).service("a", "b", 0);
    assert_eq!(wake_value(&cloud(0).run(request()).await), None);
    assert_eq!(wake_value(&cloud(2).run(request()).await), Some(2.0));
}

#[tokio::test]
async fn a_refused_datapoint_is_a_failed_target() {
    let cloud = Cloud::default()
        .queue("q", 1)
        .service("a", "b", 0)
        .refuse("b");
    let outcome = cloud.run(event(&[waking(service("a", "b", &["q"]))])).await;
    let reasons = [
        "a/b: PutMetricData failed: AccessDenied: not b",
        "a/b/q: PutMetricData failed: AccessDenied: not b",
    ];
    assert_eq!(outcome.reasons(), reasons);
    assert!(outcome.partial().waking.is_empty());
}

#[tokio::test]
async fn counts_beyond_64_bits_wake_too() {
    let cloud = Cloud::default()
        .queue("q", u64::MAX)
        .attribute("q", "ApproximateNumberOfMessagesDelayed", "1")
        .service("a", "b", 0);
    let request = waking(counting("a", "b", &["q"], &["visible", "delayed"]));
    let value = wake_value(&cloud.run(event(&[request])).await).unwrap();
    assert!(value.is_finite() && value > 1e19, "{value}");
}
