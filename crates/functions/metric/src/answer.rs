//! The answer of an invocation, for people who use `invoke`.

use std::fmt;

use serde::Serialize;

use crate::Reason;
use crate::plan::ServiceKey;

/// The subject of a datapoint: the values of its three dimensions.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Target {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Queue name; empty if the request has a service without a queue.
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

/// A datapoint that CloudWatch accepted, with the values that it was computed from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Published {
    /// Its subject.
    #[serde(flatten)]
    pub target: Target,
    /// Messages that count as backlog.
    pub messages: u64,
    /// Running tasks.
    pub running: u32,
    /// The published value: messages ÷ running tasks, or more if that keeps the service's last task
    /// ([`scaling::held_backlog`]).
    pub backlog_per_task: f64,
}

/// A datapoint of the backlog without tasks that CloudWatch accepted. It scales a service from zero.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waking {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// Desired count.
    pub desired: u32,
    /// The published value: all messages that count as backlog if the desired count is 0, otherwise 0.
    pub backlog_without_tasks: u64,
}

/// A datapoint, accepted by CloudWatch, of a service that follows demand.
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

/// A service that follows demand and lacks data for the published metrics.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// The unknown value.
    pub reason: &'static str,
}

/// A target without a datapoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failed {
    /// Its subject.
    #[serde(flatten)]
    pub target: Target,
    /// The reason why it is missing.
    pub reason: Reason,
}

/// The results for all targets of the request, each list in the order of cluster, service, and queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Answer {
    /// The datapoints that CloudWatch accepted.
    pub published: Vec<Published>,
    /// Datapoints of the backlog without tasks, if the request asks for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waking: Vec<Waking>,
    /// Datapoints of the services that follow demand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<Need>,
    /// The services that follow demand and lack data. That isn't a failure.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<Unknown>,
    /// The targets without a datapoint; empty if the invocation succeeds.
    pub failed: Vec<Failed>,
}
