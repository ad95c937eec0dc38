//! The conclusions from the readings: each fact with its evidence.

use std::time::Duration;

use serde::Serialize;

use super::little::{Concurrency, Work, measure_work};
use super::number::{brief, count, rounded, seconds, small};
use super::present::{Present, find_present};
use super::readings::Readings;
use super::start::{TaskStart, measure_start};
use super::traffic::{Traffic, measure_traffic, running_tasks};

/// A value with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Its source; starts with `guess: ` if it wasn't measured.
    pub evidence: String,
}

/// The values of a definition.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    /// Traffic of the queues; `None` without history.
    pub traffic: Option<Traffic>,
    /// The work on messages.
    pub work: Work,
    /// The source of the past numbers of running tasks; `None` if unknown.
    pub tasks_from: Option<String>,
    /// Start of tasks.
    pub start: Option<TaskStart>,
    /// Average processing time of a message; `None` if it couldn't be measured.
    pub processing: Option<Fact<Duration>>,
    /// Messages that a task processes at the same time.
    pub concurrency: Fact<u32>,
    /// Minimum number of tasks.
    pub min: Fact<u32>,
    /// Maximum number of tasks.
    pub max: Fact<u32>,
    /// Time from a decision until a new task takes its first message.
    pub task_start: Fact<Duration>,
    /// What currently scales the service.
    #[serde(skip)]
    pub present: Present,
}

/// The format's limits for the number of tasks, and for the longest start.
const MOST_TASKS: u32 = 5_000;
const LONGEST_START: f64 = 3_600.0;
/// The format's limit for messages at the same time.
const MOST_AT_ONCE: u32 = 10_000;
/// The format's default of `task_start`.
const USUAL_START: Duration = Duration::from_secs(40);

/// Derives the facts from the readings.
#[must_use]
pub fn infer(readings: &Readings) -> Facts {
    let tasks = running_tasks(&readings.history, readings.service.running);
    let minutes = tasks.as_ref().map(|(minutes, _)| minutes);
    let work = measure_work(&readings.history, minutes);
    let traffic = measure_traffic(&readings.history, minutes);
    let start = measure_start(&readings.starts, &readings.service.events);
    let (processing, concurrency) = conclude_work(&work, readings.history.days);
    let need = peak_need(traffic.as_ref(), processing.as_ref(), concurrency.value);
    Facts {
        processing,
        concurrency,
        min: fewest(readings),
        max: most(readings, need),
        task_start: conclude_start(start.as_ref()),
        traffic,
        work,
        tasks_from: tasks.map(|(_, evidence)| evidence),
        start,
        present: find_present(readings),
    }
}

/// Processing time and concurrency.
type WorkFacts = (Option<Fact<Duration>>, Fact<u32>);

/// Processing time and concurrency. Concurrency ÷ processing time is the rate of a busy task, which determines how
/// many tasks are needed.
fn conclude_work(work: &Work, days: u32) -> WorkFacts {
    let amount = work.describe_amount();
    let hours = work.hours.map_or_else(String::new, |(median, p95)| {
        let (median, p95) = (seconds(median), seconds(p95));
        format!("; single hours: median {median}, p95 {p95}")
    });
    let little = format!("in flight ÷ deleted per second over {days} days ({amount}{hours})");
    match (work.busy, work.concurrency(), work.quiet_seconds) {
        (Some(busy), Some(at_once), Some(quiet)) => of_both(busy, (at_once, quiet), &little),
        (Some(busy), _, _) if busy.rate > 0.0 => of_rate(busy),
        _ => (of_time(work, &little), one(guess_concurrency(work))),
    }
}

fn one(evidence: impl Into<String>) -> Fact<u32> {
    Fact {
        value: 1,
        evidence: evidence.into(),
    }
}

fn time(value: f64, evidence: String) -> Option<Fact<Duration>> {
    let value = rounded(value);
    Some(Fact { value, evidence })
}

/// From the rate of a busy task, and from the time per message while nothing waits.
fn of_both(busy: Concurrency, (at_once, quiet): (f64, f64), little: &str) -> WorkFacts {
    let at_once = small(at_once).clamp(1, MOST_AT_ONCE);
    let concurrency = Fact {
        value: at_once,
        evidence: format!(
            "a busy task deletes {} per second ({} minutes in which at least as many messages waited as were in flight), \
             × {}, for which a message is in flight while nothing waits; it holds {} messages, \
             including messages received in advance",
            brief(busy.rate),
            busy.minutes,
            seconds(quiet),
            brief(busy.held)
        ),
    };
    let evidence = format!("concurrency ÷ the rate of a busy task; {little}");
    (time(f64::from(at_once) / busy.rate, evidence), concurrency)
}

/// Only from the rate of a busy task.
fn of_rate(busy: Concurrency) -> WorkFacts {
    let evidence = format!(
        "1 ÷ the rate of a busy task, {} per second ({} minutes); messages always waited, so the time \
         for a single one is unknown",
        brief(busy.rate),
        busy.minutes
    );
    let unknown =
        "guess: 1, which matches the processing time above: only their quotient was measured";
    (time(1.0 / busy.rate, evidence), one(unknown))
}

/// Only from the time that a message is in flight.
fn of_time(work: &Work, little: &str) -> Option<Fact<Duration>> {
    let quiet = match work.quiet_seconds {
        Some(_) => "while nothing waits, ",
        None => "",
    };
    let evidence =
        format!("{quiet}{little}; this includes messages that a task receives in advance");
    time(work.quiet_seconds.or(work.all_seconds)?, evidence)
}

fn guess_concurrency(work: &Work) -> String {
    match work.held {
        Some(held) => format!(
            "guess: 1, because too few minutes were busy to measure it; a task held up to {} messages (p95), including \
             messages received in advance",
            brief(held)
        ),
        None => "guess: 1; without a history of running tasks, nothing measured it".to_owned(),
    }
}

/// Tasks that the busiest minute needed.
fn peak_need(
    traffic: Option<&Traffic>,
    processing: Option<&Fact<Duration>>,
    at_once: u32,
) -> Option<f64> {
    let rate = traffic?.most / 60.0;
    Some((rate * processing?.value.as_secs_f64() / f64::from(at_once)).ceil())
}

fn fewest(readings: &Readings) -> Fact<u32> {
    match &readings.target {
        Some(target) => Fact {
            value: target.min.min(MOST_TASKS),
            evidence: "of its scalable target".to_owned(),
        },
        None => Fact {
            value: 1,
            evidence: match readings.scaling_unread {
                Some(_) => "guess: 1; what scales the service now wasn't read".to_owned(),
                None => "guess: 1; nothing scales the service now".to_owned(),
            },
        },
    }
}

fn most(readings: &Readings, need: Option<f64>) -> Fact<u32> {
    let of_need =
        |need: f64| format!("the busiest minute needed {need:.0}, if they were spread evenly");
    let desired = readings.service.desired;
    let fact = match (&readings.target, need) {
        (Some(target), None) => (target.max, "of its scalable target".to_owned()),
        (Some(target), Some(need)) => (
            target.max,
            format!("of its scalable target; {}", of_need(need)),
        ),
        (None, Some(need)) => {
            let doubled = small(need * 2.0).max(desired);
            let evidence = format!(
                "guess: twice the peak, at least the present {desired}; {}",
                of_need(need)
            );
            (doubled, evidence)
        }
        (None, None) => (
            desired,
            format!("guess: the current {desired}; the number that a peak needs is unknown"),
        ),
    };
    Fact {
        value: fact.0.clamp(1, MOST_TASKS),
        evidence: fact.1,
    }
}

fn conclude_start(start: Option<&TaskStart>) -> Fact<Duration> {
    let Some(start) = start else {
        return Fact {
            value: USUAL_START,
            evidence: "guess: the default; no task's start could be read".to_owned(),
        };
    };
    let pull = start.pull.map_or_else(String::new, |pull| {
        format!(", of which pulling images took {} (median)", seconds(pull))
    });
    let evidence = if start.of_tasks {
        format!(
            "p95 of {}, from their creation until they ran{pull}; what your program takes until its first message isn't \
             in it",
            counted(start.samples, "task")
        )
    } else {
        format!(
            "p95 of {}, until the service was steady; longer than a task's start",
            counted(start.samples, "start in ECS's events")
        )
    };
    Fact {
        value: Duration::from_secs(u64::from(small(start.p95.clamp(1.0, LONGEST_START).ceil()))),
        evidence,
    }
}

fn counted(number: usize, what: &str) -> String {
    match (number, what.split_once(' ')) {
        (1, _) => format!("1 {what}"),
        (_, Some((first, rest))) => format!("{} {first}s {rest}", count(number)),
        (_, None) => format!("{} {what}s", count(number)),
    }
}
