//! Throttling, lost replies, and time: with the timeouts and retries of the real clients, on a paused clock.

use std::time::Duration;

use aws_sdk_cloudwatch::operation::put_metric_data::PutMetricDataOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::Service;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use lambda_kit::{retries, timeouts};
use tokio::time::Instant;

use super::cloud::{event, invoke, service};
use crate::{Clients, InvocationError};

const THROTTLED: &str = r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#;
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(30);

fn queue() -> GetQueueAttributesOutput {
    GetQueueAttributesOutput::builder()
        .attributes(QueueAttributeName::ApproximateNumberOfMessages, "30")
        .build()
}

fn workers() -> DescribeServicesOutput {
    let service = Service::builder()
        .service_name("b")
        .status("ACTIVE")
        .running_count(3)
        .build();
    DescribeServicesOutput::builder().services(service).build()
}

fn put() -> PutMetricDataOutput {
    PutMetricDataOutput::builder().build()
}

fn clients(sqs: &Rule, ecs: &Rule, cloudwatch: &Rule) -> Clients {
    Clients {
        sqs: mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [sqs], |config| config
            .retry_config(retries())
            .timeout_config(timeouts())),
        ecs: mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [ecs], |config| config
            .retry_config(retries())
            .timeout_config(timeouts())),
        cloudwatch: mock_client!(
            aws_sdk_cloudwatch,
            RuleMode::MatchAny,
            [cloudwatch],
            |config| { config.retry_config(retries()).timeout_config(timeouts()) }
        ),
    }
}

#[tokio::test(start_paused = true)]
async fn throttling_is_answered_by_retry_within_the_functions_timeout() {
    let throttled = || Some(THROTTLED.to_owned());
    let sqs = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .sequence()
        .http_status(400, throttled())
        .times(3)
        .output(queue)
        .build();
    let ecs = mock!(aws_sdk_ecs::Client::describe_services)
        .sequence()
        .http_status(400, throttled())
        .times(3)
        .output(workers)
        .build();
    let cloudwatch = mock!(aws_sdk_cloudwatch::Client::put_metric_data)
        .sequence()
        .http_status(503, None)
        .times(3)
        .output(put)
        .build();
    let clients = clients(&sqs, &ecs, &cloudwatch);

    let started = Instant::now();
    let (result, _) = invoke(
        &clients,
        event(&[service("a", "b", &["q"])]),
        FUNCTION_TIMEOUT,
    )
    .await;
    assert!((result.unwrap().published[0].backlog_per_task - 10.0).abs() < 1e-12);
    assert_eq!(
        (sqs.num_calls(), ecs.num_calls(), cloudwatch.num_calls()),
        (4, 4, 4)
    );
    let took = started.elapsed();
    assert!(
        took > Duration::ZERO && took < Duration::from_secs(8),
        "{took:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn throttling_without_end_fails_the_target_in_time() {
    let sqs = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .sequence()
        .http_status(400, Some(THROTTLED.to_owned()))
        .repeatedly()
        .build();
    let ecs = mock!(aws_sdk_ecs::Client::describe_services).then_output(workers);
    let cloudwatch = mock!(aws_sdk_cloudwatch::Client::put_metric_data).then_output(put);
    let clients = clients(&sqs, &ecs, &cloudwatch);

    let started = Instant::now();
    let (result, _) = invoke(
        &clients,
        event(&[service("a", "b", &["q"])]),
        FUNCTION_TIMEOUT,
    )
    .await;
    let Err(InvocationError::TargetsFailed(answer)) = result else {
        panic!("{result:?}")
    };
    let reason = answer.failed[0].reason.to_string();
    assert_eq!(
        reason,
        "GetQueueAttributes failed: ThrottlingException: Rate exceeded"
    );
    assert_eq!((sqs.num_calls(), cloudwatch.num_calls()), (4, 0));
    assert!(
        started.elapsed() < Duration::from_secs(4),
        "{:?}",
        started.elapsed()
    );
}
