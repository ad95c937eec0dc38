//! The memory of an execution environment.

use std::collections::HashMap;
use std::rc::Rc;

use scaling::{Bounds, DeadlineScaler, DemandPolicy, DemandPolicyError};
use tokio::time::Instant;

use super::order::KnownFleet;
use super::rates::Rates;
use crate::pauses::KnownPause;
use crate::service::Service;

/// The state that an execution environment keeps between invocations. A new environment knows nothing, and removes
/// no tasks until it does.
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

/// The state of one service.
#[derive(Debug)]
pub(super) struct Tracked {
    pub(super) policy: Rc<DemandPolicy>,
    pub(super) scaler: DeadlineScaler,
    /// The bounds outside of the schedule's periods.
    pub(super) base: Bounds,
    /// ECS's last description of the service, and its time.
    pub(super) known: Option<(Instant, Service)>,
    /// The service is described in a separate call, because it made a call for several fail.
    pub(super) alone: bool,
    /// Since when a change of the count has been waiting for the account's request rate.
    pub(super) waiting: Option<Instant>,
    /// When the arrivals of the last days were last requested.
    pub(super) asked_history: Option<Instant>,
    /// The count that the last check would have set, if the policy only observes.
    pub(super) recommended: Option<u32>,
    pub(super) pause: KnownPause,
}

impl Memory {
    /// Takes the state of a service out of the memory; it is new if the service's policy has changed. A policy that
    /// starts to act, or whose pause has another parameter, keeps what it has observed.
    ///
    /// # Errors
    /// If the policy is invalid.
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
                tracked.recommended = None;
            }
            if tracked.policy.pause != policy.pause {
                tracked.pause = KnownPause::default();
            }
            if *tracked.policy != *policy {
                tracked.policy = Rc::new(policy.clone());
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

    /// Forgets every service that wasn't taken out.
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
