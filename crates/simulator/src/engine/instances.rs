//! The EC2 instances of a service. A task waits until an instance has capacity for it.

use std::collections::VecDeque;

use crate::cost::{Hosting, INSTANCE_STAYS};
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

/// The instances that run tasks. Tasks are placed on as few instances as possible.
#[derive(Debug)]
pub(super) struct Instances {
    /// Tasks that fit onto an instance, at least 1.
    fit: u32,
    min: u32,
    max: u32,
    /// Time from a task that doesn't fit on any instance until a new instance is available.
    start: Nanos,
    /// How long an instance keeps running after it is no longer needed.
    stays: Nanos,
    /// When each instance can run tasks, in the order of launch.
    ready: Vec<Nanos>,
    /// The number of required instances since each time.
    needed: VecDeque<(Nanos, u32)>,
}

impl Instances {
    /// Creates the instances of a scenario whose tasks run on instances, with capacity for the first tasks.
    pub(super) fn new(scenario: &Scenario, tasks: u32) -> Option<Self> {
        let Hosting::Instances {
            fit: Some(fit),
            min,
            max,
            ..
        } = scenario.billing.hosting
        else {
            return None;
        };
        let first = tasks.div_ceil(fit).clamp(min, max);
        Some(Self {
            fit,
            min,
            max,
            start: nanos(scenario.assumptions.instance_start),
            stays: scenario.assumptions.minute().saturating_mul(INSTANCE_STAYS),
            ready: (0..first).map(|_| 0).collect(),
            needed: VecDeque::from([(0, first)]),
        })
    }

    /// Records the number of tasks, and removes instances that haven't been needed for a while.
    pub(super) fn note(&mut self, now: Nanos, tasks: u32) {
        let needed = tasks.div_ceil(self.fit);
        if self.needed.back().is_none_or(|(_, last)| *last != needed) {
            self.needed.push_back((now, needed));
        }
        let since = now.saturating_sub(self.stays);
        // The number that was required at the start of the period is the last entry before it.
        while self.needed.get(1).is_some_and(|(at, _)| *at <= since) {
            self.needed.pop_front();
        }
        let most = self.needed.iter().map(|(_, needed)| *needed).max();
        let kept = most.unwrap_or_default().clamp(self.min, self.max);
        self.ready.truncate(kept as usize);
    }

    /// Returns when one more task can start in addition to these. `None` if no instance has capacity and no
    /// further instance is allowed.
    pub(super) fn place(&mut self, now: Nanos, tasks: u32) -> Option<Nanos> {
        self.note(now, tasks);
        let needed = tasks.saturating_add(1).div_ceil(self.fit);
        if needed > self.max {
            return None;
        }
        while self.ready.len() < needed as usize {
            self.ready.push(now.saturating_add(self.start));
        }
        self.note(now, tasks.saturating_add(1));
        let place = needed.saturating_sub(1) as usize;
        self.ready.get(place).map(|ready| (*ready).max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Nanos = 1_000_000_000;

    /// Three tasks on each of at most three instances, which start in 180 s and keep running for 900 s.
    fn instances() -> Instances {
        Instances {
            fit: 3,
            min: 1,
            max: 3,
            start: 180 * SECOND,
            stays: 900 * SECOND,
            ready: vec![0],
            needed: VecDeque::from([(0, 1)]),
        }
    }

    fn place(instances: &mut Instances, at: Nanos, tasks: u32) -> Option<Nanos> {
        instances
            .place(at * SECOND, tasks)
            .map(|starts| starts / SECOND)
    }

    #[test]
    fn a_task_waits_for_the_instance_that_has_room() {
        let mut instances = instances();
        assert_eq!(place(&mut instances, 10, 2), Some(10), "a third place");
        assert_eq!(place(&mut instances, 10, 3), Some(190), "a second instance");
        assert_eq!(
            place(&mut instances, 70, 4),
            Some(190),
            "on its way already"
        );
        assert_eq!(place(&mut instances, 500, 5), Some(500));
        assert_eq!(place(&mut instances, 500, 8), Some(680));
        assert_eq!(place(&mut instances, 900, 9), None, "3 × 3 tasks run");
    }

    #[test]
    fn an_instance_stays_for_a_while() {
        let mut instances = instances();
        assert_eq!(place(&mut instances, 0, 3), Some(180));
        instances.note(1_000 * SECOND, 1);
        assert_eq!(place(&mut instances, 1_899, 3), Some(1_899));
        instances.note(2_000 * SECOND, 1);
        assert_eq!(place(&mut instances, 2_901, 3), Some(3_081));
    }
}
