//! The error type of the command line: an exit code, what happened, and what to do next.

use deployer::Kind;
use miette::Diagnostic;
use serde::Serialize;
use serde_json::{Value, json};
use stack::{LoadError, Report};

/// Exit codes, as listed in `--help` and the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// Any other failure.
    Failed = 1,
    /// Wrong usage that clap can't detect. It uses the same code.
    Usage = 2,
    /// The stack definition is invalid.
    InvalidDefinition = 3,
    /// The deployment failed; CloudFormation rolled it back.
    DeploymentFailed = 4,
    /// A guard refused.
    Refused = 5,
    /// AWS couldn't be reached, or denied access.
    Unreachable = 6,
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    message: String,
    hints: Vec<String>,
    /// Problems of a definition, each with its place.
    problems: Option<Box<Report>>,
    /// Details for programs, in addition to the message.
    details: Option<Box<Value>>,
    /// For programs: the document to which the error is added.
    document: Option<Box<Value>>,
}

/// The result of a command.
pub type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            hints: Vec::new(),
            problems: None,
            details: None,
            document: None,
        }
    }

    /// A failure without a more specific kind.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Code::Failed, message)
    }

    /// Adds a next step.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds details for programs, in addition to the message.
    pub(crate) fn details(mut self, details: &impl Serialize) -> Self {
        self.details = serde_json::to_value(details).ok().map(Box::new);
        self
    }

    /// Sets the result that programs receive in addition to the error, because findings are a result, too.
    pub(crate) fn document(mut self, document: &impl Serialize) -> Self {
        self.document = serde_json::to_value(document).ok().map(Box::new);
        self
    }

    /// Says of which of several files the hints are.
    pub(crate) fn hints_of(mut self, file: &str) -> Self {
        for hint in &mut self.hints {
            *hint = format!("{file}: {hint}");
        }
        self
    }

    pub(crate) fn without_hints(mut self) -> Self {
        self.hints.clear();
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.code
    }

    /// What failed, and why.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    /// Problems of a definition.
    pub(crate) fn problems(&self) -> Option<&Report> {
        self.problems.as_deref()
    }

    /// The first failure, with the problems of both.
    pub(crate) fn join_problems(self, other: Self) -> Self {
        match (self.problems, other.problems) {
            (Some(ours), Some(theirs)) => ours.join(*theirs).into(),
            (problems, _) => Self { problems, ..self },
        }
    }

    /// Both failures as one, with the code of the first.
    pub(crate) fn join(self, other: Self) -> Self {
        let problems = match (self.problems, other.problems) {
            (Some(ours), Some(theirs)) => Some(Box::new(ours.join(*theirs))),
            (ours, theirs) => ours.or(theirs),
        };
        let is_new = |hint: &String| !self.hints.contains(hint);
        let hints = other.hints.into_iter().filter(is_new).collect();
        Self {
            message: format!("{}; {}", self.message, other.message),
            hints: [self.hints.clone(), hints].concat(),
            problems,
            ..self
        }
    }

    /// The same with a message for all of it.
    pub(crate) fn summed_up(self, message: String) -> Self {
        Self { message, ..self }
    }

    /// The document for programs, with these hints.
    pub(crate) fn to_document(&self, hints: &[String]) -> Value {
        let problems = self.problems().map(|report| json!(report));
        let mut error = json!({
            "exit_code": self.code as u8,
            "kind": format!("{:?}", self.code),
            "message": self.message,
            "hints": hints,
            "problems": problems,
        });
        if let Some(details) = &self.details {
            error["details"] = Value::clone(details);
        }
        let document = self.document.as_deref().cloned();
        let mut document = document.unwrap_or_else(|| json!({}));
        document["error"] = error;
        document
    }
}

impl From<deployer::Error> for Failure {
    fn from(error: deployer::Error) -> Self {
        let code = match error.kind() {
            Kind::Failed => Code::Failed,
            Kind::InvalidDefinition => Code::InvalidDefinition,
            Kind::DeploymentFailed => Code::DeploymentFailed,
            Kind::Refused => Code::Refused,
            Kind::Usage => Code::Usage,
            Kind::Unreachable => Code::Unreachable,
        };
        let mut failure = Self::new(code, error.to_string());
        failure.hints = error.hints().to_vec();
        failure.problems = error.problems().cloned().map(Box::new);
        match error.causes() {
            [] => failure,
            causes => failure.details(&json!({ "causes": causes })),
        }
    }
}

impl From<sandbox::Error> for Failure {
    fn from(error: sandbox::Error) -> Self {
        let mut message = error.to_string();
        if let Some(source) = std::error::Error::source(&error) {
            message = format!("{message}: {source}");
        }
        let mut failure = Self::failed(message);
        failure.hints = error.hints();
        failure
    }
}

impl From<demo::Error> for Failure {
    fn from(error: demo::Error) -> Self {
        match error {
            demo::Error::Definition(error) => error.into(),
            demo::Error::Deployer(error) => error.into(),
            demo::Error::Sandbox(error) => error.into(),
            error => {
                let refused = matches!(error, demo::Error::AlreadyRunning);
                let code = if refused { Code::Refused } else { Code::Failed };
                let failure = Self::new(code, error.to_string());
                error.hint().into_iter().fold(failure, Self::hint)
            }
        }
    }
}

impl From<template::SynthesisError> for Failure {
    fn from(error: template::SynthesisError) -> Self {
        match error {
            template::SynthesisError::Overrides { problems } => problems.into(),
            error => Self::new(Code::InvalidDefinition, error.to_string()),
        }
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        let mut failure = Self::new(Code::InvalidDefinition, report.to_string());
        failure.problems = Some(Box::new(report));
        failure
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        match error {
            LoadError::Invalid(report) => report.into(),
            other => {
                let mut message = other.to_string();
                if let Some(source) = std::error::Error::source(&other) {
                    message = format!("{message}: {source}");
                }
                let mut failure = Self::new(Code::InvalidDefinition, message);
                failure.hints = other
                    .help()
                    .map(|help| help.to_string())
                    .into_iter()
                    .collect();
                failure
            }
        }
    }
}
