//! Predictive scaling in the loop.

use std::fmt::Write;

use super::*;
use crate::{BacklogPolicy, PredictivePolicy};

const HOUR: f64 = 3_600.0;

/// Two days with 25,200 messages at 05:00 each day, and none at other times. A message takes a second, so a
/// task with a utilization of 70% processes 2,520 per hour, and ten tasks are required.
fn actions(max: u32) -> Vec<(f64, u32, u32)> {
    let mut rows = "time,messages\n".to_owned();
    for hour in 0..48 {
        let messages = if hour % 24 == 5 { 25_200 } else { 0 };
        writeln!(rows, "{},{messages}", hour * 3_600).unwrap();
    }
    let load = Load::read_csv(rows.as_bytes(), None).unwrap();
    // No backlog reaches this target, so target tracking doesn't add tasks.
    let tracking = BacklogPolicy::copilot(1e9);
    let policy = PredictivePolicy::defaults(tracking, Duration::from_secs(1), 1);
    let scenario = Scenario {
        max,
        policy: Policy::Predictive(policy),
        ..scenario()
    };
    let outcome = simulate(&scenario, &load, 1).unwrap();
    let actions = outcome.actions.iter();
    actions.map(|act| (act.at, act.from, act.to)).collect()
}

#[test]
fn the_forecast_of_the_second_day_adds_tasks_five_minutes_early() {
    let actions = actions(20);
    assert_eq!(actions[0], (29.0 * HOUR - 300.0, 1, 10), "{actions:?}");
    // The forecast never removes tasks. Target tracking does, once the hour is over.
    let (at, from, to) = actions[1];
    assert!(at > 30.0 * HOUR && (from, to) == (10, 9), "{actions:?}");
    assert!(
        actions[1..].iter().all(|(_, from, to)| to < from),
        "{actions:?}"
    );
}

#[test]
fn a_forecast_never_exceeds_the_maximum_number_of_tasks() {
    let first = actions(8)[0];
    assert_eq!(first, (29.0 * HOUR - 300.0, 1, 8));
}
