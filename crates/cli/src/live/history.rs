//! What earlier looks have shown.

use std::collections::{HashMap, VecDeque};

use super::view::{Action, ServiceView};

/// Looks that are remembered: an hour of one every five seconds.
const LOOKS: usize = 720;
/// Noticed changes that are remembered.
const CHANGES: usize = 5;

/// A service at one look.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Seconds since 1970.
    pub at: f64,
    /// Messages waiting in all its queues that can be read.
    pub backlog: u64,
    /// Running tasks.
    pub running: u32,
}

/// The looks at each service.
#[derive(Debug, Default)]
pub(crate) struct History {
    services: HashMap<(String, String), Past>,
}

#[derive(Debug, Default)]
struct Past {
    samples: VecDeque<Sample>,
    desired: Option<u32>,
    changes: VecDeque<Action>,
}

impl History {
    /// Notes what a look at `at` (seconds since 1970) shows, and gives the service its past.
    pub(crate) fn note(&mut self, service: &mut ServiceView, at: f64) {
        let key = (service.cluster.clone(), service.name.clone());
        let past = self.services.entry(key).or_default();
        past.samples.push_back(Sample {
            at,
            backlog: service
                .queues
                .iter()
                .filter_map(|queue| queue.visible)
                .sum(),
            running: service.running,
        });
        while past.samples.len() > LOOKS {
            past.samples.pop_front();
        }
        if let Some(before) = past.desired.replace(service.desired)
            && before != service.desired
            && service.unexplained
        {
            past.changes.push_front(Action {
                at: Some(at),
                what: format!("desired count from {before} to {}", service.desired),
                why: "seen by this watch; nothing that is read here tells why".to_owned(),
            });
            past.changes.truncate(CHANGES);
        }
        service.history = past.samples.iter().copied().collect();
        if service.unexplained {
            service.actions.extend(past.changes.iter().cloned());
        }
    }
}
