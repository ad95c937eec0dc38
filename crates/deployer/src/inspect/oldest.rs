//! How long the oldest message of a queue has waited, as SQS tells CloudWatch.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use aws_smithy_types::DateTime;

use crate::error::{Result, aws};
use crate::session::Session;

use super::metric::{Datapoint, QUERIES, begin};

/// The newest `ApproximateAgeOfOldestMessage` of each of these queues, in seconds, by the queue's name.
/// Left out is a queue without a datapoint of the last 15 minutes: SQS measures no queue that has been idle
/// for six hours, and some emulators none at all.
///
/// # Errors
/// When CloudWatch can't be asked.
pub async fn oldest_messages(
    session: &Session<'_>,
    queues: &BTreeSet<&str>,
    now: SystemTime,
) -> Result<HashMap<String, Datapoint>> {
    let queues: Vec<&str> = queues.iter().copied().collect();
    let mut found = HashMap::new();
    for queues in queues.chunks(QUERIES) {
        let queries = queues.iter().enumerate().map(|(i, queue)| query(i, queue));
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
            let page = page.map_err(aws("read how long messages have waited"))?;
            for result in page.metric_data_results() {
                if let Some((queue, point)) = newest(result, queues) {
                    found.entry(queue).or_insert(point);
                }
            }
        }
    }
    Ok(found)
}

fn query(index: usize, queue: &str) -> MetricDataQuery {
    let metric = Metric::builder()
        .namespace("AWS/SQS")
        .metric_name("ApproximateAgeOfOldestMessage")
        .dimensions(Dimension::builder().name("QueueName").value(queue).build())
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Maximum")
        .build();
    MetricDataQuery::builder()
        .id(format!("q{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

fn newest(result: &MetricDataResult, queues: &[&str]) -> Option<(String, Datapoint)> {
    let index: usize = result.id()?.strip_prefix('q')?.parse().ok()?;
    let queue = queues.get(index)?;
    let points = result.timestamps().iter().zip(result.values());
    let (at, value) = points.max_by_key(|(at, _)| at.secs())?;
    let at = at.secs();
    let value = *value;
    Some(((*queue).to_owned(), Datapoint { value, at }))
}
