//! The items of a bill.

use serde::Serialize;

/// An item of a bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BillItem {
    /// Fargate tasks on demand.
    Tasks,
    /// Fargate Spot tasks.
    SpotTasks,
    /// EC2 instances with their disks.
    Instances,
    /// Public IPv4 addresses.
    Addresses,
    /// Load balancers with their capacity units, which are an estimate.
    LoadBalancer,
    /// Requests to SQS from senders, tasks, and functions.
    QueueRequests,
    /// Runs of functions.
    Functions,
    /// Scheduled rules.
    Rules,
    /// Custom metrics.
    Metrics,
    /// Metrics that are published and read.
    MetricRequests,
    /// Alarms.
    Alarms,
    /// The dashboard.
    Dashboard,
    /// Logs, which are an estimate.
    Logs,
}

impl BillItem {
    /// All items, in the order of a bill.
    pub const ALL: [Self; 13] = [
        Self::Tasks,
        Self::SpotTasks,
        Self::Instances,
        Self::Addresses,
        Self::LoadBalancer,
        Self::QueueRequests,
        Self::Functions,
        Self::Rules,
        Self::Metrics,
        Self::MetricRequests,
        Self::Alarms,
        Self::Dashboard,
        Self::Logs,
    ];

    /// Its key in JSON.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Tasks => "tasks",
            Self::SpotTasks => "spot_tasks",
            Self::Instances => "instances",
            Self::Addresses => "addresses",
            Self::LoadBalancer => "load_balancer",
            Self::QueueRequests => "queue_requests",
            Self::Functions => "functions",
            Self::Rules => "rules",
            Self::Metrics => "metrics",
            Self::MetricRequests => "metric_requests",
            Self::Alarms => "alarms",
            Self::Dashboard => "dashboard",
            Self::Logs => "logs",
        }
    }

    /// Its name, for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Tasks => "Fargate tasks",
            Self::SpotTasks => "Fargate Spot tasks",
            Self::Instances => "EC2 instances",
            Self::Addresses => "public IPv4 addresses",
            Self::LoadBalancer => "load balancer",
            Self::QueueRequests => "SQS requests",
            Self::Functions => "functions",
            Self::Rules => "rules",
            Self::Metrics => "custom metrics",
            Self::MetricRequests => "metric API calls",
            Self::Alarms => "alarms",
            Self::Dashboard => "dashboard",
            Self::Logs => "logs (a guess)",
        }
    }

    /// Unit of its quantity.
    #[must_use]
    pub fn unit(self) -> &'static str {
        match self {
            Self::Tasks | Self::SpotTasks => "task-hours",
            Self::Instances => "instance-hours",
            Self::Addresses | Self::LoadBalancer => "hours",
            Self::QueueRequests | Self::MetricRequests => "requests",
            Self::Functions => "runs",
            Self::Logs => "GB",
            Self::Rules | Self::Metrics | Self::Alarms | Self::Dashboard => "",
        }
    }

    /// Its index in [`Self::ALL`].
    pub(super) fn place(self) -> usize {
        Self::ALL
            .iter()
            .position(|item| *item == self)
            .unwrap_or_default()
    }
}
