//! KEDA's SQS scaler: messages ÷ queue length, through the Horizontal Pod Autoscaler.

use std::collections::VecDeque;

use scaling::Bounds;

use crate::policy::KedaPolicy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

use super::{Control, Observation, Tick, Wishes};

/// KEDA's SQS scaler.
pub(super) struct Keda {
    policy: KedaPolicy,
    bounds: Bounds,
    delay: Nanos,
    /// The counts within the cooldown that might still become the maximum, in decreasing order.
    recent: VecDeque<(Nanos, u32)>,
}

impl Keda {
    pub(super) fn new(scenario: &Scenario, policy: KedaPolicy, bounds: Bounds) -> Self {
        Self {
            policy,
            bounds,
            delay: nanos(scenario.assumptions.keda_delay),
            recent: VecDeque::new(),
        }
    }

    /// Returns ceil(messages ÷ queue length), or the current count if that is close enough.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "positive, and a float over the range saturates"
    )]
    fn wanted(&self, seen: &Observation) -> u32 {
        let in_flight = if self.policy.in_flight {
            seen.in_flight
        } else {
            0
        };
        let exact = (seen.visible + in_flight) as f64 / self.policy.queue_length;
        let ratio = exact / f64::from(seen.desired.max(1));
        let near = seen.desired > 0 && (ratio - 1.0).abs() <= self.policy.tolerance;
        let wanted = if near {
            seen.desired
        } else {
            exact.ceil() as u32
        };
        self.bounds.clamp(wanted)
    }

    /// Returns the maximum count that is allowed at once.
    fn most(&self, desired: u32) -> u32 {
        desired
            .saturating_mul(2)
            .max(desired.saturating_add(self.policy.growth))
    }

    /// Returns the largest count that was wanted within the cooldown.
    fn stabilized(&mut self, now: Nanos, wanted: u32) -> u32 {
        while self
            .recent
            .back()
            .is_some_and(|(_, count)| *count <= wanted)
        {
            self.recent.pop_back();
        }
        self.recent.push_back((now, wanted));
        let begin = now.saturating_sub(nanos(self.policy.cooldown));
        while self.recent.front().is_some_and(|(at, _)| *at < begin) {
            self.recent.pop_front();
        }
        self.recent.front().map_or(wanted, |(_, count)| *count)
    }
}

impl Control for Keda {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes.ticks.push((nanos(self.policy.poll), Tick::Sample));
    }

    fn tick(&mut self, _: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let wanted = self.wanted(seen);
        let most = self.most(seen.desired);
        let desired = self.stabilized(now, wanted).max(wanted).min(most);
        if desired != seen.desired {
            wishes
                .desired
                .push((now.saturating_add(self.delay), desired));
        }
        let next = now.saturating_add(nanos(self.policy.poll).max(1));
        wishes.ticks.push((next, Tick::Sample));
    }

    fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::SECOND;

    #[test]
    fn tasks_go_when_they_were_not_wanted_for_the_cooldown() {
        let mut keda = Keda {
            policy: KedaPolicy::defaults(10.0),
            bounds: Bounds::new(1, 20).unwrap(),
            delay: 0,
            recent: VecDeque::new(),
        };
        let mut desired = 1;
        for (at, messages, expected) in [
            (15, 95, 5),
            (30, 95, 10),
            (60, 0, 10),
            (90, 42, 10),
            (300, 0, 10),
            (360, 0, 5),
            (390, 0, 5),
            (420, 0, 1),
        ] {
            let seen = Observation {
                visible: messages,
                in_flight: 0,
                lanes: super::super::Lanes::default(),
                running: desired,
                desired,
                oldest: 0,
                sent: 0,
                deleted: 0,
                deploying: false,
            };
            let mut wishes = Wishes::default();
            keda.tick(Tick::Sample, at * SECOND, &seen, &mut wishes);
            desired = wishes.desired.first().map_or(desired, |(_, count)| *count);
            assert_eq!(desired, expected, "at {at} s");
        }
    }
}
