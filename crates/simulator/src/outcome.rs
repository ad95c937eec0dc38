//! The result of a simulation.

use serde::Serialize;

use crate::assumptions::Assumption;
use crate::cost::{Cost, cost};
use crate::elasticity::{Elasticity, elasticity};
use crate::engine::{Finished, LaneRecords, Point, Records, ScalingAction};
use crate::late::{Course, LateTimes};
use crate::number::{count, format_duration, format_number};
use crate::scenario::{QueueScenario, Scenario};
use crate::time::{Nanos, nanos, seconds, wide_seconds};

/// The performance of a service under a load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunOutcome {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the policy, for people.
    pub policy: &'static str,
    /// Minimum and maximum number of tasks at any time.
    pub task_limits: TaskLimits,
    /// Seed of all random numbers; `None` for a measurement.
    pub seed: Option<u64>,
    /// Simulated or measured time in seconds, from the start of the load until every message is done.
    pub duration: f64,
    /// The part of it after the end of the load, in seconds, in which the remaining messages are processed.
    pub drain: f64,
    /// The latency objective: how long a message can wait, in seconds.
    pub slo: f64,
    /// Target of the policy's metric, in messages per task, if it has one.
    pub target: Option<f64>,
    /// Share, from 0 to 1, of the messages that met the objective. 1 without messages. Messages in the
    /// dead-letter queue and messages that the queue dropped miss it, unless they were processed once. So do
    /// messages that still wait when the simulation stops.
    pub within_objective: f64,
    /// Each queue, if there are several. The share above is then the lowest of the queues',
    /// because the service meets its objectives only if each queue does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueOutcome>,
    /// Waiting times.
    pub waiting: Waiting,
    /// The longest wait, in seconds, of each percent of the messages from 0 to 100: of the 90% that waited least at
    /// index 90. Never empty.
    pub wait_percentiles: Vec<f64>,
    /// Seconds during which the oldest waiting message had waited longer than the objective.
    pub over_slo: f64,
    /// The times in which messages were late.
    pub late_times: LateTimes,
    /// Messages that wait.
    pub backlog: Backlog,
    /// Messages by their outcome.
    pub messages: Messages,
    /// Tasks.
    pub tasks: TaskFigures,
    /// `tasks.max`, and the smallest value with which every message could start in time, if `tasks.max` is too
    /// low for that. In that case, no policy can meet the objective for all messages.
    pub limited_by_max: Option<MaxLimit>,
    /// Cost in US dollars.
    pub cost: Cost,
    /// Changes of the desired count.
    pub scaling: ScalingFigures,
    /// How closely the tasks followed the required tasks.
    pub elasticity: Elasticity,
    /// The course over time, in at most 2,000 points.
    pub series: Vec<Point>,
    /// The first 10,000 changes of the desired count.
    pub actions: Vec<ScalingAction>,
    /// The reason for each of these changes, if the policy gave one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// The assumptions. Empty for a measurement.
    pub assumptions: Vec<Assumption>,
    /// Assumptions and omissions, one sentence each.
    pub notes: Vec<String>,
}

/// The results of one queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueOutcome {
    /// Its name.
    pub queue: String,
    /// Its latency objective: how long a message can wait, in seconds.
    pub slo: f64,
    /// Share of its messages that must meet the objective, from 0 to 1, if the definition sets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<f64>,
    /// Messages sent to it.
    pub sent: u64,
    /// Share of them within its objective, as in [`RunOutcome::within_objective`].
    pub within_objective: f64,
    /// 99th percentile of their waiting times, in seconds.
    pub p99: f64,
    /// Maximum of their waiting times, in seconds.
    pub max: f64,
    /// Seconds during which its oldest waiting message had waited longer than its objective.
    pub over_slo: f64,
}

impl RunOutcome {
    /// Whether one objective holds for all messages: there is one queue, or all queues have the same.
    #[must_use]
    pub fn has_one_objective(&self) -> bool {
        let first = self.queues.first().map(QueueOutcome::objective);
        let mut queues = self.queues.iter();
        queues.all(|queue| Some(queue.objective()) == first)
    }
}

impl QueueOutcome {
    /// Its latency objective, and the share of its messages that must meet it.
    fn objective(&self) -> (f64, Option<f64>) {
        (self.slo, self.required)
    }

    /// Whether it misses the share that its objective requires.
    pub(crate) fn misses(&self) -> bool {
        self.required
            .is_some_and(|required| self.within_objective < required)
    }
}

/// Time from sending a message to the start of the processing that first finished it, in seconds. Percentiles
/// are exact to 0.1%. A lost message counts with its age when it was lost, and a message that still waits when
/// the simulation stops with its age then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Waiting {
    /// Mean.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Longest.
    pub max: f64,
}

/// Visible messages in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Backlog {
    /// Average.
    pub mean: f64,
    /// Maximum.
    pub max: u64,
    /// Average number of messages in flight.
    pub in_flight_mean: f64,
}

/// Messages by their outcome. The sent messages are the sum of all others: deleted, in the dead-letter queue,
/// expired, waiting, and in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Messages {
    /// Sent.
    pub sent: u64,
    /// Processed and deleted.
    pub deleted: u64,
    /// Moved to the dead-letter queue.
    pub dead_letters: u64,
    /// Dropped by the queue because they were older than its retention period.
    pub expired: u64,
    /// Waiting at the end.
    pub waiting: u64,
    /// In flight at the end.
    pub in_flight: u64,
    /// Number of times that a message was received again, and so processed twice, completely or in part.
    pub processed_again: u64,
    /// Messages that a task dropped when it was killed.
    pub interrupted: u64,
}

/// Tasks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TaskFigures {
    /// Task-seconds from launch to stop.
    pub seconds: f64,
    /// Billed task-seconds: at least a minute per task.
    pub billed_seconds: f64,
    /// Task-seconds of the ideal: see [`crate::Policy::Ideal`].
    pub needed_seconds: f64,
    /// Peak of the tasks that the ideal needs.
    pub needed_most: u32,
    /// Peak of the running tasks.
    pub most: u32,
}

/// Numbers of tasks that are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TaskLimits {
    /// Fewest.
    pub min: u32,
    /// Most.
    pub max: u32,
}

/// A maximum number of tasks that is too low for the objective.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MaxLimit {
    /// Allowed tasks.
    pub allowed: u32,
    /// Required tasks.
    pub needed: u32,
}

/// Changes of the desired count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScalingFigures {
    /// Increases.
    pub out: u64,
    /// Decreases.
    pub r#in: u64,
    /// Changes soon after one in the other direction: see [`crate::Assumptions::flap_window`].
    pub flaps: u64,
}

/// Maximum number of changes that an outcome lists.
const ACTIONS: usize = 10_000;

impl RunOutcome {
    /// Desired count at the end of the load.
    pub(crate) fn desired_at_end_of_load(&self) -> u32 {
        let loaded = self.duration - self.drain;
        let reached = self.series.iter().find(|point| point.at >= loaded);
        reached.map_or(0, |point| point.desired)
    }

    pub(crate) fn new(
        scenario: &Scenario,
        notes: &[String],
        seed: Option<u64>,
        mut finished: Finished,
    ) -> Self {
        finished.records.steps.close();
        finished.records.late_spans.finish();
        let needed = finished.foreknowledge.needed(scenario);
        let interval = finished.foreknowledge.interval();
        let needed_seconds = needed_seconds(&needed, interval, finished.loaded);
        let records = &finished.records;
        let elasticity = elasticity(&records.supply, &needed, interval, finished.end);
        let tasks = TaskFigures {
            seconds: seconds(finished.task_time),
            billed_seconds: seconds(finished.billed),
            needed_seconds,
            needed_most: needed.iter().copied().max().unwrap_or_default(),
            most: records
                .supply
                .iter()
                .map(|(_, count)| *count)
                .max()
                .unwrap_or_default(),
        };
        let mut series = finished.records.points.clone();
        add_need(&mut series, &needed, interval);
        let course = Course {
            records,
            needed: &needed,
            interval,
            end: finished.end,
        };
        course.fill_points(&mut series);
        let late_times = course.late_times(scenario);
        Self {
            scenario: scenario.name.clone(),
            policy: scenario.policy.name(),
            task_limits: TaskLimits {
                min: scenario.widest().0,
                max: scenario.widest().1,
            },
            seed,
            duration: seconds(finished.end),
            drain: seconds(finished.end - finished.loaded),
            slo: scenario.slo.as_secs_f64(),
            target: scenario.policy.target(),
            within_objective: within_objective(records),
            waiting: waiting(records),
            wait_percentiles: (0..=100)
                .map(|percent| wait_of(records, f64::from(percent)))
                .collect(),
            over_slo: seconds(
                records
                    .lanes
                    .iter()
                    .map(|lane| lane.over)
                    .max()
                    .unwrap_or_default(),
            ),
            queues: list_queues(scenario, records),
            late_times,
            backlog: backlog(records, finished.end),
            messages: messages(records),
            tasks,
            limited_by_max: finished
                .foreknowledge
                .limited_by_max(scenario)
                .map(|needed| MaxLimit {
                    allowed: scenario.widest().1,
                    needed,
                }),
            cost: cost(scenario, &finished, &tasks, (&needed, interval)),
            scaling: scaling(
                &records.actions,
                seconds(nanos(scenario.assumptions.flap_window)),
            ),
            elasticity,
            series,
            actions: records.actions.iter().take(ACTIONS).copied().collect(),
            reasons: Vec::new(),
            assumptions: scenario.list_assumptions(),
            notes: notes
                .iter()
                .chain(&scenario.notes)
                .cloned()
                .chain(redelivered(scenario, records))
                .chain(unfinished(&finished))
                .collect(),
        }
    }
}

/// Returns why messages were received again while a task was processing them.
fn redelivered(scenario: &Scenario, records: &Records) -> Option<String> {
    let totals = records.totals;
    let work = seconds(totals.longest_exposed);
    (totals.exposed > 0).then(|| {
        let timeout = scenario.visibility_timeout.as_secs_f64();
        if work <= timeout {
            return redelivered_from_batches(scenario, records, work);
        }
        let fix = if scenario.heartbeat {
            "SQS hides a message for at most 12 hours".to_owned()
        } else {
            format!(
                "Set visibility_timeout to at least {:.0}s, or let the worker extend it (heartbeat: true)",
                work.ceil()
            )
        };
        format!(
            "the visibility timeout, {}, is shorter than the work on a message, up to {}. Messages that became visible \
             again while a task worked on them: {}; times that they were received again: {}. {fix}",
            format_duration(timeout),
            format_duration(work),
            totals.exposed,
            totals.redelivered
        )
    })
}

/// The same for messages that a task had received but not started.
fn redelivered_from_batches(scenario: &Scenario, records: &Records, work: f64) -> String {
    let totals = records.totals;
    let received = scenario.batch << u32::from(scenario.prefetch);
    let turns = received.div_ceil(scenario.concurrency) + u32::from(scenario.prefetch);
    format!(
        "the visibility timeout, {}, ends while messages that a task has received wait for its work on others. Messages \
         that became visible again: {}; times that they were received again: {}. Receive fewer messages at once, or set \
         visibility_timeout to at least {:.0}s, which is the work on {turns} messages",
        format_duration(scenario.visibility_timeout.as_secs_f64()),
        totals.exposed,
        totals.redelivered,
        (work * f64::from(turns)).ceil()
    )
}

/// Returns the share, from 0 to 1, of messages within the objective: the lowest of the queues' shares, if there
/// are several.
pub(crate) fn within_objective(records: &Records) -> f64 {
    let shares = records.lanes.iter().map(lane_share);
    shares.reduce(f64::min).unwrap_or(1.0)
}

fn lane_share(lane: &LaneRecords) -> f64 {
    match lane.within_objective + lane.late {
        0 => 1.0,
        judged => count(lane.within_objective) / count(judged),
    }
}

fn list_queues(scenario: &Scenario, records: &Records) -> Vec<QueueOutcome> {
    let queues = scenario.queues.iter().zip(&records.lanes);
    let outcome = |(queue, lane): (&QueueScenario, &LaneRecords)| {
        let longest = seconds(lane.wait_max);
        let p99 = lane
            .waits
            .as_ref()
            .map(|waits| count(waits.value_at_quantile(0.99)) / 1e6);
        QueueOutcome {
            queue: queue.name.clone(),
            slo: queue.slo.as_secs_f64(),
            required: queue.share,
            sent: lane.sent,
            within_objective: lane_share(lane),
            p99: p99.unwrap_or_default().min(longest),
            max: longest,
            over_slo: seconds(lane.over),
        }
    };
    queues.map(outcome).collect()
}

/// Returns a note about the messages that were unfinished when the simulation stopped.
fn unfinished(finished: &Finished) -> Option<String> {
    let totals = finished.records.totals;
    let left = totals.waiting + totals.in_flight;
    let after = seconds(finished.end - finished.loaded);
    (left > 0 && after > 0.0).then(|| {
        format!(
            "the simulation stopped {} after the end of the load, when {} messages weren't done yet: \
             they count as late with their age at that time, and cost and tasks cover the time until then",
            format_duration(after),
            format_number(count(left), 0)
        )
    })
}

/// Returns the task-seconds of the ideal, until the load ends or, if that is later, until its work is done.
fn needed_seconds(needed: &[u32], interval: Nanos, loaded: Nanos) -> f64 {
    let all = interval.saturating_mul(needed.len() as u64);
    let end = if all.saturating_sub(interval) < loaded {
        loaded
    } else {
        all
    };
    let lengths = (0..needed.len() as u64).map(|index| {
        let begin = interval.saturating_mul(index);
        seconds(end.saturating_sub(begin).min(interval))
    });
    needed
        .iter()
        .zip(lengths)
        .map(|(count, length)| f64::from(*count) * length)
        .sum()
}

/// Returns a percentile of the wait, in seconds.
fn wait_of(records: &Records, percent: f64) -> f64 {
    let micros = records.waits.value_at_quantile(percent / 100.0);
    (count(micros) / 1e6).min(seconds(records.wait_max))
}

fn waiting(records: &Records) -> Waiting {
    Waiting {
        mean: wide_seconds(records.wait_sum) / count(records.waits.len().max(1)),
        p50: wait_of(records, 50.0),
        p90: wait_of(records, 90.0),
        p99: wait_of(records, 99.0),
        max: seconds(records.wait_max),
    }
}

fn backlog(records: &Records, end: Nanos) -> Backlog {
    let length = seconds(end.max(1));
    Backlog {
        mean: wide_seconds(records.waited) / length,
        max: records.backlog_max,
        in_flight_mean: wide_seconds(records.flown) / length,
    }
}

fn messages(records: &Records) -> Messages {
    let totals = records.totals;
    Messages {
        sent: totals.sent,
        deleted: totals.deleted,
        dead_letters: totals.dead,
        expired: totals.expired,
        waiting: totals.waiting,
        in_flight: totals.in_flight,
        processed_again: totals.again,
        interrupted: totals.interrupted,
    }
}

fn scaling(actions: &[ScalingAction], flap_window: f64) -> ScalingFigures {
    let mut figures = ScalingFigures::default();
    let mut before: Option<&ScalingAction> = None;
    for action in actions {
        let out = action.to > action.from;
        if out {
            figures.out += 1;
        } else {
            figures.r#in += 1;
        }
        let turned = before.is_some_and(|before| {
            (before.to > before.from) != out && action.at - before.at <= flap_window
        });
        figures.flaps += u64::from(turned);
        before = Some(action);
    }
    figures
}

/// Adds to each point the mean of the required tasks in its interval.
fn add_need(points: &mut [Point], needed: &[u32], interval: Nanos) {
    let width = seconds(interval);
    let mut begin = 0.0;
    for point in points {
        let (mut sum, mut at) = (0.0, begin);
        while at < point.at - 1e-9 {
            let index = ((at + 1e-9) / width).floor();
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "an index of the list, or past it"
            )]
            let count = needed.get(index as usize).copied().unwrap_or_default();
            let until = ((index + 1.0) * width).min(point.at);
            sum += f64::from(count) * (until - at);
            at = until;
        }
        point.needed = sum / (point.at - begin).max(1e-9);
        begin = point.at;
    }
}
