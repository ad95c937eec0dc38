//! What an execution environment remembers.

use std::collections::HashMap;
use std::rc::Rc;

use scaling::{Bounds, DeadlineScaler, DemandPolicy, DemandPolicyError};
use tokio::time::Instant;

use super::order::KnownFleet;
use super::rates::Rates;
use crate::pauses::KnownPause;
use crate::service::Service;

/// What an execution environment remembers from an invocation to the next. An environment that has just
/// begun knows nothing, and then removes nothing until it does.
#[derive(Debug, Default)]
pub struct Memory {
    /// Of the one service of a function with alarm steps.
    pub(crate) pause: KnownPause,
    services: HashMap<ServiceKey, Tracked>,
    pub(super) rates: Option<Rc<Rates>>,
    pub(super) fleet: Option<KnownFleet>,
}

/// Cluster and service.
type ServiceKey = (String, String);

/// What is remembered of one service.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) policy: Rc<DemandPolicy>,
    pub(super) scaler: DeadlineScaler,
    /// The bounds outside of the schedule's periods.
    pub(super) base: Bounds,
    /// What ECS said of the service last, and when.
    pub(super) known: Option<(Instant, Service)>,
    /// It is described in a call of its own, since a call for several failed because of it.
    pub(super) alone: bool,
    /// Since when a change of the count waits for the account's request rate.
    pub(super) waiting: Option<Instant>,
    /// When the arrivals of the last days were last asked for.
    pub(super) asked_history: Option<Instant>,
    /// The count that the last check would have set, if the policy only observes.
    pub(super) recommended: Option<u32>,
    pub(super) pause: KnownPause,
}

impl Memory {
    /// Takes out what is remembered of a service; nothing if its policy has changed. A policy that begins to act knows what
    /// it has observed.
    ///
    /// # Errors
    /// If the policy can't be followed.
    pub(super) fn take(&mut self, policy: &DemandPolicy) -> Result<Tracked, DemandPolicyError> {
        let known = self.services.remove(&key(policy));
        let same = |tracked: &Tracked| {
            let (observe, pause) = (policy.observe, policy.pause.clone());
            let before = (*tracked.policy).clone();
            let now = DemandPolicy {
                observe,
                pause,
                ..before
            };
            now == *policy
        };
        if let Some(mut tracked) = known.filter(same) {
            if tracked.policy.observe != policy.observe {
                tracked.policy = Rc::new(policy.clone());
                tracked.recommended = None;
            }
            return Ok(tracked);
        }
        Ok(Tracked {
            base: policy.check()?,
            scaler: DeadlineScaler::from_policy(policy)?,
            policy: Rc::new(policy.clone()),
            known: None,
            alone: false,
            waiting: None,
            asked_history: None,
            recommended: None,
            pause: KnownPause::default(),
        })
    }

    /// Forgets every service that was not taken out.
    pub(super) fn forget_others(&mut self) {
        self.services.clear();
    }

    /// Remembers a service.
    pub(super) fn keep(&mut self, tracked: Tracked) {
        self.services.insert(key(&tracked.policy), tracked);
    }
}

fn key(policy: &DemandPolicy) -> ServiceKey {
    (policy.cluster.clone(), policy.service.clone())
}
