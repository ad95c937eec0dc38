//! The number of messages sent, and how long they waited.

use serde::Serialize;

use super::number::{count, percentile};
use super::readings::{History, Minutes};

/// Messages per minute, and the age of the oldest ones.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Traffic {
    /// Messages sent.
    pub sent: f64,
    /// Minutes from the first to the last datapoint.
    pub minutes: usize,
    /// Mean number of messages per minute.
    pub mean: f64,
    /// 95th percentile of the minutes.
    pub p95: f64,
    /// Messages of the busiest minute.
    pub most: f64,
    /// The oldest message in seconds: 95th percentile of the minutes with a datapoint, and longest.
    pub oldest: Option<(f64, f64)>,
    /// Mean number of running tasks, if it is known.
    pub tasks: Option<f64>,
}

/// Measures the traffic of a history; `None` if nothing was sent.
#[must_use]
pub fn measure_traffic(history: &History, tasks: Option<&Minutes>) -> Option<Traffic> {
    let first = *history.sent.keys().next()?;
    let last = *history.sent.keys().next_back()?;
    let minutes = usize::try_from((last - first) / 60 + 1).ok()?;
    let sent: f64 = history.sent.values().sum();
    // SQS publishes nothing for an unused queue: minutes without a datapoint had no messages.
    let silent = minutes.saturating_sub(history.sent.len());
    let mut each: Vec<f64> = history.sent.values().copied().collect();
    each.extend(std::iter::repeat_n(0.0, silent));
    let oldest: Vec<f64> = history.oldest.values().copied().collect();
    let oldest = percentile(&oldest, 0.95).zip(percentile(&oldest, 1.0));
    let tasks = tasks.filter(|tasks| !tasks.is_empty());
    (sent > 0.0).then(|| Traffic {
        sent,
        minutes,
        mean: sent / count(minutes),
        p95: percentile(&each, 0.95).unwrap_or_default(),
        most: percentile(&each, 1.0).unwrap_or_default(),
        oldest,
        tasks: tasks.map(|tasks| tasks.values().sum::<f64>() / count(tasks.len())),
    })
}

/// Running tasks by minute, and their source: Container Insights, or the samples of the CPU utilization if these
/// match the current running tasks. `None` if neither exists.
///
/// ECS sends several samples per minute for some tasks, so their number is divided by the current number of samples
/// per task.
pub(super) fn running_tasks(history: &History, running: u32) -> Option<(Minutes, String)> {
    if !history.running.is_empty() {
        let evidence = "RunningTaskCount of Container Insights".to_owned();
        return Some((history.running.clone(), evidence));
    }
    const LATEST: usize = 5;
    let latest: Vec<f64> = history
        .cpu_samples
        .values()
        .rev()
        .take(LATEST)
        .copied()
        .collect();
    let samples = percentile(&latest, 0.5)?;
    let running = f64::from(running);
    let each = (samples / running).round();
    if running == 0.0 || each < 1.0 || (samples - each * running).abs() > 0.05 * samples {
        return None;
    }
    let tasks = history.cpu_samples.iter();
    let tasks = tasks.map(|(at, samples)| (*at, samples / each)).collect();
    let evidence = format!(
        "guess: samples of the service's CPUUtilization, {each:.0} per task and minute now; Container Insights is off"
    );
    Some((tasks, evidence))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(values: &[(i64, f64)]) -> Minutes {
        values
            .iter()
            .map(|(minute, value)| (minute * 60, *value))
            .collect()
    }

    /// 10 minutes, 4 of them with a datapoint, with 30 + 30 + 30 + 60 = 150 messages: 15 per minute.
    #[test]
    fn silent_minutes_count() {
        let history = History {
            sent: at(&[(0, 30.0), (1, 30.0), (2, 30.0), (9, 60.0)]),
            oldest: at(&[(0, 5.0), (1, 45.0)]),
            ..History::default()
        };
        let traffic = measure_traffic(&history, None).unwrap();
        assert_eq!((traffic.sent, traffic.minutes), (150.0, 10));
        assert_eq!(
            (traffic.mean, traffic.p95, traffic.most),
            (15.0, 60.0, 60.0)
        );
        assert_eq!(traffic.oldest, Some((45.0, 45.0)));
        assert_eq!(measure_traffic(&History::default(), None), None);
        let silent = History {
            sent: at(&[(0, 0.0)]),
            ..History::default()
        };
        assert_eq!(measure_traffic(&silent, None), None);
    }

    #[test]
    fn tasks_are_counted_by_container_insights_or_by_samples_that_agree() {
        let mut history = History {
            cpu_samples: at(&[(0, 2.0), (1, 6.0), (2, 6.0), (3, 6.0)]),
            ..History::default()
        };
        // Three tasks now, with two samples each.
        let (tasks, evidence) = running_tasks(&history, 3).unwrap();
        assert_eq!(tasks, at(&[(0, 1.0), (1, 3.0), (2, 3.0), (3, 3.0)]));
        assert!(evidence.starts_with("guess: "), "{evidence}");
        assert!(evidence.contains("2 per task"), "{evidence}");
        // Six samples don't match four tasks, a hundred, or none.
        for running in [4, 100, 0] {
            assert_eq!(running_tasks(&history, running), None, "{running}");
        }
        history.running = at(&[(0, 7.0)]);
        let (tasks, evidence) = running_tasks(&history, 3).unwrap();
        assert_eq!(tasks, at(&[(0, 7.0)]));
        assert!(!evidence.contains("guess"), "{evidence}");
        assert_eq!(running_tasks(&History::default(), 3), None);
    }
}
