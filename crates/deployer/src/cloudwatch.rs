//! Reads CloudWatch metrics: the only module that calls GetMetricData.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy, StatusCode,
};
use aws_smithy_types::DateTime;
use serde::Serialize;

use crate::error::{Error, Result, aws};
use crate::session::Session;

/// A datapoint of a metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Datapoint {
    /// Statistic over its period.
    pub value: f64,
    /// Start of its period, in seconds since 1970.
    pub at: i64,
}

/// A metric to read.
pub(crate) struct Reading {
    pub(crate) namespace: String,
    /// Metric name.
    pub(crate) name: &'static str,
    /// All dimensions that it has, with their values.
    pub(crate) dimensions: Vec<(&'static str, String)>,
    /// Statistic of a period.
    pub(crate) statistic: &'static str,
}

/// Which datapoints to read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window {
    /// Start, in seconds since 1970.
    pub(crate) begin: i64,
    /// End, in seconds since 1970.
    pub(crate) end: i64,
    /// Length of a period in seconds.
    pub(crate) period: i32,
}

/// The datapoints of one metric, in no particular order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Series {
    pub(crate) points: Vec<Datapoint>,
    /// Why points might be missing.
    problem: Option<String>,
}

/// How far back to read for the newest datapoints. An older datapoint says nothing about the present.
const RECENT: Duration = Duration::from_secs(15 * 60);
/// A minute, in seconds.
const MINUTE: i32 = 60;
/// Maximum number of queries in a GetMetricData call. Source: "Amazon CloudWatch quotas".
const QUERIES: usize = 500;

impl Window {
    /// The last 15 minutes in periods of a minute, from the start of a minute. CloudWatch rounds the start
    /// anyway, but LocalStack counts the periods from it, so a datapoint's time would differ with every call.
    fn recent(now: SystemTime) -> Self {
        let period = i64::from(MINUTE);
        let begin = DateTime::from(now.checked_sub(RECENT).unwrap_or(now)).secs();
        Self {
            begin: begin - begin.rem_euclid(period),
            end: DateTime::from(now).secs() + period,
            period: MINUTE,
        }
    }

    /// The whole minutes of this time up to now, without the current one.
    pub(crate) fn whole_minutes(now: SystemTime, past: Duration) -> Self {
        let since = now
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let end = since.as_secs() / 60 * 60;
        let begin = end.saturating_sub(past.as_secs());
        let signed = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        Self {
            begin: signed(begin),
            end: signed(end),
            period: 60,
        }
    }
}

impl Series {
    /// Returns the datapoints, if CloudWatch could read them all. `doing` describes the purpose in the error.
    ///
    /// # Errors
    /// If CloudWatch refused the metric or had an internal error.
    pub(crate) fn complete(self, doing: &str) -> Result<Vec<Datapoint>> {
        match self.problem {
            None => Ok(self.points),
            Some(problem) => Err(Error::failed(format!("failed to {doing}: {problem}"))),
        }
    }

    fn newest(self) -> Option<Datapoint> {
        self.points.into_iter().max_by_key(|point| point.at)
    }

    fn add(&mut self, result: &MetricDataResult) {
        let points = result.timestamps().iter().zip(result.values());
        self.points.extend(points.map(|(at, value)| Datapoint {
            value: *value,
            at: at.secs(),
        }));
        // A page can contain only some of the datapoints, which isn't a problem.
        let wrong = match result.status_code() {
            Some(StatusCode::InternalError) => "CloudWatch had an internal error",
            Some(StatusCode::Forbidden) => "access is denied",
            _ => return,
        };
        let messages = result.messages().iter();
        let messages = messages.filter_map(|message| message.value());
        let said: Vec<&str> = std::iter::once(wrong).chain(messages).collect();
        self.problem = Some(said.join(": "));
    }
}

/// Reads every datapoint of each metric in the window, in the metrics' order. `doing` is the purpose, for
/// errors.
///
/// # Errors
/// If CloudWatch can't be reached.
pub(crate) async fn read(
    session: &Session<'_>,
    doing: &str,
    readings: &[Reading],
    window: Window,
) -> Result<Vec<Series>> {
    let mut found = Vec::with_capacity(readings.len());
    for readings in readings.chunks(QUERIES) {
        let queries = readings.iter().enumerate();
        let queries = queries.map(|(index, reading)| metric_query(index, reading, window.period));
        let mut series = vec![Series::default(); readings.len()];
        send(session, doing, queries.collect(), window, |result| {
            let index = result.id().and_then(|id| id.strip_prefix('q'));
            let index: Option<usize> = index.and_then(|index| index.parse().ok());
            if let Some(series) = index.and_then(|index| series.get_mut(index)) {
                series.add(result);
            }
        })
        .await?;
        found.append(&mut series);
    }
    Ok(found)
}

/// Reads the one series that these queries return, such as an alarm's metric math. Otherwise like [`read`].
///
/// # Errors
/// If CloudWatch can't be reached.
pub(crate) async fn read_queries(
    session: &Session<'_>,
    doing: &str,
    queries: Vec<MetricDataQuery>,
    window: Window,
) -> Result<Series> {
    let mut series = Series::default();
    send(session, doing, queries, window, |result| series.add(result)).await?;
    Ok(series)
}

/// Sends the queries of one call, and passes each result of each page to `add`.
async fn send(
    session: &Session<'_>,
    doing: &str,
    queries: Vec<MetricDataQuery>,
    window: Window,
    mut add: impl FnMut(&MetricDataResult),
) -> Result<()> {
    let mut pages = session
        .clients
        .cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(queries))
        .start_time(DateTime::from_secs(window.begin))
        .end_time(DateTime::from_secs(window.end))
        .scan_by(ScanBy::TimestampDescending)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws(doing))?;
        page.metric_data_results().iter().for_each(&mut add);
    }
    Ok(())
}

/// Reads every datapoint of each metric in the last 15 minutes. Otherwise like [`read`].
///
/// # Errors
/// If CloudWatch can't be reached.
pub(crate) async fn read_recent(
    session: &Session<'_>,
    doing: &str,
    readings: &[Reading],
    now: SystemTime,
) -> Result<Vec<Series>> {
    read(session, doing, readings, Window::recent(now)).await
}

/// Reads the newest datapoint of each metric in the last 15 minutes. Otherwise like [`read`].
///
/// # Errors
/// If CloudWatch can't be reached.
pub(crate) async fn read_newest(
    session: &Session<'_>,
    doing: &str,
    readings: &[Reading],
    now: SystemTime,
) -> Result<Vec<Option<Datapoint>>> {
    let found = read_recent(session, doing, readings, now).await?;
    Ok(found.into_iter().map(Series::newest).collect())
}

fn metric_query(index: usize, reading: &Reading, period: i32) -> MetricDataQuery {
    let dimension =
        |(name, value): &(&str, String)| Dimension::builder().name(*name).value(value).build();
    let metric = Metric::builder()
        .namespace(&reading.namespace)
        .metric_name(reading.name)
        .set_dimensions(Some(reading.dimensions.iter().map(dimension).collect()))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period)
        .stat(reading.statistic)
        .build();
    MetricDataQuery::builder()
        .id(format!("q{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}
