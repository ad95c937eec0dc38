//! The function sets the desired count itself, several times a minute.

use scaling::{Bounds, DemandScaler, PerSide};

use crate::control::{Control, Observation, Tick, Wishes};
use crate::policy::DemandPolicy;
use crate::scenario::Scenario;
use crate::time::{Nanos, nanos};

use super::watch::{DemandSampler, counts, sighting};

/// A function that checks, decides and sets the desired count.
pub(in crate::control) struct Function {
    sampler: DemandSampler,
    scaler: DemandScaler,
    delay: Nanos,
}

impl Function {
    pub(in crate::control) fn new(
        scenario: &Scenario,
        policy: DemandPolicy,
        bounds: Bounds,
        seed: u64,
    ) -> Self {
        let assumptions = &scenario.assumptions;
        let sampler = DemandSampler::new(scenario, policy, seed);
        let cooldowns = PerSide {
            scale_out: policy.cooldown_out,
            scale_in: policy.cooldown_in,
        };
        Self {
            scaler: DemandScaler::new(1, sampler.watching(), bounds, cooldowns),
            sampler,
            delay: nanos(assumptions.count_lag).saturating_add(nanos(assumptions.function_delay)),
        }
    }

    fn check(&mut self, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        if let Some(at) = self.sampler.last_deletes(now) {
            self.scaler.record_deletes(at);
        }
        let law = self.sampler.law(now);
        let rate = self.sampler.rate(now);
        let queues = [Some(counts(seen))];
        let sighting = sighting(now, seen, &queues);
        let (_, decision) = self
            .scaler
            .decide_with_rate(&sighting, law.as_ref(), false, rate);
        if decision.desired != seen.desired {
            let at = now.saturating_add(self.delay);
            wishes.desired.push((at, decision.desired));
            self.scaler
                .record_change(sighting.at, seen.desired, decision.desired);
        }
        wishes
            .ticks
            .push((self.sampler.next_check(now), Tick::Sample));
    }
}

impl Control for Function {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes
            .ticks
            .push((self.sampler.next_check(0), Tick::Sample));
        let minute = self.sampler.next_minute(0);
        wishes.ticks.extend(minute.map(|at| (at, Tick::Minute)));
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        if tick == Tick::Minute {
            self.sampler.minute(now, seen);
            let next = self.sampler.next_minute(now);
            wishes.ticks.extend(next.map(|at| (at, Tick::Minute)));
        } else {
            self.check(now, seen, wishes);
        }
    }

    fn runs(&self) -> u64 {
        self.sampler.invocations()
    }

    fn run_span(&self) -> f64 {
        self.sampler.span()
    }
}
