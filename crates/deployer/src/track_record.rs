//! The history of a service from CloudWatch: its messages, its tasks, and the counts that an observing policy would
//! have set.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use scaling::{RECOMMENDED_TASKS_METRIC, WITHIN_OBJECTIVE_METRIC};
use serde::Serialize;

use crate::cloudwatch::{Datapoint, Reading, Series, Window, read};
use crate::error::Result;
use crate::functions::ServiceName;
use crate::history::{Between, SentHistory, sent_history};
use crate::session::Session;

/// The history of a service, period by period without gaps. A period without a datapoint is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackRecord {
    /// Messages that were sent to its queues. All other lists have the same periods.
    pub sent: SentHistory,
    /// Maximum age in seconds of the oldest message in any of its queues. SQS counts messages until they are deleted,
    /// so messages in flight are included.
    pub oldest: Vec<Option<f64>>,
    /// Average number of running tasks.
    pub running: Vec<Option<f64>>,
    /// Maximum number of tasks that an observing policy would have set.
    pub recommended: Vec<Option<f64>>,
    /// Percentage of the messages of the last days that started within the objective, as the scaling function counted
    /// it at the end of the period.
    pub within_objective: Option<f64>,
}

/// The service whose record is read.
#[derive(Clone, Debug)]
pub struct RecordSubject {
    /// Cluster and service.
    pub service: ServiceName,
    /// Names of its queues, in this account and region.
    pub queues: Vec<String>,
    /// Namespace of the functions' metrics.
    pub namespace: String,
    /// Datapoints per minute of a task's CPU utilization: 1, or 3 with high resolution.
    pub datapoints_per_minute: u32,
}

/// The purpose of the request, for messages.
const DOING: &str = "read what the service did";

/// Reads the history of a service, minute by minute where CloudWatch still has the minutes.
///
/// The number of running tasks is the number of datapoints of the service's CPU utilization, because each task
/// publishes one per minute. Source: Amazon ECS Developer Guide, "Amazon ECS CloudWatch metrics", "Service
/// RUNNING task count".
///
/// # Errors
/// If AWS can't be reached, or if there were no messages in this time.
pub async fn read_track_record(
    session: &Session<'_>,
    subject: &RecordSubject,
    between: Between,
    now: SystemTime,
) -> Result<TrackRecord> {
    let sent = sent_history(session, &subject.queues, between, now).await?;
    let sent = skip_silence(sent);
    let window = window(&sent);
    let metric = |namespace: &str, name, statistic| Reading {
        namespace: namespace.to_owned(),
        name,
        dimensions: vec![
            ("ClusterName", subject.service.cluster.clone()),
            ("ServiceName", subject.service.service.clone()),
        ],
        statistic,
    };
    let mut readings = vec![
        metric("AWS/ECS", "CPUUtilization", "SampleCount"),
        metric(&subject.namespace, RECOMMENDED_TASKS_METRIC, "Maximum"),
        metric(&subject.namespace, WITHIN_OBJECTIVE_METRIC, "Minimum"),
    ];
    let oldest = subject.queues.iter().map(|queue| Reading {
        namespace: "AWS/SQS".to_owned(),
        name: "ApproximateAgeOfOldestMessage",
        dimensions: vec![("QueueName", queue.clone())],
        statistic: "Maximum",
    });
    readings.extend(oldest);
    let mut found = read(session, DOING, &readings, window).await?.into_iter();
    let mut next = || {
        found
            .next()
            .map_or(Ok(Vec::new()), |one| one.complete(DOING))
    };
    let (running, recommended, within) = (next()?, next()?, next()?);
    let oldest = found.map(|one: Series| one.complete(DOING));
    let oldest: Vec<Vec<Datapoint>> = oldest.collect::<Result<_>>()?;
    let minutes = sent.period.as_secs_f64() / 60.0;
    let per_task = minutes * f64::from(subject.datapoints_per_minute.max(1));
    let newest = within.iter().max_by_key(|point| point.at);
    Ok(TrackRecord {
        oldest: arrange(&sent, oldest.into_iter().flatten()),
        running: arrange(
            &sent,
            running.into_iter().map(|point| Datapoint {
                value: point.value / per_task,
                ..point
            }),
        ),
        recommended: arrange(&sent, recommended.into_iter()),
        within_objective: newest.map(|point| point.value),
        sent,
    })
}

/// Drops the periods before the first message, when the queues might not have been in use yet.
fn skip_silence(sent: SentHistory) -> SentHistory {
    let silent = sent.counts.iter().take_while(|count| **count == 0).count();
    let skipped = silent.min(sent.counts.len().saturating_sub(1));
    let length = sent.period.as_secs().saturating_mul(skipped as u64);
    SentHistory {
        begin: sent.begin.saturating_add(length),
        silent: sent.silent.saturating_sub(skipped),
        counts: sent.counts.into_iter().skip(skipped).collect(),
        ..sent
    }
}

fn window(sent: &SentHistory) -> Window {
    let length = sent
        .period
        .as_secs()
        .saturating_mul(sent.counts.len() as u64);
    let end = sent.begin.saturating_add(length);
    let seconds = |seconds: u64| i64::try_from(seconds).unwrap_or(i64::MAX);
    Window {
        begin: seconds(sent.begin),
        end: seconds(end),
        period: i32::try_from(sent.period.as_secs()).unwrap_or(i32::MAX),
    }
}

/// The largest datapoint of each period.
fn arrange(sent: &SentHistory, points: impl Iterator<Item = Datapoint>) -> Vec<Option<f64>> {
    let period = sent.period.as_secs().max(1);
    let mut largest: BTreeMap<u64, f64> = BTreeMap::new();
    for point in points {
        let at = u64::try_from(point.at).unwrap_or_default();
        let place = at.saturating_sub(sent.begin) / period;
        let value = largest.entry(place).or_insert(point.value);
        *value = value.max(point.value);
    }
    let places = 0..sent.counts.len() as u64;
    places.map(|place| largest.get(&place).copied()).collect()
}

impl TrackRecord {
    /// Returns for how long the oldest message was older than the objective.
    #[must_use]
    pub fn time_over(&self, objective: Duration) -> Duration {
        let limit = objective.as_secs_f64();
        let over = self.oldest.iter().flatten().filter(|age| **age > limit);
        self.sent
            .period
            .saturating_mul(u32::try_from(over.count()).unwrap_or(u32::MAX))
    }

    /// Returns the task-hours, and the share of periods for which they are known.
    #[must_use]
    pub fn task_hours(&self) -> (f64, f64) {
        let known: Vec<f64> = self.running.iter().flatten().copied().collect();
        let hours = known.iter().sum::<f64>() * self.sent.period.as_secs_f64() / 3_600.0;
        (hours, known.len() as f64 / self.running.len().max(1) as f64)
    }

    /// Returns the maximum number of running tasks.
    #[must_use]
    pub fn most_tasks(&self) -> Option<f64> {
        self.running.iter().flatten().copied().reduce(f64::max)
    }

    /// Returns how often the number of running tasks increased and decreased from one period to the next.
    #[must_use]
    pub fn changes(&self) -> (u64, u64) {
        let known: Vec<f64> = self
            .running
            .iter()
            .flatten()
            .map(|tasks| tasks.round())
            .collect();
        let pairs = || {
            known
                .windows(2)
                .filter_map(|pair| Some((*pair.first()?, *pair.last()?)))
        };
        let up = pairs().filter(|(before, after)| after > before).count();
        let down = pairs().filter(|(before, after)| after < before).count();
        (up as u64, down as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGIN: u64 = 1_795_262_400;

    fn sent(counts: usize) -> SentHistory {
        SentHistory {
            queues: vec!["orders".to_owned()],
            period: Duration::from_secs(60),
            begin: BEGIN,
            counts: vec![1; counts],
            silent: 0,
        }
    }

    fn point(minute: i64, value: f64) -> Datapoint {
        let at = i64::try_from(BEGIN).unwrap() + minute * 60;
        Datapoint { value, at }
    }

    #[test]
    fn a_record_begins_with_the_first_message() {
        let history = SentHistory {
            counts: vec![0, 0, 5, 0],
            silent: 3,
            ..sent(4)
        };
        let trimmed = skip_silence(history);
        assert_eq!((trimmed.begin, trimmed.counts), (BEGIN + 120, vec![5, 0]));
        assert_eq!(trimmed.silent, 1);
    }

    /// Four minutes: 2, unknown, 4, and 3 tasks are 9 task-minutes in three known minutes.
    #[test]
    fn tasks_are_added_up_where_they_are_known() {
        let running = [point(0, 2.0), point(2, 4.0), point(3, 3.0), point(9, 50.0)];
        let record = TrackRecord {
            oldest: arrange(
                &sent(4),
                [point(0, 11.0), point(0, 9.0), point(3, 10.0)].into_iter(),
            ),
            running: arrange(&sent(4), running.into_iter()),
            recommended: vec![None; 4],
            within_objective: None,
            sent: sent(4),
        };
        assert_eq!(record.running, [Some(2.0), None, Some(4.0), Some(3.0)]);
        assert_eq!(record.task_hours(), (9.0 / 60.0, 0.75));
        assert_eq!(record.most_tasks(), Some(4.0));
        assert_eq!(record.changes(), (1, 1));
        // The older queue counts. 10 s are within an objective of 10 s.
        assert_eq!(record.oldest, [Some(11.0), None, None, Some(10.0)]);
        assert_eq!(
            record.time_over(Duration::from_secs(10)),
            Duration::from_secs(60)
        );
    }
}
