//! Containers of a created service, and what they may do.

use std::collections::BTreeMap;
use std::time::Duration;

/// How a container runs, beyond its image and command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// Entry point that replaces the image's; empty: the image's own.
    pub entrypoint: Vec<String>,
    /// ARNs of files in S3 with environment variables.
    pub environment_files: Vec<String>,
    /// How ECS finds out whether it is healthy.
    pub health_check: Option<HealthCheck>,
    /// User, with or without a group; otherwise the image's.
    pub user: Option<String>,
    /// Whether its root file system is read-only.
    pub read_only: bool,
    /// Linux capabilities that it doesn't get.
    pub drop: Vec<String>,
    /// Whether an init process is its first one.
    pub init: bool,
    /// Soft and hard resource limits, by ECS's names.
    pub ulimits: BTreeMap<String, u32>,
}

/// A container that no key changes.
impl Default for Container {
    fn default() -> Self {
        Self {
            entrypoint: Vec::new(),
            environment_files: Vec::new(),
            health_check: None,
            user: None,
            read_only: false,
            drop: Vec::new(),
            init: true,
            ulimits: BTreeMap::new(),
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
    /// Time after its start in which failed checks don't count; whole seconds, at most 5 min.
    pub start: Duration,
}

/// What the tasks of a service may do beyond what the definition implies.
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
