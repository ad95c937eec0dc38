//! The metric of the required tasks, computed from deadlines. The metric function publishes it each minute for
//! target tracking.

use std::time::Duration;

use scaling::{DeadlineScaler, DeadlineSettings, DeadlineTuning, Warm};

use crate::control::Observation;
use crate::policy::DemandPolicy;
use crate::scenario::Scenario;
use crate::time::Nanos;

use super::reported::{ReportedDeletes, counts, queue_settings, reading};

/// The metric function's data about a service.
pub(in crate::control) struct NeedMetric {
    scaler: DeadlineScaler,
    queues: usize,
    deletes: ReportedDeletes,
}

impl NeedMetric {
    pub(in crate::control) fn new(
        scenario: &Scenario,
        policy: DemandPolicy,
        every: Duration,
    ) -> Self {
        let minute = Duration::from_nanos(scenario.assumptions.minute());
        let settings = DeadlineSettings {
            objective: policy.acceptable_latency.unwrap_or(scenario.slo),
            share: None,
            processing_time: policy.processing_time,
            concurrency: scenario.concurrency,
            task_start: policy.start,
            every,
            minute,
            reported: minute,
            window: policy.window,
            warm: Warm::Off,
            tuning: DeadlineTuning::default(),
        };
        Self {
            queues: scenario.queues.len().max(1),
            scaler: DeadlineScaler::without_bounds(queue_settings(scenario, &settings), settings),
            deletes: ReportedDeletes::new(&scenario.assumptions),
        }
    }

    /// Returns the datapoint of a check, if there is one.
    pub(in crate::control) fn measure(&mut self, now: Nanos, seen: &Observation) -> Option<f64> {
        self.deletes.report(now, &mut self.scaler);
        let queues = counts(seen, self.queues);
        let reading = reading(now, seen, &queues);
        self.scaler.measure(&reading, seen.deploying).1
    }

    /// Returns the end of the minute that follows `now`.
    pub(in crate::control) fn next_minute(&self, now: Nanos) -> Nanos {
        now.saturating_add(self.deletes.minute)
    }

    /// Ends a minute: SQS will publish its metrics.
    pub(in crate::control) fn end_minute(&mut self, now: Nanos, seen: &Observation) {
        self.deletes.end_minute(now, seen);
    }
}
