//! What is right to do for an alarm that rings, however often and in whichever order that is asked:
//! alarm states, what is remembered of the last steps, and the count as it is go in; one decision comes
//! out.

use std::time::Duration;

use crate::alarm_steps::{AlarmScaling, AlarmSteps};
use crate::cooldown::{Allowed, TakenStep, allowed};
use crate::side::{PerSide, Side};
use crate::{AlarmState, Bounds};

/// State changes of one alarm nearer to each other than this are one: CloudWatch gives its time twice, in
/// the message and in DescribeAlarms, and evaluates no alarm more often than every 10 s.
const SAME_CHANGE: Duration = Duration::from_secs(1);

/// How long a step that was recorded but not taken is finished as it was recorded. Lambda repeats a failed
/// invocation within some three minutes. Later, the alarm's present state decides afresh.
const FINISH_WITHIN: Duration = Duration::from_secs(15 * 60);

/// A record further ahead of the clock than this was not written by it, and says nothing.
const AHEAD: Duration = Duration::from_secs(60);

/// The last change of an alarm's state that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// The new state.
    pub state: AlarmState,
    /// When it changed.
    pub at: Duration,
}

impl StateChange {
    /// The newer of two; this one when they are of the same time.
    #[must_use]
    pub fn or_newer(self, other: Self) -> Self {
        if other.at > self.at { other } else { self }
    }
}

/// What is remembered of an alarm's last step. It is written down before the step is taken, so that a
/// crash between the two can lose a step, which the next re-evaluation makes up for, but not
/// double one; and marked as done afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepRecord {
    /// When it was written down.
    pub at: Duration,
    /// The change of the alarm's state that it was taken for.
    pub change: Duration,
    /// As [`TakenStep::base`].
    pub base: u32,
    /// The count before it.
    pub from: u32,
    /// The count that it sets.
    pub to: u32,
    /// Whether the count is known to have been set.
    pub done: bool,
}

impl StepRecord {
    /// Whether this change of state, or a newer one, has had its step.
    #[must_use]
    pub fn covers(&self, change: Duration) -> bool {
        change <= self.change.saturating_add(SAME_CHANGE)
    }

    /// Whether the step was applied, as far as the record and the desired count now show: the record is done,
    /// or the count is no longer the one before the step.
    #[must_use]
    pub fn was_taken(&self, desired: u32) -> bool {
        self.done || desired != self.from
    }
}

/// Why an alarm is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// Its state changed. The same message may come twice, so it steps once per change.
    StateChange,
    /// A re-evaluation is due. An alarm that stays in ALARM keeps scaling.
    ReEvaluation,
}

/// The count to set when the service's is outside its bounds, whatever its alarms say: a new service starts
/// with one task, and bounds may change. As with scale-in, nothing is taken away during a deployment.
#[must_use]
pub fn within_bounds(desired: u32, bounds: Bounds, deploying: bool) -> Option<u32> {
    let nearest = bounds.clamp(desired);
    (nearest > desired || (nearest < desired && !deploying)).then_some(nearest)
}

/// The side to act on, and since when its alarm rings. Scale-out wins over scale-in.
#[must_use]
pub fn ringing(states: PerSide<Option<StateChange>>) -> Option<(Side, Duration)> {
    [Side::Out, Side::In].into_iter().find_map(|side| {
        let change = states.get(side).as_ref()?;
        (change.state == AlarmState::Alarm).then_some((side, change.at))
    })
}

/// Everything that decides on a step, but the metric. All times count from the same origin.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The time now.
    pub now: Duration,
    /// Why it is asked.
    pub trigger: Trigger,
    /// The side whose alarm rings.
    pub side: Side,
    /// Since when it rings.
    pub change: Duration,
    /// The alarm's period.
    pub period: Duration,
    /// The service's desired count, read before the records: then a step that this count doesn't show
    /// yet is at least in the records, and can't be taken twice.
    pub desired: u32,
    /// Whether a deployment of the service is under way.
    pub deploying: bool,
    /// What each alarm remembers.
    pub records: PerSide<Option<StepRecord>>,
}

/// What is right to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepDecision {
    /// Write this record, set the count to its `to`, then mark the record as done.
    Step(StepRecord),
    /// The record is written already: set the count to its `to`, then write it as done, with the time
    /// of today, at which its cooldown begins.
    Finish(StepRecord),
    /// Nothing.
    Hold(HoldReason),
}

/// Why nothing is to be done for an alarm that rings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldReason {
    /// The change of state has had its step.
    Handled,
    /// Scale-in waits for a deployment.
    Deploying,
    /// A cooldown, or the alarm's period after a step, is not over.
    Cooldown {
        /// When it ends.
        until: Duration,
        /// The side of the step that it belongs to.
        of: Side,
    },
    /// The steps ask for no other count: it is at its bound.
    AtBound,
}

impl Situation {
    /// Returns the decision, if it is the same however far the metric is beyond the threshold.
    #[must_use]
    pub fn decide_at_any_distance(&self, scaling: &AlarmScaling<'_>) -> Option<StepDecision> {
        let steps = (*scaling.steps.get(self.side))?.steps.as_slice();
        let mut decisions = steps
            .iter()
            .map(|step| self.decide(scaling, Some(step.from)));
        let first = decisions.next()?;
        decisions.all(|other| other == first).then_some(first)
    }

    /// Returns the decision when the metric is `distance` beyond the threshold; `None` without a datapoint.
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

    /// Before a period is over there is no datapoint that shows what the step did. For scale-out that is
    /// a longer cooldown; scale-in waits even if a step of the other side ended its cooldown.
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

    /// The bounds may have changed since the record was written.
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
