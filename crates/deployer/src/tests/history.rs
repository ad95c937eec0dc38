//! The messages that were sent, from CloudWatch.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataInput, GetMetricDataOutput};
use aws_sdk_cloudwatch::types::{MetricDataResult, StatusCode};
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;

use super::cloud::{cbor_error, run};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::{Between, DeployedStack, Kind, Result, SentHistory, deployed_queues, sent_history};

/// The current time: 20 s and one day after midnight.
const NOW: u64 = 20_000 * 86_400 + 20;

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn result(id: &str, points: &[(u64, f64)]) -> MetricDataResult {
    let times = points
        .iter()
        .map(|(at, _)| DateTime::from_secs(i64::try_from(*at).unwrap()));
    MetricDataResult::builder()
        .id(id)
        .set_timestamps(Some(times.collect()))
        .set_values(Some(points.iter().map(|(_, value)| *value).collect()))
        .status_code(StatusCode::Complete)
        .build()
}

fn answers(results: Vec<MetricDataResult>) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_output(move || {
        GetMetricDataOutput::builder()
            .set_metric_data_results(Some(results.clone()))
            .build()
    })
}

async fn history(rule: Rule, queues: &[&str], between: Between) -> Result<SentHistory> {
    let queues: Vec<String> = queues.iter().map(|name| (*name).to_owned()).collect();
    let (result, _) = run(&[rule], async |session| {
        sent_history(session, &queues, between, at(NOW)).await
    })
    .await;
    result
}

#[tokio::test]
async fn pages_and_queues_are_added_up_minute_by_minute() {
    let asked: Arc<Mutex<Vec<GetMetricDataInput>>> = Arc::default();
    let seen = Arc::clone(&asked);
    let begin = NOW - 20 - 600;
    let rule =
        mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_response(move |input| {
            seen.lock().unwrap().push(input.clone());
            let output = GetMetricDataOutput::builder();
            let output = if input.next_token().is_none() {
                let orders = result("q0", &[(begin, 3.0), (begin + 60, 4.0)]);
                let returns = result("q1", &[(begin, 10.0)]);
                output
                    .metric_data_results(orders)
                    .metric_data_results(returns)
                    .next_token("more")
            } else {
                output.metric_data_results(result("q0", &[(begin + 240, 7.0)]))
            };
            MockResponse::Output(output.build())
        });
    let found = history(rule, &["orders", "returns"], Between::default()).await;
    let found = found.unwrap();
    assert_eq!(found.counts, [13, 4, 0, 0, 7], "silence is none");
    assert_eq!(
        (found.begin, found.period, found.silent),
        (begin, Duration::from_secs(60), 2)
    );
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    let queries = asked[0].metric_data_queries();
    let stat = queries[1].metric_stat().unwrap();
    let metric = stat.metric().unwrap();
    assert_eq!(
        (metric.namespace(), metric.metric_name(), stat.stat()),
        (Some("AWS/SQS"), Some("NumberOfMessagesSent"), Some("Sum"))
    );
    let dimension = &metric.dimensions()[0];
    assert_eq!(
        (dimension.name(), dimension.value()),
        (Some("QueueName"), Some("returns"))
    );
    let from = asked[0].start_time().unwrap().secs();
    assert_eq!(u64::try_from(from).unwrap(), NOW - 20 - 14 * 86_400);
}

#[tokio::test]
async fn what_is_asked_for_begins_and_ends_as_asked_with_silence_at_both_ends() {
    let (from, to) = (NOW - 20 - 7_200, NOW - 20 - 3_600);
    let between = Between {
        from: Some(at(from + 7)),
        to: Some(at(to + 59)),
    };
    let rule = answers(vec![result("q0", &[(from + 600, 5.0), (to + 60, 99.0)])]);
    let found = history(rule, &["orders"], between).await.unwrap();
    assert_eq!(
        (found.begin, found.counts.len(), found.silent),
        (from, 60, 59)
    );
    assert_eq!(found.counts.iter().sum::<u64>(), 5, "and nothing after it");
    // Two hours without a message until now mean that there were none, not that data is late.
    let rule = answers(vec![result("q0", &[(from, 5.0)])]);
    let found = history(rule, &["orders"], Between::default())
        .await
        .unwrap();
    assert_eq!((found.begin, found.counts.len()), (from, 120));
}

#[tokio::test]
async fn older_history_comes_in_longer_periods() {
    for (days, period) in [(15, 60), (16, 300), (63, 300), (64, 3_600), (455, 3_600)] {
        let from = NOW - days * 86_400;
        let between = Between {
            from: Some(at(from)),
            to: Some(at(from + 86_400)),
        };
        let rule =
            mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(move |input| {
                let query = &input.metric_data_queries()[0];
                let asked = query.metric_stat().unwrap().period().unwrap();
                assert_eq!(u64::try_from(asked).unwrap(), period);
                GetMetricDataOutput::builder()
                    .metric_data_results(result("q0", &[(from + 7_200, 1.0)]))
                    .build()
            });
        let found = history(rule, &["orders"], between).await.unwrap();
        assert_eq!(found.period.as_secs(), period, "{days}");
        assert_eq!(found.counts.len() as u64, 86_400 / period, "{days}");
    }
    let between = Between {
        from: Some(at(NOW - 500 * 86_400)),
        to: None,
    };
    let error = history(answers(vec![]), &["orders"], between).await;
    insta::assert_snapshot!(told(&error.unwrap_err()), @r"
    Failed: CloudWatch keeps no metric for 500 days
      hint: CloudWatch keeps 1-minute datapoints for 15 days, 5-minute datapoints for 63 days, and 1-hour datapoints for 455 days
    ");
}

#[tokio::test]
async fn no_history_is_said() {
    let empty = result("q0", &[]);
    let error = history(answers(vec![empty]), &["orders"], Between::default()).await;
    insta::assert_snapshot!(told(&error.unwrap_err()), @r"
    Failed: CloudWatch has no NumberOfMessagesSent of orders in the requested 14 days
      hint: SQS publishes metrics only while a queue is in use, and a few minutes late for a new queue
      hint: CloudWatch keeps 1-minute datapoints for 15 days, 5-minute datapoints for 63 days, and 1-hour datapoints for 455 days
    ");
    let between = Between {
        from: Some(at(NOW + 60)),
        to: None,
    };
    let error = history(answers(vec![]), &["orders"], between).await;
    assert!(told(&error.unwrap_err()).contains("contains no whole period"));
    let denied = mock!(aws_sdk_cloudwatch::Client::get_metric_data)
        .then_http_response(|| cbor_error("AccessDenied", "not cloudwatch:GetMetricData"));
    let error = history(denied, &["orders"], Between::default()).await;
    let error = error.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable, "{error}");
    assert!(
        error.to_string().contains("not cloudwatch:GetMetricData"),
        "{error}"
    );
    let broken = MetricDataResult::builder()
        .id("q0")
        .status_code(StatusCode::InternalError)
        .build();
    let error = history(answers(vec![broken]), &["orders"], Between::default()).await;
    assert!(error.unwrap_err().to_string().contains("internal error"));
}

#[tokio::test(start_paused = true)]
async fn the_queues_of_a_stack_are_named_by_its_resources() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let url = "https://sqs.us-west-2.amazonaws.com/1/shop-OrdersQueue-1X";
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "OrdersQueue", url);
    let names = async |ids: &[&str]| {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        run(&cloud.rules(), async |session| {
            let stack = DeployedStack::read(session, NAME).await.unwrap();
            deployed_queues(&stack.unwrap(), &ids)
        })
        .await
        .0
    };
    let found = names(&["OrdersQueue"]).await.unwrap();
    assert_eq!(found, ["shop-OrdersQueue-1X"]);
    let error = names(&["OrdersQueue", "ReturnsQueue"]).await.unwrap_err();
    assert!(
        error.to_string().ends_with("has no queue ReturnsQueue yet"),
        "{error}"
    );
}
