//! Target tracking on the backlog per task, or on required tasks ÷ running tasks: rule, metric function, alarms, and
//! Application Auto Scaling.

use std::time::Duration;

use scaling::{
    AlarmState, Bounds, Comparison, Evaluation, MissingData, ScalableTarget, TrackingPolicy,
    TrackingReading, backlog_per_task, held_backlog,
};

use crate::assumptions::Assumptions;
use crate::policy::{BacklogPolicy, DemandPolicy, Statistic, StepPolicy};
use crate::random::{Purpose, Random};
use crate::scenario::Scenario;
use crate::time::{Nanos, from_seconds, nanos};

use super::alarms::{Alarm, Metric, at_least_one, evaluation};
use super::queue_steps::QueueSteps;
use super::{Control, NeedMetric, Observation, Shown, Tick, Wishes};

/// Target tracking on the backlog per task.
pub(super) struct Tracking {
    policy: BacklogPolicy,
    assumptions: Assumptions,
    /// A minute: the period of the alarms that Application Auto Scaling creates for a custom metric.
    minute: Nanos,
    random: Random,
    /// When the rule fires within its period.
    phase: Nanos,
    samples: u64,
    metric: Metric,
    high: Alarm,
    low: Alarm,
    /// Running tasks by period, at the time of the datapoint.
    running: Metric,
    target: ScalableTarget,
    /// Additional steps on a metric of the queue.
    steps: Option<QueueSteps>,
    /// Adds the first task, if the bounds allow zero tasks.
    wake: Option<Wake>,
    /// The required tasks, if the metric is required tasks ÷ running tasks.
    need: Option<NeedMetric>,
}

/// The metric and the alarm that scale a service from zero.
struct Wake {
    metric: Metric,
    alarm: Alarm,
}

impl Tracking {
    pub(super) fn new(
        scenario: &Scenario,
        policy: BacklogPolicy,
        steps: Option<&StepPolicy>,
        bounds: Bounds,
        seed: u64,
    ) -> Self {
        let assumptions = scenario.assumptions.clone();
        let mut random = Random::new(seed, Purpose::Sampling);
        let phase = from_seconds(random.unit() * policy.every.as_secs_f64());
        let alarm = |comparison, threshold, datapoints| {
            Alarm::new(Evaluation {
                comparison,
                threshold,
                datapoints: at_least_one(datapoints),
                periods: at_least_one(datapoints),
                missing: MissingData::Missing,
                extra: assumptions.extra_datapoints,
            })
        };
        let high = alarm(
            Comparison::Above,
            policy.target,
            assumptions.high_datapoints,
        );
        let low_threshold = policy.target * assumptions.low_share;
        let low = alarm(Comparison::Below, low_threshold, assumptions.low_datapoints);
        let kept = high.evaluation.range().max(low.evaluation.range());
        let tracking = TrackingPolicy {
            target: policy.target,
            cooldown_out: policy.cooldown_out,
            cooldown_in: policy.cooldown_in,
            scale_in: true,
        };
        Self {
            policy,
            phase,
            samples: 0,
            metric: Metric::new(Statistic::Average, kept),
            running: Metric::new(Statistic::Minimum, kept),
            high,
            low,
            target: ScalableTarget::new(vec![tracking], bounds).with_behavior(assumptions.tracking),
            steps: steps.map(|steps| QueueSteps::new(steps, &assumptions)),
            wake: scenario.can_sleep().then(|| Wake::new(&assumptions)),
            need: None,
            random,
            minute: assumptions.minute(),
            assumptions,
        }
    }

    /// The same on required tasks ÷ desired tasks, with target 1.
    pub(super) fn demand(
        scenario: &Scenario,
        policy: DemandPolicy,
        bounds: Bounds,
        seed: u64,
    ) -> Self {
        // The rule's period. An alarm uses at most one datapoint per minute.
        let every = policy.every.max(scenario.assumptions.minute);
        let tracked = BacklogPolicy {
            target: 1.0,
            visible: true,
            in_flight: false,
            cooldown_out: policy.cooldown_out,
            cooldown_in: policy.cooldown_in,
            every,
        };
        let tracking = Self::new(scenario, tracked, None, bounds, seed);
        let kept = tracking.high.evaluation.range();
        let kept = kept.max(tracking.low.evaluation.range());
        Self {
            need: Some(NeedMetric::new(scenario, policy, every)),
            metric: Metric::new(Statistic::Maximum, kept),
            ..tracking
        }
    }

    /// Returns the datapoint of a check. `None` if the required tasks aren't known.
    fn value(&mut self, now: Nanos, backlog: u64, seen: &Observation) -> Option<f64> {
        if let Some(need) = &mut self.need {
            return need.measure(now, seen);
        }
        let value = backlog_per_task(backlog, seen.running);
        let held = match self.wake {
            Some(_) => held_backlog(backlog, seen.running, value, self.policy.target),
            None => 0.0,
        };
        Some(value + held)
    }

    /// Returns when it next processes a minute of SQS's metrics, if it does.
    fn next_minute(&self, now: Nanos) -> Option<(Nanos, Tick)> {
        let need = self.need.as_ref()?;
        Some((need.next_minute(now), Tick::Minute))
    }

    /// Returns when the rule fires next.
    fn next_sample(&mut self) -> Nanos {
        let jitter = from_seconds(self.assumptions.rule_jitter.as_secs_f64() * self.random.unit());
        let at = nanos(self.policy.every)
            .saturating_mul(self.samples)
            .saturating_add(self.phase)
            .saturating_add(jitter);
        self.samples += 1;
        at
    }

    fn sample(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let mut backlog = 0;
        if self.policy.visible {
            backlog += seen.visible;
        }
        if self.policy.in_flight {
            backlog += seen.in_flight;
        }
        let stamp = now.saturating_add(nanos(self.assumptions.count_lag));
        let there = stamp.saturating_add(nanos(self.assumptions.publication_delay));
        let period = stamp / self.minute;
        if let Some(value) = self.value(now, backlog, seen) {
            self.running.publish(period, f64::from(seen.running));
            wishes.ticks.push((there, Tick::Publish { period, value }));
        }
        if let Some(wake) = &mut self.wake {
            let waiting = if seen.desired == 0 { backlog } else { 0 };
            wake.metric.publish(period, backlog_per_task(waiting, 1));
        }
        let next = self.next_sample().max(now + 1);
        wishes.ticks.push((next, Tick::Sample));
    }

    /// Returns the value to use when the high alarm is in ALARM.
    fn chosen(&mut self, high: AlarmState, period: u64) -> Option<f64> {
        if high != AlarmState::Alarm {
            return None;
        }
        let count = self.high.evaluation.datapoints.get() as usize;
        let range = self.high.evaluation.range();
        let there: Vec<f64> = self
            .metric
            .before(period, range)
            .iter()
            .flatten()
            .copied()
            .collect();
        let latest = there.split_at(there.len().saturating_sub(count)).1;
        self.assumptions.tracking.datapoint.choose(latest)
    }

    /// Returns the tasks that were running at the time of the latest datapoint.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it was a u32"
    )]
    fn running_then(&mut self, period: u64) -> Option<u32> {
        let range = self.high.evaluation.range();
        let running = self
            .running
            .before(period, range)
            .iter()
            .rev()
            .find_map(|count| *count);
        running.map(|running| running as u32)
    }

    fn evaluate(&mut self, period: u64, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        let (high, metric) = self.metric.evaluate(&mut self.high, period);
        let (low, _) = self.metric.evaluate(&mut self.low, period);
        let metric = self.chosen(high, period).or(metric);
        let running = self.running_then(period);
        let acts = now.saturating_add(nanos(self.assumptions.action_delay));
        let woken = self
            .wake
            .as_mut()
            .is_some_and(|wake| wake.rings(period) && seen.desired == 0);
        let reading = metric.map(|metric| TrackingReading {
            high,
            low,
            metric,
            running,
        });
        let steps = self.steps.as_mut().map(|steps| steps.evaluate(period));
        let change = self.target.decide(
            Duration::from_nanos(now),
            seen.service_counts(),
            reading.as_slice(),
            &steps.unwrap_or_default(),
        );
        let decided = change.map(|change| change.to);
        let desired = if woken {
            Some(decided.unwrap_or(1).max(1))
        } else {
            decided
        };
        wishes
            .desired
            .extend(desired.map(|desired| (acts, desired)));
        wishes
            .ticks
            .push(evaluation(period + 1, &self.assumptions, self.minute));
    }
}

impl Control for Tracking {
    fn begin(&mut self, wishes: &mut Wishes) {
        let first = self.next_sample();
        wishes.ticks.push((first, Tick::Sample));
        wishes
            .ticks
            .push(evaluation(1, &self.assumptions, self.minute));
        wishes.ticks.extend(self.next_minute(0));
        if let Some(steps) = &self.steps {
            steps.begin(wishes);
        }
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        match tick {
            Tick::Sample => self.sample(now, seen, wishes),
            Tick::Publish { period, value } => self.metric.publish(period, value),
            Tick::Evaluate { period } => self.evaluate(period, now, seen, wishes),
            Tick::Minute => {
                if let Some(need) = &mut self.need {
                    need.end_minute(now, seen);
                }
                wishes.ticks.extend(self.next_minute(now));
                if let Some(steps) = &mut self.steps {
                    steps.minute(now, seen, wishes);
                }
            }
            Tick::PublishSides { period, values } => {
                if let Some(steps) = &mut self.steps {
                    steps.publish(period, values);
                }
            }
            Tick::AlarmMessage | Tick::HourNears | Tick::HourEnds => {}
        }
    }

    fn hold(&mut self, bounds: Bounds) {
        self.target.hold(bounds);
    }

    fn keeps_bounds(&self) -> bool {
        false
    }

    fn shown(&self) -> Shown {
        let steps = self
            .steps
            .as_ref()
            .map(|steps| Shown::from_alarms(&steps.alarms));
        let steps = steps.unwrap_or_default();
        Shown {
            scale_out: Some(either(self.high.state, steps.scale_out)),
            scale_in: Some(either(self.low.state, steps.scale_in)),
        }
    }

    fn runs(&self) -> u64 {
        self.samples
    }
}

/// Returns the state of the two alarms to show to people.
fn either(one: AlarmState, other: Option<AlarmState>) -> AlarmState {
    other
        .filter(|other| *other == AlarmState::Alarm)
        .unwrap_or(one)
}

impl Wake {
    /// One message in one out of one period scales the service from zero.
    fn new(assumptions: &Assumptions) -> Self {
        let alarm = Alarm::new(Evaluation {
            comparison: Comparison::AtOrAbove,
            threshold: 1.0,
            datapoints: at_least_one(1),
            periods: at_least_one(1),
            missing: MissingData::NotBreaching,
            extra: assumptions.extra_datapoints,
        });
        Self {
            metric: Metric::new(Statistic::Maximum, alarm.evaluation.range()),
            alarm,
        }
    }

    fn rings(&mut self, period: u64) -> bool {
        self.metric.evaluate(&mut self.alarm, period).0 == AlarmState::Alarm
    }
}
