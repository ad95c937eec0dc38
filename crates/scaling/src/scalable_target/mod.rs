//! A scalable target of Application Auto Scaling with policies of both kinds: which of them sets the
//! desired count, and the target's record of its last scaling activities. Time is an argument.
//!
//! Source: "Target tracking scaling policies" and "Step scaling policies", Application Auto Scaling User
//! Guide; PutScalingPolicy, Application Auto Scaling API Reference.

use std::time::Duration;

use crate::cooldown::{Allowed, TakenStep, allowed};
use crate::side::{PerSide, Side};
use crate::steps::Steps;
use crate::target_tracking::Bounds;
use crate::tracking_behavior::TrackingBehavior;
use crate::tracking_policy::{
    ServiceCounts, TargetTracking, TrackedChange, TrackingPolicy, TrackingReading,
};

/// A step policy whose alarm is in ALARM, and the alarm's values.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRequest {
    /// The steps for the alarm's side of its threshold.
    pub steps: Steps,
    /// Time that the policy gives its steps to take effect.
    pub cooldown: Duration,
    /// How far the latest datapoint is beyond the threshold; `None` without a datapoint.
    pub distance: Option<f64>,
}

/// The policy that causes a change, by its position among the policies of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PolicyPosition {
    /// A target tracking policy.
    Tracking(usize),
    /// A step policy.
    Steps(usize),
}

/// A new desired count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The count.
    pub to: u32,
    /// Whether tasks are added or removed.
    pub side: Side,
    /// The policy that caused it.
    pub by: PolicyPosition,
}

/// A scalable target: its bounds, its target tracking policies, and its last scaling activities.
#[derive(Clone, Debug, PartialEq)]
pub struct ScalableTarget {
    tracking: TargetTracking,
    bounds: Bounds,
    /// Which sides of dynamic scaling are suspended.
    suspended: PerSide<bool>,
    last: PerSide<Option<Taken>>,
}

/// A completed scaling activity, with the cooldown of the policy that caused it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Taken {
    step: TakenStep,
    cooldown: Duration,
}

/// A change that a policy wants, with the data to record for it.
struct Candidate {
    change: Change,
    base: u32,
    cooldown: Duration,
}

impl ScalableTarget {
    /// A scalable target that has never scaled.
    #[must_use]
    pub fn new(policies: Vec<TrackingPolicy>, bounds: Bounds) -> Self {
        Self {
            tracking: TargetTracking::new(policies, bounds),
            bounds,
            suspended: PerSide::default(),
            last: PerSide::default(),
        }
    }

    /// The same target with other assumptions about target tracking.
    #[must_use]
    pub fn with_behavior(self, behavior: TrackingBehavior) -> Self {
        Self {
            tracking: self.tracking.with_behavior(behavior),
            ..self
        }
    }

    /// Updates the target to its current registration, and keeps its scaling activities.
    pub fn update(
        &mut self,
        policies: Vec<TrackingPolicy>,
        bounds: Bounds,
        suspended: PerSide<bool>,
    ) {
        self.tracking.update(policies, bounds);
        self.bounds = bounds;
        self.suspended = suspended;
    }

    /// Sets other bounds, and keeps the policies and scaling activities.
    pub fn hold(&mut self, bounds: Bounds) {
        self.tracking.hold(bounds);
        self.bounds = bounds;
    }

    /// The change at `now`, or `None`. Call it each time an alarm's action fires: when the alarm goes into
    /// ALARM, and every minute while it stays there.
    ///
    /// `readings` are the readings of the target tracking policies, in their order; `steps` are the step
    /// policies whose alarm is in ALARM. Any policy can scale out. Target tracking scales in only if all of
    /// its policies do; a step policy's scale-in doesn't wait for them. Of several requests, the largest
    /// count wins, so scale-out wins over scale-in. While the service is being deployed, no task is
    /// removed.
    ///
    /// A cooldown applies to the target, whichever policy caused it. AWS documents this for policies of one
    /// kind; for both kinds on one target, it is an assumption.
    pub fn decide(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
        steps: &[StepRequest],
    ) -> Option<Change> {
        let mut tracking = self.tracking.clone();
        let tracked = self.tracked(service, tracking.decide_change(now, service, readings));
        let stepped = steps
            .iter()
            .enumerate()
            .filter_map(|(index, request)| self.stepped(now, service, index, request));
        let asked = tracked
            .into_iter()
            .chain(stepped)
            .filter(|asked| !self.suspended.get(asked.change.side));
        let wins = asked.reduce(|best, next| {
            if next.change.to > best.change.to {
                next
            } else {
                best
            }
        })?;
        match wins.change.by {
            PolicyPosition::Tracking(_) => self.tracking = tracking,
            PolicyPosition::Steps(_) => self.note(now, &wins),
        }
        let (to, base) = (wins.change.to, wins.base);
        *self.last.get_mut(wins.change.side) = Some(Taken {
            step: TakenStep { at: now, base, to },
            cooldown: wins.cooldown,
        });
        Some(wins.change)
    }

    /// The change that target tracking wants.
    fn tracked(&self, service: ServiceCounts, decided: Option<TrackedChange>) -> Option<Candidate> {
        let decided = decided?;
        let policy = self.tracking.policies().get(decided.policy)?;
        let (side, cooldown) = if decided.to > service.desired {
            (Side::Out, policy.cooldown_out)
        } else {
            (Side::In, policy.cooldown_in)
        };
        let by = PolicyPosition::Tracking(decided.policy);
        Some(Candidate {
            change: Change {
                to: decided.to,
                side,
                by,
            },
            base: decided.before,
            cooldown,
        })
    }

    /// The change that a step policy wants.
    fn stepped(
        &self,
        now: Duration,
        service: ServiceCounts,
        index: usize,
        request: &StepRequest,
    ) -> Option<Candidate> {
        let law = |from| request.steps.next(from, request.distance, self.bounds);
        let side = if law(service.desired) > service.desired {
            Side::Out
        } else {
            Side::In
        };
        if side == Side::In && service.deploying {
            return None;
        }
        let last = self.last.map(|last| last.map(|last| last.step));
        let cooldowns = self
            .last
            .map(|last| last.map_or(Duration::ZERO, |last| last.cooldown));
        let Allowed::Step { to, base } = allowed(side, now, service.desired, last, cooldowns, law)
        else {
            return None;
        };
        let by = PolicyPosition::Steps(index);
        Some(Candidate {
            change: Change { to, side, by },
            base,
            cooldown: request.cooldown,
        })
    }

    /// Records a step in target tracking.
    fn note(&mut self, now: Duration, done: &Candidate) {
        match done.change.side {
            Side::Out => {
                let added = done.change.to.saturating_sub(done.base);
                self.tracking.note_out(now, done.base, added, done.cooldown);
            }
            Side::In => self.tracking.note_in(now, done.cooldown),
        }
    }
}

#[cfg(test)]
mod tests;
