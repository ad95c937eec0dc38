//! Publishes the results of an invocation's checks in one call.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use lambda_kit::{CallError, in_time};
use scaling::{
    DemandPolicy, PROCESSING_TIME_METRIC, TASK_START_METRIC, TASKS_NEEDED_METRIC,
    WARM_TASKS_METRIC, WITHIN_OBJECTIVE_METRIC,
};
use tokio::time::Instant;

use crate::demand::DemandCheck;

/// Datapoints that one PutMetricData call takes at most.
///
/// Source: Amazon CloudWatch API Reference, PutMetricData.
const DATAPOINTS: usize = 1_000;

/// Metric name, value, and its unit.
type Value = (&'static str, f64, StandardUnit);

/// Publishes the need of each check that knows it, and what the last check knows of the service. Returns the number of
/// needs. Without any of both, no call.
pub(crate) async fn publish(
    client: &aws_sdk_cloudwatch::Client,
    policy: &DemandPolicy,
    looks: &[DemandCheck],
    deadline: Instant,
) -> Result<usize, CallError> {
    let need = |look: &DemandCheck| Some((TASKS_NEEDED_METRIC, look.need?, StandardUnit::Count));
    let known = looks
        .iter()
        .filter_map(|look| Some(metric_datum(policy, look.moment, need(look)?)));
    let mut data: Vec<MetricDatum> = known.collect();
    let needs = data.len();
    if let Some(last) = looks.last().filter(|last| last.need.is_some()) {
        let measured = measured(last).into_iter();
        data.extend(measured.map(|value| metric_datum(policy, last.moment, value)));
    }
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
    Ok(needs)
}

/// What a check knows of the service, besides its need.
fn measured(look: &DemandCheck) -> Vec<Value> {
    let seconds = |name, value: Option<f64>| Some((name, value?, StandardUnit::Seconds));
    let share = look.within_objective.map(|share| share * 100.0);
    let values = [
        seconds(PROCESSING_TIME_METRIC, look.processing_time),
        seconds(TASK_START_METRIC, look.task_start),
        share.map(|share| (WITHIN_OBJECTIVE_METRIC, share, StandardUnit::Percent)),
        look.warm
            .map(|tasks| (WARM_TASKS_METRIC, tasks.into(), StandardUnit::Count)),
    ];
    values.into_iter().flatten().collect()
}

fn metric_datum(policy: &DemandPolicy, at: Duration, (name, value, unit): Value) -> MetricDatum {
    let dimension = |name, value| Dimension::builder().name(name).value(value).build();
    let at = SystemTime::UNIX_EPOCH
        .checked_add(at)
        .unwrap_or(SystemTime::UNIX_EPOCH);
    MetricDatum::builder()
        .metric_name(name)
        .dimensions(dimension("ClusterName", &policy.cluster))
        .dimensions(dimension("ServiceName", &policy.service))
        .timestamp(at.into())
        .value(value)
        .unit(unit)
        .build()
}
