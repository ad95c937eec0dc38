//! The results of earlier refreshes.

use std::collections::{HashMap, VecDeque};

use demo::take_sample;
use deployer::ServiceState;
use simulator::Sample;

use super::actions::Action;

/// Maximum number of refreshes to keep: an hour with one every five seconds.
const LOOKS: usize = 720;
/// Maximum number of observed changes to keep.
const CHANGES: usize = 5;

/// The history of each service.
#[derive(Debug, Default)]
pub(crate) struct History {
    services: HashMap<(String, String), Past>,
}

/// The history of one service.
#[derive(Debug, Default)]
pub(super) struct Past {
    pub(super) samples: VecDeque<Sample>,
    /// Changes of the desired count without a known reason, newest first.
    pub(super) changes: VecDeque<Action>,
}

impl History {
    /// Records a refresh at `at` (seconds since 1970), and returns it with the previous ones.
    pub(super) fn note(&mut self, service: &ServiceState, at: f64) -> &Past {
        let key = (service.cluster.clone(), service.service.clone());
        let past = self.services.entry(key).or_default();
        let Some(desired) = service.desired else {
            return past;
        };
        let before = past.samples.back().map(|sample| sample.desired);
        past.samples.push_back(take_sample(service, at));
        if past.samples.len() > LOOKS {
            past.samples.pop_front();
        }
        // Policies and scaling functions leave records with the reason.
        let explained = !service.policies.is_empty() || service.alarm_steps.is_some();
        if explained {
            past.changes.clear();
        } else if let Some(before) = before.filter(|before| *before != desired) {
            past.changes.push_front(Action {
                at: Some(at),
                what: format!("desired count from {before} to {desired}"),
                why: "seen by this watch; the reason isn't known".to_owned(),
            });
            past.changes.truncate(CHANGES);
        }
        past
    }
}
