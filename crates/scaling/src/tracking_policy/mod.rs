//! Application Auto Scaling's target tracking over time: one scalable target, one or more policies, and
//! their cooldowns. Time is an argument.
//!
//! Source: "Target tracking scaling policies for Application Auto Scaling" and its section on cooldown
//! periods, Application Auto Scaling User Guide.

use std::time::Duration;

use crate::evaluation::AlarmState;
use crate::target_tracking::{Bounds, next_desired_count};
use crate::tracking_behavior::{
    FlappingGuard, OutCooldown, ScaleInStep, TrackingBase, TrackingBehavior,
};

/// One target tracking policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackingPolicy {
    /// The value of the metric to keep.
    pub target: f64,
    /// Cooldown after a scale-out: only a larger scale-out passes, and it adds only the difference.
    pub cooldown_out: Duration,
    /// Cooldown after a scale-in: no other scale-in passes.
    pub cooldown_in: Duration,
    /// Whether the policy removes tasks at all (`DisableScaleIn` negated).
    pub scale_in: bool,
}

/// The states of a policy's alarms, and its metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackingReading {
    /// State of the high alarm.
    pub high: AlarmState,
    /// State of the low alarm.
    pub low: AlarmState,
    /// Value of the metric: for scale-out, the one that [`TrackingBehavior::datapoint`] chooses; for
    /// scale-in, the latest.
    pub metric: f64,
    /// Running count when the value was measured. `None` if unknown; then the running count at the time of
    /// the decision is used.
    pub running: Option<u32>,
}

/// The service's counts from ECS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Running count.
    pub running: u32,
    /// Desired count.
    pub desired: u32,
    /// Whether a deployment is in progress.
    pub deploying: bool,
}

/// A scalable target with its policies and its last scaling activities.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetTracking {
    policies: Vec<TrackingPolicy>,
    bounds: Bounds,
    behavior: TrackingBehavior,
    last_out: Option<ScaleOut>,
    last_in: Option<ScaleIn>,
}

/// A change that target tracking decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TrackedChange {
    /// The new desired count.
    pub to: u32,
    /// The desired count before the change, or before the cooldown that it belongs to.
    pub before: u32,
    /// Position of the policy that wanted it.
    pub policy: usize,
}

/// The change that a policy wants if its high alarm is in ALARM.
struct AskedOut {
    to: u32,
    before: u32,
    /// Tasks that it has then added within its cooldown.
    added: u32,
}

/// The last scale-out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ScaleOut {
    at: Duration,
    /// Desired count before the scale-out that started the cooldown.
    before: u32,
    /// Tasks added since the cooldown started.
    added: u32,
    /// The cooldown of the step policy that added them; `None` for target tracking.
    foreign: Option<Duration>,
}

/// The last scale-in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ScaleIn {
    at: Duration,
    /// The same as that of [`ScaleOut`].
    foreign: Option<Duration>,
}

impl TargetTracking {
    /// A scalable target that has never scaled.
    #[must_use]
    pub fn new(policies: Vec<TrackingPolicy>, bounds: Bounds) -> Self {
        Self {
            policies,
            bounds,
            behavior: TrackingBehavior::default(),
            last_out: None,
            last_in: None,
        }
    }

    /// The same target with other assumptions about undocumented AWS behavior.
    #[must_use]
    pub fn with_behavior(self, behavior: TrackingBehavior) -> Self {
        Self { behavior, ..self }
    }

    /// Sets other bounds, and keeps the scaling activities.
    pub(crate) fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    /// Sets other policies and bounds, and keeps the scaling activities.
    pub fn update(&mut self, policies: Vec<TrackingPolicy>, bounds: Bounds) {
        self.policies = policies;
        self.bounds = bounds;
    }

    /// The policies. Readings must be in the same order.
    #[must_use]
    pub fn policies(&self) -> &[TrackingPolicy] {
        &self.policies
    }

    /// The new desired count at `now`, or `None` if it doesn't change. Call it each time the alarms are
    /// evaluated, because their actions repeat every minute while they are in ALARM. A missing reading
    /// counts as INSUFFICIENT_DATA, and that never scales.
    ///
    /// Scales out if any policy's high alarm is in ALARM, to the largest count that a policy wants. Scales
    /// in if the low alarm of every policy that scales in is in ALARM, also to the largest count, and never
    /// while the service is being deployed.
    pub fn decide(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<u32> {
        self.decide_change(now, service, readings)
            .map(|change| change.to)
    }

    /// The same, with the data that a scalable target records.
    pub(crate) fn decide_change(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<TrackedChange> {
        self.scale_out(now, service, readings)
            .or_else(|| self.scale_in(now, service, readings))
    }

    /// Records that a step policy of the same target set a count, `added` tasks above the count `before`
    /// its cooldown. It ends the cooldown of an earlier scale-in, and starts its own.
    pub(crate) fn note_out(&mut self, at: Duration, before: u32, added: u32, cooldown: Duration) {
        self.last_in = None;
        if !cooldown.is_zero() {
            self.last_out = Some(ScaleOut {
                at,
                before,
                added,
                foreign: Some(cooldown),
            });
        }
    }

    /// Records that a step policy of the same target removed tasks.
    pub(crate) fn note_in(&mut self, at: Duration, cooldown: Duration) {
        self.last_in = Some(ScaleIn {
            at,
            foreign: Some(cooldown),
        });
    }

    fn scale_out(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<TrackedChange> {
        let (asked, index) = self
            .policies
            .iter()
            .zip(readings)
            .enumerate()
            .filter(|(_, (_, reading))| reading.high == AlarmState::Alarm)
            .map(|(index, (policy, reading))| (self.ask_out(now, service, policy, reading), index))
            .max_by_key(|(asked, _)| asked.to)?;
        if asked.to <= service.desired {
            return None;
        }
        self.last_out = Some(ScaleOut {
            at: now,
            before: asked.before,
            added: asked.added,
            foreign: None,
        });
        self.last_in = None;
        Some(TrackedChange {
            to: asked.to,
            before: asked.before,
            policy: index,
        })
    }

    /// The count that a policy wants on scale-out.
    fn ask_out(
        &self,
        now: Duration,
        service: ServiceCounts,
        policy: &TrackingPolicy,
        reading: &TrackingReading,
    ) -> AskedOut {
        let next = |base| next_desired_count(base, reading.metric, policy.target, self.bounds);
        let added = |to: u32, before: u32| to.saturating_sub(before);
        let cooling = self.last_out.filter(|last| {
            let cooldown = last.foreign.unwrap_or(policy.cooldown_out);
            is_cooling(now, last.at, cooldown)
        });
        let Some(last) = cooling else {
            let (to, before) = (next(self.base(service, reading)), service.desired);
            return AskedOut {
                to,
                before,
                added: added(to, before),
            };
        };
        let before = last.before;
        match self.behavior.cooldown {
            OutCooldown::LargerPasses => {
                let to = next(before).max(service.desired);
                AskedOut {
                    to,
                    before,
                    added: added(to, before),
                }
            }
            OutCooldown::Blocks => AskedOut {
                to: service.desired,
                before,
                added: last.added,
            },
            OutCooldown::Repeats => {
                let increase = added(next(service.running), service.running);
                let more = added(increase, last.added);
                let to = self.bounds.clamp(service.desired.saturating_add(more));
                AskedOut {
                    to,
                    before,
                    added: increase.max(last.added),
                }
            }
        }
    }

    /// The count that is multiplied by metric ÷ target.
    fn base(&self, service: ServiceCounts, reading: &TrackingReading) -> u32 {
        match self.behavior.base {
            TrackingBase::Desired => service.desired,
            TrackingBase::RunningThen => reading.running.unwrap_or(service.running),
            TrackingBase::Running => service.running,
        }
    }

    fn scale_in(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<TrackedChange> {
        if service.deploying || self.is_cooling(now) {
            return None;
        }
        let mut largest = None;
        for (index, policy) in self.policies.iter().enumerate() {
            if !policy.scale_in {
                continue;
            }
            let reading = readings
                .get(index)
                .filter(|reading| reading.low == AlarmState::Alarm)?;
            largest = largest.max(Some((self.ask_in(service, policy, reading), index)));
        }
        let (to, policy) = largest.filter(|(to, _)| *to < service.desired)?;
        self.last_in = Some(ScaleIn {
            at: now,
            foreign: None,
        });
        Some(TrackedChange {
            to,
            before: service.desired,
            policy,
        })
    }

    /// The count that a policy wants on scale-in.
    fn ask_in(
        &self,
        service: ServiceCounts,
        policy: &TrackingPolicy,
        reading: &TrackingReading,
    ) -> u32 {
        if !reading.metric.is_finite() {
            return service.desired;
        }
        let lowest = self.behavior.scale_in.lowest(service.desired);
        let allowed = || {
            let base = self.base(service, reading);
            next_desired_count(base, reading.metric, policy.target, self.bounds)
        };
        let to = match (self.behavior.flapping_guard, self.behavior.scale_in) {
            (FlappingGuard::Off, ScaleInStep::Percent(_)) => lowest,
            _ => lowest.max(allowed()),
        };
        self.bounds.clamp(to)
    }

    /// Whether a cooldown that blocks scale-in is in effect.
    fn is_cooling(&self, now: Duration) -> bool {
        let longest = |cooldown: fn(&TrackingPolicy) -> Duration| {
            let all = self.policies.iter().map(cooldown);
            all.max().unwrap_or_default()
        };
        let lasts =
            |at: Duration, foreign: Option<Duration>, own: fn(&TrackingPolicy) -> Duration| {
                is_cooling(now, at, foreign.unwrap_or_else(|| longest(own)))
            };
        self.last_out
            .is_some_and(|last| lasts(last.at, last.foreign, |policy| policy.cooldown_out))
            || self
                .last_in
                .is_some_and(|last| lasts(last.at, last.foreign, |policy| policy.cooldown_in))
    }
}

/// Whether a cooldown is in effect. An action that fires exactly at its end is still blocked: in the public
/// logs, actions with a cooldown of 60 s follow each other after 120 s, and with 300 s after 360 s.
fn is_cooling(now: Duration, since: Duration, cooldown: Duration) -> bool {
    now <= since.saturating_add(cooldown) && !cooldown.is_zero()
}

#[cfg(test)]
mod log_tests;
#[cfg(test)]
mod tests;
