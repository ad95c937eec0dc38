//! Publishes the results of an invocation's checks in one call.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use futures::stream::{self, StreamExt as _};
use lambda_kit::in_time;
use scaling::{
    DemandPolicy, PROCESSING_TIME_METRIC, RECOMMENDED_TASKS_METRIC, TASK_START_METRIC,
    TASKS_NEEDED_METRIC, WARM_TASKS_METRIC, WITHIN_OBJECTIVE_METRIC,
};
use tokio::time::Instant;

use super::fleet::ServiceRun;
use crate::demand::DemandCheck;

/// Maximum number of datapoints per PutMetricData call.
///
/// Source: Amazon CloudWatch API Reference, PutMetricData.
const DATAPOINTS: usize = 1_000;

/// Metric name, value, and unit.
type Value = (&'static str, f64, StandardUnit);

/// Maximum number of concurrent PutMetricData calls.
const AT_ONCE: usize = 4;

/// The outcome of publishing.
#[derive(Debug, Default)]
pub(super) struct Published {
    /// Number of datapoints of the need that CloudWatch accepted.
    pub(super) needs: usize,
    pub(super) problems: Vec<String>,
}

/// Publishes, in as few calls as possible, the need from each check that knows it, and the other values from the
/// last check of each service. Makes no call without either.
pub(super) async fn publish(
    client: &aws_sdk_cloudwatch::Client,
    runs: &[ServiceRun],
    deadline: Instant,
) -> Published {
    let mut namespaces: BTreeMap<&str, Vec<MetricDatum>> = BTreeMap::new();
    for run in runs {
        let policy = &run.tracked.policy;
        let data = namespaces.entry(&policy.namespace).or_default();
        data.extend(service_data(policy, &run.looks));
    }
    let calls = namespaces.iter().flat_map(|(namespace, data)| {
        let chunks = data.chunks(DATAPOINTS);
        chunks.map(move |chunk| (namespace, chunk))
    });
    let calls = calls.map(|(namespace, chunk)| async move {
        let call = client
            .put_metric_data()
            .namespace(*namespace)
            .set_metric_data(Some(chunk.to_vec()))
            .send();
        in_time("PutMetricData", deadline, call)
            .await
            .map(|_| chunk.iter().filter(|datum| is_need(datum)).count())
    });
    let results = stream::iter(calls).buffer_unordered(AT_ONCE);
    let mut published = Published::default();
    for result in results.collect::<Vec<_>>().await {
        match result {
            Ok(needs) => published.needs += needs,
            Err(error) => published.problems.push(error.to_string()),
        }
    }
    published
}

fn is_need(datum: &MetricDatum) -> bool {
    datum.metric_name() == Some(TASKS_NEEDED_METRIC)
}

/// The datapoints of one service. A number that CloudWatch would refuse, together with all others of its call, is
/// omitted.
fn service_data(policy: &DemandPolicy, looks: &[DemandCheck]) -> Vec<MetricDatum> {
    let need = |look: &DemandCheck| Some((TASKS_NEEDED_METRIC, look.need?, StandardUnit::Count));
    let recommended = |look: &DemandCheck| {
        let tasks = look.recommended?;
        Some((RECOMMENDED_TASKS_METRIC, tasks.into(), StandardUnit::Count))
    };
    let needs = looks.iter().flat_map(|look| {
        let values = [need(look), recommended(look)].into_iter().flatten();
        values.map(|value| (look.moment, value))
    });
    let last = looks.last().filter(|last| last.need.is_some());
    let known = last.map(|last| measured(last).into_iter().map(|value| (last.moment, value)));
    let values = needs.chain(known.into_iter().flatten());
    let values = values.filter(|(_, (_, value, _))| value.is_finite());
    values
        .map(|(at, value)| metric_datum(policy, at, value))
        .collect()
}

/// The values of a check, in addition to its need.
fn measured(look: &DemandCheck) -> Vec<Value> {
    let seconds = |name, value: Option<f64>| Some((name, value?, StandardUnit::Seconds));
    let share = look.within_objective.map(|share| share * 100.0);
    let values = [
        seconds(PROCESSING_TIME_METRIC, look.processing_time),
        seconds(TASK_START_METRIC, look.task_start),
        share.map(|share| (WITHIN_OBJECTIVE_METRIC, share, StandardUnit::Percent)),
        look.warm
            .map(|warm| (WARM_TASKS_METRIC, warm.tasks.into(), StandardUnit::Count)),
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
