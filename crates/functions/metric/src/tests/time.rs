//! AWS stops responding: the invocation still ends in time, and publishes the data that it could read. Replies are
//! lost below the SDK, on a paused clock, with the timeouts and retries of the real clients.

use std::time::Duration;

use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::Service;
use aws_smithy_mocks::{RuleMode, mock, mock_client};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use lambda_kit::{retries, timeouts};
use tokio::time::Instant;

use super::cloud::{event, invoke, service};
use crate::{Answer, Clients, InvocationError};

/// Answers every call whose body doesn't contain this word; the others never get an answer.
#[derive(Clone, Debug)]
struct Silence(&'static str);

impl HttpConnector for Silence {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let body = request.body().bytes().unwrap_or_default();
        if String::from_utf8_lossy(body).contains(self.0) {
            return HttpConnectorFuture::new(std::future::pending());
        }
        let body = r#"{"Attributes":{"ApproximateNumberOfMessages":"30"}}"#;
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), body.into())))
    }
}

fn silence(word: &'static str) -> SharedHttpClient {
    http_client_fn(move |_, _| SharedHttpConnector::new(Silence(word)))
}

fn clients() -> Clients {
    let sqs = aws_sdk_sqs::Config::builder()
        .with_test_defaults_v2()
        .http_client(silence("held"))
        .retry_config(retries())
        .timeout_config(timeouts())
        .build();
    let ecs = mock!(aws_sdk_ecs::Client::describe_services).then_output(|| {
        let service = Service::builder()
            .service_name("b")
            .status("ACTIVE")
            .running_count(3);
        DescribeServicesOutput::builder()
            .services(service.build())
            .build()
    });
    let cloudwatch = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
        .then_output(|| PutMetricDataOutput::builder().build());
    Clients {
        sqs: aws_sdk_sqs::Client::from_conf(sqs),
        ecs: mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&ecs]),
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&cloudwatch]),
    }
}

/// Runs on these queues, and checks that the answer comes before the function's time is over.
async fn run(clients: &Clients, queues: &[&str], time_left: Duration) -> Answer {
    let started = Instant::now();
    let (result, _) = invoke(clients, event(&[service("a", "b", queues)]), time_left).await;
    let took = started.elapsed();
    assert!(took < time_left, "took {took:?} of {time_left:?}");
    match result {
        Err(InvocationError::TargetsFailed(answer)) => answer,
        other => panic!("expected failed targets, got {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_held_queue_does_not_hold_the_others() {
    let answer = run(&clients(), &["held", "q1", "q2"], Duration::from_secs(30)).await;
    let published: Vec<&str> = answer
        .published
        .iter()
        .map(|one| one.target.queue.as_str())
        .collect();
    assert_eq!(published, ["q1", "q2"]);
    let reason = answer.failed[0].reason.to_string();
    assert!(
        reason.starts_with("GetQueueAttributes failed: "),
        "{reason}"
    );
    assert!(reason.contains("timeout"), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_function_with_little_time_still_publishes_and_reports() {
    for seconds in [1, 3, 10] {
        let answer = run(&clients(), &["held", "q"], Duration::from_secs(seconds)).await;
        assert_eq!(answer.published[0].target.queue, "q");
        let reason = answer.failed[0].reason.to_string();
        assert_eq!(
            reason,
            "GetQueueAttributes got no response before the function's timeout"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn hundreds_of_held_queues_end_in_time_too() {
    let names: Vec<String> = (0..1_000).map(|number| format!("held-{number}")).collect();
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .chain(["a-queue"])
        .collect();
    let answer = run(&clients(), &names, Duration::from_secs(30)).await;
    assert_eq!((answer.published.len(), answer.failed.len()), (1, 1_000));
}

#[tokio::test(start_paused = true)]
async fn a_held_put_fails_its_own_datapoints_in_time() {
    let mut clients = clients();
    let cloudwatch = aws_sdk_cloudwatch::Config::builder()
        .with_test_defaults_v2()
        .http_client(silence("zulu"))
        .retry_config(retries())
        .timeout_config(timeouts())
        .build();
    clients.cloudwatch = aws_sdk_cloudwatch::Client::from_conf(cloudwatch);
    let names: Vec<String> = (0..1_000).map(|number| format!("q{number}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    // Last in order, so in a separate put, and too small to be compressed.
    names.push("zulu");
    let answer = run(&clients, &names, Duration::from_secs(30)).await;
    assert_eq!((answer.published.len(), answer.failed.len()), (1_000, 1));
    let reason = answer.failed[0].reason.to_string();
    assert!(reason.starts_with("PutMetricData "), "{reason}");
}
