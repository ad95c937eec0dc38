//! Replays an experiment under one combination of variants.

use std::time::Duration;

use scaling::{
    AlarmState, Bounds, ScalableTarget, ServiceCounts, TrackingBehavior, TrackingPolicy,
    TrackingReading,
};

use super::observation::{AlarmSide, Experiment};

/// How late an activity can be after the action that caused it, as a share of a minute. An action is repeated
/// after a whole minute.
const LATE: f64 = 0.75;

/// How early an activity can seem to be, as a share of a minute, because alarms and activities have separate
/// clocks.
const EARLY: f64 = 0.2;

/// An action of an alarm: when the alarm goes into ALARM, and every minute while it stays there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Action {
    pub at: f64,
    pub alarm: AlarmSide,
}

/// An action whose result differs from the one that a combination of variants computes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Mismatch {
    /// Number of previous actions, which agree.
    pub explained: usize,
    pub at: f64,
    pub before: u32,
    pub computed: u32,
    pub observed: u32,
}

impl Experiment {
    /// Returns the number of actions of its alarms since its start that were observed completely. `minute` is in
    /// seconds.
    #[must_use]
    pub fn count_actions(&self, minute: f64) -> usize {
        let actions = actions(self, minute).into_iter();
        actions.filter(|action| action.at >= self.start).count()
    }
}

/// Returns the actions of an experiment's alarms that were observed completely, oldest first.
pub(super) fn actions(experiment: &Experiment, minute: f64) -> Vec<Action> {
    let mut actions = Vec::new();
    for alarm in [AlarmSide::High, AlarmSide::Low] {
        let mut changes = experiment
            .alarms
            .iter()
            .filter(|change| change.alarm == alarm)
            .peekable();
        while let Some(change) = changes.next() {
            let until = changes.peek().map_or(experiment.end, |next| next.at);
            let mut at = change.at;
            while change.is_alarm && at < until && at + LATE * minute <= experiment.end {
                actions.push(Action { at, alarm });
                at += minute;
            }
        }
    }
    let begin = first_low_action(experiment, minute);
    actions.retain(|action| match action.alarm {
        AlarmSide::High => action.at >= experiment.start,
        AlarmSide::Low => action.at >= begin,
    });
    actions.sort_by(|one, other| one.at.total_cmp(&other.at));
    actions
}

/// If the low alarm has been in ALARM from the start, its first actions change nothing while the service is
/// being deployed, and no data shows when that ended. They count only if no later action changes anything
/// either.
fn first_low_action(experiment: &Experiment, minute: f64) -> f64 {
    let scales_out = experiment
        .alarms
        .iter()
        .any(|change| change.alarm == AlarmSide::High);
    match experiment.activities.first().filter(|_| !scales_out) {
        Some(first) => first.at - LATE * minute,
        None => 0.0,
    }
}

/// Compares each action of an experiment with the result of `behavior`, if the `late` latest datapoints haven't
/// arrived yet. Returns the number of actions, if they all agree.
pub(super) fn replay(
    experiment: &Experiment,
    minute: f64,
    behavior: TrackingBehavior,
    late: usize,
) -> Result<usize, Mismatch> {
    let bounds = Bounds::new(experiment.min, experiment.max.max(experiment.min));
    let Ok(bounds) = bounds else { return Ok(0) };
    let policy = TrackingPolicy {
        target: experiment.target,
        cooldown_out: Duration::from_secs_f64(experiment.cooldown_out.max(0.0)),
        cooldown_in: Duration::from_secs_f64(experiment.cooldown_in.max(0.0)),
        scale_in: true,
    };
    let mut target = ScalableTarget::new(vec![policy], bounds).with_behavior(behavior);
    let actions = actions(experiment, minute);
    for (explained, action) in actions.iter().enumerate() {
        let from = action.at - EARLY * minute;
        let before = experiment.desired_before(from);
        let observed = experiment.desired_before(action.at + LATE * minute);
        let counts = ServiceCounts {
            running: experiment.running_at(action.at),
            desired: before,
            deploying: false,
        };
        // Cooldowns are in seconds of the loop.
        let now = Duration::from_secs_f64((action.at * 60.0 / minute).max(0.0));
        let decided = read(experiment, minute, behavior, late, *action)
            .and_then(|reading| target.decide(rounded(now), counts, &[reading], &[]));
        let computed = decided.map_or(before, |change| change.to);
        if computed != observed {
            let at = action.at;
            return Err(Mismatch {
                explained,
                at,
                before,
                computed,
                observed,
            });
        }
    }
    Ok(actions.len())
}

/// Rounds a time. Repetitions are whole minutes apart, and fractions of a second must not change that.
fn rounded(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs_f64().round() as u64)
}

/// Returns the alarms' and the metric's values at an action. `None` if the datapoints can't have caused it.
fn read(
    experiment: &Experiment,
    minute: f64,
    behavior: TrackingBehavior,
    late: usize,
    action: Action,
) -> Option<TrackingReading> {
    // A period counts only after its end.
    let over = |at: f64| (at / minute).floor() * minute + minute <= action.at + 1e-6;
    let there = experiment
        .published
        .iter()
        .filter(|one| over(one.at))
        .count();
    let there = experiment.published.get(..there.saturating_sub(late))?;
    let latest = there.last()?;
    let state = |side| match action.alarm == side {
        true => AlarmState::Alarm,
        false => AlarmState::Ok,
    };
    let number = experiment.high_datapoints.max(1) as usize;
    let recent = there.get(there.len().checked_sub(number)?..)?;
    let values: Vec<f64> = recent.iter().map(|one| one.value).collect();
    let metric = match action.alarm {
        AlarmSide::Low => latest.value,
        AlarmSide::High if values.iter().any(|value| *value <= experiment.target) => return None,
        AlarmSide::High => behavior.datapoint.choose(&values)?,
    };
    Some(TrackingReading {
        high: state(AlarmSide::High),
        low: state(AlarmSide::Low),
        metric,
        running: Some(experiment.running_at(latest.at)),
    })
}
