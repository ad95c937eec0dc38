//! Large fleets: the number of calls, and their content.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use aws_sdk_cloudwatch::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_cloudwatch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_cloudwatch::error::BoxError;
use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataOutput;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use serde_json::Value;
use tokio::time::Instant;

use super::cloud::{Cloud, TestOutcome, event, now, service};
use crate::publish::{self, Datapoint};
use crate::{Published, Target};

#[tokio::test(start_paused = true)]
async fn a_thousand_services_cost_100_and_1000_and_1_calls() {
    let mut cloud = Cloud::default();
    let mut request = Vec::new();
    for number in 0..1_000u32 {
        let (name, queue) = (format!("service-{number}"), format!("queue-{number}"));
        cloud = cloud
            .queue(&queue, u64::from(number))
            .service("fleet", &name, 2);
        request.push(service("fleet", &name, &[&queue]));
    }
    let outcome = cloud.run(event(&request)).await;

    let calls = &outcome.calls;
    assert_eq!(
        (calls.services.len(), calls.queues.len(), calls.puts.len()),
        (100, 1_000, 1)
    );
    assert!(
        calls
            .services
            .iter()
            .all(|call| call.services().len() == 10)
    );
    let described: BTreeSet<&String> = calls
        .services
        .iter()
        .flat_map(|call| call.services())
        .collect();
    assert_eq!(described.len(), 1_000, "each service once");
    let read: BTreeSet<&str> = calls
        .queues
        .iter()
        .filter_map(|call| call.queue_url())
        .collect();
    assert_eq!(read.len(), 1_000, "each queue once");
    assert_eq!(calls.puts[0].metric_data().len(), 1_000);
    for published in &outcome.answer().published {
        let number: u32 = published
            .target
            .service
            .trim_start_matches("service-")
            .parse()
            .unwrap();
        assert_eq!(published.target.queue, format!("queue-{number}"));
        assert!((published.backlog_per_task - f64::from(number) / 2.0).abs() < 1e-12);
    }
    let answer = serde_json::to_vec(outcome.answer()).unwrap();
    assert!(
        answer.len() < 6_000_000,
        "Lambda's limit of an answer; it is {}",
        answer.len()
    );
}

#[tokio::test(start_paused = true)]
async fn clusters_are_described_apart_and_the_last_batch_is_the_rest() {
    let mut cloud = Cloud::default().queue("q", 1);
    let mut request: Vec<Value> = Vec::new();
    for number in 0..11 {
        for cluster in ["one", "two"] {
            let name = format!("s{number}");
            cloud = cloud.service(cluster, &name, 1);
            request.push(service(cluster, &name, &["q"]));
        }
    }
    let outcome = cloud.run(event(&request)).await;
    assert_eq!(outcome.answer().published.len(), 22);
    let mut sizes: Vec<(&str, usize)> = outcome
        .calls
        .services
        .iter()
        .map(|call| (call.cluster().unwrap(), call.services().len()))
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [("one", 1), ("one", 10), ("two", 1), ("two", 10)]);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_thousand_datapoints_are_put_in_two_calls() {
    let outcome = one_service_with(1_001, None).await;
    let mut sizes: Vec<usize> = outcome
        .calls
        .puts
        .iter()
        .map(|put| put.metric_data().len())
        .collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1_000]);
    assert_eq!(outcome.answer().published.len(), 1_001);
    let stamps: BTreeSet<_> = outcome
        .calls
        .puts
        .iter()
        .flat_map(|put| put.metric_data())
        .map(|datum| datum.timestamp().unwrap().secs())
        .collect();
    assert_eq!(stamps.len(), 1, "one timestamp an invocation");
}

#[tokio::test(start_paused = true)]
async fn a_refused_put_fails_its_own_datapoints_only() {
    let outcome = one_service_with(2_500, Some("q00000")).await;
    assert_eq!(outcome.calls.puts.len(), 3);
    let answer = outcome.partial();
    assert_eq!(
        (answer.published.len(), answer.failed.len()),
        (1_500, 1_000)
    );
    let reason = answer.failed[0].reason.to_string();
    assert_eq!(reason, "PutMetricData failed: AccessDenied: not q00000");
    assert_eq!(answer.failed[999].target.queue, "q00999");
}

async fn one_service_with(queues: usize, refuse: Option<&str>) -> TestOutcome {
    let names: Vec<String> = (0..queues).map(|number| format!("q{number:05}")).collect();
    let mut cloud = Cloud::default().service("a", "b", 1);
    for name in &names {
        cloud = cloud.queue(name, 1);
    }
    if let Some(word) = refuse {
        cloud = cloud.refuse(word);
    }
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    cloud.run(event(&[service("a", "b", &names)])).await
}

/// Records the number of bytes of each request.
#[derive(Clone, Debug, Default)]
struct Sizes(Arc<Mutex<Vec<usize>>>);

impl Intercept for Sizes {
    fn name(&self) -> &'static str {
        "Sizes"
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.0
            .lock()
            .unwrap()
            .push(context.request().body().bytes().unwrap().len());
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn no_put_is_over_a_megabyte_whatever_the_names() {
    let rule = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
        .then_output(|| PutMetricDataOutput::builder().build());
    for length in [1, 20, 255] {
        let sizes = Sizes::default();
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&rule], |config| {
            config
                .disable_request_compression(true)
                .interceptor(sizes.clone())
        });
        let name = |number: usize| format!("{number:0>length$}");
        let datapoints: Vec<Datapoint> = (0..3_000)
            .map(|number| Published {
                target: Target {
                    cluster: name(1),
                    service: name(2),
                    queue: name(number).repeat(4),
                },
                messages: u64::MAX,
                running: 1,
                backlog_per_task: u64::MAX as f64,
            })
            .map(Datapoint::PerTask)
            .collect();
        let namespace = "n".repeat(255);
        let deadline = Instant::now() + std::time::Duration::from_secs(60);
        let answer = publish::publish(&client, &namespace, datapoints, now(), deadline).await;
        assert_eq!(answer.published.len(), 3_000);
        let sizes = sizes.0.lock().unwrap();
        assert!(sizes.iter().all(|size| *size < 1_000_000), "{sizes:?}");
        let calls = if length == 255 { 6 } else { 3 };
        assert_eq!(sizes.len(), calls, "{sizes:?}");
    }
}
