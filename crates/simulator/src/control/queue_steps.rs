//! Alarms on metrics that SQS publishes, and the steps that they trigger.

use scaling::{AlarmState, Comparison, Evaluation, PerSide, Side, StepRequest};

use crate::assumptions::Assumptions;
use crate::number::count;
use crate::policy::{QueueMetric, StepPolicy, StepSide};
use crate::time::{Nanos, nanos, seconds};

use super::alarms::{Alarm, Metric, at_least_one};
use super::{Observation, Tick, Wishes};

/// The alarms and steps of a [`StepPolicy`].
pub(super) struct QueueSteps {
    pub(super) policy: StepPolicy,
    /// Length of a minute of the loop, and the delay of its datapoint.
    minute: Nanos,
    delay: Nanos,
    period: Nanos,
    metrics: PerSide<Option<Metric>>,
    pub(super) alarms: PerSide<Option<Alarm>>,
    minutes: u64,
    sent: u64,
    deleted: u64,
}

impl QueueSteps {
    pub(super) fn new(policy: &StepPolicy, assumptions: &Assumptions) -> Self {
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
        let metric = |side: &Option<StepSide>, alarm: &Option<Alarm>| {
            let kept = alarm.as_ref()?.evaluation.range() + 2;
            Some(Metric::new(side.as_ref()?.statistic, kept))
        };
        let metrics = PerSide {
            scale_out: metric(&policy.scale_out, &alarms.scale_out),
            scale_in: metric(&policy.scale_in, &alarms.scale_in),
        };
        let minute = assumptions.minute();
        Self {
            policy: policy.clone(),
            minute,
            delay: nanos(assumptions.sqs_metric_delay),
            period: nanos(policy.period).max(minute),
            metrics,
            alarms,
            minutes: 0,
            sent: 0,
            deleted: 0,
        }
    }

    /// Schedules the first minute.
    pub(super) fn begin(&self, wishes: &mut Wishes) {
        wishes.ticks.push((self.minute, Tick::Minute));
    }

    /// Publishes SQS's datapoint for the minute that has just ended.
    pub(super) fn minute(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let minute = now.saturating_sub(self.minute);
        let value = |side: &Option<StepSide>| match side.as_ref().map(|side| side.metric) {
            Some(QueueMetric::Visible) => count(seen.visible),
            Some(QueueMetric::NotVisible) => count(seen.in_flight),
            Some(QueueMetric::Outstanding) => count(seen.visible + seen.in_flight),
            Some(QueueMetric::OldestAge) => seconds(seen.oldest).floor(),
            Some(QueueMetric::Sent) => count(seen.sent - self.sent),
            Some(QueueMetric::Deleted) => count(seen.deleted - self.deleted),
            None => 0.0,
        };
        let values = PerSide {
            scale_out: value(&self.policy.scale_out),
            scale_in: value(&self.policy.scale_in),
        };
        (self.sent, self.deleted) = (seen.sent, seen.deleted);
        let there = now.saturating_add(self.delay);
        let period = minute / self.period;
        wishes
            .ticks
            .push((there, Tick::PublishSides { period, values }));
        self.minutes += 1;
        let next = self.minute.saturating_mul(self.minutes + 1);
        wishes.ticks.push((next, Tick::Minute));
    }

    pub(super) fn publish(&mut self, period: u64, values: PerSide<f64>) {
        for side in [Side::Out, Side::In] {
            if let Some(metric) = self.metrics.get_mut(side) {
                metric.publish(period, *values.get(side));
            }
        }
    }

    /// Evaluates the alarms over the latest completed periods, which happens every minute. Returns the steps of
    /// alarms in ALARM, scale-out first.
    pub(super) fn evaluate(&mut self, minute: u64) -> Vec<StepRequest> {
        let end = minute.saturating_mul(self.minute) / self.period;
        [Side::Out, Side::In]
            .into_iter()
            .filter_map(|side| self.request(side, end))
            .collect()
    }

    /// Returns the step of a side's alarm, if it is in ALARM.
    fn request(&mut self, side: Side, end: u64) -> Option<StepRequest> {
        let alarm = self.alarms.get_mut(side).as_mut()?;
        let (state, value) = self.metrics.get_mut(side).as_mut()?.evaluate(alarm, end);
        let evaluation = &alarm.evaluation;
        let distance = value.map(|value| distance(evaluation, value));
        let (of_side, cooldown) = match side {
            Side::Out => (self.policy.scale_out.as_ref()?, self.policy.cooldown_out),
            Side::In => (self.policy.scale_in.as_ref()?, self.policy.cooldown_in),
        };
        (state == AlarmState::Alarm).then(|| StepRequest {
            steps: of_side.steps.clone(),
            cooldown,
            distance,
        })
    }

    /// Returns how far the latest available datapoint of the completed periods is beyond a side's threshold.
    pub(super) fn distance(&mut self, side: Side, now: Nanos) -> Option<f64> {
        let alarm = self.alarms.get(side).as_ref()?;
        let metric = self.metrics.get_mut(side).as_mut()?;
        let window = metric.before(now / self.period, alarm.evaluation.range());
        let latest = window.iter().rev().find_map(|datapoint| *datapoint);
        latest.map(|value| distance(&alarm.evaluation, value))
    }

    pub(super) fn period(&self) -> Nanos {
        self.period
    }
}

fn distance(evaluation: &Evaluation, value: f64) -> f64 {
    Comparison::distance(evaluation.comparison, value, evaluation.threshold)
}
