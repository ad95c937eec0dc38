//! How cooldowns, deployments, and the bounds restrict a decision.

use std::time::Duration;

use super::decision::{Decision, DecisionReason};
use super::reading::ServiceReading;
use crate::reconcile::within_bounds;
use crate::{Allowed, Bounds, PerSide, Side, TakenStep, allowed};

/// The latest changes of the count, and the cooldowns after them.
#[derive(Clone, Debug)]
pub(crate) struct Restraint {
    bounds: Bounds,
    cooldowns: PerSide<Duration>,
    last: PerSide<Option<TakenStep>>,
    /// The first check.
    begun: Duration,
}

impl Restraint {
    /// Nothing is known about earlier changes.
    pub(crate) fn new(bounds: Bounds, cooldowns: PerSide<Duration>) -> Self {
        Self {
            bounds,
            cooldowns,
            last: PerSide::default(),
            begun: Duration::ZERO,
        }
    }

    /// Applies other bounds from now on.
    pub(crate) fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// The first check, or the first after the clock was set back: nothing is known about earlier changes.
    pub(crate) fn begin(&mut self, at: Duration) {
        self.begun = at;
        self.last = PerSide::default();
    }

    /// Records that the count was changed at `at`. A change from outside the bounds to a bound starts and
    /// ends no cooldown.
    pub(crate) fn record_change(&mut self, at: Duration, from: u32, to: u32) {
        if to == self.bounds.clamp(from) {
            return;
        }
        let step = TakenStep { at, base: from, to };
        let sides = [Side::Out, Side::In];
        if let Some(side) = sides.into_iter().find(|side| side.is_step(from, to)) {
            *self.last.get_mut(side) = Some(step);
        }
    }

    /// Restricts a decision by cooldowns and a deployment.
    pub(crate) fn restrain(
        &self,
        seen: &ServiceReading<'_>,
        decision: Decision,
        deploying: bool,
    ) -> Decision {
        let (from, to) = (seen.desired, decision.desired);
        let side = if to > from { Side::Out } else { Side::In };
        if to == from
            || (decision.why == DecisionReason::Bounds && !(deploying && side == Side::In))
        {
            return decision;
        }
        let why = if deploying && side == Side::In {
            DecisionReason::Deploying
        } else if let Some(until) = self.may_cool(side).filter(|until| seen.at < *until) {
            DecisionReason::Begun { until }
        } else {
            match allowed(side, seen.at, from, self.last, self.cooldowns, |_| to) {
                Allowed::Wait { until, cooldown } => DecisionReason::Cooldown {
                    until,
                    of: cooldown,
                },
                Allowed::Step { .. } | Allowed::Keep => return decision,
            }
        };
        match within_bounds(from, self.bounds, deploying) {
            Some(inside) => Decision {
                desired: inside,
                why: DecisionReason::Bounds,
            },
            None => Decision { desired: from, why },
        }
    }

    /// When the longest cooldown of a possible earlier, unknown change ends.
    fn may_cool(&self, side: Side) -> Option<Duration> {
        let unknown = self.last.scale_out.is_none() && self.last.scale_in.is_none();
        let longest = self.cooldowns.scale_out.max(self.cooldowns.scale_in);
        (side == Side::In && unknown).then(|| self.begun.saturating_add(longest))
    }
}
