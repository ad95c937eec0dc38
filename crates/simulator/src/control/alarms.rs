//! CloudWatch: datapoints by period, and alarms on them.

use std::collections::VecDeque;
use std::num::NonZeroU32;

use scaling::{AlarmState, Evaluation};

use crate::assumptions::Assumptions;
use crate::policy::Statistic;
use crate::time::{Nanos, nanos};

use super::Tick;

/// The datapoints of one metric, for the latest periods only.
#[derive(Debug)]
pub(super) struct Metric {
    statistic: Statistic,
    /// Number of periods to keep.
    kept: usize,
    /// Number of the first period in `periods`.
    first: u64,
    periods: VecDeque<Period>,
    /// The periods of one evaluation. The buffer is reused.
    window: Vec<Option<f64>>,
}

/// The datapoints of one period.
#[derive(Clone, Copy, Debug)]
struct Period {
    count: u32,
    sum: f64,
    least: f64,
    largest: f64,
}

const EMPTY: Period = Period {
    count: 0,
    sum: 0.0,
    least: f64::INFINITY,
    largest: f64::NEG_INFINITY,
};

#[derive(Debug)]
pub(super) struct Alarm {
    pub(super) evaluation: Evaluation,
    pub(super) state: AlarmState,
}

impl Metric {
    /// Returns a metric whose alarms evaluate this many periods.
    pub(super) fn new(statistic: Statistic, kept: usize) -> Self {
        Self {
            statistic,
            kept: kept + 2,
            first: 0,
            periods: VecDeque::new(),
            window: Vec::new(),
        }
    }

    /// Adds a datapoint. Ignores one that is too old for any alarm.
    pub(super) fn publish(&mut self, period: u64, value: f64) {
        let Some(at) = period.checked_sub(self.first) else {
            return;
        };
        while self.periods.len() as u64 <= at {
            self.periods.push_back(EMPTY);
            if self.periods.len() > self.kept {
                self.periods.pop_front();
                self.first += 1;
                return self.publish(period, value);
            }
        }
        if let Some(period) = usize::try_from(at)
            .ok()
            .and_then(|at| self.periods.get_mut(at))
        {
            period.count += 1;
            period.sum += value;
            period.least = period.least.min(value);
            period.largest = period.largest.max(value);
        }
    }

    /// Returns the datapoints of `count` periods before `end`, oldest first.
    pub(super) fn before(&mut self, end: u64, count: usize) -> &[Option<f64>] {
        self.window.clear();
        let begin = end.saturating_sub(count as u64);
        for period in begin..end {
            let value = period
                .checked_sub(self.first)
                .and_then(|at| self.periods.get(usize::try_from(at).ok()?))
                .and_then(|period| period.value(self.statistic));
            self.window.push(value);
        }
        &self.window
    }

    /// Evaluates an alarm. Returns its state and the latest datapoint that it used.
    pub(super) fn evaluate(&mut self, alarm: &mut Alarm, end: u64) -> (AlarmState, Option<f64>) {
        let window = self.before(end, alarm.evaluation.range());
        alarm.state = alarm.evaluation.state(window, alarm.state);
        (
            alarm.state,
            window.iter().rev().find_map(|datapoint| *datapoint),
        )
    }
}

impl Period {
    fn value(&self, statistic: Statistic) -> Option<f64> {
        (self.count > 0).then(|| match statistic {
            Statistic::Average => self.sum / f64::from(self.count),
            Statistic::Sum => self.sum,
            Statistic::Minimum => self.least,
            Statistic::Maximum => self.largest,
            Statistic::SampleCount => f64::from(self.count),
        })
    }
}

impl Alarm {
    pub(super) fn new(evaluation: Evaluation) -> Self {
        Self {
            evaluation,
            state: AlarmState::default(),
        }
    }
}

/// Returns when the alarms are evaluated over the periods before `period`.
pub(super) fn evaluation(period: u64, assumptions: &Assumptions, length: Nanos) -> (Nanos, Tick) {
    let at = length
        .saturating_mul(period)
        .saturating_add(nanos(assumptions.evaluation_delay));
    (at, Tick::Evaluate { period })
}

/// Converts a number of datapoints. It is at least one.
pub(super) fn at_least_one(count: u32) -> NonZeroU32 {
    NonZeroU32::new(count).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{MINUTE, seconds};

    #[test]
    fn evaluations_come_after_their_period() {
        let (at, tick) = evaluation(3, &Assumptions::default(), MINUTE);
        assert!((seconds(at) - 190.0).abs() < 1e-9);
        assert_eq!(tick, Tick::Evaluate { period: 3 });
    }

    #[test]
    fn a_period_may_be_empty_or_hold_two() {
        let mut metric = Metric::new(Statistic::Average, 5);
        metric.publish(3, 10.0);
        metric.publish(5, 20.0);
        metric.publish(5, 40.0);
        assert_eq!(metric.before(6, 4), [None, Some(10.0), None, Some(30.0)]);
        assert_eq!(metric.before(4, 2), [None, Some(10.0)]);
        for period in 6..100 {
            metric.publish(period, 1.0);
        }
        assert!(
            metric.periods.len() <= metric.kept,
            "old periods are forgotten"
        );
        assert_eq!(metric.before(101, 2), [Some(1.0), None]);
        metric.publish(5, 7.0);
        metric.publish(200, 7.0);
        assert_eq!(metric.before(201, 3), [None, None, Some(7.0)]);
    }
}
