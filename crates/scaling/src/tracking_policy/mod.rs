//! Application Auto Scaling's target tracking over time: one scalable target, one or more policies, and
//! their cooldowns. Time is an argument.
//!
//! Source: "Target tracking scaling policies for Application Auto Scaling" and its section on cooldown
//! periods, Application Auto Scaling User Guide.

use std::time::Duration;

use crate::evaluation::AlarmState;
use crate::target_tracking::{Bounds, next_desired_count};

/// One target tracking policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackingPolicy {
    /// Value of the metric to keep.
    pub target: f64,
    /// After a scale-out: only a larger one passes, and only by what is more.
    pub cooldown_out: Duration,
    /// After a scale-in: no other one.
    pub cooldown_in: Duration,
    /// Whether the policy removes tasks at all (`DisableScaleIn` negated).
    pub scale_in: bool,
}

/// What a policy's alarms and metric say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackingReading {
    /// State of the alarm over the target.
    pub high: AlarmState,
    /// State of the alarm under the target.
    pub low: AlarmState,
    /// Latest value of the metric.
    pub metric: f64,
}

/// What ECS says of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceCounts {
    /// Tasks that run.
    pub running: u32,
    /// Tasks that are desired.
    pub desired: u32,
    /// Whether a deployment is in progress.
    pub deploying: bool,
}

/// A scalable target with its policies, and what it remembers of its last scaling activities.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetTracking {
    policies: Vec<TrackingPolicy>,
    bounds: Bounds,
    last_out: Option<ScaleOut>,
    last_in: Option<ScaleIn>,
}

/// The last scale-out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ScaleOut {
    at: Duration,
    /// Tasks added since the cooldown began.
    added: u32,
    /// The cooldown of the step policy that added them; none when it was target tracking.
    foreign: Option<Duration>,
}

/// The last scale-in.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ScaleIn {
    at: Duration,
    /// As that of [`ScaleOut`].
    foreign: Option<Duration>,
}

impl TargetTracking {
    /// A scalable target that has never scaled.
    #[must_use]
    pub fn new(policies: Vec<TrackingPolicy>, bounds: Bounds) -> Self {
        Self {
            policies,
            bounds,
            last_out: None,
            last_in: None,
        }
    }

    /// Takes other policies and bounds, and keeps what it remembers.
    pub fn update(&mut self, policies: Vec<TrackingPolicy>, bounds: Bounds) {
        self.policies = policies;
        self.bounds = bounds;
    }

    /// The policies, in the order in which their readings are expected.
    #[must_use]
    pub fn policies(&self) -> &[TrackingPolicy] {
        &self.policies
    }

    /// The new desired count at `now`, or none when it stays. To be asked each time that the alarms are
    /// evaluated, since their actions repeat every minute while they are in ALARM. A reading that lacks
    /// counts as INSUFFICIENT_DATA, and that never scales.
    ///
    /// Out when any policy's high alarm rings, to the largest count that one of them asks for. In when
    /// the low alarm of every policy that scales in rings, to the largest count too, and never while the
    /// service is being deployed.
    pub fn decide(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<u32> {
        self.decide_by(now, service, readings)
            .map(|(desired, _)| desired)
    }

    /// The same with the position of the policy that asked for this count.
    pub(crate) fn decide_by(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<(u32, usize)> {
        self.scale_out(now, service, readings)
            .or_else(|| self.scale_in(now, service, readings))
    }

    /// Remembers that a step policy of the same target set a count, `added` tasks over that from before
    /// its cooldown: it ends the cooldown of an earlier scale-in, and has one of its own.
    pub(crate) fn note_out(&mut self, at: Duration, added: u32, cooldown: Duration) {
        self.last_in = None;
        if !cooldown.is_zero() {
            self.last_out = Some(ScaleOut {
                at,
                added,
                foreign: Some(cooldown),
            });
        }
    }

    /// Remembers that a step policy of the same target removed tasks.
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
    ) -> Option<(u32, usize)> {
        let ((desired, added), index) = self
            .policies
            .iter()
            .zip(readings)
            .enumerate()
            .filter(|(_, (_, reading))| reading.high == AlarmState::Alarm)
            .map(|(index, (policy, reading))| (self.ask_out(now, service, policy, reading), index))
            .max_by_key(|(asked, _)| *asked)?;
        if desired <= service.desired {
            return None;
        }
        self.last_out = Some(ScaleOut {
            at: now,
            added,
            foreign: None,
        });
        self.last_in = None;
        Some((desired, index))
    }

    /// The count that a policy asks for, and the tasks that it then has added within its cooldown.
    fn ask_out(
        &self,
        now: Duration,
        service: ServiceCounts,
        policy: &TrackingPolicy,
        reading: &TrackingReading,
    ) -> (u32, u32) {
        let asked = next_desired_count(service.running, reading.metric, policy.target, self.bounds);
        let increase = asked.saturating_sub(service.running);
        match self.last_out {
            Some(last)
                if now
                    < last
                        .at
                        .saturating_add(last.foreign.unwrap_or(policy.cooldown_out)) =>
            {
                let more = increase.saturating_sub(last.added);
                let desired = self.bounds.clamp(service.desired.saturating_add(more));
                (desired, increase.max(last.added))
            }
            _ => (asked, asked.saturating_sub(service.desired)),
        }
    }

    fn scale_in(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<(u32, usize)> {
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
            let asked =
                next_desired_count(service.running, reading.metric, policy.target, self.bounds);
            largest = largest.max(Some((asked, index)));
        }
        let (desired, index) = largest.filter(|(desired, _)| *desired < service.desired)?;
        self.last_in = Some(ScaleIn {
            at: now,
            foreign: None,
        });
        Some((desired, index))
    }

    /// Whether a cooldown that blocks scale-in lasts.
    fn is_cooling(&self, now: Duration) -> bool {
        let longest = |cooldown: fn(&TrackingPolicy) -> Duration| {
            let all = self.policies.iter().map(cooldown);
            all.max().unwrap_or_default()
        };
        let lasts =
            |at: Duration, foreign: Option<Duration>, own: fn(&TrackingPolicy) -> Duration| {
                now < at.saturating_add(foreign.unwrap_or_else(|| longest(own)))
            };
        self.last_out
            .is_some_and(|last| lasts(last.at, last.foreign, |policy| policy.cooldown_out))
            || self
                .last_in
                .is_some_and(|last| lasts(last.at, last.foreign, |policy| policy.cooldown_in))
    }
}

#[cfg(test)]
mod tests;
