//! Alarm steps: alarms, topic, and scaling function, with the algorithm that the function runs.

use std::time::Duration;

use scaling::{
    AlarmScaling, AlarmState, AlarmSteps, Bounds, PerSide, Side, Situation, StateChange,
    StepDecision, StepRecord, Trigger, ringing, within_bounds,
};

use crate::assumptions::Assumptions;
use crate::policy::{StepPolicy, StepSide};
use crate::random::{Purpose, Random};
use crate::scenario::Scenario;
use crate::time::{Nanos, from_seconds, nanos, seconds};

use super::alarms::evaluation;
use super::queue_steps::QueueSteps;
use super::{Control, Observation, Shown, Tick, Wishes};

/// Alarms that notify a scaling function, and a rule that makes it re-evaluate them every minute.
pub(super) struct AlarmStepControl {
    assumptions: Assumptions,
    bounds: Bounds,
    steps: QueueSteps,
    sides: PerSide<Option<AlarmSteps>>,
    changes: PerSide<Option<StateChange>>,
    records: PerSide<Option<StepRecord>>,
    random: Random,
    phase: Nanos,
    checks: u64,
    messages: u64,
}

impl AlarmStepControl {
    pub(super) fn new(scenario: &Scenario, policy: &StepPolicy, bounds: Bounds, seed: u64) -> Self {
        let assumptions = scenario.assumptions.clone();
        let mut random = Random::new(seed, Purpose::Sampling);
        let phase = from_seconds(random.unit() * seconds(assumptions.minute()));
        let side = |side: &Option<StepSide>, cooldown: Duration| {
            side.as_ref().map(|side| AlarmSteps {
                alarm: String::new(),
                steps: side.steps.clone(),
                // The function uses whole seconds. The cooldown of a compressed clock might be shorter.
                cooldown: cooldown.as_secs() + u64::from(cooldown.subsec_nanos() > 0),
            })
        };
        Self {
            steps: QueueSteps::new(policy, &assumptions),
            sides: PerSide {
                scale_out: side(&policy.scale_out, policy.cooldown_out),
                scale_in: side(&policy.scale_in, policy.cooldown_in),
            },
            changes: PerSide::default(),
            records: PerSide::default(),
            bounds,
            random,
            phase,
            checks: 0,
            messages: 0,
            assumptions,
        }
    }

    /// Returns when the rule fires next.
    fn next_check(&mut self, now: Nanos) -> Nanos {
        let jitter = from_seconds(self.assumptions.rule_jitter.as_secs_f64() * self.random.unit());
        let at = self
            .assumptions
            .minute()
            .saturating_mul(self.checks)
            .saturating_add(self.phase)
            .saturating_add(jitter);
        self.checks += 1;
        at.max(now + 1)
    }

    /// Evaluates the alarms. An alarm that goes into ALARM notifies the function.
    fn evaluate(&mut self, minute: u64, now: Nanos, wishes: &mut Wishes) {
        self.steps.evaluate(minute);
        for side in [Side::Out, Side::In] {
            let Some(alarm) = self.steps.alarms.get(side) else {
                continue;
            };
            let (state, at) = (alarm.state, Duration::from_nanos(now));
            let known = self.changes.get_mut(side);
            if known.is_none_or(|known| known.state != state) {
                *known = Some(StateChange { state, at });
                if state == AlarmState::Alarm {
                    let there = now.saturating_add(nanos(self.assumptions.action_delay));
                    wishes.ticks.push((there, Tick::AlarmMessage));
                }
            }
        }
        let length = self.assumptions.minute();
        wishes
            .ticks
            .push(evaluation(minute + 1, &self.assumptions, length));
    }

    /// One invocation: determines the correct count and sets it.
    fn reconcile(&mut self, trigger: Trigger, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        if let Some(to) = self.course(trigger, now, seen) {
            let at = now.saturating_add(nanos(self.assumptions.function_delay));
            wishes.desired.push((at, to));
        }
    }

    fn course(&mut self, trigger: Trigger, now: Nanos, seen: &Observation) -> Option<u32> {
        let re_evaluates = trigger == Trigger::ReEvaluation;
        if let Some(to) = within_bounds(seen.desired, self.bounds, false).filter(|_| re_evaluates) {
            return Some(to);
        }
        let (side, change) = ringing(self.changes)?;
        let distance = self.steps.distance(side, now);
        let situation = Situation {
            now: Duration::from_nanos(now),
            trigger,
            side,
            change,
            period: Duration::from_nanos(self.steps.period()),
            desired: seen.desired,
            deploying: false,
            records: self.records,
        };
        let scaling = AlarmScaling {
            bounds: self.bounds,
            steps: PerSide {
                scale_out: self.sides.scale_out.as_ref(),
                scale_in: self.sides.scale_in.as_ref(),
            },
        };
        match situation.decide(&scaling, distance) {
            StepDecision::Step(record) | StepDecision::Finish(record) => {
                let done = StepRecord {
                    done: true,
                    ..record
                };
                *self.records.get_mut(side) = Some(done);
                Some(record.to)
            }
            StepDecision::Hold(_) => None,
        }
    }
}

impl Control for AlarmStepControl {
    fn begin(&mut self, wishes: &mut Wishes) {
        self.steps.begin(wishes);
        let first = self.next_check(0);
        wishes.ticks.push((first, Tick::Sample));
        let minute = self.assumptions.minute();
        wishes.ticks.push(evaluation(1, &self.assumptions, minute));
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        match tick {
            Tick::Minute => self.steps.minute(now, seen, wishes),
            Tick::PublishSides { period, values } => self.steps.publish(period, values),
            Tick::Evaluate { period } => self.evaluate(period, now, wishes),
            Tick::Sample => {
                self.reconcile(Trigger::ReEvaluation, now, seen, wishes);
                let next = self.next_check(now);
                wishes.ticks.push((next, Tick::Sample));
            }
            Tick::AlarmMessage => {
                self.messages += 1;
                self.reconcile(Trigger::StateChange, now, seen, wishes);
            }
            Tick::Publish { .. } | Tick::HourNears | Tick::HourEnds => {}
        }
    }

    fn hold(&mut self, bounds: Bounds) {
        self.bounds = bounds;
    }

    fn shown(&self) -> Shown {
        Shown::from_alarms(&self.steps.alarms)
    }

    fn runs(&self) -> u64 {
        self.checks + self.messages
    }
}
