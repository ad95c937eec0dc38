//! The answer of an invocation that follows demand: each decision, with its numbers and its reason.

use std::time::Duration;

use scaling::{DemandPolicy, WarmFloor};
use serde::{Serialize, Serializer};

use crate::demand::ProcessingTime;

/// The outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DemandOutcome {
    /// Tasks were added.
    ScaledOut,
    /// Tasks were removed.
    ScaledIn,
    /// The count didn't change.
    Kept,
    /// The count didn't change because the policy only observes, and the count that it would set differs from the
    /// one at the last check.
    Observed,
    /// The service is being deleted.
    Draining,
    /// The service or its cluster doesn't exist.
    Missing,
    /// No decision was possible, or the decision could not be applied.
    Failed,
}

/// A queue that a check could not read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadQueue {
    /// Queue name.
    pub queue: String,
    /// The reason.
    pub reason: String,
}

/// The result of a check for the queues with the same objective and processing time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueCheck {
    /// Their names.
    pub queues: Vec<String>,
    /// Their latency objective, in seconds.
    pub objective: f64,
    /// Messages waiting in them.
    pub backlog: u64,
    /// Tasks that they would need without other queues.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub need: Option<f64>,
    /// Seconds for which one of their messages keeps a task busy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_time: Option<f64>,
    /// Share of their messages of the last days that started within the objective.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_objective: Option<f64>,
}

/// One check and its decision. Values that the check doesn't know are omitted.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemandCheck {
    /// Its time.
    pub at: String,
    /// The same time, since the Unix epoch.
    #[serde(skip)]
    pub(crate) moment: Duration,
    /// The outcome.
    pub outcome: DemandOutcome,
    /// Messages sent per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Messages waiting in the queues that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backlog: Option<u64>,
    /// Messages in flight in the queues that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_flight: Option<u64>,
    /// Tasks that the work needs, unrounded and without bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub need: Option<f64>,
    /// The number of tasks that scale-in must leave, once the arrivals have been known for long enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<f64>,
    /// Warm tasks, if any, and the bursts that justify them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warm: Option<WarmFloor>,
    /// Task start in seconds, once it is measured: the 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task_start: Option<f64>,
    /// How long a message keeps a task busy, in seconds, once it is measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub processing_time: Option<f64>,
    /// Share of the messages of the last days that started within the objective: the lowest value of the queues, if
    /// their objectives differ.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub within_objective: Option<f64>,
    /// The queues by their own objectives, if these or their processing times differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub queues: Vec<QueueCheck>,
    /// Running count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub running: Option<u32>,
    /// The desired count before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// The desired count afterwards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// The desired count that would be set, if the policy only observes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recommended: Option<u32>,
    /// The reason, in a sentence.
    pub reason: String,
    /// The queues that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unread: Vec<UnreadQueue>,
}

/// The outcome of an invocation that follows demand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FleetAnswer {
    /// Each service, in the order of the event.
    pub services: Vec<DemandAnswer>,
    /// Number of datapoints of the need that CloudWatch accepted.
    pub needs_published: usize,
    /// Problems that affect all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// The outcome of an invocation for one service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemandAnswer {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// The outcome of the last check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<DemandOutcome>,
    /// The desired count before the first decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<u32>,
    /// The desired count after the last decision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<u32>,
    /// The reason of the last check.
    pub reason: String,
    /// The processing time that the checks used.
    pub processing_time: ProcessingTime,
    /// Every check, in order. Only the last one is serialized: a minute of many services is too long for an answer.
    #[serde(serialize_with = "write_last")]
    pub looks: Vec<DemandCheck>,
    /// Failures outside of checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

impl FleetAnswer {
    /// Whether nothing failed.
    pub(crate) fn succeeded(&self) -> bool {
        self.problems.is_empty() && !self.services.iter().any(DemandAnswer::is_failed)
    }
}

impl DemandAnswer {
    pub(crate) fn new(
        policy: &DemandPolicy,
        processing_time: ProcessingTime,
        looks: Vec<DemandCheck>,
        problems: Vec<String>,
    ) -> Self {
        let last = looks.last();
        Self {
            cluster: policy.cluster.clone(),
            service: policy.service.clone(),
            outcome: last.map(|look| look.outcome),
            from: looks.iter().find_map(|look| look.from),
            to: looks.iter().rev().find_map(|look| look.to),
            reason: last.map(|look| look.reason.clone()).unwrap_or_default(),
            processing_time,
            looks,
            problems,
        }
    }

    /// The checks that failed.
    #[must_use]
    pub fn failed(&self) -> Vec<&DemandCheck> {
        let failed = |look: &&DemandCheck| look.outcome == DemandOutcome::Failed;
        self.looks.iter().filter(failed).collect()
    }

    /// Whether anything failed, in a check or outside.
    pub(crate) fn is_failed(&self) -> bool {
        let failed = |look: &DemandCheck| look.outcome == DemandOutcome::Failed;
        !self.problems.is_empty() || self.looks.iter().any(failed)
    }

    /// All failures, each problem once; `None` if there are none.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        let mut parts: Vec<&str> = Vec::new();
        let failed = self.failed();
        let reasons = failed.iter().map(|look| look.reason.as_str());
        for part in reasons.chain(self.problems.iter().map(String::as_str)) {
            if !parts.contains(&part) {
                parts.push(part);
            }
        }
        let (failed, all) = (failed.len(), self.looks.len());
        (!parts.is_empty()).then(|| {
            format!(
                "service {}: {failed} of {all} checks failed: {}",
                self.service,
                parts.join("; ")
            )
        })
    }
}

fn write_last<S: Serializer>(looks: &[DemandCheck], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(looks.last())
}
