//! Containers of a created service, and their permissions.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ServiceSpec;

/// How a container runs, in addition to its image and command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Whether a deploy replaces the tag of its image with the digest in the registry.
    pub resolve_digest: bool,
    /// Entry point that replaces the image's; if empty, the image's own.
    pub entrypoint: Vec<String>,
    /// ARNs of files in S3 with environment variables.
    pub environment_files: Vec<String>,
    /// How ECS finds out whether it is healthy.
    pub health_check: Option<HealthCheck>,
    /// User, with or without a group; otherwise the image's.
    pub user: Option<String>,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Linux capabilities that are removed from it.
    pub drop: Vec<String>,
    /// Whether its first process is an init process.
    pub init: bool,
    /// Soft and hard resource limits, by ECS's names.
    pub ulimits: BTreeMap<String, u32>,
    /// Containers of the task that must have reached a state before it starts, by name.
    pub depends_on: BTreeMap<String, ContainerState>,
}

/// The state that a container must have reached. Source: Amazon ECS API, `ContainerDependency`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerState {
    /// It has started.
    Start,
    /// It has ended.
    Complete,
    /// It has ended with exit code 0.
    Success,
    /// Its health check has passed.
    Healthy,
}

/// A volume of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Folder in the service's own container.
    pub path: String,
    /// Its file system; otherwise, the volume is empty, and ends with the task.
    pub efs: Option<FileSystem>,
}

/// An EFS file system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// Its ID.
    pub id: String,
    /// ID of the access point for it.
    pub access_point: Option<String>,
    /// Folder to mount, `/` for all of it.
    pub directory: String,
    /// Whether tasks can only read.
    pub read_only: bool,
}

/// The container of a task that sends the logs of the others to their destination, by Fluent Bit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRouter {
    /// Container image.
    pub image: String,
    /// Options of Fluent Bit's output.
    pub options: BTreeMap<String, String>,
    /// Options from Secrets Manager or SSM Parameter Store, as for the service's secrets.
    pub secrets: BTreeMap<String, String>,
    /// Whether each line gets the names of its cluster and task.
    pub metadata: bool,
    /// File in the image with more configuration.
    pub config: Option<String>,
    /// Its other settings.
    pub container: Container,
}

impl LogRouter {
    /// Its name in the task. A sidecar's name has no underscore.
    pub const NAME: &'static str = "log_router";
}

/// A container in addition to the service's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sidecar {
    /// Container image.
    pub image: String,
    /// Whether the task ends when it ends.
    pub essential: bool,
    /// Command that replaces the image's; if empty, the image's own.
    pub command: Vec<String>,
    /// Environment variables.
    pub environment: BTreeMap<String, String>,
    /// Environment variables from Secrets Manager or SSM Parameter Store, as for the service.
    pub secrets: BTreeMap<String, String>,
    /// Its other settings.
    pub container: Container,
    /// Folders of the volumes that it mounts, by their names.
    pub volumes: BTreeMap<String, String>,
}

/// A container of a task: the service's own, a sidecar, or the log router.
#[derive(Clone, Copy, Debug)]
pub struct TaskContainer<'s> {
    /// Its key under `sidecars`, or [`LogRouter::NAME`]; `None` for the service's own.
    pub sidecar: Option<&'s str>,
    /// Container image.
    pub image: &'s str,
    /// Whether the task ends when it ends.
    pub essential: bool,
    /// Command that replaces the image's.
    pub command: &'s [String],
    /// Environment variables of the definition.
    pub environment: &'s BTreeMap<String, String>,
    /// Environment variables from Secrets Manager or SSM Parameter Store.
    pub secrets: &'s BTreeMap<String, String>,
    /// Its other settings.
    pub container: &'s Container,
}

impl ServiceSpec {
    /// The volumes of a container with their names and folders; `None` stands for the service's own container.
    pub fn mounts(&self, sidecar: Option<&str>) -> Vec<(&str, &str)> {
        let own = self
            .volumes
            .iter()
            .map(|(name, volume)| (name.as_str(), volume.path.as_str()));
        let Some(sidecar) = sidecar else {
            return own.collect();
        };
        let sidecar = self.sidecars.get(sidecar).into_iter();
        let mounts = sidecar.flat_map(|sidecar| &sidecar.volumes);
        mounts
            .map(|(name, path)| (name.as_str(), path.as_str()))
            .collect()
    }

    /// The containers of a task, the service's own first, and the log router last.
    pub fn containers(&self) -> impl Iterator<Item = TaskContainer<'_>> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        let own = TaskContainer {
            sidecar: None,
            image: &self.image,
            essential: true,
            command: &self.command,
            environment: &self.environment,
            secrets: &self.secrets,
            container: &self.container,
        };
        let sidecars = self.sidecars.iter().map(|(name, sidecar)| TaskContainer {
            sidecar: Some(name),
            image: &sidecar.image,
            essential: sidecar.essential,
            command: &sidecar.command,
            environment: &sidecar.environment,
            secrets: &sidecar.secrets,
            container: &sidecar.container,
        });
        let router = self.log_router.as_ref().map(|router| TaskContainer {
            sidecar: Some(LogRouter::NAME),
            image: &router.image,
            essential: true,
            command: &[],
            environment: &NONE,
            secrets: &NONE,
            container: &router.container,
        });
        std::iter::once(own).chain(sidecars).chain(router)
    }
}

/// Limits for the number of tasks while ECS replaces them, in percent of the desired count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployment {
    /// Minimum share of running tasks, rounded up, 0 to 100; otherwise as the capacity requires.
    pub min_healthy: Option<u32>,
    /// Maximum share of existing tasks, rounded down, 100 to 200; otherwise 200.
    pub max: Option<u32>,
    /// Alarms that roll it back.
    pub alarms: Vec<DeploymentAlarm>,
}

/// An alarm that rolls a deployment back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeploymentAlarm {
    /// The ones on the oldest messages of the service's queues.
    OldestMessage,
    /// The ones on the dead-letter queues of the service's queues.
    DeadLetters,
    /// The one on errors of the service's load balancer.
    LoadBalancerErrors,
    /// An existing one, by name.
    Existing(String),
}

/// A container without settings.
impl Default for Container {
    fn default() -> Self {
        Self {
            resolve_digest: false,
            entrypoint: Vec::new(),
            environment_files: Vec::new(),
            health_check: None,
            user: None,
            read_only: false,
            drop: Vec::new(),
            init: true,
            ulimits: BTreeMap::new(),
            depends_on: BTreeMap::new(),
        }
    }
}

/// A command that ECS runs in a container to find out whether it is healthy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// `CMD` and a command's words, or `CMD-SHELL` and a line.
    pub command: Vec<String>,
    /// Time between two checks; whole seconds, 5 s to 5 min.
    pub interval: Duration,
    /// How long a check can take; whole seconds, 2 s to 1 min.
    pub timeout: Duration,
    /// Failed checks in a row that make it unhealthy, 1 to 10.
    pub retries: u32,
    /// Time after its start during which failed checks don't count; whole seconds, at most 5 min.
    pub start: Duration,
}

/// A permission of a service's tasks, in addition to the ones that the definition implies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Permission {
    /// A statement of an IAM policy.
    Statement(PermissionStatement),
    /// An existing IAM policy, by ARN.
    Policy(String),
}

/// A statement that allows actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionStatement {
    /// Actions, such as `s3:GetObject`.
    pub allow: Vec<String>,
    /// ARNs of resources, or `*`.
    pub on: Vec<String>,
    /// Values of condition keys, by operator and key.
    pub when: BTreeMap<String, BTreeMap<String, Vec<String>>>,
}

impl PermissionStatement {
    /// The conditions one by one: operator, key, and values.
    pub fn conditions(&self) -> impl Iterator<Item = (&str, &str, &[String])> {
        self.when.iter().flat_map(|(operator, keys)| {
            let keys = keys.iter();
            keys.map(move |(key, values)| (operator.as_str(), key.as_str(), values.as_slice()))
        })
    }
}

impl Permission {
    /// The statement, if it is one.
    #[must_use]
    pub fn statement(&self) -> Option<&PermissionStatement> {
        match self {
            Self::Statement(statement) => Some(statement),
            Self::Policy(_) => None,
        }
    }

    /// The ARN of the policy, if it is one.
    #[must_use]
    pub fn policy(&self) -> Option<&str> {
        match self {
            Self::Policy(arn) => Some(arn),
            Self::Statement(_) => None,
        }
    }
}
