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
    last_in: Option<Duration>,
}

/// The last scale-out.
#[derive(Clone, Copy, Debug, PartialEq)]
struct ScaleOut {
    at: Duration,
    /// Tasks added since the cooldown began.
    added: u32,
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
        self.scale_out(now, service, readings)
            .or_else(|| self.scale_in(now, service, readings))
    }

    fn scale_out(
        &mut self,
        now: Duration,
        service: ServiceCounts,
        readings: &[TrackingReading],
    ) -> Option<u32> {
        let (desired, added) = self
            .policies
            .iter()
            .zip(readings)
            .filter(|(_, reading)| reading.high == AlarmState::Alarm)
            .map(|(policy, reading)| self.ask_out(now, service, policy, reading))
            .max()?;
        if desired <= service.desired {
            return None;
        }
        self.last_out = Some(ScaleOut { at: now, added });
        self.last_in = None;
        Some(desired)
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
            Some(last) if now < last.at.saturating_add(policy.cooldown_out) => {
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
    ) -> Option<u32> {
        if service.deploying || self.is_cooling(now) {
            return None;
        }
        let mut desired = None;
        for (index, policy) in self.policies.iter().enumerate() {
            if !policy.scale_in {
                continue;
            }
            let reading = readings
                .get(index)
                .filter(|reading| reading.low == AlarmState::Alarm)?;
            let asked =
                next_desired_count(service.running, reading.metric, policy.target, self.bounds);
            desired = desired.max(Some(asked));
        }
        let desired = desired.filter(|desired| *desired < service.desired)?;
        self.last_in = Some(now);
        Some(desired)
    }

    /// Whether a cooldown that blocks scale-in lasts.
    fn is_cooling(&self, now: Duration) -> bool {
        let lasts = |at: Option<Duration>, cooldown: fn(&TrackingPolicy) -> Duration| {
            at.is_some_and(|at| {
                let longest = self.policies.iter().map(cooldown).max();
                now < at.saturating_add(longest.unwrap_or_default())
            })
        };
        lasts(self.last_out.map(|last| last.at), |policy| {
            policy.cooldown_out
        }) || lasts(self.last_in, |policy| policy.cooldown_in)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn policy(target: f64) -> TrackingPolicy {
        TrackingPolicy {
            target,
            cooldown_out: Duration::from_secs(60),
            cooldown_in: Duration::from_secs(300),
            scale_in: true,
        }
    }

    fn target(policies: &[TrackingPolicy]) -> TargetTracking {
        TargetTracking::new(policies.to_vec(), Bounds::new(1, 50).unwrap())
    }

    fn reading(metric: f64, target: f64) -> TrackingReading {
        let state = |rings| {
            if rings {
                AlarmState::Alarm
            } else {
                AlarmState::Ok
            }
        };
        TrackingReading {
            high: state(metric > target),
            low: state(metric < 0.9 * target),
            metric,
        }
    }

    fn counts(running: u32, desired: u32) -> ServiceCounts {
        ServiceCounts {
            running,
            desired,
            deploying: false,
        }
    }

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// The articles' example: 1,500 messages, 10 tasks, target 100.
    #[test]
    fn worked_example_goes_to_fifteen_once() {
        let mut target = target(&[policy(100.0)]);
        let high = [reading(150.0, 100.0)];
        assert_eq!(target.decide(at(0), counts(10, 10), &high), Some(15));
        assert_eq!(
            target.decide(at(60), counts(10, 15), &high),
            None,
            "still starting"
        );
        assert_eq!(
            target.decide(at(120), counts(15, 15), &[reading(100.0, 100.0)]),
            None
        );
    }

    /// AWS: "capacity added by the initiating scale-out activity is calculated as part of the desired
    /// capacity for the next scale-out activity".
    #[test]
    fn within_the_cooldown_only_the_difference_is_added() {
        let mut target = target(&[policy(100.0)]);
        assert_eq!(
            target.decide(at(0), counts(10, 10), &[reading(150.0, 100.0)]),
            Some(15)
        );
        assert_eq!(
            target.decide(at(30), counts(15, 15), &[reading(120.0, 100.0)]),
            None,
            "+3 after +5"
        );
        assert_eq!(
            target.decide(at(45), counts(15, 15), &[reading(150.0, 100.0)]),
            Some(18),
            "+8 after +5"
        );
        assert_eq!(
            target.decide(at(105), counts(18, 18), &[reading(150.0, 100.0)]),
            Some(27),
            "the cooldown is over"
        );
    }

    #[test]
    fn scale_in_waits_for_its_cooldown_and_a_scale_out_ends_that() {
        let mut target = target(&[policy(100.0)]);
        assert_eq!(
            target.decide(at(0), counts(20, 20), &[reading(50.0, 100.0)]),
            Some(10)
        );
        assert_eq!(
            target.decide(at(299), counts(10, 10), &[reading(50.0, 100.0)]),
            None
        );
        assert_eq!(
            target.decide(at(299), counts(10, 10), &[reading(110.0, 100.0)]),
            Some(11)
        );
        assert_eq!(
            target.decide(at(358), counts(11, 11), &[reading(50.0, 100.0)]),
            None
        );
        assert_eq!(
            target.decide(at(359), counts(11, 11), &[reading(50.0, 100.0)]),
            Some(6)
        );
    }

    #[test]
    fn out_when_one_asks_in_when_all_do() {
        let mut target = target(&[policy(100.0), policy(60.0)]);
        let two = |first, second| [reading(first, 100.0), reading(second, 60.0)];
        assert_eq!(
            target.decide(at(0), counts(10, 10), &two(50.0, 90.0)),
            Some(15)
        );
        assert_eq!(
            target.decide(at(900), counts(15, 15), &two(50.0, 58.0)),
            None
        );
        assert_eq!(
            target.decide(at(960), counts(15, 15), &two(50.0, 48.0)),
            Some(12),
            "the larger of 8 and 12"
        );
        assert_eq!(
            target.decide(at(2_000), counts(10, 10), &two(150.0, 120.0)),
            Some(20),
            "the larger of 15 and 20"
        );
    }

    #[test]
    fn without_data_or_while_deploying_nothing_is_removed() {
        let mut target = target(&[policy(100.0), policy(60.0)]);
        let silent = TrackingReading {
            high: AlarmState::InsufficientData,
            low: AlarmState::InsufficientData,
            metric: 0.0,
        };
        let low = reading(10.0, 100.0);
        assert_eq!(target.decide(at(0), counts(9, 9), &[low, silent]), None);
        assert_eq!(target.decide(at(0), counts(9, 9), &[low]), None);
        let mut deploying = counts(9, 9);
        deploying.deploying = true;
        assert_eq!(
            target.decide(at(0), deploying, &[low, reading(1.0, 60.0)]),
            None
        );
    }

    #[test]
    fn a_policy_that_does_not_scale_in_has_no_say_in_it() {
        let out_only = TrackingPolicy {
            scale_in: false,
            ..policy(60.0)
        };
        let both = [reading(50.0, 100.0), reading(59.0, 60.0)];
        let mut target_of_both = target(&[policy(100.0), out_only]);
        assert_eq!(target_of_both.decide(at(0), counts(10, 10), &both), Some(5));
        let mut never = target(&[out_only]);
        assert_eq!(
            never.decide(at(0), counts(10, 10), &[reading(0.0, 60.0)]),
            None
        );
    }

    proptest! {
        /// Whatever comes, the count moves within the bounds, out on a high alarm only and in on a low
        /// one only.
        #[test]
        fn moves_as_the_alarms_say(
            steps in proptest::collection::vec((0u64..120, 0.0f64..300.0, 0u32..5), 1..60),
        ) {
            let mut target = target(&[policy(100.0)]);
            let (mut now, mut desired) = (0, 5);
            for (pause, metric, starting) in steps {
                now += pause;
                let service = counts(u32::saturating_sub(desired, starting), desired);
                let next = target.decide(at(now), service, &[reading(metric, 100.0)]);
                if let Some(next) = next {
                    prop_assert!((1..=50).contains(&next));
                    prop_assert_eq!(next > desired, metric > 100.0);
                    prop_assert_eq!(next < desired, metric < 90.0);
                    desired = next;
                }
            }
        }
    }
}
