//! Publishes the results of an invocation's checks in one call.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use lambda_kit::{CallError, in_time};
use scaling::{DemandPolicy, TASKS_NEEDED_METRIC};
use tokio::time::Instant;

use crate::demand::DemandCheck;

/// Datapoints that one PutMetricData call takes at most.
///
/// Source: Amazon CloudWatch API Reference, PutMetricData.
const DATAPOINTS: usize = 1_000;

/// Publishes the need of each check that knows it, and returns their number. Without any, no call.
pub(crate) async fn publish(
    client: &aws_sdk_cloudwatch::Client,
    policy: &DemandPolicy,
    looks: &[DemandCheck],
    deadline: Instant,
) -> Result<usize, CallError> {
    let known = looks
        .iter()
        .filter_map(|look| Some(metric_datum(policy, look.moment, look.need?)));
    let data: Vec<MetricDatum> = known.collect();
    if data.is_empty() {
        return Ok(0);
    }
    for chunk in data.chunks(DATAPOINTS) {
        let call = client
            .put_metric_data()
            .namespace(&policy.namespace)
            .set_metric_data(Some(chunk.to_vec()))
            .send();
        in_time("PutMetricData", deadline, call).await?;
    }
    Ok(data.len())
}

fn metric_datum(policy: &DemandPolicy, at: Duration, need: f64) -> MetricDatum {
    let dimension = |name, value| Dimension::builder().name(name).value(value).build();
    let at = SystemTime::UNIX_EPOCH
        .checked_add(at)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    MetricDatum::builder()
        .metric_name(TASKS_NEEDED_METRIC)
        .dimensions(dimension("ClusterName", &policy.cluster))
        .dimensions(dimension("ServiceName", &policy.service))
        .timestamp(at.into())
        .value(need)
        .unit(StandardUnit::Count)
        .build()
}
