//! The decision for an alarm in ALARM, regardless of how often and in which order it is requested. Input:
//! the alarm states, the records of the last steps, and the current count. Output: one decision.

use std::time::Duration;

use crate::alarm_steps::{AlarmScaling, AlarmSteps};
use crate::cooldown::{Allowed, TakenStep, allowed};
use crate::side::{PerSide, Side};
use crate::{AlarmState, Bounds};

/// State changes of one alarm closer together than this are the same change. CloudWatch reports its time
/// twice, in the message and in DescribeAlarms, and evaluates alarms at most every 10 s.
const SAME_CHANGE: Duration = Duration::from_secs(1);

/// How long a recorded step that was not applied is still finished as recorded. Lambda retries a failed
/// invocation within about 3 minutes. Later, the alarm's current state decides again.
const FINISH_WITHIN: Duration = Duration::from_secs(15 * 60);

/// A record further ahead of the clock than this was not written by this clock, and is ignored.
const AHEAD: Duration = Duration::from_secs(60);

/// The last known change of an alarm's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The new state.
    pub state: AlarmState,
    /// When it changed.
    pub at: Duration,
}

impl StateChange {
    /// Returns the newer of the two, or `self` if both have the same time.
    #[must_use]
    pub fn or_newer(self, other: Self) -> Self {
        if other.at > self.at { other } else { self }
    }
}

/// The last step for an alarm. It is recorded before the step is applied, so a crash in between can lose a
/// step but not apply it twice. The next re-evaluation makes up for a lost step. The record is marked as
/// done afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// When it was recorded.
    pub at: Duration,
    /// The change of the alarm's state that caused it.
    pub change: Duration,
    /// The same as [`TakenStep::base`].
    pub base: u32,
    /// The count before it.
    pub from: u32,
    /// The count that it sets.
    pub to: u32,
    /// Whether the count is known to have been set.
    pub done: bool,
}

impl StepRecord {
    /// Whether this change of state, or a newer one, already had its step.
    #[must_use]
    pub fn covers(&self, change: Duration) -> bool {
        change <= self.change.saturating_add(SAME_CHANGE)
    }

    /// Whether the step was applied, as far as the record and the current desired count show: the record is
    /// done, or the count is no longer the one before the step.
    #[must_use]
    pub fn was_taken(&self, desired: u32) -> bool {
        self.done || desired != self.from
    }
}

/// Why an alarm is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// Its state changed. The same message can arrive twice, so the alarm steps once per change.
    StateChange,
    /// A re-evaluation is due. An alarm that stays in ALARM keeps scaling.
    ReEvaluation,
}

/// The count to set if the service's count is outside its bounds, whatever the states of its alarms. A new
/// service starts with one task, and bounds can change. As with scale-in, no task is removed during a
/// deployment.
#[must_use]
pub fn within_bounds(desired: u32, bounds: Bounds, deploying: bool) -> Option<u32> {
    let nearest = bounds.clamp(desired);
    (nearest > desired || (nearest < desired && !deploying)).then_some(nearest)
}

/// The side to act on, and since when its alarm has been in ALARM. Scale-out wins over scale-in.
#[must_use]
pub fn ringing(states: PerSide<Option<StateChange>>) -> Option<(Side, Duration)> {
    [Side::Out, Side::In].into_iter().find_map(|side| {
        let change = states.get(side).as_ref()?;
        (change.state == AlarmState::Alarm).then_some((side, change.at))
    })
}

/// Everything that decides on a step, except the metric. All times count from the same origin.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The time now.
    pub now: Duration,
    /// Why the decision is requested.
    pub trigger: Trigger,
    /// The side whose alarm is in ALARM.
    pub side: Side,
    /// Since when it has been in ALARM.
    pub change: Duration,
    /// The alarm's period.
    pub period: Duration,
    /// The service's desired count. It must be read before the records: then a step that this count doesn't
    /// show yet is at least in the records, and can't be applied twice.
    pub desired: u32,
    /// Whether a deployment of the service is in progress.
    pub deploying: bool,
    /// The record of each alarm.
    pub records: PerSide<Option<StepRecord>>,
}

/// The decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepDecision {
    /// Write this record, set the count to its `to`, then mark the record as done.
    Step(StepRecord),
    /// The record already exists: set the count to its `to`, then write the record as done, with the
    /// current time, at which its cooldown starts.
    Finish(StepRecord),
    /// Do nothing.
    Hold(HoldReason),
}

/// Why an alarm in ALARM needs no action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// The change of state already had its step.
    Handled,
    /// Scale-in waits for a deployment.
    Deploying,
    /// A cooldown, or the alarm's period after a step, is still in effect.
    Cooldown {
        /// When it ends.
        until: Duration,
        /// The side of the step that it belongs to.
        of: Side,
    },
    /// The steps want no other count, because it is at its bound.
    AtBound,
}

impl Situation {
    /// Returns the decision if it doesn't depend on how far the metric is beyond the threshold.
    #[must_use]
    pub fn decide_at_any_distance(&self, scaling: &AlarmScaling<'_>) -> Option<StepDecision> {
        let steps = (*scaling.steps.get(self.side))?.steps.as_slice();
        let mut decisions = steps
            .iter()
            .map(|step| self.decide(scaling, Some(step.from)));
        let first = decisions.next()?;
        decisions.all(|other| other == first).then_some(first)
    }

    /// Returns the decision if the metric is `distance` beyond the threshold; `None` without a datapoint.
    #[must_use]
    pub fn decide(&self, scaling: &AlarmScaling<'_>, distance: Option<f64>) -> StepDecision {
        let Some(steps) = scaling.steps.get(self.side) else {
            return StepDecision::Hold(HoldReason::AtBound);
        };
        let records = self.records.map(|record| record.filter(|r| self.knows(r)));
        let covering = records.get(self.side).filter(|r| r.covers(self.change));
        let unfinished = covering.filter(|record| self.is_unfinished(record));
        if covering.is_some() && unfinished.is_none() && self.trigger == Trigger::StateChange {
            return StepDecision::Hold(HoldReason::Handled);
        }
        if self.side == Side::In && self.deploying {
            return StepDecision::Hold(HoldReason::Deploying);
        }
        if let Some(record) = unfinished {
            return self.finish(record, scaling.bounds);
        }
        let mut pauses = scaling.steps.map(cooldown_of);
        if let Some(record) = covering {
            if let Some(hold) = self.within_period(&record) {
                return StepDecision::Hold(hold);
            }
            let pause = pauses.get_mut(self.side);
            *pause = (*pause).max(self.period);
        }
        let last = records.map(|record| self.taken(record));
        let law = |count| steps.steps.next(count, distance, scaling.bounds);
        match allowed(self.side, self.now, self.desired, last, pauses, law) {
            Allowed::Step { to, base } => StepDecision::Step(self.record(to, base)),
            Allowed::Keep => StepDecision::Hold(HoldReason::AtBound),
            Allowed::Wait { until, cooldown } => StepDecision::Hold(HoldReason::Cooldown {
                until,
                of: cooldown,
            }),
        }
    }

    /// Until a period is over, no datapoint shows the effect of the step. For scale-out, that is a longer
    /// cooldown; scale-in waits even if a step of the other side ended its cooldown.
    fn within_period(&self, record: &StepRecord) -> Option<HoldReason> {
        let until = record.at.saturating_add(self.period);
        let of = self.side;
        (of == Side::In && self.now < until).then_some(HoldReason::Cooldown { until, of })
    }

    fn knows(&self, record: &StepRecord) -> bool {
        record.at <= self.now.saturating_add(AHEAD)
    }

    fn is_unfinished(&self, record: &StepRecord) -> bool {
        let age = self.now.saturating_sub(record.at);
        !record.was_taken(self.desired) && age <= FINISH_WITHIN
    }

    /// The bounds might have changed since the record was written.
    fn finish(&self, record: StepRecord, bounds: Bounds) -> StepDecision {
        let to = bounds.clamp(record.to);
        if self.side.is_step(self.desired, to) {
            let at = self.now;
            StepDecision::Finish(StepRecord { at, to, ..record })
        } else {
            StepDecision::Hold(HoldReason::AtBound)
        }
    }

    fn taken(&self, record: Option<StepRecord>) -> Option<TakenStep> {
        let record = record.filter(|record| record.was_taken(self.desired))?;
        Some(TakenStep {
            at: record.at,
            base: record.base,
            to: record.to,
        })
    }

    fn record(&self, to: u32, base: u32) -> StepRecord {
        StepRecord {
            at: self.now,
            change: self.change,
            base,
            from: self.desired,
            to,
            done: false,
        }
    }
}

fn cooldown_of(steps: Option<&AlarmSteps>) -> Duration {
    steps.map_or(Duration::ZERO, |steps| Duration::from_secs(steps.cooldown))
}

#[cfg(test)]
mod tests;
