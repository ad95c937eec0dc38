//! The latest datapoints of `BacklogPerTask`.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use aws_smithy_types::DateTime;
use scaling::{METRIC_NAME, MetricRequest};
use serde::Serialize;

use crate::error::{Result, aws};
use crate::session::Session;

/// A datapoint of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Datapoint {
    /// Average over its minute.
    pub value: f64,
    /// Begin of its minute, in seconds since 1970.
    pub at: i64,
}

/// What a metric is about: cluster, service and queue, by name.
pub(super) type Key = (String, String, String);

/// How far back is looked: a datapoint older than this says nothing about now.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Queries of one GetMetricData call. Source: Amazon CloudWatch quotas.
pub(super) const QUERIES: usize = 500;

/// The newest datapoint of each measured service and queue, where there is one.
pub(super) async fn latest(
    session: &Session<'_>,
    requests: &[MetricRequest],
    now: SystemTime,
) -> Result<HashMap<Key, Datapoint>> {
    let wanted: Vec<(&str, Key)> = requests.iter().flat_map(keys).collect();
    let mut found = HashMap::new();
    for wanted in wanted.chunks(QUERIES) {
        let queries = wanted
            .iter()
            .enumerate()
            .map(|(i, (space, key))| query(i, space, key));
        let mut pages = session
            .clients
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(queries.collect()))
            .start_time(begin(now))
            .end_time(DateTime::from(now + Duration::from_secs(60)))
            .scan_by(ScanBy::TimestampDescending)
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws("read the metric BacklogPerTask"))?;
            for result in page.metric_data_results() {
                let Some((key, datapoint)) = newest(result, wanted) else {
                    continue;
                };
                found.entry(key).or_insert(datapoint);
            }
        }
    }
    Ok(found)
}

/// A whole minute, as CloudWatch takes it anyway: LocalStack counts the periods from the begin on, and
/// would show one minute's datapoint at another time with every call.
pub(super) fn begin(now: SystemTime) -> DateTime {
    let begin = DateTime::from(now.checked_sub(WINDOW).unwrap_or(now)).secs();
    DateTime::from_secs(begin - begin.rem_euclid(60))
}

fn keys(request: &MetricRequest) -> impl Iterator<Item = (&str, Key)> {
    // Of a service that scales by demand another metric is published.
    let by_backlog = request.services.iter().filter(|s| s.demand.is_none());
    by_backlog.flat_map(move |service| {
        service.queues.iter().map(move |queue| {
            let key = (
                service.cluster.clone(),
                service.service.clone(),
                queue.name.clone(),
            );
            (request.namespace.as_str(), key)
        })
    })
}

fn query(index: usize, namespace: &str, (cluster, service, queue): &Key) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(namespace)
        .metric_name(METRIC_NAME)
        .dimensions(dimension("ClusterName", cluster))
        .dimensions(dimension("ServiceName", service))
        .dimensions(dimension("QueueName", queue))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Average")
        .build();
    MetricDataQuery::builder()
        .id(format!("m{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

fn newest(result: &MetricDataResult, wanted: &[(&str, Key)]) -> Option<(Key, Datapoint)> {
    let index: usize = result.id()?.strip_prefix('m')?.parse().ok()?;
    let (_, key) = wanted.get(index)?;
    let points = result.timestamps().iter().zip(result.values());
    let (at, value) = points.max_by_key(|(at, _)| at.secs())?;
    Some((
        key.clone(),
        Datapoint {
            value: *value,
            at: at.secs(),
        },
    ))
}
