//! The arrivals of the last days, from SQS metrics.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::MetricDataQuery;
use tokio::time::Instant;

use crate::measured::{OPERATION, last_minutes, metric_query, since_epoch};
use crate::{CallError, in_time};

/// Maximum number of pages of an answer. A page contains 100,800 datapoints: two weeks of five queues.
///
/// Source: Amazon CloudWatch API Reference, GetMetricData.
const PAGES: usize = 20;

/// The sum of the messages sent to these queues in each of the last `minutes` before `now`, by the start of the
/// minute (both since the Unix epoch). Minutes without a datapoint are missing. CloudWatch keeps minutes for 15
/// days.
///
/// # Errors
/// If a call fails or has no answer in time.
pub async fn sent_by_minute(
    client: &Client,
    queues: &BTreeSet<&str>,
    now: Duration,
    minutes: u64,
    deadline: Instant,
) -> Result<BTreeMap<Duration, f64>, CallError> {
    let (start, end) = last_minutes(now, minutes);
    let named = queues.iter().enumerate();
    let queries: Vec<MetricDataQuery> = named
        .map(|(index, name)| metric_query('s', index, name, "NumberOfMessagesSent", "Sum"))
        .collect();
    let mut sent = BTreeMap::<Duration, f64>::new();
    let mut token = None;
    for _ in 0..PAGES {
        let call = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.clone()))
            .start_time(start)
            .end_time(end)
            .set_next_token(token.take())
            .send();
        let page = in_time(OPERATION, deadline, call).await?;
        for result in page.metric_data_results() {
            for (at, value) in result.timestamps().iter().zip(result.values()) {
                if let Some(start) = since_epoch(at) {
                    *sent.entry(start).or_default() += value;
                }
            }
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            break;
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
    use aws_sdk_cloudwatch::types::MetricDataResult;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use aws_smithy_types::DateTime;

    use super::*;

    fn page(index: usize, points: &[(i64, f64)], next: Option<&str>) -> GetMetricDataOutput {
        let (times, values) = points
            .iter()
            .map(|(minute, value)| (DateTime::from_secs(minute * 60), *value))
            .unzip();
        let result = MetricDataResult::builder()
            .id(format!("s{index}"))
            .set_timestamps(Some(times))
            .set_values(Some(values))
            .build();
        GetMetricDataOutput::builder()
            .metric_data_results(result)
            .set_next_token(next.map(str::to_owned))
            .build()
    }

    /// 3 and 4 messages in one minute of two queues make 7, and the second page adds a minute.
    #[tokio::test]
    async fn adds_queues_and_reads_every_page() {
        let first = mock!(Client::get_metric_data)
            .match_requests(|input| input.next_token().is_none())
            .then_output(|| page(0, &[(98, 3.0)], Some("more")));
        let second = mock!(Client::get_metric_data)
            .match_requests(|input| input.next_token() == Some("more"))
            .then_output(|| page(1, &[(98, 4.0), (97, 5.0)], None));
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&first, &second]);
        let deadline = Instant::now() + Duration::from_secs(5);
        let queues = ["orders", "vouchers"].into();
        let now = Duration::from_secs(100 * 60 + 42);
        let sent = sent_by_minute(&client, &queues, now, 10, deadline).await;
        let minute = |minute: u64| Duration::from_secs(minute * 60);
        assert_eq!(sent, Ok([(minute(97), 5.0), (minute(98), 7.0)].into()));
    }
}
