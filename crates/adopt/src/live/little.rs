//! Processing time and concurrency of tasks, from SQS's counts: Little's law.
//!
//! In the long run, the mean number of messages in flight is the rate at which they are deleted × the mean time
//! from a message's receipt to its deletion. SQS counts a message as in flight from its receipt. So the count
//! includes messages that a task has received in advance and isn't processing yet. Two kinds of minutes distinguish
//! them:
//! - *quiet* minutes, in which nothing waits: tasks hold few messages that they aren't processing, so the time is
//!   closest to the processing time;
//! - *busy* minutes, in which at least as many messages wait as are in flight: no task lacks work, so the deletion
//!   rate is the capacity of the tasks.
//!
//! The capacity of a task per second is its concurrency ÷ the processing time. It determines how many tasks are
//! needed, and busy minutes measure it directly.

use serde::Serialize;

use super::number::{count, percentile};
use super::readings::{History, Minutes};

/// Minimum number of messages for a meaningful mean.
const ENOUGH_MESSAGES: f64 = 100.0;
/// Minimum number of messages seen in flight, over all minutes: their number has a relative error of about 1 ÷ its
/// square root, which is 20% here.
const ENOUGH_SEEN: f64 = 25.0;
/// Minimum number of busy minutes with a known number of tasks.
const ENOUGH_BUSY: usize = 10;
/// The latest minutes are excluded, because SQS publishes late.
const MINUTE: f64 = 60.0;

/// The measurements of the work on messages.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Work {
    /// Mean time from receipt to deletion in seconds, in quiet minutes.
    pub quiet_seconds: Option<f64>,
    /// The same over all minutes.
    pub all_seconds: Option<f64>,
    /// Median and 95th percentile of the same, over single hours.
    pub hours: Option<(f64, f64)>,
    /// Messages deleted.
    pub deleted: f64,
    /// Messages received but not deleted, as a share of the messages received. They count as in flight until their
    /// visibility timeout ends.
    pub undeleted: Option<f64>,
    /// Minutes with a datapoint.
    pub minutes: usize,
    /// Values of tasks that always have work.
    pub busy: Option<Concurrency>,
    /// Highest number of messages in flight per running task: the 95th percentile over minutes with work.
    pub held: Option<f64>,
}

/// The capacity of busy tasks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Concurrency {
    /// Messages in flight per running task.
    pub held: f64,
    /// Messages deleted per second and running task.
    pub rate: f64,
    /// Number of minutes.
    pub minutes: usize,
}

/// Measures the work on the messages of a history, with the running tasks by minute, if they are known.
#[must_use]
pub fn measure_work(history: &History, tasks: Option<&Minutes>) -> Work {
    let deleted: f64 = history.deleted.values().sum();
    let received: f64 = history.received.values().sum();
    let all = Sums::of(history, |_| true);
    let quiet = Sums::of(history, |at| waiting(history, at) < 0.5);
    let tasks = tasks.filter(|tasks| !tasks.is_empty());
    Work {
        quiet_seconds: quiet.seconds(),
        all_seconds: all.seconds(),
        hours: measure_hours(history),
        deleted,
        undeleted: (received >= ENOUGH_MESSAGES).then(|| (1.0 - deleted / received).max(0.0)),
        minutes: history.in_flight.len(),
        busy: tasks.and_then(|tasks| measure_busy(history, tasks)),
        held: tasks.and_then(|tasks| measure_held(history, tasks)),
    }
}

/// Sums over a set of minutes.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    in_flight: f64,
    deleted: f64,
}

impl Sums {
    /// Over the minutes for which `chosen` is true. A minute without a datapoint counts as 0.
    fn of(history: &History, chosen: impl Fn(i64) -> bool) -> Self {
        let sum = |minutes: &Minutes| -> f64 {
            let chosen = minutes.iter().filter(|(at, _)| chosen(**at));
            chosen.map(|(_, value)| *value).sum()
        };
        Self {
            in_flight: sum(&history.in_flight),
            deleted: sum(&history.deleted),
        }
    }

    /// Little's law: mean in flight ÷ deleted per second. Both means are over the same minutes, so their number
    /// cancels out.
    fn seconds(self) -> Option<f64> {
        let enough = self.deleted >= ENOUGH_MESSAGES && self.in_flight >= ENOUGH_SEEN;
        enough.then(|| self.in_flight * MINUTE / self.deleted)
    }
}

/// Messages that wait in a minute.
fn waiting(history: &History, at: i64) -> f64 {
    history.visible.get(&at).copied().unwrap_or_default()
}

fn measure_hours(history: &History) -> Option<(f64, f64)> {
    const HOUR: i64 = 3_600;
    let mut hours: std::collections::BTreeMap<i64, Sums> = std::collections::BTreeMap::new();
    for (at, value) in &history.in_flight {
        hours.entry(at.div_euclid(HOUR)).or_default().in_flight += value;
    }
    for (at, value) in &history.deleted {
        hours.entry(at.div_euclid(HOUR)).or_default().deleted += value;
    }
    let seconds: Vec<f64> = hours.values().filter_map(|hour| hour.seconds()).collect();
    Some((percentile(&seconds, 0.5)?, percentile(&seconds, 0.95)?))
}

/// Minutes in which no task lacks work.
fn measure_busy(history: &History, tasks: &Minutes) -> Option<Concurrency> {
    let busy = tasks.iter().filter(|(at, tasks)| {
        let held = history.in_flight.get(at).copied().unwrap_or_default();
        **tasks >= 0.5 && held > 0.0 && waiting(history, **at) >= held
    });
    let (mut minutes, mut task_minutes, mut sums) = (0, 0.0, Sums::default());
    for (at, tasks) in busy {
        minutes += 1;
        task_minutes += tasks;
        sums.in_flight += history.in_flight.get(at).copied().unwrap_or_default();
        sums.deleted += history.deleted.get(at).copied().unwrap_or_default();
    }
    let enough = minutes >= ENOUGH_BUSY && sums.deleted >= ENOUGH_MESSAGES;
    enough.then(|| Concurrency {
        held: sums.in_flight / task_minutes,
        rate: sums.deleted / (task_minutes * MINUTE),
        minutes,
    })
}

fn measure_held(history: &History, tasks: &Minutes) -> Option<f64> {
    let held = history.in_flight.iter().filter_map(|(at, held)| {
        let tasks = tasks.get(at).filter(|tasks| **tasks >= 0.5)?;
        (*held > 0.0).then(|| held / tasks)
    });
    percentile(&held.collect::<Vec<f64>>(), 0.95)
}

impl Work {
    /// The number of messages that a task processes at the same time: the rate of a busy task × the processing time
    /// in quiet minutes, at least 1. `None` if one of the two isn't known.
    #[must_use]
    pub fn concurrency(&self) -> Option<f64> {
        let busy = self.busy?;
        let seconds = self.quiet_seconds?;
        Some((busy.rate * seconds).round().max(1.0))
    }

    /// Number of messages, for people.
    pub(super) fn describe_amount(&self) -> String {
        format!(
            "{:.0} deleted messages and {} minutes with a datapoint",
            self.deleted,
            count(self.minutes)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `count` minutes with the same values, starting at a minute.
    fn minutes(from: i64, count: i64, value: f64) -> Minutes {
        (from..from + count)
            .map(|minute| (minute * 60, value))
            .collect()
    }

    fn history(parts: &[(i64, i64, f64, f64, f64)]) -> History {
        let mut history = History::default();
        for (from, count, in_flight, deleted, visible) in parts.iter().copied() {
            history.in_flight.extend(minutes(from, count, in_flight));
            history.deleted.extend(minutes(from, count, deleted));
            history.received.extend(minutes(from, count, deleted));
            history.visible.extend(minutes(from, count, visible));
        }
        history
    }

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!((found - expected).abs() < 1e-9, "{found} {expected}");
    }

    /// 60 minutes with 4 in flight and 120 deleted per minute, which is 2 per second: 4 ÷ 2/s = 2 s.
    #[test]
    fn the_time_is_what_is_in_flight_divided_by_the_rate() {
        let work = measure_work(&history(&[(0, 60, 4.0, 120.0, 0.0)]), None);
        close(work.quiet_seconds, 2.0);
        close(work.all_seconds, 2.0);
        assert_eq!(work.hours, Some((2.0, 2.0)));
        assert_eq!(work.undeleted, Some(0.0));
        assert_eq!(
            (work.busy, work.held, work.concurrency()),
            (None, None, None)
        );
    }

    /// A task that receives 10 messages at once and processes them one after another, 500 ms each. Quiet: one
    /// message every 10 s, 0.05 in flight (0.1/s × 0.5 s) and 6 deleted per minute. Busy, 2 tasks: 10 in flight in
    /// each, and 2 per second and task, so 240 deleted per minute. All minutes: (1,000 × 0.05 + 100 × 20) × 60 ÷
    /// (1,000 × 6 + 100 × 240) = 2,050 × 60 ÷ 30,000 = 4.1 s, eight times too long. Concurrency: 2/s × 0.5 s = 1.
    #[test]
    fn messages_that_a_task_only_holds_are_told_from_its_work() {
        let history = history(&[(0, 1_000, 0.05, 6.0, 0.0), (1_000, 100, 20.0, 240.0, 500.0)]);
        let tasks = minutes(0, 1_100, 2.0);
        let work = measure_work(&history, Some(&tasks));
        close(work.quiet_seconds, 0.5);
        close(work.all_seconds, 4.1);
        let busy = work.busy.unwrap();
        close(Some(busy.held), 10.0);
        close(Some(busy.rate), 2.0);
        assert_eq!(busy.minutes, 100);
        close(work.concurrency(), 1.0);
        // 1,100 minutes: 1,000 have 0.025 per task and 100 have 10, so the 95th percentile is among the latter.
        close(work.held, 10.0);
    }

    /// 5 messages at once, 1 s each, on 4 tasks: busy 20 in flight, 5/s and task, 1,200 per minute. Quiet: 60 per
    /// minute, so 1 in flight. 5/s × 1 s = 5.
    #[test]
    fn what_a_busy_task_does_at_once_is_its_concurrency() {
        let history = history(&[(0, 200, 1.0, 60.0, 0.0), (200, 20, 20.0, 1_200.0, 100.0)]);
        let work = measure_work(&history, Some(&minutes(0, 220, 4.0)));
        close(work.concurrency(), 5.0);
    }

    #[test]
    fn too_little_is_no_measurement() {
        // 99 deleted messages; then 200 deleted, but only 20 ever seen in flight.
        for (count, in_flight, deleted) in [(99, 1.0, 1.0), (20, 1.0, 10.0), (0, 0.0, 0.0)] {
            let work = measure_work(&history(&[(0, count, in_flight, deleted, 0.0)]), None);
            assert_eq!((work.quiet_seconds, work.all_seconds), (None, None));
        }
        // Nine busy minutes.
        let busy = history(&[(0, 9, 20.0, 1_200.0, 100.0)]);
        assert_eq!(measure_work(&busy, Some(&minutes(0, 9, 4.0))).busy, None);
        assert_eq!(measure_work(&busy, Some(&Minutes::new())).held, None);
    }

    /// 125 received for each 100 deleted: 1 − 100 ÷ 125 = 20% of the receipts led to no deletion.
    #[test]
    fn failed_messages_are_counted() {
        let mut history = history(&[(0, 60, 4.0, 100.0, 0.0)]);
        history.received = minutes(0, 60, 125.0);
        close(measure_work(&history, None).undeleted, 0.2);
    }
}
