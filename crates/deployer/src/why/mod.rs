//! `status --why`: one sentence per service that explains its count.
//!
//! [`read`] collects the facts, and one pure function, [`choose`], chooses the sentence.

mod choose;
mod facts;
mod functions;
mod logs;
mod measured;
mod read;
pub(crate) mod readers;
mod rules;
mod sentences;
#[cfg(test)]
mod tests;
mod waiting;

use serde::Serialize;

pub(crate) use facts::Event;
pub(crate) use read::{Sources, explain};

/// Why a service has its desired count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The cause, for programs.
    pub cause: Cause,
    /// The cause with its numbers, for people. Without an initial capital and final period.
    pub sentence: String,
    /// The service's name in the definition, if it has the tag.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// The current reason for a service's count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The service doesn't exist in ECS, or is being deleted.
    Gone,
    /// These credentials can't read the service.
    Unreadable,
    /// Its scaling is suspended.
    Paused,
    /// A quota of the account keeps tasks from starting.
    Quota,
    /// Its tasks lack capacity.
    Capacity,
    /// Its tasks start and fail.
    TasksFail,
    /// Nothing measures it.
    NoData,
    /// The function that scales it fails.
    FunctionFails,
    /// It has its maximum number of tasks.
    AtMax,
    /// It has its minimum number of tasks.
    AtMin,
    /// It is at a bound that a schedule sets.
    Schedule,
    /// A deployment is in progress.
    Deployment,
    /// The last action must take effect first.
    Cooldown,
    /// Requested tasks are starting.
    Starting,
    /// Application Auto Scaling expects the opposite action soon.
    Flapping,
    /// An alarm has fewer datapoints beyond its threshold than it needs.
    Datapoints,
    /// Its alarm is in ALARM, and the action is due.
    Due,
    /// The function's own reason.
    Checked,
    /// No messages are waiting.
    EmptyQueue,
    /// The metric is within its target.
    OnTarget,
    /// Nothing scales it.
    Fixed,
    /// None of the facts explains it.
    Unknown,
}
