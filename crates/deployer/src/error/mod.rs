//! One error type for the crate: its kind, what was being done and why that failed, and hints on what to
//! do next.

mod sdk;

use crate::follow::Cause;

pub use sdk::aws;
pub(crate) use sdk::{WITHOUT_ACCOUNT, code, is_denied, is_passing, last_causes, text};

/// What went wrong, as far as the next step of the user depends on it. Each kind has an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything that is none of the others.
    Failed,
    /// CloudFormation could not carry the deployment out, and took it back or stopped.
    DeploymentFailed,
    /// The stack definition can't be deployed as it is.
    InvalidDefinition,
    /// A guard of ours refused.
    Refused,
    /// What a person asked for doesn't exist, such as a profile or region.
    Usage,
    /// AWS was out of reach, or denied access.
    Unreachable,
}

/// An error of the deployer. Its message is whole: whoever shows it needs no chain of sources.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
    denied: bool,
    causes: Vec<Cause>,
}

/// Result of the deployer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<template::SynthesisError> for Error {
    fn from(error: template::SynthesisError) -> Self {
        Self::new(Kind::InvalidDefinition, error.to_string())
    }
}

impl Error {
    /// An error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            denied: false,
            causes: Vec::new(),
        }
    }

    /// An error of the kind [`Kind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// An error of the kind [`Kind::Refused`].
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Adds a hint on what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// The same error of another kind.
    #[must_use]
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// The same error, of a request that these credentials may not make.
    #[must_use]
    fn with_denied(mut self, denied: bool) -> Self {
        self.denied = denied;
        self
    }

    /// The same error, of resources that failed.
    #[must_use]
    pub(crate) fn with_causes(mut self, causes: &[Cause]) -> Self {
        self.causes = causes.to_vec();
        self
    }

    /// The resources that failed, the first first, if the error is about resources.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Whether AWS said that these credentials may not do this.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.denied
    }

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Hints on what to do next, the most useful first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// The inner error is why these credentials may not do this.
pub(crate) fn unless_denied<T>(result: Result<T>) -> Result<std::result::Result<T, String>> {
    match result {
        Err(error) if error.is_denied() => Ok(Err(error.to_string())),
        other => other.map(Ok),
    }
}
