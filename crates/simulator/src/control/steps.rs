//! Step scaling by Application Auto Scaling on a metric of the queue.

use std::time::Duration;

use scaling::{Bounds, ScalableTarget};

use crate::assumptions::Assumptions;
use crate::policy::StepPolicy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

use super::alarms::evaluation;
use super::queue_steps::QueueSteps;
use super::{Control, Observation, Shown, Tick, Wishes};

/// Step scaling on a metric of the queue.
pub(super) struct StepControl {
    assumptions: Assumptions,
    steps: QueueSteps,
    target: ScalableTarget,
}

impl StepControl {
    pub(super) fn new(scenario: &Scenario, policy: &StepPolicy, bounds: Bounds) -> Self {
        let assumptions = scenario.assumptions.clone();
        Self {
            steps: QueueSteps::new(policy, &assumptions),
            target: ScalableTarget::new(Vec::new(), bounds),
            assumptions,
        }
    }

    fn evaluate(&mut self, minute: u64, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let requests = self.steps.evaluate(minute);
        let at = Duration::from_nanos(now);
        let counts = seen.service_counts();
        let change = self.target.decide(at, counts, &[], &requests);
        let acts = now.saturating_add(nanos(self.assumptions.action_delay));
        wishes
            .desired
            .extend(change.map(|change| (acts, change.to)));
        wishes.ticks.push(evaluation(
            minute + 1,
            &self.assumptions,
            self.assumptions.minute(),
        ));
    }
}

impl Control for StepControl {
    fn begin(&mut self, wishes: &mut Wishes) {
        self.steps.begin(wishes);
        let minute = self.assumptions.minute();
        wishes.ticks.push(evaluation(1, &self.assumptions, minute));
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        match tick {
            Tick::Minute => self.steps.minute(now, seen, wishes),
            Tick::PublishSides { period, values } => self.steps.publish(period, values),
            Tick::Evaluate { period } => self.evaluate(period, now, seen, wishes),
            Tick::Sample
            | Tick::Publish { .. }
            | Tick::AlarmMessage
            | Tick::HourNears
            | Tick::HourEnds => {}
        }
    }

    fn hold(&mut self, bounds: Bounds) {
        self.target.hold(bounds);
    }

    fn keeps_bounds(&self) -> bool {
        false
    }

    fn shown(&self) -> Shown {
        Shown::from_alarms(&self.steps.alarms)
    }
}
