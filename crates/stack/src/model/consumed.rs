//! Settings that can differ between the queues of a service.

use std::time::Duration;

use super::Service;
use crate::Slo;

/// The own settings of a queue in `consumes`; the others are the service's.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ConsumedQueue {
    /// Its latency objective.
    pub slo: Option<Slo>,
    /// Average time that a task needs for one of its messages.
    pub processing_time: Option<Duration>,
}

impl Service {
    /// The own settings of a queue.
    #[must_use]
    pub fn own_settings(&self, queue: &str) -> ConsumedQueue {
        self.queue_settings.get(queue).copied().unwrap_or_default()
    }

    /// The objective of a queue: its own `slo`, or else the service's.
    #[must_use]
    pub fn queue_slo(&self, queue: &str) -> Option<Slo> {
        self.own_settings(queue).slo.or(self.slo)
    }

    /// How long the messages of a queue can wait: the latency of its own `slo`, or else the service's objective.
    #[must_use]
    pub fn queue_objective(&self, queue: &str) -> Option<Duration> {
        let own = self.own_settings(queue).slo.map(|slo| slo.latency);
        own.or_else(|| self.latency_objective())
    }

    /// How long the work on a message of a queue takes on average, if a policy or the queue sets it.
    #[must_use]
    pub fn queue_processing_time(&self, queue: &str) -> Option<Duration> {
        let own = self.own_settings(queue).processing_time;
        own.or_else(|| self.processing_time())
    }

    /// The latency objective that all queues have in common; `None` if each has its own.
    #[must_use]
    pub fn common_objective(&self) -> Option<Duration> {
        let own = |queue: &String| self.own_settings(queue).slo.is_some();
        let each = !self.consumes.is_empty() && self.consumes.iter().all(own);
        if each { None } else { self.latency_objective() }
    }

    /// The shortest latency of the queues' own objectives.
    pub(super) fn shortest_own_objective(&self) -> Option<Duration> {
        let own = self.queue_settings.values().filter_map(|own| own.slo);
        own.map(|slo| slo.latency).min()
    }
}
