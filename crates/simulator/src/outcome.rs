//! What a simulation tells.

use serde::Serialize;

use crate::assumptions::Assumption;
use crate::cost::{Cost, cost};
use crate::elasticity::{Elasticity, elasticity};
use crate::engine::{Finished, LaneRecords, Point, Records, ScalingAction};
use crate::late::{Course, LateTimes};
use crate::number::{count, format_duration};
use crate::scenario::{QueueScenario, Scenario};
use crate::time::{Nanos, nanos, seconds, wide_seconds};

/// What became of a service under a load.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunOutcome {
    /// Name of the scenario.
    pub scenario: String,
    /// Name of the policy, for people.
    pub policy: &'static str,
    /// Fewest and most tasks that are allowed at any time.
    pub task_limits: TaskLimits,
    /// Seed of everything that was drawn; nothing for what was measured.
    pub seed: Option<u64>,
    /// Simulated or measured time in seconds: from the start of the load until every message is done.
    pub duration: f64,
    /// Seconds of it after the end of the load, in which the remaining messages are processed.
    pub drain: f64,
    /// How long a message may wait, in seconds.
    pub slo: f64,
    /// Target of the policy's metric, in messages a task, if it has one.
    pub target: Option<f64>,
    /// Share, from 0 to 1, of the messages whose promise was kept. 1 without messages. Messages in the
    /// dead-letter queue and messages that the queue dropped are broken promises, unless they were
    /// processed once; so are those that still wait when the simulation stops.
    pub within_objective: f64,
    /// Each queue by its own objective, if they differ. The share above is then the lowest of theirs, since the service meets
    /// its objectives only if each queue does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueOutcome>,
    /// Waiting times.
    pub waiting: Waiting,
    /// The longest wait, in seconds, of each percent of the messages from 0 to 100: of the 90% that waited least at
    /// index 90. Never empty.
    pub wait_percentiles: Vec<f64>,
    /// Seconds during which the oldest waiting message had waited longer than promised.
    pub over_slo: f64,
    /// The times in which messages were late.
    pub late_times: LateTimes,
    /// Messages that wait.
    pub backlog: Backlog,
    /// Messages, by what became of them.
    pub messages: Messages,
    /// Tasks.
    pub tasks: TaskFigures,
    /// `tasks.max`, and the smallest one with which every message could start in time, where the former is
    /// too low for that: then no policy can meet the objective for all messages.
    pub limited_by_max: Option<MaxLimit>,
    /// Cost in US dollars.
    pub cost: Cost,
    /// Changes of the desired count.
    pub scaling: ScalingFigures,
    /// How well the tasks followed the need.
    pub elasticity: Elasticity,
    /// The course of it, in at most 2,000 points.
    pub series: Vec<Point>,
    /// The changes of the desired count, the first 10,000 of them.
    pub actions: Vec<ScalingAction>,
    /// Why each of these changes was made, where somebody said so.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// What was taken for granted; nothing for what was measured.
    pub assumptions: Vec<Assumption>,
    /// What was assumed or left out, a sentence each.
    pub notes: Vec<String>,
}

/// What became of the messages of one queue.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueOutcome {
    /// Its name.
    pub queue: String,
    /// How long a message of it may wait, in seconds.
    pub slo: f64,
    /// Share of its messages that must meet that, from 0 to 1, if the definition sets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub required: Option<f64>,
    /// Messages sent to it.
    pub sent: u64,
    /// Share of them within its objective, as in [`RunOutcome::within_objective`].
    pub within_objective: f64,
    /// 99th percentile of their waiting times, in seconds.
    pub p99: f64,
    /// Longest of them.
    pub max: f64,
}

impl QueueOutcome {
    /// Whether it misses the share that its objective requires.
    pub(crate) fn misses(&self) -> bool {
        self.required
            .is_some_and(|required| self.within_objective < required)
    }
}

/// From a message's sending to the beginning of the processing that first finished it, in seconds.
/// Percentiles are exact to 0.1%. Lost messages count with their age when they are lost, and those that
/// still wait when the simulation stops with their age then.
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

/// Messages that wait, visible in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Backlog {
    /// On average.
    pub mean: f64,
    /// At most.
    pub max: u64,
    /// Messages in flight, on average.
    pub in_flight_mean: f64,
}

/// Messages, by what became of them. Those sent are all the others: deleted, dead letters, expired,
/// waiting and in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Messages {
    /// Sent.
    pub sent: u64,
    /// Processed and deleted.
    pub deleted: u64,
    /// Moved to the dead-letter queue.
    pub dead_letters: u64,
    /// Dropped by the queue, older than its retention.
    pub expired: u64,
    /// Waiting at the end.
    pub waiting: u64,
    /// In flight at the end.
    pub in_flight: u64,
    /// Times that a message was received again, so that it was processed twice in whole or in part.
    pub processed_again: u64,
    /// Messages that a task dropped because it was killed.
    pub interrupted: u64,
}

/// Tasks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TaskFigures {
    /// Task-seconds from launch to end.
    pub seconds: f64,
    /// Task-seconds that are billed: a minute a task at least.
    pub billed_seconds: f64,
    /// Task-seconds that the ideal needs: see [`crate::Policy::Ideal`].
    pub needed_seconds: f64,
    /// Most tasks that the ideal needs.
    pub needed_most: u32,
    /// Most tasks that ran.
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
    /// Tasks that are allowed.
    pub allowed: u32,
    /// Tasks that are needed.
    pub needed: u32,
}

/// Changes of the desired count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ScalingFigures {
    /// Changes upwards.
    pub out: u64,
    /// Changes downwards.
    pub r#in: u64,
    /// Changes soon after one of the other direction: see [`crate::Assumptions::flap_window`].
    pub flaps: u64,
}

/// Most changes that an outcome lists.
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

/// Why messages were received again while a task worked on them.
fn redelivered(scenario: &Scenario, records: &Records) -> Option<String> {
    let totals = records.totals;
    let work = seconds(totals.longest_exposed);
    (totals.exposed > 0).then(|| {
        let timeout = scenario.visibility_timeout.as_secs_f64();
        if work <= timeout {
            return redelivered_from_batches(scenario, records, work);
        }
        let fix = if scenario.heartbeat {
            "SQS hides a message for 12 hours at most".to_owned()
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

/// The same for messages that a task had received and not begun.
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

/// The share, from 0 to 1, of the messages within the objective: the lowest of the queues', if their objectives differ.
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
        }
    };
    queues.map(outcome).collect()
}

/// What to say of the messages that a simulation stopped waiting for.
fn unfinished(finished: &Finished) -> Option<String> {
    let totals = finished.records.totals;
    let left = totals.waiting + totals.in_flight;
    let after = seconds(finished.end - finished.loaded);
    (left > 0 && after > 0.0).then(|| {
        format!(
            "the simulation stopped {} after the end of the load, when {left} messages weren't done yet: \
             they count as late with their age at that time, and cost and tasks cover the time until then",
            format_duration(after)
        )
    })
}

/// Task-seconds of the ideal, until the load ends or, if that is later, until its work is done.
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

/// The longest wait of the percent of the messages that waited least, in seconds.
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

/// Puts the mean need of its stretch into each point.
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
