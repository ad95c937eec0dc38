//! Step scaling on a metric of the queue: by Application Auto Scaling or by the scaling function, whose
//! laws are the same.

use std::time::Duration;

use scaling::{
    AlarmState, Allowed, Bounds, Comparison, Evaluation, PerSide, Side, TakenStep, allowed,
};

use crate::assumptions::Assumptions;
use crate::policy::{QueueMetric, StepPolicy, StepSide};
use crate::scenario::Scenario;
use crate::time::{MINUTE, Nanos, nanos, seconds};

use super::alarms::{Alarm, Metric, at_least_one};
use super::tracking::evaluation;
use super::{Control, Observation, Shown, Tick, Wishes};

/// Step scaling on a metric of the queue.
pub(super) struct StepControl {
    policy: StepPolicy,
    assumptions: Assumptions,
    bounds: Bounds,
    period: Nanos,
    metric: Metric,
    alarms: PerSide<Option<Alarm>>,
    last: PerSide<Option<TakenStep>>,
    minutes: u64,
    sent: u64,
    deleted: u64,
}

impl StepControl {
    pub(super) fn new(scenario: &Scenario, policy: &StepPolicy, bounds: Bounds) -> Self {
        let assumptions = scenario.assumptions.clone();
        let alarm = |side: &Option<StepSide>| {
            side.as_ref().map(|side| {
                Alarm::new(Evaluation {
                    comparison: side.comparison,
                    threshold: side.threshold,
                    datapoints: at_least_one(side.datapoints),
                    periods: at_least_one(side.periods),
                    missing: side.missing,
                    extra: assumptions.extra_datapoints,
                })
            })
        };
        let alarms = PerSide {
            scale_out: alarm(&policy.scale_out),
            scale_in: alarm(&policy.scale_in),
        };
        let kept = [&alarms.scale_out, &alarms.scale_in]
            .into_iter()
            .flatten()
            .map(|alarm| alarm.evaluation.range())
            .max();
        Self {
            policy: policy.clone(),
            bounds,
            period: nanos(policy.period).max(MINUTE),
            metric: Metric::new(policy.statistic, kept.unwrap_or(1) + 2),
            alarms,
            last: PerSide::default(),
            minutes: 0,
            sent: 0,
            deleted: 0,
            assumptions,
        }
    }

    /// SQS publishes one datapoint for the minute that has just ended.
    fn sample(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let minute = now.saturating_sub(MINUTE);
        let value = match self.policy.metric {
            QueueMetric::Visible => count(seen.visible),
            QueueMetric::NotVisible => count(seen.in_flight),
            QueueMetric::OldestAge => seconds(seen.oldest).floor(),
            QueueMetric::Sent => count(seen.sent - self.sent),
            QueueMetric::Deleted => count(seen.deleted - self.deleted),
        };
        (self.sent, self.deleted) = (seen.sent, seen.deleted);
        let there = now.saturating_add(nanos(self.assumptions.sqs_metric_delay));
        let period = minute / self.period;
        wishes.ticks.push((there, Tick::Publish { period, value }));
        self.minutes += 1;
        wishes
            .ticks
            .push((MINUTE * (self.minutes + 1), Tick::Sample));
    }

    /// The alarms are evaluated every minute, over the latest periods that have ended.
    fn evaluate(&mut self, minute: u64, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let end = minute.saturating_mul(MINUTE) / self.period;
        let (out, distance_out) = self.ring(Side::Out, end);
        let (r#in, distance_in) = self.ring(Side::In, end);
        let step = if out {
            self.step(Side::Out, now, seen.desired, distance_out)
        } else if r#in {
            self.step(Side::In, now, seen.desired, distance_in)
        } else {
            None
        };
        let acts = now.saturating_add(nanos(self.assumptions.action_delay));
        wishes.desired.extend(step.map(|desired| (acts, desired)));
        wishes
            .ticks
            .push(evaluation(minute + 1, &self.assumptions, MINUTE));
    }

    /// Whether a side's alarm rings, and how far its metric is beyond the threshold.
    fn ring(&mut self, side: Side, end: u64) -> (bool, Option<f64>) {
        let Some(alarm) = self.alarms.get_mut(side) else {
            return (false, None);
        };
        let (state, value) = self.metric.evaluate(alarm, end);
        let distance = |value| {
            Comparison::distance(
                alarm.evaluation.comparison,
                value,
                alarm.evaluation.threshold,
            )
        };
        (state == AlarmState::Alarm, value.map(distance))
    }

    fn step(&mut self, side: Side, now: Nanos, desired: u32, distance: Option<f64>) -> Option<u32> {
        let of_side = match side {
            Side::Out => self.policy.scale_out.as_ref(),
            Side::In => self.policy.scale_in.as_ref(),
        }?;
        let now = Duration::from_nanos(now);
        let cooldowns = PerSide {
            scale_out: self.policy.cooldown_out,
            scale_in: self.policy.cooldown_in,
        };
        let law = |from| of_side.steps.next(from, distance, self.bounds);
        let Allowed::Step { to, base } = allowed(side, now, desired, self.last, cooldowns, law)
        else {
            return None;
        };
        *self.last.get_mut(side) = Some(TakenStep { at: now, base, to });
        Some(to)
    }
}

impl Control for StepControl {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes.ticks.push((MINUTE, Tick::Sample));
        wishes.ticks.push(evaluation(1, &self.assumptions, MINUTE));
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        match tick {
            Tick::Sample => self.sample(now, seen, wishes),
            Tick::Publish { period, value } => self.metric.publish(period, value),
            Tick::Evaluate { period } => self.evaluate(period, now, seen, wishes),
            Tick::PublishOther { .. } | Tick::Minute => {}
        }
    }

    fn shown(&self) -> Shown {
        Shown {
            scale_out: self.alarms.scale_out.as_ref().map(|alarm| alarm.state),
            scale_in: self.alarms.scale_in.as_ref().map(|alarm| alarm.state),
        }
    }

    fn owns(&self) -> (u32, u32) {
        let alarms = [&self.alarms.scale_out, &self.alarms.scale_in];
        (0, alarms.into_iter().flatten().map(|_| 1).sum())
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a metric over 2^53 needs no exact count"
)]
fn count(messages: u64) -> f64 {
    messages as f64
}
