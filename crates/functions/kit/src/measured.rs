//! A measured processing time, from the metrics that SQS publishes a few minutes late.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat};
use aws_smithy_types::DateTime;
use scaling::DeadlineScaler;
use tokio::time::Instant;

use crate::{CallError, in_time};

/// Period of SQS's metrics, in seconds.
const PERIOD: u16 = 60;

/// Whole minutes of SQS's metrics from which a processing time is measured. After a queue was idle, SQS's metrics
/// come up to 15 minutes late, and an average over fewer minutes would jump.
const MEASURED_MINUTES: u64 = 15;

/// Time after its end until a minute's number of deletes counts as complete.
const SETTLED: Duration = Duration::from_secs(60);

/// Maximum number of queues per GetMetricData call, at two queries each.
///
/// Source: Amazon CloudWatch API Reference, GetMetricData (500 queries).
const QUEUES_PER_CALL: usize = 250;

pub(crate) const OPERATION: &str = "GetMetricData";

/// The messages of a queue in the minutes for which CloudWatch has both numbers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Sum of the minutes' average messages in flight (`ApproximateNumberOfMessagesNotVisible`).
    pub in_flight: f64,
    /// Messages deleted in these minutes (`NumberOfMessagesDeleted`).
    pub deleted: f64,
    /// Messages deleted in each minute, by its start since the Unix epoch.
    pub deletes: BTreeMap<Duration, f64>,
}

impl Flow {
    /// End of the latest minute in which a message was deleted, since the Unix epoch.
    #[must_use]
    pub fn last_deletes(&self) -> Option<Duration> {
        let (start, _) = self.deletes.iter().rfind(|(_, deleted)| **deleted > 0.0)?;
        Some(*start + Duration::from_secs(PERIOD.into()))
    }
}

/// Reads the flow of each queue, by its name, in the last whole minutes before `now` (since the Unix epoch). Each
/// call reads 250 queues.
///
/// # Errors
/// If a call fails or has no answer in time.
pub async fn flows(
    client: &Client,
    queues: &BTreeSet<&str>,
    now: Duration,
    deadline: Instant,
) -> Result<HashMap<String, Flow>, CallError> {
    let names: Vec<&str> = queues.iter().copied().collect();
    let (start, end) = last_minutes(now, MEASURED_MINUTES);
    let mut found = HashMap::new();
    for chunk in names.chunks(QUEUES_PER_CALL) {
        let pairs = chunk.iter().enumerate();
        let queries = pairs.flat_map(|(index, name)| {
            [
                metric_query(
                    'f',
                    index,
                    name,
                    "ApproximateNumberOfMessagesNotVisible",
                    "Average",
                ),
                metric_query('d', index, name, "NumberOfMessagesDeleted", "Sum"),
            ]
        });
        let call = client
            .get_metric_data()
            .set_metric_data_queries(Some(queries.collect()))
            .start_time(start)
            .end_time(end)
            .send();
        let output = in_time(OPERATION, deadline, call).await?;
        let series = by_id(output.metric_data_results());
        for (index, name) in chunk.iter().enumerate() {
            let one = |kind: char| series.get(&query_id(kind, index));
            if let (Some(in_flight), Some(deleted)) = (one('f'), one('d')) {
                found.insert((*name).to_owned(), join_minutes(in_flight, deleted));
            }
        }
    }
    Ok(found)
}

/// Passes CloudWatch's data on the scaler's `queues` to the scaler. They are named in the scaler's order. Each
/// group of queues is measured separately.
pub fn record_flows(
    scaler: &mut DeadlineScaler,
    queues: &[&str],
    flows: &HashMap<String, Flow>,
    busy: &BTreeSet<&str>,
    now: Duration,
) {
    let groups: Vec<Vec<usize>> = scaler.groups().map(<[usize]>::to_vec).collect();
    for (group, places) in groups.iter().enumerate() {
        let names = places
            .iter()
            .filter_map(|place| queues.get(*place).copied());
        let names: BTreeSet<&str> = names.collect();
        let own = names
            .iter()
            .filter_map(|name| Some((*name, flows.get(*name)?)));
        let own = own.collect();
        let busy = busy.intersection(&names).copied().collect();
        record_group(scaler, group, &own, &busy, now);
    }
}

/// Passes the deletes of each minute to the scaler, and at the first time, the earlier data. A minute is complete
/// once CloudWatch has the deletes of each queue that had some recently or has messages now (`busy`): the metrics
/// of a queue that was idle come up to 15 minutes late.
fn record_group(
    scaler: &mut DeadlineScaler,
    group: usize,
    flows: &HashMap<&str, &Flow>,
    busy: &BTreeSet<&str>,
    now: Duration,
) {
    let sum = |number: fn(&Flow) -> f64| flows.values().copied().map(number).sum::<f64>();
    let (in_flight, deleted) = (sum(|flow| flow.in_flight), sum(|flow| flow.deleted));
    scaler.seed_processing_time(group, in_flight, deleted);
    let mut minutes = BTreeMap::<Duration, (usize, f64)>::new();
    for (start, deleted) in flows.values().flat_map(|flow| &flow.deletes) {
        let (known, sum) = minutes.entry(*start).or_default();
        *known += 1;
        *sum += deleted;
    }
    let reports = |name: &&str| {
        flows
            .get(*name)
            .is_some_and(|flow| !flow.deletes.is_empty())
    };
    let silent = busy.iter().filter(|name| !reports(name)).count();
    let reporting = flows.values().filter(|flow| !flow.deletes.is_empty());
    let needed = reporting.count() + silent;
    let minute = Duration::from_secs(PERIOD.into());
    let settled = |start: &Duration| *start + minute + SETTLED <= now;
    for (start, (known, deleted)) in minutes {
        if known == needed && settled(&start) {
            scaler.record_deletes(group, start, deleted);
        }
    }
    if let Some(end) = flows.values().filter_map(|flow| flow.last_deletes()).max() {
        scaler.record_last_deletes(end);
    }
}

/// Start and end of this number of whole minutes before `now`.
pub(crate) fn last_minutes(now: Duration, minutes: u64) -> (DateTime, DateTime) {
    let period = u64::from(PERIOD);
    let end = now.as_secs() / period * period;
    let start = end.saturating_sub(minutes.saturating_mul(period));
    let time = |seconds: u64| DateTime::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    (time(start), time(end))
}

/// A time since the Unix epoch; `None` for one before it.
pub(crate) fn since_epoch(at: &DateTime) -> Option<Duration> {
    Some(Duration::from_secs(u64::try_from(at.secs()).ok()?))
}

type Series = BTreeMap<DateTime, f64>;

fn by_id(results: &[MetricDataResult]) -> HashMap<String, Series> {
    let pairs = |result: &MetricDataResult| {
        let times = result.timestamps().iter().copied();
        times.zip(result.values().iter().copied()).collect()
    };
    let named = results.iter();
    named
        .filter_map(|result| Some((result.id()?.to_owned(), pairs(result))))
        .collect()
}

/// Joins both series in the minutes that have both values, because one comes later than the other.
fn join_minutes(in_flight: &Series, deleted: &Series) -> Flow {
    let both = in_flight
        .iter()
        .filter_map(|(at, in_flight)| Some((*in_flight, *deleted.get(at)?)));
    let deletes = deleted
        .iter()
        .filter_map(|(at, deleted)| Some((since_epoch(at)?, *deleted)));
    let none = Flow {
        deletes: deletes.collect(),
        ..Flow::default()
    };
    both.fold(none, |sum, (in_flight, deleted)| Flow {
        in_flight: sum.in_flight + in_flight,
        deleted: sum.deleted + deleted,
        ..sum
    })
}

fn query_id(kind: char, index: usize) -> String {
    format!("{kind}{index}")
}

pub(crate) fn metric_query(
    kind: char,
    index: usize,
    queue: &str,
    metric: &str,
    statistic: &str,
) -> MetricDataQuery {
    let queue = Dimension::builder().name("QueueName").value(queue).build();
    let metric = Metric::builder()
        .namespace("AWS/SQS")
        .metric_name(metric)
        .dimensions(queue)
        .build();
    let statistic = MetricStat::builder()
        .metric(metric)
        .period(PERIOD.into())
        .stat(statistic)
        .build();
    MetricDataQuery::builder()
        .id(query_id(kind, index))
        .metric_stat(statistic)
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
    use aws_smithy_mocks::{RuleMode, mock, mock_client};

    use super::*;

    fn result(id: &str, points: &[(i64, f64)]) -> MetricDataResult {
        let (times, values) = points
            .iter()
            .map(|(minute, value)| (DateTime::from_secs(minute * 60), *value))
            .unzip();
        MetricDataResult::builder()
            .id(id)
            .set_timestamps(Some(times))
            .set_values(Some(values))
            .build()
    }

    /// 4 and 6 in flight in two minutes, 300 deleted: 600 s of work for 300 messages. A minute with only one value
    /// doesn't count.
    #[tokio::test]
    async fn pairs_minutes_and_knows_littles_law() {
        let rule = mock!(Client::get_metric_data)
            .match_requests(|input| {
                let queries = input.metric_data_queries();
                let of = |index: usize| queries[index].metric_stat().unwrap();
                let name = |index: usize| of(index).metric().unwrap().metric_name().unwrap();
                assert_eq!(
                    (queries.len(), of(0).period(), of(0).stat()),
                    (4, Some(60), Some("Average"))
                );
                assert_eq!(
                    (of(1).stat(), name(1)),
                    (Some("Sum"), "NumberOfMessagesDeleted")
                );
                let (start, end) = (input.start_time().unwrap(), input.end_time().unwrap());
                (start.secs(), end.secs()) == (85 * 60, 100 * 60)
            })
            .then_output(|| {
                GetMetricDataOutput::builder()
                    .metric_data_results(result("f0", &[(97, 4.0), (98, 6.0), (99, 900.0)]))
                    .metric_data_results(result("d0", &[(98, 180.0), (97, 120.0)]))
                    .metric_data_results(result("f1", &[(97, 0.0)]))
                    .metric_data_results(result("d1", &[(97, 0.0)]))
                    .build()
            });
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&rule]);
        let now = Duration::from_secs(100 * 60 + 42);
        let deadline = Instant::now() + Duration::from_secs(5);
        let queues = ["orders", "vouchers"].into();
        let found = flows(&client, &queues, now, deadline).await.unwrap();
        let orders = Flow {
            in_flight: 10.0,
            deleted: 300.0,
            deletes: [(97, 120.0), (98, 180.0)]
                .map(|(minute, deleted)| (Duration::from_secs(minute * 60), deleted))
                .into(),
        };
        assert_eq!(found["orders"], orders);
        assert_eq!(orders.last_deletes(), Some(Duration::from_secs(99 * 60)));
    }

    #[tokio::test]
    async fn many_queues_are_several_calls() {
        let rule = mock!(Client::get_metric_data)
            .match_requests(|input| input.metric_data_queries().len() <= 500)
            .then_output(|| GetMetricDataOutput::builder().build());
        let client = mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&rule]);
        let names: Vec<String> = (0..501).map(|index| format!("queue-{index}")).collect();
        let deadline = Instant::now() + Duration::from_secs(5);
        let queues = names.iter().map(String::as_str).collect();
        let found = flows(&client, &queues, Duration::ZERO, deadline).await;
        assert_eq!((found, rule.num_calls()), (Ok(HashMap::new()), 3));
    }
}
