//! The deadline algorithm in a function that sets the desired count several times a minute.

use std::time::Duration;

use scaling::{Bounds, DeadlineScaler, DeadlineSettings, PerSide};

use crate::control::{Control, Observation, Tick, Wishes};
use crate::policy::DeadlinePolicy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos, seconds};

use super::clock::Clock;
use super::reported::{ReportedDeletes, counts, queue_settings, reading};

/// A function that samples, checks, decides, and sets the desired count.
pub(in crate::control) struct Deadline {
    scaler: DeadlineScaler,
    queues: usize,
    clock: Clock,
    /// Samples per check, and the number of samples since the last check.
    samples: u32,
    sampled: u32,
    delay: Nanos,
    deletes: ReportedDeletes,
}

impl Deadline {
    pub(in crate::control) fn new(
        scenario: &Scenario,
        policy: DeadlinePolicy,
        bounds: Bounds,
        seed: u64,
    ) -> Self {
        let assumptions = &scenario.assumptions;
        let shortest = Duration::from_nanos(assumptions.second());
        let samples = policy.samples.max(1);
        let sample = (policy.every / samples).max(shortest);
        let settings = DeadlineSettings {
            objective: policy.acceptable_latency.unwrap_or(scenario.slo),
            share: policy.share,
            processing_time: policy.processing_time,
            concurrency: scenario.concurrency,
            task_start: policy.start,
            every: sample.saturating_mul(samples),
            minute: Duration::from_nanos(assumptions.minute()),
            reported: Duration::from_nanos(assumptions.minute()),
            window: policy.window,
            warm: policy.warm,
            tuning: policy.tuning,
        };
        let cooldowns = PerSide {
            scale_out: policy.cooldown_out,
            scale_in: policy.cooldown_in,
        };
        Self {
            queues: scenario.queues.len().max(1),
            scaler: DeadlineScaler::new(
                queue_settings(scenario, &settings),
                settings,
                bounds,
                cooldowns,
            ),
            clock: Clock::new(assumptions, sample, seed),
            samples,
            sampled: 0,
            delay: nanos(assumptions.count_lag).saturating_add(nanos(assumptions.function_delay)),
            deletes: ReportedDeletes::new(assumptions),
        }
    }

    fn sample(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        // The clock has already advanced to the next sample. The first sample of an invocation is always a
        // check.
        if self.clock.check == 1 % self.clock.checks {
            self.sampled = 0;
        }
        if self.sampled == 0 {
            self.check(now, seen, wishes);
        } else {
            self.scaler
                .sample(Duration::from_nanos(now), &counts(seen, self.queues));
        }
        self.sampled = (self.sampled + 1) % self.samples;
        let next = self.clock.next().max(now + 1);
        wishes.ticks.push((next, Tick::Sample));
    }

    fn check(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        self.deletes.report(now, &mut self.scaler);
        let queues = counts(seen, self.queues);
        let reading = reading(now, seen, &queues);
        let (_, decision) = self.scaler.decide(&reading, seen.deploying);
        if decision.desired != seen.desired {
            let at = now.saturating_add(self.delay);
            wishes.desired.push((at, decision.desired));
            self.scaler
                .record_change(reading.at, seen.desired, decision.desired);
        }
    }
}

impl Control for Deadline {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes.ticks.push((self.clock.next().max(1), Tick::Sample));
        wishes.ticks.push((self.deletes.minute, Tick::Minute));
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        if tick == Tick::Minute {
            self.deletes.end_minute(now, seen);
            let next = now.saturating_add(self.deletes.minute);
            wishes.ticks.push((next, Tick::Minute));
        } else {
            self.sample(now, seen, wishes);
        }
    }

    fn hold(&mut self, bounds: Bounds) {
        self.scaler.hold(bounds);
    }

    fn runs(&self) -> u64 {
        self.clock.invocations
    }

    fn run_span(&self) -> f64 {
        seconds(self.clock.every.saturating_mul(self.clock.checks - 1))
    }
}
