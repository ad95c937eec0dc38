//! The fast lane: two metrics of high resolution, an alarm on each, step policies in percent.

use std::time::Duration;

use scaling::{
    AdjustmentType, AlarmState, Allowed, Bounds, Comparison, Evaluation, MissingData, PerSide,
    Side, Step, Steps, StepsError, TakenStep, allowed, tasks_for,
};

use crate::assumptions::Assumptions;
use crate::control::alarms::{Alarm, Metric, at_least_one};
use crate::control::tracking::evaluation;
use crate::control::{Control, Observation, Shown, Tick, Wishes};
use crate::policy::{DemandPolicy, Statistic};
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

use super::watch::Watch;

/// Where the steps that add tasks begin, in shares of the desired count over it, and what each adds in
/// percent: never less than its end asks for.
const OUT: [(f64, i32); 16] = [
    (0.0, 10),
    (0.1, 20),
    (0.2, 30),
    (0.3, 40),
    (0.4, 50),
    (0.5, 75),
    (0.75, 100),
    (1.0, 150),
    (1.5, 200),
    (2.0, 300),
    (3.0, 400),
    (4.0, 600),
    (6.0, 900),
    (9.0, 1_400),
    (14.0, 2_400),
    (24.0, 4_900),
];

/// Where the steps that remove tasks begin, in percent under the desired count, which is what they remove.
const IN: [i32; 14] = [0, 5, 10, 15, 20, 25, 30, 35, 40, 50, 60, 70, 80, 90];

/// Datapoints of the alarm that removes tasks.
const IN_DATAPOINTS: u32 = 3;

/// The fast lane: needed ÷ desired tasks, of now and of the window, every few seconds.
pub(in crate::control) struct FastLane {
    watch: Watch,
    assumptions: Assumptions,
    bounds: Bounds,
    period: Nanos,
    sides: PerSide<Lane>,
    cooldowns: PerSide<Duration>,
    last: PerSide<Option<TakenStep>>,
}

/// One side's metric, alarm and steps.
struct Lane {
    metric: Metric,
    alarm: Alarm,
    steps: Steps,
    /// When its alarm last told Application Auto Scaling.
    told: Option<Nanos>,
}

impl FastLane {
    pub(in crate::control) fn new(
        scenario: &Scenario,
        policy: DemandPolicy,
        bounds: Bounds,
        seed: u64,
    ) -> Result<Self, StepsError> {
        let assumptions = scenario.assumptions.clone();
        Ok(Self {
            watch: Watch::new(scenario, policy, seed),
            bounds,
            period: nanos(policy.every).max(assumptions.second()),
            sides: PerSide {
                scale_out: Lane::new(Comparison::Above, 1, out_steps()?, &assumptions),
                scale_in: Lane::new(Comparison::Below, IN_DATAPOINTS, in_steps()?, &assumptions),
            },
            cooldowns: PerSide {
                scale_out: policy.cooldown_out,
                scale_in: policy.cooldown_in,
            },
            last: PerSide::default(),
            assumptions,
        })
    }

    /// The present need makes the one metric; the other is published only when the need is known for
    /// the whole window, so that nothing is removed without data.
    fn look(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let looked = self.watch.look(now, seen);
        let (need, known) = (looked.need, looked.largest);
        let share =
            |need: f64| f64::from(tasks_for(need, self.bounds)) / f64::from(seen.desired.max(1));
        let stamp = now.saturating_add(nanos(self.assumptions.count_lag));
        let there = stamp.saturating_add(nanos(self.assumptions.publication_delay));
        let period = stamp / self.period;
        for (need, out) in [(need, true), (known, false)] {
            if let Some(value) = need.map(share) {
                let tick = if out {
                    Tick::Publish { period, value }
                } else {
                    Tick::PublishOther { period, value }
                };
                wishes.ticks.push((there, tick));
            }
        }
        wishes
            .ticks
            .push((self.watch.eye.next_look(now), Tick::Sample));
    }

    fn evaluate(&mut self, period: u64, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let minute = self.assumptions.minute();
        let out = self.sides.scale_out.rings(period, now, minute);
        let r#in = self.sides.scale_in.rings(period, now, minute);
        let step = out
            .and_then(|distance| self.step(Side::Out, now, seen.desired, distance))
            .or_else(|| self.step(Side::In, now, seen.desired, r#in?));
        let acts = now.saturating_add(nanos(self.assumptions.action_delay));
        wishes.desired.extend(step.map(|desired| (acts, desired)));
        wishes
            .ticks
            .push(evaluation(period + 1, &self.assumptions, self.period));
    }

    fn step(&mut self, side: Side, now: Nanos, desired: u32, distance: f64) -> Option<u32> {
        let now = Duration::from_nanos(now);
        let steps = &self.sides.get(side).steps;
        let law = |from| steps.next(from, Some(distance), self.bounds);
        let Allowed::Step { to, base } =
            allowed(side, now, desired, self.last, self.cooldowns, law)
        else {
            return None;
        };
        *self.last.get_mut(side) = Some(TakenStep { at: now, base, to });
        Some(to)
    }
}

impl Lane {
    fn new(
        comparison: Comparison,
        datapoints: u32,
        steps: Steps,
        assumptions: &Assumptions,
    ) -> Self {
        let alarm = Alarm::new(Evaluation {
            comparison,
            threshold: 1.0,
            datapoints: at_least_one(datapoints),
            periods: at_least_one(datapoints),
            missing: MissingData::NotBreaching,
            extra: assumptions.extra_datapoints,
        });
        Self {
            metric: Metric::new(Statistic::Maximum, alarm.evaluation.range()),
            alarm,
            steps,
            told: None,
        }
    }

    /// How far the metric is beyond the threshold, when the alarm now tells Application Auto Scaling:
    /// when it begins to ring, and every minute while it goes on.
    fn rings(&mut self, period: u64, now: Nanos, minute: Nanos) -> Option<f64> {
        let before = self.alarm.state;
        let (state, value) = self.metric.evaluate(&mut self.alarm, period);
        if state != AlarmState::Alarm {
            return None;
        }
        let again = self
            .told
            .is_none_or(|told| now >= told.saturating_add(minute));
        if before == AlarmState::Alarm && !again {
            return None;
        }
        self.told = Some(now);
        let evaluation = &self.alarm.evaluation;
        value.map(|value| evaluation.comparison.distance(value, evaluation.threshold))
    }
}

impl Control for FastLane {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes
            .ticks
            .push((self.watch.eye.next_look(0), Tick::Sample));
        wishes
            .ticks
            .push(evaluation(1, &self.assumptions, self.period));
        let minute = self.watch.eye.next_minute(0);
        wishes.ticks.extend(minute.map(|at| (at, Tick::Minute)));
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        match tick {
            Tick::Sample => self.look(now, seen, wishes),
            Tick::Publish { period, value } => self.sides.scale_out.metric.publish(period, value),
            Tick::PublishOther { period, value } => {
                self.sides.scale_in.metric.publish(period, value);
            }
            Tick::Evaluate { period } => self.evaluate(period, now, seen, wishes),
            Tick::Told => {}
            Tick::Minute => {
                self.watch.eye.minute(now, seen);
                let next = self.watch.eye.next_minute(now);
                wishes.ticks.extend(next.map(|at| (at, Tick::Minute)));
            }
        }
    }

    fn shown(&self) -> Shown {
        Shown {
            scale_out: Some(self.sides.scale_out.alarm.state),
            scale_in: Some(self.sides.scale_in.alarm.state),
        }
    }

    fn runs(&self) -> u64 {
        self.watch.eye.invocations()
    }

    fn run_span(&self) -> f64 {
        self.watch.eye.span()
    }

    /// Alarms of high resolution cost as much as three others.
    fn owns(&self) -> (u32, u32) {
        (2, 6)
    }
}

fn out_steps() -> Result<Steps, StepsError> {
    let steps = OUT.map(|(from, adjustment)| Step { from, adjustment });
    percent(steps.to_vec())
}

fn in_steps() -> Result<Steps, StepsError> {
    let steps = IN.map(|percent| Step {
        from: f64::from(percent) / 100.0,
        adjustment: -percent.max(1),
    });
    percent(steps.to_vec())
}

fn percent(steps: Vec<Step>) -> Result<Steps, StepsError> {
    Steps::new(AdjustmentType::PercentChangeInCapacity, Some(1), steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Steps in percent add at least what is needed, and never remove what is.
        #[test]
        fn steps_end_on_the_safe_side(desired in 1u32..1_000, needed in 1u32..5_000) {
            let bounds = Bounds::new(0, 100_000).unwrap();
            let share = f64::from(needed) / f64::from(desired);
            if needed > desired && share < 50.0 {
                let to = out_steps().unwrap().next(desired, Some(share - 1.0), bounds);
                prop_assert!(to >= needed, "{desired} to {to} for {needed}");
                prop_assert!(f64::from(to) <= f64::from(needed) * 2.0 + 1.0);
            } else if needed < desired {
                let to = in_steps().unwrap().next(desired, Some(1.0 - share), bounds);
                prop_assert!((needed..desired).contains(&to), "{desired} to {to} for {needed}");
            }
        }
    }
}
