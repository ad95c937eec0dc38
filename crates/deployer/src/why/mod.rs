//! `status --why`: one sentence per service that says why its count is what it is.
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

/// Why a service has the desired count that it has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Why {
    /// The cause, for programs.
    pub cause: Cause,
    /// The cause with its numbers, for people: without a capital letter and a period.
    pub sentence: String,
    /// The service's name in the definition, if its tag has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What decides a service's count at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// ECS has no such service, or it is being deleted.
    Gone,
    /// These credentials may not read the service.
    Unreadable,
    /// Its scaling is suspended.
    Paused,
    /// A quota of the account keeps tasks from starting.
    Quota,
    /// There is no capacity for its tasks.
    Capacity,
    /// Its tasks start and fail.
    TasksFail,
    /// Nothing measures it.
    NoData,
    /// The function that scales it fails.
    FunctionFails,
    /// It has as many tasks as it may have.
    AtMax,
    /// It has as few tasks as it may have.
    AtMin,
    /// A schedule holds a bound that it is at.
    Schedule,
    /// A deployment is in progress.
    Deployment,
    /// The last action must take effect first.
    Cooldown,
    /// Tasks that were asked for are starting.
    Starting,
    /// Application Auto Scaling expects the opposite action soon.
    Flapping,
    /// An alarm has fewer datapoints beyond its threshold than it needs.
    Datapoints,
    /// Its alarm is in ALARM, and the action is due.
    Due,
    /// The function's own reason.
    Checked,
    /// No message waits.
    EmptyQueue,
    /// The metric is within its target.
    OnTarget,
    /// Nothing scales it.
    Fixed,
    /// Nothing that was read explains it.
    Unknown,
}
