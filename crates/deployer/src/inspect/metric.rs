//! The latest datapoints of metrics, above all of `BacklogPerTask`.

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
    /// Statistic over its minute.
    pub value: f64,
    /// Begin of its minute, in seconds since 1970.
    pub at: i64,
}

/// What a metric is about: cluster, service and queue, by name.
pub(super) type Key = (String, String, String);

/// How far back is looked: a datapoint older than this says nothing about now.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Queries of one GetMetricData call. Source: Amazon CloudWatch quotas.
const QUERIES: usize = 500;

/// A metric to read.
pub(super) struct Reading {
    /// Namespace.
    pub(super) namespace: String,
    /// Metric name.
    pub(super) name: &'static str,
    /// All dimensions that it has, with their values.
    pub(super) dimensions: Vec<(&'static str, String)>,
    /// Statistic of a minute.
    pub(super) statistic: &'static str,
}

/// The newest datapoint of each measured service and queue, where there is one.
pub(super) async fn latest(
    session: &Session<'_>,
    requests: &[MetricRequest],
    now: SystemTime,
) -> Result<HashMap<Key, Datapoint>> {
    let wanted: Vec<(&str, Key)> = requests.iter().flat_map(keys).collect();
    let reading = |(namespace, (cluster, service, queue)): &(&str, Key)| Reading {
        namespace: (*namespace).to_owned(),
        name: METRIC_NAME,
        dimensions: vec![
            ("ClusterName", cluster.clone()),
            ("ServiceName", service.clone()),
            ("QueueName", queue.clone()),
        ],
        statistic: "Average",
    };
    let readings: Vec<Reading> = wanted.iter().map(reading).collect();
    let found = newest(session, "read the metric BacklogPerTask", &readings, now).await?;
    let keys = wanted.into_iter().map(|(_, key)| key);
    Ok(keys
        .zip(found)
        .filter_map(|(key, point)| Some((key, point?)))
        .collect())
}

/// The newest datapoint of each metric in the last 15 minutes, in their order. `doing` says in errors what for.
///
/// # Errors
/// When CloudWatch can't be asked.
pub(super) async fn newest(
    session: &Session<'_>,
    doing: &str,
    readings: &[Reading],
    now: SystemTime,
) -> Result<Vec<Option<Datapoint>>> {
    let found = recent(session, doing, readings, now).await?;
    let newest = |points: Vec<Datapoint>| points.into_iter().max_by_key(|point| point.at);
    Ok(found.into_iter().map(newest).collect())
}

/// Every datapoint of each metric in the last 15 minutes, in the metrics' order. `doing` says in errors what
/// for.
///
/// # Errors
/// When CloudWatch can't be asked.
pub(super) async fn recent(
    session: &Session<'_>,
    doing: &str,
    readings: &[Reading],
    now: SystemTime,
) -> Result<Vec<Vec<Datapoint>>> {
    let mut found: Vec<Vec<Datapoint>> = Vec::new();
    for readings in readings.chunks(QUERIES) {
        let before = found.len();
        found.resize(before + readings.len(), Vec::new());
        let queries = readings
            .iter()
            .enumerate()
            .map(|(index, reading)| query(index, reading));
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
            let page = page.map_err(aws(doing))?;
            for result in page.metric_data_results() {
                let index = result
                    .id()
                    .and_then(|id| id.strip_prefix('m')?.parse().ok());
                let points =
                    index.and_then(|index: usize| found.get_mut(before.checked_add(index)?));
                if let Some(points) = points {
                    points.extend(datapoints(result));
                }
            }
        }
    }
    Ok(found)
}

/// A whole minute, as CloudWatch takes it anyway: LocalStack counts the periods from the begin on, and
/// would show one minute's datapoint at another time with every call.
fn begin(now: SystemTime) -> DateTime {
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

fn query(index: usize, reading: &Reading) -> MetricDataQuery {
    let dimension =
        |(name, value): &(&str, String)| Dimension::builder().name(*name).value(value).build();
    let metric = Metric::builder()
        .namespace(&reading.namespace)
        .metric_name(reading.name)
        .set_dimensions(Some(reading.dimensions.iter().map(dimension).collect()))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat(reading.statistic)
        .build();
    MetricDataQuery::builder()
        .id(format!("m{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

fn datapoints(result: &MetricDataResult) -> impl Iterator<Item = Datapoint> {
    let points = result.timestamps().iter().zip(result.values());
    points.map(|(at, value)| Datapoint {
        value: *value,
        at: at.secs(),
    })
}
