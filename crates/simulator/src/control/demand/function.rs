//! The function sets the desired count itself, several times a minute.

use std::time::Duration;

use scaling::{Bounds, decide};

use crate::control::{Control, Observation, Tick, Wishes};
use crate::policy::DemandPolicy;
use crate::scenario::Scenario;
use crate::time::{MINUTE, Nanos, nanos};

use super::watch::Watch;

/// A function that looks, decides and sets the desired count.
pub(in crate::control) struct Function {
    watch: Watch,
    bounds: Bounds,
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
        Self {
            watch: Watch::new(scenario, policy, seed),
            bounds,
            delay: nanos(assumptions.count_lag).saturating_add(nanos(assumptions.function_delay)),
        }
    }
}

impl Control for Function {
    fn begin(&mut self, wishes: &mut Wishes) {
        wishes.ticks.push((self.watch.next_look(0), Tick::Sample));
        if self.watch.hears_minutes() {
            wishes.ticks.push((MINUTE, Tick::Minute));
        }
    }

    fn tick(&mut self, tick: Tick, now: Nanos, seen: &Observation, wishes: &mut Wishes) {
        if tick == Tick::Minute {
            self.watch.minute(now, seen);
            wishes
                .ticks
                .push((now.saturating_add(MINUTE), Tick::Minute));
            return;
        }
        self.watch.look(now, seen);
        let at = Duration::from_nanos(now);
        let decision = decide(&self.watch.needs, at, seen.desired, self.bounds);
        if decision.desired != seen.desired {
            wishes
                .desired
                .push((now.saturating_add(self.delay), decision.desired));
        }
        wishes.ticks.push((self.watch.next_look(now), Tick::Sample));
    }

    fn runs(&self) -> u64 {
        self.watch.invocations()
    }

    fn run_span(&self) -> f64 {
        self.watch.span()
    }
}
