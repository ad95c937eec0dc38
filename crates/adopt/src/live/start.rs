//! How long a task takes to start.

use serde::Serialize;

use super::number::{count, percentile};
use super::readings::{EventReading, StartReading};

/// Time from the creation of tasks until all of their containers run, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct TaskStart {
    /// 95th percentile.
    pub p95: f64,
    /// Median.
    pub median: f64,
    /// Median time of pulling the images, if it is known.
    pub pull: Option<f64>,
    /// Number of tasks, or of starts in the service's events.
    pub samples: usize,
    /// Whether it is from tasks instead of events.
    pub of_tasks: bool,
}

/// Longer starts are deployments that wait, for example for an image that can't be pulled.
const LONGEST: f64 = 3_600.0;

/// Measures the starts of tasks. Without tasks, it measures the time from ECS's message that it has started tasks
/// to the next message that the service is steady, which is longer.
#[must_use]
pub fn measure_start(starts: &[StartReading], events: &[EventReading]) -> Option<TaskStart> {
    let seconds = |from: i64, to: i64| {
        let millis = u32::try_from(to - from).ok()?;
        Some(f64::from(millis) / 1_000.0).filter(|seconds| *seconds <= LONGEST)
    };
    let times: Vec<f64> = starts
        .iter()
        .filter_map(|start| seconds(start.created, start.started))
        .collect();
    let pulls: Vec<f64> = starts
        .iter()
        .filter_map(|start| seconds(start.pull_started?, start.pull_stopped?))
        .collect();
    if let Some((median, p95)) = percentile(&times, 0.5).zip(percentile(&times, 0.95)) {
        return Some(TaskStart {
            p95,
            median,
            pull: percentile(&pulls, 0.5),
            samples: times.len(),
            of_tasks: true,
        });
    }
    let times = event_times(events);
    Some(TaskStart {
        median: percentile(&times, 0.5)?,
        p95: percentile(&times, 0.95)?,
        pull: None,
        samples: times.len(),
        of_tasks: false,
    })
}

/// Source of the messages: Amazon ECS Developer Guide, "Amazon ECS service event messages".
fn event_times(events: &[EventReading]) -> Vec<f64> {
    let mut events: Vec<&EventReading> = events.iter().collect();
    events.sort_by_key(|event| event.at);
    let (mut began, mut times) = (None, Vec::new());
    for event in events {
        if event.message.contains("has started") && event.message.contains("task") {
            began = began.or(Some(event.at));
        } else if event.message.contains("has reached a steady state")
            && let Some(began) = began.take()
        {
            let seconds = usize::try_from(event.at - began).map_or(0.0, count);
            times.extend(Some(seconds).filter(|seconds| *seconds > 0.0 && *seconds <= LONGEST));
        }
    }
    times
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(created: i64, pull: Option<(i64, i64)>, started: i64) -> StartReading {
        StartReading {
            created,
            pull_started: pull.map(|pull| pull.0),
            pull_stopped: pull.map(|pull| pull.1),
            started,
        }
    }

    fn event(at: i64, message: &str) -> EventReading {
        EventReading {
            at,
            message: format!("(service orders) {message}"),
        }
    }

    /// Starts of 30, 40, and 50 s; pulls of 12 and 20 s.
    #[test]
    fn tasks_tell_when_they_were_created_and_started() {
        let starts = [
            start(0, Some((8_000, 20_000)), 30_000),
            start(100_000, Some((105_000, 125_000)), 150_000),
            start(0, None, 40_000),
            // A clock that was set back, and a task that waited for two hours.
            start(10_000, None, 0),
            start(0, None, 7_200_000),
        ];
        let found = measure_start(&starts, &[]).unwrap();
        assert_eq!(
            (found.median, found.p95, found.pull),
            (40.0, 50.0, Some(12.0))
        );
        assert_eq!((found.samples, found.of_tasks), (3, true));
    }

    #[test]
    fn without_tasks_events_are_an_upper_limit() {
        let events = [
            event(1_090, "has reached a steady state."),
            event(1_000, "has started 2 tasks: (task a) (task b)."),
            event(1_020, "has started 1 tasks: (task c)."),
            event(2_000, "has reached a steady state."),
        ];
        let found = measure_start(&[], &events).unwrap();
        assert_eq!(
            (found.median, found.samples, found.of_tasks),
            (90.0, 1, false)
        );
        assert_eq!(measure_start(&[], &events[3..]), None);
    }
}
