//! The wire format of the plugin: receives services, and sends reports on tasks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Response to `GET /_ecs_scaler/services`.
#[derive(Debug, PartialEq, Deserialize)]
pub(crate) struct Listing {
    /// Version of the whole response, for a later request.
    pub version: String,
    /// Every active service. `None` if nothing has changed since the version in the request.
    pub services: Option<Vec<Service>>,
    /// Tasks that should be protected from scale-in, by ID.
    #[serde(default)]
    pub protections: BTreeMap<String, Protection>,
}

/// A request for protection.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub(crate) struct Protection {
    /// Increases with each request.
    pub id: u64,
    /// End of the protection, in seconds since the Unix epoch. `None` ends it.
    pub until: Option<f64>,
}

/// The decision on a request for protection.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Decision {
    /// The request's.
    pub id: u64,
    #[serde(serialize_with = "serialize_optional_seconds")]
    pub until: Option<Duration>,
    /// Whether it was refused, because a deployment is waiting for the task to stop.
    pub blocked: bool,
}

/// An active service.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Service {
    pub arn: String,
    pub account: String,
    pub region: String,
    pub cluster: String,
    pub name: String,
    pub desired_count: u32,
    /// ID of the deployment that its tasks should belong to.
    pub deployment: String,
    /// Minimum percentage of the desired count that must run during a deployment, rounded up.
    pub minimum_healthy_percent: u32,
    /// Maximum percentage of the desired count during a deployment, rounded down.
    pub maximum_percent: u32,
    #[serde(deserialize_with = "deserialize_shared")]
    pub task_definition: Arc<TaskDefinition>,
}

#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
pub(crate) struct TaskDefinition {
    pub arn: String,
    pub containers: Vec<Container>,
}

/// A container of a task.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Container {
    pub name: String,
    #[serde(default)]
    pub command: Vec<String>,
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// In seconds. ECS's default is 30.
    pub stop_timeout: Option<u64>,
    /// Whether the task ends with this container.
    pub essential: bool,
}

/// Body of `PUT /_ecs_scaler/tasks`: the services that changed, by ARN.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    pub services: BTreeMap<String, ServiceReport>,
}

/// The current state of a service.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ServiceReport {
    pub deployments: Vec<Deployment>,
    pub tasks: Vec<TaskReport>,
}

/// A deployment and its tasks by state.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Deployment {
    pub id: String,
    pub task_definition: String,
    pub running: usize,
    pub pending: usize,
    pub failed: u32,
    pub completed: bool,
    #[serde(serialize_with = "serialize_seconds")]
    pub created_at: Duration,
    #[serde(serialize_with = "serialize_seconds")]
    pub updated_at: Duration,
}

/// A task as DescribeTasks shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TaskReport {
    pub id: String,
    pub deployment: String,
    pub task_definition: String,
    pub last_status: Status,
    #[serde(serialize_with = "serialize_seconds")]
    pub created_at: Duration,
    #[serde(serialize_with = "serialize_optional_seconds")]
    pub started_at: Option<Duration>,
    #[serde(serialize_with = "serialize_optional_seconds")]
    pub stopping_at: Option<Duration>,
    #[serde(serialize_with = "serialize_optional_seconds")]
    pub stopped_at: Option<Duration>,
    pub stop_code: Option<StopCode>,
    pub stopped_reason: Option<String>,
    pub exits: BTreeMap<String, i32>,
    pub protection: Option<Decision>,
}

/// A task's last status, with ECS's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Status {
    Provisioning,
    Pending,
    Running,
    Stopping,
    Stopped,
}

/// The reason why a task stopped, with ECS's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) enum StopCode {
    TaskFailedToStart,
    EssentialContainerExited,
    ServiceSchedulerInitiated,
}

fn deserialize_shared<'de, D: Deserializer<'de>>(from: D) -> Result<Arc<TaskDefinition>, D::Error> {
    TaskDefinition::deserialize(from).map(Arc::new)
}

fn serialize_seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
}

fn serialize_optional_seconds<S: Serializer>(
    time: &Option<Duration>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match time {
        Some(time) => serializer.serialize_some(&time.as_secs_f64()),
        None => serializer.serialize_none(),
    }
}
