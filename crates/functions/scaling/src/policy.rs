//! What the function is set up for: its environment says it, once, at its start.

use std::env::VarError;

use lambda_runtime::Diagnostic;
use scaling::{
    AlarmStepsPolicy, DEMAND_POLICY_VARIABLE, DemandPolicy, DemandPolicyError, POLICY_VARIABLE,
    PolicyError,
};
use serde::de::DeserializeOwned;

/// A policy that can be followed: alarms' steps, or demand.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy(Followed);

/// What a policy says.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Followed {
    /// Steps while an alarm rings.
    AlarmSteps(AlarmStepsPolicy),
    /// The tasks that the work needs.
    Demand(DemandPolicy),
}

/// Why the function has no policy to follow.
#[derive(Debug, thiserror::Error)]
pub enum PolicyProblem {
    /// Neither environment variable is set.
    #[error(
        "neither the environment variable {POLICY_VARIABLE} nor {DEMAND_POLICY_VARIABLE} is set"
    )]
    Missing,
    /// Both environment variables are set.
    #[error(
        "the environment variables {POLICY_VARIABLE} and {DEMAND_POLICY_VARIABLE} are both set: one function follows one policy"
    )]
    Both,
    /// It is no text.
    #[error("the environment variable {0} is not Unicode")]
    NotUnicode(&'static str),
    /// It is no JSON of a policy.
    #[error("the environment variable {variable} is not a policy: {problem}")]
    Garbled {
        /// Which.
        variable: &'static str,
        /// Where, and what is wrong there.
        problem: serde_path_to_error::Error<serde_json::Error>,
    },
    /// It contradicts itself.
    #[error("the environment variable {POLICY_VARIABLE} is not a policy to follow: {0}")]
    Impossible(#[from] PolicyError),
    /// The demand policy contradicts itself.
    #[error("the environment variable {DEMAND_POLICY_VARIABLE} is not a policy to follow: {0}")]
    ImpossibleDemand(#[from] DemandPolicyError),
}

impl Policy {
    /// The policy of the environment.
    ///
    /// # Errors
    /// When there is none, more than one, or none that can be followed.
    pub fn from_environment() -> Result<Self, PolicyProblem> {
        Self::from_variables(
            read_variable(POLICY_VARIABLE)?,
            read_variable(DEMAND_POLICY_VARIABLE)?,
        )
    }

    /// The policy that the two variables say, [`POLICY_VARIABLE`] and [`DEMAND_POLICY_VARIABLE`].
    ///
    /// # Errors
    /// As [`Self::from_environment`].
    pub fn from_variables(
        alarm_steps: Option<String>,
        demand: Option<String>,
    ) -> Result<Self, PolicyProblem> {
        match (alarm_steps, demand) {
            (Some(text), None) => Self::alarm_steps(&text),
            (None, Some(text)) => Self::demand(&text),
            (None, None) => Err(PolicyProblem::Missing),
            (Some(_), Some(_)) => Err(PolicyProblem::Both),
        }
    }

    /// What it says.
    pub(crate) fn followed(&self) -> &Followed {
        &self.0
    }

    fn alarm_steps(text: &str) -> Result<Self, PolicyProblem> {
        let policy: AlarmStepsPolicy = parse_json(POLICY_VARIABLE, text)?;
        policy.scaling()?;
        Ok(Self(Followed::AlarmSteps(policy)))
    }

    fn demand(text: &str) -> Result<Self, PolicyProblem> {
        let policy: DemandPolicy = parse_json(DEMAND_POLICY_VARIABLE, text)?;
        policy.check()?;
        Ok(Self(Followed::Demand(policy)))
    }
}

fn read_variable(variable: &'static str) -> Result<Option<String>, PolicyProblem> {
    match std::env::var(variable) {
        Ok(text) => Ok(Some(text)),
        Err(VarError::NotPresent) => Ok(None),
        Err(VarError::NotUnicode(_)) => Err(PolicyProblem::NotUnicode(variable)),
    }
}

fn parse_json<T: DeserializeOwned>(variable: &'static str, text: &str) -> Result<T, PolicyProblem> {
    let mut json = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut json)
        .map_err(|problem| PolicyProblem::Garbled { variable, problem })
}

impl From<PolicyProblem> for Diagnostic {
    fn from(problem: PolicyProblem) -> Self {
        let error_type = match problem {
            PolicyProblem::Missing => "PolicyMissing",
            PolicyProblem::Both => "PolicyAmbiguous",
            PolicyProblem::NotUnicode(_) | PolicyProblem::Garbled { .. } => "PolicyGarbled",
            PolicyProblem::Impossible(_) | PolicyProblem::ImpossibleDemand(_) => "PolicyImpossible",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: problem.to_string(),
        }
    }
}
