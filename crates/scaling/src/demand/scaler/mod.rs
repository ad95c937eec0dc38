//! The desired count by the demand algorithm, from check to check: what the scaling function sets, and the
//! simulator.

use std::time::Duration;

use super::algorithm::DemandAlgorithm;
use super::decision::Decision;
use super::policy::DemandPolicy;
use super::request::DemandPolicyError;
use super::restraint::Restraint;
use super::watch::{DemandEstimate, DemandWatch, DemandWatchSettings, QueueCounts, ServiceReading};
use crate::{Bounds, PerSide};

/// Checks, decides, and remembers what was done.
///
/// [`Self::from_policy`], or [`Self::new`]; then for each check [`Self::decide`] (or [`Self::record_queues`], when the
/// service could not be read), and [`Self::record_change`] once the count is set. Overlapping scalers of one service are safe: each sets an absolute count.
#[derive(Clone, Debug)]
pub struct DemandScaler {
    watch: DemandWatch,
    bounds: Bounds,
    restraint: Restraint,
}

impl DemandScaler {
    /// A scaler that has seen nothing yet, of a service with so many queues.
    #[must_use]
    pub fn new(
        queues: usize,
        watching: DemandWatchSettings,
        bounds: Bounds,
        cooldowns: PerSide<Duration>,
    ) -> Self {
        Self {
            watch: DemandWatch::new(queues, watching),
            bounds,
            restraint: Restraint::new(bounds, cooldowns),
        }
    }

    /// A scaler that follows a policy.
    ///
    /// # Errors
    /// When the policy can't be followed: see [`DemandPolicy::check`].
    pub fn from_policy(policy: &DemandPolicy) -> Result<Self, DemandPolicyError> {
        let bounds = policy.check()?;
        let cooldowns = PerSide {
            scale_out: Duration::from_millis(policy.cooldown_out_ms),
            scale_in: Duration::from_millis(policy.cooldown_in_ms),
        };
        let watching = policy.law.watching(Duration::from_millis(policy.every_ms));
        Ok(Self::new(policy.queues.len(), watching, bounds, cooldowns))
    }

    /// Records the queues' counts in a check that can decide nothing: the service could not be read, say.
    pub fn record_queues(&mut self, at: Duration, queues: &[Option<QueueCounts>]) {
        self.begin(at);
        self.watch.record_queues(at, queues);
    }

    /// Remembers that messages were deleted up to `at`: see [`DemandWatch::record_deletes`].
    pub fn record_deletes(&mut self, at: Duration) {
        self.watch.record_deletes(at);
    }

    /// Checks: returns the estimate, and the count that is right now. `deploying` while ECS deploys the service.
    ///
    /// The count stays within the bounds. It rises at once to what is needed, and falls to the largest
    /// need of the window if the need is known throughout, no deployment is under way and no cooldown
    /// runs ([`allowed`]: in the cooldown of a scale-out only a larger count is set; that of a scale-in
    /// keeps from more of it, and a scale-out ends it). A scaler that has just begun knows of no earlier
    /// change: it removes nothing until the longest cooldown would be over.
    pub fn decide(
        &mut self,
        seen: &ServiceReading<'_>,
        law: Option<&DemandAlgorithm>,
        deploying: bool,
    ) -> (DemandEstimate, Decision) {
        self.decide_with_rate(seen, law, deploying, |flow| flow)
    }

    /// As [`Self::decide`], with a rate as in [`DemandWatch::estimate_with_rate`].
    pub fn decide_with_rate(
        &mut self,
        seen: &ServiceReading<'_>,
        law: Option<&DemandAlgorithm>,
        deploying: bool,
        rate: impl FnOnce(Option<f64>) -> Option<f64>,
    ) -> (DemandEstimate, Decision) {
        self.begin(seen.at);
        let estimate = self.watch.estimate_with_rate(seen, law, rate);
        let decision = self
            .watch
            .decide(seen.at, &estimate, seen.desired, self.bounds);
        (estimate, self.restraint.restrain(seen, decision, deploying))
    }

    /// The count was changed at `at`. To be brought to a bound from outside begins and ends no cooldown.
    pub fn record_change(&mut self, at: Duration, from: u32, to: u32) {
        self.restraint.record_change(at, from, to);
    }

    /// The first check, or the first after the clock was set back: nothing is known of what was done.
    fn begin(&mut self, at: Duration) {
        if self.watch.latest().is_none_or(|latest| at < latest) {
            self.restraint.begin(at);
        }
    }
}

#[cfg(test)]
mod tests;
