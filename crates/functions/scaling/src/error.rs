//! How an invocation fails.

use lambda_kit::CallError;
use lambda_runtime::Diagnostic;
use serde::Serialize;

use crate::{Answer, DemandAnswer, FleetAnswer};

const EXPECTED: &str = r#"expected alarms' messages from SNS, {"Records": [{"Sns": {"Message": "…"}}]}, or {"action": "re-evaluate"}"#;

const EXPECTED_FOR_DEMAND: &str =
    r#"expected {"action": "scale-by-demand", "services": […]}, as the function's rule sends it"#;

/// Maximum length of the message of an invocation with failed checks, in characters. The log has everything.
const MESSAGE_LIMIT: usize = 4_096;

/// Why an invocation failed. Lambda retries it, and finally sends its event to the dead-letter queue.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvocationError {
    /// The event is neither an alarm's message nor the request to re-evaluate.
    #[error("this function doesn't support the event: {problem}; {EXPECTED}")]
    MalformedEvent {
        /// The place in the event, and the problem.
        problem: String,
    },
    /// The event isn't a request to a function that follows demand, but, for example, an alarm's message.
    #[error("this function doesn't support the event: {problem}; {EXPECTED_FOR_DEMAND}")]
    NoRequest {
        /// The place in the event, and the problem.
        problem: String,
    },
    /// The services to scale could not be read.
    #[error("{problem}")]
    UnreadFleet {
        /// Their location, and why they could not be read.
        problem: String,
    },
    /// Some checks failed, or a part of every check of a service. Everything else was completed.
    #[error("{}", summarize_checks(.0))]
    LooksFailed(Box<FleetAnswer>),
    /// Some records of the event aren't messages of this function's alarms. The others were processed.
    #[error("{} of {all} records refused: {}; {}", .refused.len(), list_refused(.refused), describe_rest(.answer.as_deref()))]
    RecordsRefused {
        /// The refused records, and why.
        refused: Vec<Refused>,
        /// Number of all records.
        all: usize,
        /// The outcome of the others; `None` if there are none.
        answer: Option<Box<Result<Answer, Problem>>>,
    },
    /// The service could not be reconciled with its alarms.
    #[error(transparent)]
    Problem(#[from] Problem),
}

/// A record that this function can't process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refused {
    /// The record: its index in the event and its message ID, if it has one.
    pub record: String,
    /// The reason.
    pub reason: String,
}

/// A problem that prevents the reconciliation of the service with its alarms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// An AWS call has no answer.
    #[error(transparent)]
    Call(#[from] CallError),
    /// An alarm without an ARN, a state, or the time of its change, or in an unknown state.
    #[error("DescribeAlarms shows alarm {alarm} {problem}")]
    Alarm {
        /// Alarm name.
        alarm: String,
        /// The problem with it.
        problem: String,
    },
    /// ECS can't describe the service.
    #[error("ECS reports the service as {0}")]
    ServiceFailure(String),
    /// ECS's answer neither contains the service nor reports it as failed.
    #[error("the DescribeServices response doesn't contain the service")]
    ServiceAbsent,
    /// A state of the service that this function doesn't know.
    #[error("service is {0}")]
    ServiceStatus(String),
    /// An impossible desired count.
    #[error("{0} isn't a desired count")]
    DesiredCount(i64),
    /// An impossible running count.
    #[error("{0} isn't a running count")]
    RunningCount(i64),
    /// A count of a queue that is missing, or isn't a number of messages.
    #[error("GetQueueAttributes returns {} for {attribute}", .value.as_deref().map_or_else(|| "nothing".to_owned(), |value| format!("{value:?}")))]
    QueueCount {
        /// Attribute name.
        attribute: String,
        /// Its value, if it has one.
        value: Option<String>,
    },
    /// The policy is invalid.
    #[error("the policy can't be followed: {0}")]
    Policy(#[from] scaling::PolicyError),
}

impl Problem {
    /// A state that alarms don't have.
    pub(crate) fn state(alarm: &str, state: Option<&str>) -> Self {
        let problem = match state {
            Some(state) => format!("in the state {state}"),
            None => "without a state".to_owned(),
        };
        Self::alarm(alarm, &problem)
    }

    pub(crate) fn alarm(alarm: &str, problem: &str) -> Self {
        Self::Alarm {
            alarm: alarm.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Call(_) => "CallFailed",
            Self::Alarm { .. } => "AlarmUnclear",
            Self::QueueCount { .. } => "QueueUnclear",
            Self::Policy(_) => "PolicyImpossible",
            _ => "ServiceUnclear",
        }
    }
}

impl InvocationError {
    /// The error's name, as Lambda reports it (`errorType`).
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::MalformedEvent { .. } | Self::NoRequest { .. } => "MalformedEvent",
            Self::UnreadFleet { .. } => "FleetUnread",
            Self::LooksFailed(_) => "LooksFailed",
            Self::RecordsRefused { .. } => "RecordsRefused",
            Self::Problem(problem) => problem.name(),
        }
    }
}

impl From<InvocationError> for Diagnostic {
    fn from(error: InvocationError) -> Self {
        Self {
            error_type: error.name().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// The failures of each service, each problem once.
fn summarize_checks(answer: &FleetAnswer) -> String {
    let services = answer.services.iter().filter_map(DemandAnswer::failure);
    let text = services
        .chain(answer.problems.iter().cloned())
        .collect::<Vec<_>>()
        .join("; ");
    match text.char_indices().nth(MESSAGE_LIMIT) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn list_refused(refused: &[Refused]) -> String {
    let one = |one: &Refused| format!("{} ({})", one.record, one.reason);
    refused.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn describe_rest(answer: Option<&Result<Answer, Problem>>) -> String {
    match answer {
        None => "no other is left".to_owned(),
        Some(Ok(answer)) => format!("of the others: {}", answer.reason),
        Some(Err(problem)) => format!("the others failed too: {problem}"),
    }
}
