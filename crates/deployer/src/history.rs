//! The messages that were sent to queues, from CloudWatch: SQS's metric `NumberOfMessagesSent`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use template::contract::types;

use crate::cloudwatch::{Reading, Window, read};
use crate::deployed_stack::DeployedStack;
use crate::error::{Error, Result};
use crate::messages::name_in;
use crate::session::Session;

/// Messages that were sent to queues, period by period without gaps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentHistory {
    /// Names of the queues. Their messages are added up.
    pub queues: Vec<String>,
    /// Length of a period.
    pub period: Duration,
    /// Start of the first period, in seconds since 1970.
    pub begin: u64,
    /// Messages in each period. 0 if no queue has a datapoint.
    pub counts: Vec<u64>,
    /// Number of periods for which no queue has a datapoint.
    pub silent: usize,
}

/// The time range of a history; see [`sent_history`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Between {
    /// Start. `None`: the first datapoint of the last 14 days.
    pub from: Option<SystemTime>,
    /// End. `None`: now.
    pub to: Option<SystemTime>,
}

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

/// How far back to read by default: less than CloudWatch's retention of periods of a minute.
const USUAL: Duration = Duration::from_secs(14 * 86_400);

/// How long CloudWatch keeps periods of each length. Source: "Metrics retention" in its user guide.
const KEPT: [(Duration, Duration); 3] = [
    (Duration::from_secs(15 * 86_400), MINUTE),
    (Duration::from_secs(63 * 86_400), Duration::from_secs(300)),
    (
        Duration::from_secs(455 * 86_400),
        Duration::from_secs(3_600),
    ),
];

/// Maximum delay of SQS's metrics while a queue is in use. After that time, missing data means that there were
/// no messages. Source: "Available CloudWatch metrics for Amazon SQS": up to 15 minutes when a queue becomes
/// active again.
const LATEST: Duration = Duration::from_secs(15 * 60);

/// The purpose of the request, for messages.
const DOING: &str = "read the metric NumberOfMessagesSent";

/// Returns the names of a stack's queues with these logical IDs, in the same order.
///
/// # Errors
/// If the stack has no such queue.
pub fn deployed_queues(stack: &DeployedStack, logical_ids: &[String]) -> Result<Vec<String>> {
    let name = |id: &String| match stack.find(types::QUEUE, id) {
        Some(queue) => Ok(name_in(&queue.physical_id).to_owned()),
        None => Err(Error::failed(format!(
            "the stack {} has no queue {id} yet",
            stack.stack.name
        ))
        .hint("`deploy` makes it; until it has a history, give a CSV file or a generator")),
    };
    logical_ids.iter().map(name).collect()
}

/// Reads how many messages were sent to queues of this account and region: per minute where CloudWatch still
/// has the minutes, otherwise in periods of 5 minutes or an hour.
///
/// # Errors
/// If AWS can't be reached, if CloudWatch has no datapoint, or if `between` is empty or older than CloudWatch's
/// retention.
pub async fn sent_history(
    session: &Session<'_>,
    queues: &[String],
    between: Between,
    now: SystemTime,
) -> Result<SentHistory> {
    let range = Range::new(between, now)?;
    let sums = read_sums(session, queues, &range).await?;
    range.history(queues, &sums)
}

/// [`sent_history`] of each queue separately. `None` for a queue without a datapoint, if another queue has
/// one.
///
/// # Errors
/// As for [`sent_history`], and if no queue has a datapoint.
pub async fn sent_histories(
    session: &Session<'_>,
    queues: &[String],
    between: Between,
    now: SystemTime,
) -> Result<Vec<Option<SentHistory>>> {
    let range = Range::new(between, now)?;
    let mut histories = Vec::with_capacity(queues.len());
    for queue in queues {
        let own = std::slice::from_ref(queue);
        let sums = read_sums(session, own, &range).await?;
        let any = sums.range(range.begin..range.end).next().is_some();
        let history = any.then(|| range.history(own, &sums)).transpose()?;
        histories.push(history);
    }
    match histories.iter().any(Option::is_some) {
        true => Ok(histories),
        false => Err(range.nothing(queues)),
    }
}

/// A range of whole periods, in seconds since 1970.
#[derive(Clone, Copy, Debug)]
struct Range {
    begin: u64,
    end: u64,
    now: u64,
    period: u64,
    /// Whether the caller set the start and the end.
    asked: (bool, bool),
}

impl Range {
    fn new(between: Between, now: SystemTime) -> Result<Self> {
        let from = between.from.unwrap_or(now - USUAL);
        let to = between.to.map_or(now, |to| to.min(now));
        let age = now.duration_since(from).unwrap_or_default();
        let kept = KEPT.iter().find(|(kept, _)| age <= *kept);
        let Some((_, period)) = kept else {
            return Err(Error::failed(format!(
                "CloudWatch keeps no metric for {} days",
                age.as_secs() / DAY.as_secs()
            ))
            .hint(RETENTION));
        };
        let seconds = |time: SystemTime| {
            let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
            since.as_secs()
        };
        let period = period.as_secs();
        // Whole periods, as CloudWatch counts them. The current period is omitted.
        let begin = seconds(from) / period * period;
        let end = seconds(to) / period * period;
        if begin >= end {
            return Err(Error::failed("the requested time contains no whole period")
                .hint("--from must be before --to, and before now"));
        }
        Ok(Self {
            begin,
            end,
            now: seconds(now),
            period,
            asked: (between.from.is_some(), between.to.is_some()),
        })
    }

    fn window(&self) -> Window {
        let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
        Window {
            begin: seconds(self.begin),
            end: seconds(self.end),
            period: i32::try_from(self.period).unwrap_or(i32::MAX),
        }
    }

    /// Turns the datapoints into a history without gaps.
    fn history(&self, queues: &[String], sums: &BTreeMap<u64, f64>) -> Result<SentHistory> {
        let inside = || sums.range(self.begin..self.end).map(|(at, _)| *at);
        let (Some(first), Some(last)) = (inside().next(), inside().next_back()) else {
            return Err(self.nothing(queues));
        };
        // Before its first datapoint, a queue might not have existed yet. After its last one, its metrics might
        // not have arrived yet.
        let begin = if self.asked.0 { self.begin } else { first };
        let recent = self.now.saturating_sub(last) <= LATEST.as_secs() + self.period;
        let end = if !self.asked.1 && recent {
            last + self.period
        } else {
            self.end
        };
        let periods = (begin..end).step_by(usize::try_from(self.period).unwrap_or(usize::MAX));
        let counts: Vec<u64> = periods
            .map(|at| sums.get(&at).map_or(0, |sum| round_to_whole(*sum)))
            .collect();
        let known = sums.range(begin..end).count();
        Ok(SentHistory {
            queues: queues.to_vec(),
            period: Duration::from_secs(self.period),
            begin,
            silent: counts.len().saturating_sub(known),
            counts,
        })
    }

    fn nothing(&self, queues: &[String]) -> Error {
        let span = self.end - self.begin;
        let (count, unit) = match span < DAY.as_secs() {
            true => (span.div_ceil(3600), "hour"),
            false => (span.div_ceil(DAY.as_secs()), "day"),
        };
        Error::failed(format!(
            "CloudWatch has no NumberOfMessagesSent of {} in the requested {count} {unit}{}",
            queues.join(", "),
            if count == 1 { "" } else { "s" },
        ))
        .hint("SQS publishes metrics only while a queue is in use, and a few minutes late for a new queue")
        .hint(RETENTION)
    }
}

/// When AWS started to keep metrics longer.
const RETENTION: &str = "CloudWatch keeps 1-minute datapoints for 15 days, 5-minute datapoints for 63 days, and 1-hour datapoints for 455 days";

/// Reads how many messages were sent in each period, by the start of the period.
async fn read_sums(
    session: &Session<'_>,
    queues: &[String],
    range: &Range,
) -> Result<BTreeMap<u64, f64>> {
    let reading = |queue: &String| Reading {
        namespace: "AWS/SQS".to_owned(),
        name: "NumberOfMessagesSent",
        dimensions: vec![("QueueName", queue.clone())],
        statistic: "Sum",
    };
    let readings: Vec<Reading> = queues.iter().map(reading).collect();
    let mut sums: BTreeMap<u64, f64> = BTreeMap::new();
    for series in read(session, DOING, &readings, range.window()).await? {
        for point in series.complete(DOING)? {
            let at = u64::try_from(point.at).unwrap_or_default();
            let period = at / range.period * range.period;
            *sums.entry(period).or_default() += point.value;
        }
    }
    Ok(sums)
}

/// Counts of messages are whole numbers. A negative value or NaN becomes 0.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
fn round_to_whole(sum: f64) -> u64 {
    sum.round() as u64
}
