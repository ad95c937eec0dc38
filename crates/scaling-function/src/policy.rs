//! What the function is set up for: its environment says it, once, at its start.

use lambda_runtime::Diagnostic;
use scaling::{AlarmStepsPolicy, POLICY_VARIABLE, PolicyError, Scaling};

/// A policy that can be followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(AlarmStepsPolicy);

/// Why the function has no policy to follow.
#[derive(Debug, thiserror::Error)]
pub enum PolicyProblem {
    /// The environment variable is not set, or is no Unicode.
    #[error("the environment variable {POLICY_VARIABLE} is not set")]
    Missing,
    /// It is no JSON of a policy.
    #[error("the environment variable {POLICY_VARIABLE} is not a policy: {0}")]
    Garbled(#[from] serde_path_to_error::Error<serde_json::Error>),
    /// It contradicts itself.
    #[error("the environment variable {POLICY_VARIABLE} is not a policy to follow: {0}")]
    Impossible(#[from] PolicyError),
}

impl Policy {
    /// The policy of the environment.
    ///
    /// # Errors
    /// When there is none, or none that can be followed.
    pub fn from_environment() -> Result<Self, PolicyProblem> {
        let text = std::env::var(POLICY_VARIABLE).map_err(|_| PolicyProblem::Missing)?;
        Self::parse(&text)
    }

    /// The policy that a text of JSON says.
    ///
    /// # Errors
    /// When it says none, or none that can be followed.
    pub fn parse(text: &str) -> Result<Self, PolicyProblem> {
        let mut json = serde_json::Deserializer::from_str(text);
        let policy: AlarmStepsPolicy = serde_path_to_error::deserialize(&mut json)?;
        policy.scaling()?;
        Ok(Self(policy))
    }

    /// What it says.
    pub(crate) fn get(&self) -> &AlarmStepsPolicy {
        &self.0
    }

    pub(crate) fn scaling(&self) -> Result<Scaling<'_>, PolicyError> {
        self.0.scaling()
    }
}

impl From<PolicyProblem> for Diagnostic {
    fn from(problem: PolicyProblem) -> Self {
        let error_type = match problem {
            PolicyProblem::Missing => "PolicyMissing",
            PolicyProblem::Garbled(_) => "PolicyGarbled",
            PolicyProblem::Impossible(_) => "PolicyImpossible",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: problem.to_string(),
        }
    }
}
