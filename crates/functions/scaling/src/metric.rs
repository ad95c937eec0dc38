//! Reads an alarm's metric: how far it is now beyond the threshold.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{MetricDataResult, ScanBy};
use aws_smithy_types::DateTime;
use lambda_kit::in_time;
use tokio::time::Instant;

use crate::Problem;
use crate::alarms::Alarm;

/// Minimum number of periods to read: metrics of AWS services come up to a few minutes late.
const PERIODS: u32 = 3;

/// The value of the latest complete period, and its distance beyond the threshold; `None` without a datapoint or a
/// fixed threshold.
pub(crate) async fn read_distance(
    client: &aws_sdk_cloudwatch::Client,
    alarm: &Alarm,
    now: Duration,
    deadline: Instant,
) -> Result<Option<f64>, Problem> {
    let Some((comparison, threshold)) = alarm.threshold else {
        return Ok(None);
    };
    let (start, end) = read_window(alarm, now);
    let call = client
        .get_metric_data()
        .set_metric_data_queries(Some(alarm.queries.clone()))
        .start_time(start)
        .end_time(end)
        .scan_by(ScanBy::TimestampDescending)
        .send();
    let output = in_time("GetMetricData", deadline, call).await?;
    let value = output.metric_data_results().iter().find_map(latest_value);
    Ok(value.map(|value| comparison.distance(value, threshold)))
}

/// From a few periods ago to the end of the last complete one.
fn read_window(alarm: &Alarm, now: Duration) -> (DateTime, DateTime) {
    let period = alarm.period.as_secs().max(1);
    let end = now.as_secs() / period * period;
    let length = period * u64::from(alarm.evaluation_periods.max(PERIODS));
    let at = |seconds: u64| DateTime::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    (at(end.saturating_sub(length)), at(end))
}

fn latest_value(result: &MetricDataResult) -> Option<f64> {
    let pairs = result.timestamps().iter().zip(result.values());
    let latest = pairs.max_by_key(|(at, _)| **at)?;
    Some(*latest.1)
}
