//! The function's settings: it reads them from its environment once, when it starts.

use std::env::VarError;
use std::time::Duration;

use lambda_runtime::Diagnostic;
use scaling::{AlarmStepsPolicy, POLICY_VARIABLE, PolicyError};

/// The steps of alarms that the function follows; `None` if the event contains the services to scale by demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(Option<AlarmStepsPolicy>);

/// Why the function has no valid policy.
#[derive(Debug, thiserror::Error)]
pub enum PolicyProblem {
    /// It isn't text.
    #[error("the environment variable {POLICY_VARIABLE} is not Unicode")]
    NotUnicode,
    /// It isn't a policy in JSON.
    #[error("the environment variable {POLICY_VARIABLE} is not a policy: {0}")]
    Garbled(serde_path_to_error::Error<serde_json::Error>),
    /// It contradicts itself.
    #[error("the environment variable {POLICY_VARIABLE} is not a policy to follow: {0}")]
    Impossible(#[from] PolicyError),
}

impl Policy {
    /// The policy in the environment.
    ///
    /// # Errors
    /// If there is one and it is invalid.
    pub fn from_environment() -> Result<Self, PolicyProblem> {
        match std::env::var(POLICY_VARIABLE) {
            Ok(text) => Self::alarm_steps(&text),
            Err(VarError::NotPresent) => Ok(Self::demand()),
            Err(VarError::NotUnicode(_)) => Err(PolicyProblem::NotUnicode),
        }
    }

    /// The policy in the text of [`POLICY_VARIABLE`].
    ///
    /// # Errors
    /// The same as for [`Self::from_environment`].
    pub fn alarm_steps(text: &str) -> Result<Self, PolicyProblem> {
        let mut json = serde_json::Deserializer::from_str(text);
        let policy: AlarmStepsPolicy =
            serde_path_to_error::deserialize(&mut json).map_err(PolicyProblem::Garbled)?;
        policy.scaling(Duration::ZERO)?;
        Ok(Self(Some(policy)))
    }

    /// The function scales the services in its events by demand.
    #[must_use]
    pub fn demand() -> Self {
        Self(None)
    }

    /// The steps of alarms, if it follows them.
    pub(crate) fn steps(&self) -> Option<&AlarmStepsPolicy> {
        self.0.as_ref()
    }
}

impl From<PolicyProblem> for Diagnostic {
    fn from(problem: PolicyProblem) -> Self {
        let error_type = match problem {
            PolicyProblem::NotUnicode | PolicyProblem::Garbled(_) => "PolicyGarbled",
            PolicyProblem::Impossible(_) => "PolicyImpossible",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: problem.to_string(),
        }
    }
}
