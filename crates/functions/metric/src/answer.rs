//! What an invocation answers, for people who invoke by hand.

use std::fmt;

use serde::Serialize;

use crate::Reason;
use crate::plan::ServiceKey;

/// What one datapoint is about: the values of its three dimensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Queue name; empty when the request names a service without a queue.
    pub queue: String,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.cluster, self.service)?;
        if self.queue.is_empty() {
            Ok(())
        } else {
            write!(f, "/{}", self.queue)
        }
    }
}

impl Target {
    /// Its cluster and service.
    pub(crate) fn service_key(&self) -> ServiceKey {
        (self.cluster.clone(), self.service.clone())
    }
}

/// A datapoint that CloudWatch took, with what it was computed from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// What it is about.
    #[serde(flatten)]
    pub target: Target,
    /// Messages that count as backlog.
    pub messages: u64,
    /// Running tasks.
    pub running: u32,
    /// The published value: messages ÷ running tasks, or more where that keeps the service's last task
    /// ([`scaling::held_backlog`]).
    pub backlog_per_task: f64,
}

/// A datapoint of the backlog without tasks that CloudWatch took: what wakes a service that has none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waking {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Desired tasks.
    pub desired: u32,
    /// The published value: all messages that count as backlog while no task is desired, otherwise 0.
    pub backlog_without_tasks: u64,
}

/// A datapoint of a service that follows demand that CloudWatch took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Need {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Metric name: [`scaling::TASKS_NEEDED_METRIC`] or [`scaling::NEED_PER_TASK_METRIC`].
    pub metric: &'static str,
    /// The published value.
    pub value: f64,
}

/// A service that follows demand of which not all is known that would be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// What is not known yet.
    pub reason: &'static str,
}

/// A target without a datapoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// What it would have been about.
    #[serde(flatten)]
    pub target: Target,
    /// Why there is none.
    pub reason: Reason,
}

/// What came of every target of the request, each list in the order of cluster, service, queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The datapoints that CloudWatch took.
    pub published: Vec<Published>,
    /// Those of the backlog without tasks, for the services of which the request wants it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waking: Vec<Waking>,
    /// Those of the services that follow demand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// The services that follow demand of which not all is known yet. That is no failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// The targets without one; empty in the answer of an invocation that succeeds.
    pub failed: Vec<Failed>,
}
