//! The delays of an observation, in seconds of the loop.

use serde::Serialize;

use super::observation::{AlarmSide, Experiment, Observation};
use super::replay::actions;

/// Minimum number of measurements for a distribution.
const ENOUGH: usize = 5;

/// A measured constant.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FittedDelay {
    /// Key of `--assume`.
    pub key: &'static str,
    /// Value for `--assume`.
    pub value: String,
    /// The measurements.
    pub evidence: String,
}

/// The constants that the observation measured.
pub(super) fn delays(observation: &Observation) -> Vec<FittedDelay> {
    let minute = observation.minute.max(f64::MIN_POSITIVE);
    let of_loop = |seconds: f64| seconds * 60.0 / minute;
    let measured = |measure: fn(&Experiment, f64) -> Vec<f64>| {
        let experiments = observation.experiments.iter();
        let all = experiments.flat_map(|one| measure(one, minute));
        all.map(of_loop).collect::<Vec<f64>>()
    };
    let definitions = |key, of: fn(&Experiment) -> f64, shown: fn(f64) -> String| {
        definition(observation, key, of, shown)
    };
    let starts = observation
        .task_starts
        .iter()
        .copied()
        .map(of_loop)
        .collect();
    [
        median(
            "publication_delay",
            "from PutMetricData to the first GetMetricData that returns it",
            measured(publication),
        ),
        median(
            "evaluation_delay",
            "from the end of the third period over the target to ALARM",
            measured(evaluation),
        ),
        median(
            "action_delay",
            "from ALARM to the scaling activity",
            measured(action),
        ),
        definitions(
            "high_datapoints",
            |one| one.high_datapoints.into(),
            |value| format!("{value:.0}"),
        ),
        definitions(
            "low_datapoints",
            |one| one.low_datapoints.into(),
            |value| format!("{value:.0}"),
        ),
        definitions(
            "low_share",
            |one| one.low_threshold / one.target,
            |value| format!("{}", (value * 1e4).round() / 1e4),
        ),
        task_start(starts, observation.image.as_deref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn publication(experiment: &Experiment, _: f64) -> Vec<f64> {
    let seen = experiment
        .published
        .iter()
        .filter_map(|one| Some(one.visible? - one.at));
    seen.filter(|delay| *delay >= 0.0).collect()
}

fn evaluation(experiment: &Experiment, minute: f64) -> Vec<f64> {
    let over = experiment
        .published
        .iter()
        .filter(|one| one.value > experiment.target);
    let number = (experiment.high_datapoints as usize).saturating_sub(1);
    let last = over
        .map(|one| ((one.at / minute).floor() + 1.0) * minute)
        .nth(number);
    let delay = first_alarm(experiment, AlarmSide::High)
        .zip(last)
        .map(|(at, end)| at - end);
    delay.filter(|delay| *delay >= 0.0).into_iter().collect()
}

/// Only actions that changed something and came directly after a change of the alarm's state.
fn action(experiment: &Experiment, minute: f64) -> Vec<f64> {
    let first = actions(experiment, minute);
    let delays = [AlarmSide::High, AlarmSide::Low]
        .into_iter()
        .filter_map(|side| {
            let action = first.iter().find(|one| one.alarm == side)?;
            let started = experiment
                .activities
                .iter()
                .find(|one| one.at >= action.at)?;
            Some(started.at - action.at).filter(|delay| *delay < minute / 2.0)
        });
    delays.collect()
}

fn definition(
    observation: &Observation,
    key: &'static str,
    of: fn(&Experiment) -> f64,
    shown: fn(f64) -> String,
) -> Option<FittedDelay> {
    let known = observation
        .experiments
        .iter()
        .filter(|one| one.high_datapoints > 0);
    let mut values: Vec<String> = known.map(|one| shown(of(one))).collect();
    let number = values.len();
    values.dedup();
    let [value] = values.as_slice() else {
        return None;
    };
    Some(FittedDelay {
        key,
        value: value.clone(),
        evidence: format!("the definition of {number} alarms of Application Auto Scaling"),
    })
}

fn median(key: &'static str, what: &str, mut values: Vec<f64>) -> Option<FittedDelay> {
    values.sort_by(f64::total_cmp);
    let middle = *values.get(values.len() / 2)?;
    let (least, most) = (values.first()?, values.last()?);
    Some(FittedDelay {
        key,
        value: milliseconds(middle),
        evidence: format!(
            "{what}: median of {}, {least:.1} to {most:.1} s",
            values.len()
        ),
    })
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a run starts far fewer than 2^52 tasks"
)]
fn task_start(values: Vec<f64>, image: Option<&str>) -> Option<FittedDelay> {
    if values.len() < ENOUGH {
        return None;
    }
    let number = values.len() as f64;
    let mean = values.iter().sum::<f64>() / number;
    let variance = values
        .iter()
        .map(|value| (value - mean).powi(2))
        .sum::<f64>()
        / (number - 1.0);
    let (least, most) = (
        values.iter().copied().fold(f64::INFINITY, f64::min),
        values.iter().copied().fold(0.0, f64::max),
    );
    let image = image
        .map(|image| format!(" of {image}"))
        .unwrap_or_default();
    Some(FittedDelay {
        key: "task_start",
        value: format!(
            "lognormal:{},{:.2}",
            milliseconds(mean),
            variance.sqrt() / mean.max(1e-9)
        ),
        evidence: format!(
            "{number} tasks{image} from creation to RUNNING: {least:.1} to {most:.1} s"
        ),
    })
}

/// Formats a time as for `--assume`.
fn milliseconds(seconds: f64) -> String {
    format!("{:.0}ms", (seconds * 1000.0).max(0.0))
}

/// Returns how long after the start an alarm of an experiment first went into ALARM.
pub(super) fn first_alarm(experiment: &Experiment, side: AlarmSide) -> Option<f64> {
    let mut changes = experiment.alarms.iter();
    let first = changes.find(|change| change.alarm == side && change.is_alarm)?;
    Some(first.at)
}
