//! The history of a service from CloudWatch: its messages, its tasks, and the counts that an observing policy would
//! have set.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use scaling::{RECOMMENDED_TASKS_METRIC, WITHIN_OBJECTIVE_METRIC};
use serde::Serialize;

use crate::cloudwatch::{Datapoint, Reading, Window, read};
use crate::error::Result;
use crate::functions::ServiceName;
use crate::history::{Between, SentHistory, sent_histories, sent_history};
use crate::objective_share::{queue_readings, share_in_time};
use crate::session::Session;

/// The history of a service, period by period without gaps. A period without a datapoint is `None`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TrackRecord {
    /// Messages that were sent to its queues. All other lists have the same periods.
    pub sent: SentHistory,
    /// Each of its queues, in the order of the subject's.
    pub queues: Vec<QueueRecord>,
    /// Average number of running tasks.
    pub running: Vec<Option<f64>>,
    /// Maximum number of tasks that an observing policy would have set.
    pub recommended: Vec<Option<f64>>,
    /// Percentage of the messages of the last days that started within the objective, as the scaling function counted
    /// it at the end of the period.
    pub within_objective: Option<f64>,
}

/// The history of one queue of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueRecord {
    /// Messages that were sent to it, if the subject wanted them separately and there were any.
    pub sent: Option<SentHistory>,
    /// Messages that were received from it.
    pub received: Vec<Option<f64>>,
    /// Maximum age in seconds of its oldest message. SQS counts messages until they are deleted, so messages in flight are
    /// included.
    pub oldest: Vec<Option<f64>>,
}

/// The service whose record is read.
#[derive(Clone, Debug)]
pub struct RecordSubject {
    /// Cluster and service.
    pub service: ServiceName,
    /// Names of its queues, in this account and region.
    pub queues: Vec<String>,
    /// Whether to read separately what was sent to each queue.
    pub separately: bool,
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
/// If AWS can't be reached, or if no message was sent in this time.
pub async fn read_track_record(
    session: &Session<'_>,
    subject: &RecordSubject,
    between: Between,
    now: SystemTime,
) -> Result<TrackRecord> {
    let sent = sent_history(session, &subject.queues, between, now).await?;
    let sent = skip_silence(sent);
    let each = match subject.separately {
        true => sent_histories(session, &subject.queues, between, now).await?,
        false => vec![None; subject.queues.len()],
    };
    let each = each.into_iter().map(|one| Some(skip_to(one?, sent.begin)));
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
    readings.extend(
        subject
            .queues
            .iter()
            .flat_map(|queue| queue_readings(queue)),
    );
    let mut found = read(session, DOING, &readings, window).await?.into_iter();
    let mut next = || {
        found
            .next()
            .map_or(Ok(Vec::new()), |one| one.complete(DOING))
    };
    let (running, recommended, within) = (next()?, next()?, next()?);
    let mut queues = Vec::with_capacity(subject.queues.len());
    for own in each {
        queues.push(QueueRecord {
            sent: own,
            received: arrange(&sent, next()?.into_iter()),
            oldest: arrange(&sent, next()?.into_iter()),
        });
    }
    let minutes = sent.period.as_secs_f64() / 60.0;
    let per_task = minutes * f64::from(subject.datapoints_per_minute.max(1));
    let newest = within.iter().max_by_key(|point| point.at);
    Ok(TrackRecord {
        queues,
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
    skip(sent, silent)
}

/// Drops the periods before a time, in seconds since 1970.
fn skip_to(sent: SentHistory, begin: u64) -> SentHistory {
    let periods = begin.saturating_sub(sent.begin) / sent.period.as_secs().max(1);
    skip(sent, usize::try_from(periods).unwrap_or(usize::MAX))
}

/// Drops the first periods, except for the last of all.
fn skip(sent: SentHistory, periods: usize) -> SentHistory {
    let skipped = periods.min(sent.counts.len().saturating_sub(1));
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

impl QueueRecord {
    /// Returns the share, from 0 to 1, of its messages that started in time, by periods: see [`crate::objective_shares`]. `None` if it
    /// can't be measured. `limit`: the age up to which a message is in time, including the work on it.
    #[must_use]
    pub fn within(&self, limit: Duration) -> Option<f64> {
        let before = std::iter::once(&None).chain(&self.oldest);
        let points = self.received.iter().zip(self.oldest.iter().zip(before));
        let points =
            points.filter_map(|(received, (age, before))| Some(((*received)?, [*age, *before])));
        share_in_time(points, limit.as_secs_f64()).share
    }
}

impl TrackRecord {
    /// Returns for how long the oldest message of one of these queues was older than the objective.
    #[must_use]
    pub fn time_over(&self, queues: &[QueueRecord], objective: Duration) -> Duration {
        let limit = objective.as_secs_f64();
        let periods = 0..self.sent.counts.len();
        let age = |queue: &QueueRecord, place| queue.oldest.get(place).copied().flatten();
        let over = periods.filter(|place| {
            let mut ages = queues.iter().filter_map(|queue| age(queue, *place));
            ages.any(|age| age > limit)
        });
        let over = u32::try_from(over.count()).unwrap_or(u32::MAX);
        self.sent.period.saturating_mul(over)
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
            queues: vec![
                queue(&[(0, 11.0), (3, 10.0)], &[(0, 30.0), (3, 60.0)]),
                queue(&[(0, 9.0)], &[(2, 5.0)]),
            ],
            running: arrange(&sent(4), running.into_iter()),
            recommended: vec![None; 4],
            within_objective: None,
            sent: sent(4),
        };
        assert_eq!(record.running, [Some(2.0), None, Some(4.0), Some(3.0)]);
        assert_eq!(record.task_hours(), (9.0 / 60.0, 0.75));
        assert_eq!(record.most_tasks(), Some(4.0));
        assert_eq!(record.changes(), (1, 1));
        // Any queue counts. 10 s are within an objective of 10 s.
        let over = |queues: &[QueueRecord], seconds| {
            let over = record.time_over(queues, Duration::from_secs(seconds));
            over.as_secs() / 60
        };
        assert_eq!((over(&record.queues, 10), over(&record.queues, 8)), (1, 2));
        assert_eq!(
            (over(&record.queues[1..], 10), over(&record.queues[1..], 8)),
            (0, 1)
        );
        // 60 of 90 messages were received when the oldest was at most 10 s old. The age of the second queue's is unknown.
        let within = |queue: &QueueRecord| queue.within(Duration::from_secs(10));
        assert_eq!(within(&record.queues[0]), Some(60.0 / 90.0));
        assert_eq!(within(&record.queues[1]), None);
    }

    /// Ages and received messages by minutes.
    fn queue(oldest: &[(i64, f64)], received: &[(i64, f64)]) -> QueueRecord {
        let arranged = |points: &[(i64, f64)]| {
            let points = points.iter().map(|(minute, value)| point(*minute, *value));
            arrange(&sent(4), points)
        };
        QueueRecord {
            sent: None,
            received: arranged(received),
            oldest: arranged(oldest),
        }
    }

    /// The first queue's own history starts where that of all does.
    #[test]
    fn a_queue_s_history_starts_with_all_of_them() {
        let own = SentHistory {
            counts: vec![0, 0, 0, 4],
            silent: 2,
            ..sent(4)
        };
        let cut = skip_to(own, BEGIN + 120);
        assert_eq!(
            (cut.begin, cut.counts, cut.silent),
            (BEGIN + 120, vec![0, 4], 0)
        );
    }
}
