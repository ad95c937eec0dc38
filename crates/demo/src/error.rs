//! Errors of a demo, with hints.

use std::path::PathBuf;

use sandbox::BehaviorError;
use simulator::ScenarioError;
use stack::LoadError;

use crate::load::LoadTextError;

/// An error of the demo. Messages are complete, except for errors of a definition or the sandbox.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A shipped definition is invalid.
    #[error(transparent)]
    Definition(#[from] LoadError),
    /// AWS, or the sandbox, refused.
    #[error(transparent)]
    Deployer(#[from] deployer::Error),
    /// The sandbox failed.
    #[error(transparent)]
    Sandbox(#[from] sandbox::Error),
    /// A load can't be sent.
    #[error(transparent)]
    Load(#[from] LoadTextError),
    /// The start time of a task isn't valid.
    #[error(transparent)]
    TaskStart(#[from] BehaviorError),
    /// Another demo holds the lock.
    #[error("a demo is already running in this folder of sandboxes")]
    AlreadyRunning,
    /// The lock file can't be used.
    #[error("failed to lock {}: {source}", path.display())]
    Lock {
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The stack has no service.
    #[error("the demo's stack scales no service")]
    NoService,
    /// The stack has no alarm on requests.
    #[error("the demo's stack is not scaled by a count of requests")]
    NoRequestCount,
    /// The stack was deleted in the meantime.
    #[error("stack {0} no longer exists")]
    NoStack(String),
    /// The simulator can't process the measurements.
    #[error("failed to evaluate the measurements: {0}")]
    Measurement(#[from] ScenarioError),
    /// The report can't be created.
    #[error("failed to evaluate the measurements: {0}")]
    Report(#[from] serde_json::Error),
    /// Parts of the story haven't happened.
    #[error("the demo has not shown everything: {}", .0.join("; "))]
    Incomplete(Vec<&'static str>),
}

/// Result of the demo.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Returns the next step for the user.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::AlreadyRunning => {
                Some("wait for its end, or use a separate sandbox: ECS_SCALER_SANDBOX=NAME")
            }
            Self::Incomplete(_) => {
                Some("a busy machine can be too slow for this speed: try --speed 10")
            }
            _ => None,
        }
    }
}
