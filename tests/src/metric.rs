//! The datapoints of `BacklogPerTask`, minute by minute.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::types::{Dimension, Statistic};
use aws_smithy_types::DateTime;

use crate::cloud::Cloud;

/// A minute of a metric. A rule fires a few seconds early or late, so one minute can contain two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Minute {
    /// Start, in seconds since 1970.
    pub at: i64,
    /// Minimum sample.
    pub least: f64,
    /// Maximum sample.
    pub most: f64,
    /// Number of samples.
    pub samples: f64,
}

/// Maximum age, in seconds, of data that a test reads.
const WINDOW: i64 = 20 * 60;

/// Returns the minutes in which the metric of a service and its queue was published, in order.
///
/// # Panics
/// If CloudWatch fails.
pub async fn minutes(
    cloud: &Cloud,
    namespace: &str,
    [cluster, service, queue]: [&str; 3],
) -> Vec<Minute> {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let now = now();
    let request = cloud.clients.cloudwatch.get_metric_statistics();
    let reply = request
        .namespace(namespace)
        .metric_name(scaling::METRIC_NAME)
        .dimensions(dimension("ClusterName", cluster))
        .dimensions(dimension("ServiceName", service))
        .dimensions(dimension("QueueName", queue))
        // Whole minutes, because LocalStack counts the periods from here.
        .start_time(DateTime::from_secs((now - WINDOW) / 60 * 60))
        .end_time(DateTime::from_secs(now + 60))
        .period(60)
        .statistics(Statistic::Minimum)
        .statistics(Statistic::Maximum)
        .statistics(Statistic::SampleCount)
        .send()
        .await
        .unwrap();
    let mut minutes: Vec<Minute> = reply
        .datapoints()
        .iter()
        // LocalStack queries one statistic after another. If the first datapoint of a minute arrives in
        // between, the minute has no minimum yet. The next read has it.
        .filter_map(|point| {
            Some(Minute {
                at: point.timestamp().unwrap().secs(),
                least: point.minimum()?,
                most: point.maximum()?,
                samples: point.sample_count()?,
            })
        })
        .collect();
    minutes.sort_by_key(|minute| minute.at);
    minutes
}

/// Returns the seconds since 1970.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(now.as_secs()).unwrap()
}
