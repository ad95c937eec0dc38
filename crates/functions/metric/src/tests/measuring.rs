//! The published datapoints, including their dimensions.

use aws_sdk_cloudwatch::types::{MetricDatum, StandardUnit};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::json;

use super::cloud::{Cloud, counting, event, now, service, url};

#[tokio::test]
async fn worked_example_1500_messages_on_10_tasks_is_150() {
    let cloud = Cloud::default()
        .queue("vouchers", 1_500)
        .service("voucher", "voucher-worker", 10);
    let outcome = cloud
        .run(event(&[service(
            "voucher",
            "voucher-worker",
            &["vouchers"],
        )]))
        .await;

    let answer = serde_json::to_value(outcome.answer()).unwrap();
    let expected = json!({
        "published": [{"cluster": "voucher", "service": "voucher-worker", "queue": "vouchers",
                       "messages": 1500, "running": 10, "backlog_per_task": 150.0}],
        "failed": [],
    });
    assert_eq!(answer, expected);

    assert_eq!(outcome.calls.puts.len(), 1);
    let put = &outcome.calls.puts[0];
    assert_eq!(put.namespace(), Some("EcsScaler"));
    let [datum] = put.metric_data() else {
        panic!("one datapoint, got {put:?}")
    };
    assert_eq!(datum.metric_name(), Some("BacklogPerTask"));
    assert_eq!(datum.value(), Some(150.0));
    assert_eq!(datum.unit(), Some(&StandardUnit::Count));
    assert_eq!(datum.timestamp(), Some(&now().into()));
    assert_eq!(
        datum.storage_resolution(),
        None,
        "a standard metric, of one minute"
    );
    assert_eq!(
        (datum.values(), datum.counts(), datum.statistic_values()),
        (&[][..], &[][..], None)
    );
    let dimensions = [
        ("ClusterName", "voucher"),
        ("ServiceName", "voucher-worker"),
        ("QueueName", "vouchers"),
    ];
    assert_eq!(dimensions_of(datum), dimensions);
}

#[tokio::test]
async fn the_value_is_not_rounded() {
    let cloud = Cloud::default()
        .queue("vouchers", 10)
        .service("voucher", "voucher-worker", 3);
    let outcome = cloud
        .run(event(&[service(
            "voucher",
            "voucher-worker",
            &["vouchers"],
        )]))
        .await;
    let value = outcome.answer().published[0].backlog_per_task;
    assert!((value - 10.0 / 3.0).abs() < 1e-12, "{value}");
}

#[tokio::test]
async fn with_no_running_task_the_whole_backlog_shows() {
    let cloud = Cloud::default()
        .queue("vouchers", 42)
        .service("voucher", "voucher-worker", 0);
    let outcome = cloud
        .run(event(&[service(
            "voucher",
            "voucher-worker",
            &["vouchers"],
        )]))
        .await;
    let published = &outcome.answer().published[0];
    assert_eq!((published.messages, published.running), (42, 0));
    assert_eq!(outcome.calls.puts[0].metric_data()[0].value(), Some(42.0));
}

#[tokio::test]
async fn an_empty_queue_is_a_true_zero() {
    let cloud = Cloud::default()
        .queue("vouchers", 0)
        .service("voucher", "voucher-worker", 0);
    let outcome = cloud
        .run(event(&[service(
            "voucher",
            "voucher-worker",
            &["vouchers"],
        )]))
        .await;
    assert_eq!(outcome.calls.puts[0].metric_data()[0].value(), Some(0.0));
}

#[tokio::test]
async fn counts_beyond_32_bits_are_counted() {
    for messages in [u64::from(u32::MAX) + 1, 5_000_000_000, u64::MAX] {
        for running in [0, 1, i32::MAX] {
            let cloud = Cloud::default()
                .queue("vouchers", messages)
                .service("a", "b", running);
            let outcome = cloud.run(event(&[service("a", "b", &["vouchers"])])).await;
            assert_eq!(outcome.answer().published[0].messages, messages);
            let value = outcome.calls.puts[0].metric_data()[0].value().unwrap();
            let exact = messages as f64 / f64::from(running.max(1));
            // CloudWatch accepts no NaN, no infinity, and no value beyond 2^360.
            assert!(value.is_finite() && value < 2f64.powi(360));
            assert!(
                (value - exact).abs() <= exact * 1e-12,
                "{value} is not {exact}"
            );
        }
    }
}

#[tokio::test]
async fn count_adds_the_named_attributes_and_asks_for_no_other() {
    let cloud = Cloud::default()
        .queue("vouchers", 100)
        .attribute("vouchers", "ApproximateNumberOfMessagesNotVisible", "20")
        .attribute("vouchers", "ApproximateNumberOfMessagesDelayed", "3")
        .service("voucher", "worker", 1);
    let all = ["visible", "in_flight", "delayed", "visible"];
    let outcome = cloud
        .run(event(&[counting("voucher", "worker", &["vouchers"], &all)]))
        .await;
    assert_eq!(
        outcome.answer().published[0].messages,
        123,
        "each kind once"
    );
    let asked = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    assert_eq!(outcome.calls.queues[0].attribute_names(), asked);

    let cloud = Cloud::default()
        .queue("vouchers", 100)
        .service("voucher", "worker", 1);
    let outcome = cloud
        .run(event(&[service("voucher", "worker", &["vouchers"])]))
        .await;
    let asked = [QueueAttributeName::ApproximateNumberOfMessages];
    assert_eq!(outcome.calls.queues[0].attribute_names(), asked);
}

#[tokio::test]
async fn several_queues_services_and_clusters() {
    let cloud = Cloud::default()
        .queue("vouchers", 300)
        .queue("orders", 50)
        .service("voucher", "worker", 3)
        .service("voucher", "mailer", 5)
        .service("shop", "worker", 2);
    let request = [
        service("voucher", "worker", &["vouchers", "orders"]),
        service("shop", "worker", &["orders"]),
        service("voucher", "mailer", &["orders"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    let expected = [
        ("shop/worker/orders", 25.0),
        ("voucher/mailer/orders", 10.0),
        ("voucher/worker/orders", 50.0 / 3.0),
        ("voucher/worker/vouchers", 100.0),
    ];
    assert_eq!(
        outcome.values(),
        expected.map(|(name, value)| (name.to_owned(), value))
    );

    let mut urls: Vec<&str> = outcome
        .calls
        .queues
        .iter()
        .filter_map(|call| call.queue_url())
        .collect();
    urls.sort_unstable();
    assert_eq!(
        urls,
        [url("orders"), url("vouchers")],
        "a shared queue is read once"
    );
    let mut described: Vec<(&str, &[String])> = outcome
        .calls
        .services
        .iter()
        .map(|call| (call.cluster().unwrap(), call.services()))
        .collect();
    described.sort_unstable();
    let expected: [(&str, &[String]); 2] = [
        ("shop", &["worker".to_owned()]),
        ("voucher", &["mailer".to_owned(), "worker".to_owned()]),
    ];
    assert_eq!(
        described, expected,
        "a cluster's services go together, each once"
    );
    assert_eq!(outcome.calls.puts.len(), 1);
}

#[tokio::test]
async fn a_shared_queue_is_read_once_for_all_that_is_counted() {
    let cloud = Cloud::default()
        .queue("vouchers", 100)
        .attribute("vouchers", "ApproximateNumberOfMessagesNotVisible", "7")
        .service("voucher", "worker", 1)
        .service("voucher", "auditor", 1);
    let request = [
        service("voucher", "worker", &["vouchers"]),
        counting("voucher", "auditor", &["vouchers"], &["in_flight"]),
    ];
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(outcome.calls.queues.len(), 1);
    let messages: Vec<u64> = outcome
        .answer()
        .published
        .iter()
        .map(|one| one.messages)
        .collect();
    assert_eq!(
        messages,
        [7, 100],
        "each service counts only what it asked for"
    );
}

#[tokio::test]
async fn a_draining_service_still_has_its_tasks() {
    let cloud = Cloud::default()
        .queue("vouchers", 8)
        .service_in("a", "b", "DRAINING", 4);
    let outcome = cloud.run(event(&[service("a", "b", &["vouchers"])])).await;
    assert_eq!(outcome.values(), [("a/b/vouchers".to_owned(), 2.0)]);
}

fn dimensions_of(datum: &MetricDatum) -> Vec<(&str, &str)> {
    datum
        .dimensions()
        .iter()
        .map(|one| (one.name().unwrap(), one.value().unwrap()))
        .collect()
}
