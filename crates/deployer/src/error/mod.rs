//! The crate's error type: its kind, the operation, the reason for the failure, and hints for the next step.

mod sdk;

use stack::Report;

use crate::follow::Cause;

pub use sdk::aws;
pub(crate) use sdk::{
    WITHOUT_ACCOUNT, code, is_denied, is_not_emulated, is_passing, last_causes, text,
};

/// The kind of an error, as far as it affects the user's next step. Each kind has an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Any other error.
    Failed,
    /// CloudFormation couldn't complete the deployment, and rolled it back or stopped.
    DeploymentFailed,
    /// The stack definition can't be deployed.
    InvalidDefinition,
    /// A safety check refused.
    Refused,
    /// A requested object, such as a profile or region, doesn't exist.
    Usage,
    /// AWS couldn't be reached, or denied access.
    Unreachable,
}

/// An error of the deployer. The message is complete; callers don't need to print the source chain.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
    denied: bool,
    causes: Vec<Cause>,
    problems: Option<Box<Report>>,
}

/// Result of the deployer.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<template::SynthesisError> for Error {
    fn from(error: template::SynthesisError) -> Self {
        let mut found = Self::new(Kind::InvalidDefinition, error.to_string());
        if let template::SynthesisError::Overrides { problems } = error {
            found.problems = Some(Box::new(problems));
        }
        found
    }
}

impl Error {
    /// Creates an error of this kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            denied: false,
            causes: Vec::new(),
            problems: None,
        }
    }

    /// Creates an error of the kind [`Kind::Failed`].
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message)
    }

    /// Creates an error of the kind [`Kind::Refused`].
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(Kind::Refused, message)
    }

    /// Adds a hint for the next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Returns the same error with another kind.
    #[must_use]
    pub(crate) fn of_kind(mut self, kind: Kind) -> Self {
        self.kind = kind;
        self
    }

    /// Returns the same error, marked as a request that these credentials don't allow.
    #[must_use]
    fn with_denied(mut self, denied: bool) -> Self {
        self.denied = denied;
        self
    }

    /// Returns the same error with the resources that failed.
    #[must_use]
    pub(crate) fn with_causes(mut self, causes: &[Cause]) -> Self {
        self.causes = causes.to_vec();
        self
    }

    /// Returns the resources that failed, in order, if the error is about resources.
    #[must_use]
    pub fn causes(&self) -> &[Cause] {
        &self.causes
    }

    /// Returns the problems of the definition, each with its place, if the error is about them.
    #[must_use]
    pub fn problems(&self) -> Option<&Report> {
        self.problems.as_deref()
    }

    /// Whether AWS denied access to these credentials.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.denied
    }

    /// Returns its kind.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns hints for the next step, the most useful first.
    #[must_use]
    pub fn hints(&self) -> &[String] {
        &self.hints
    }
}

/// The inner error is the reason why the credentials don't allow this.
pub(crate) fn unless_denied<T>(result: Result<T>) -> Result<std::result::Result<T, String>> {
    match result {
        Err(error) if error.is_denied() => Ok(Err(error.to_string())),
        other => other.map(Ok),
    }
}
