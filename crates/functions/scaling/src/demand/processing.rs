//! The processing time that an invocation reckons with.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use lambda_kit::{CallError, Flow, Level, Log, flows, processing_time};
use scaling::DemandPolicy;
use serde::Serialize;
use serde_json::json;
use tokio::time::Instant;

use crate::Clients;

/// The average processing time of a message, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "source", content = "seconds")]
pub enum ProcessingTime {
    /// The policy says it.
    Given(f64),
    /// Measured in this invocation.
    Measured(f64),
    /// Measured by an earlier invocation, because the last minutes contain none.
    Remembered(f64),
    /// Not measured yet: nothing was deleted in the last minutes.
    Unknown,
}

impl ProcessingTime {
    /// The value that the algorithm uses.
    pub(crate) fn time(self) -> Option<Duration> {
        match self {
            Self::Given(seconds) | Self::Measured(seconds) | Self::Remembered(seconds) => {
                Duration::try_from_secs_f64(seconds).ok()
            }
            Self::Unknown => None,
        }
    }

    /// The time that the policy says, if it says one.
    pub(crate) fn given(policy: &DemandPolicy) -> Option<Self> {
        let time = Duration::from_millis(policy.law.processing_time_ms?);
        Some(Self::Given(time.as_secs_f64()))
    }

    /// What was measured, or what is remembered of it; and says in the log which.
    pub(crate) fn settle(
        measured: &Result<Flows, CallError>,
        memory: &mut Option<Duration>,
        log: &mut Log<'_>,
    ) -> Self {
        let (found, error) = match measured {
            Ok(flows) => (processing_time(flows.values()), None),
            Err(error) => (None, Some(error.to_string())),
        };
        *memory = found.or(*memory);
        let settled = match (found, *memory) {
            (Some(time), _) => Self::Measured(time.as_secs_f64()),
            (None, Some(time)) => Self::Remembered(time.as_secs_f64()),
            (None, None) => Self::Unknown,
        };
        let level = match error {
            Some(_) => Level::Warn,
            None => Level::Info,
        };
        let mut fields = json!({"processing_time": settled});
        if let Some(error) = error {
            fields["error"] = json!(error);
        }
        log.line(level, "processing time", fields);
        settled
    }
}

/// What went through the queues lately, by their names.
pub(crate) type Flows = HashMap<String, Flow>;

/// When a message was last deleted, as far as CloudWatch tells; without an answer, it tells nothing.
pub(crate) fn last_deletes(flows: &Result<Flows, CallError>) -> Option<Duration> {
    let flows = flows.as_ref().ok()?;
    flows.values().filter_map(|flow| flow.last_deletes).max()
}

/// Reads what went through all queues lately.
pub(crate) async fn read_flows(
    clients: &Clients,
    policy: &DemandPolicy,
    now: Duration,
    deadline: Instant,
) -> Result<Flows, CallError> {
    let queues: BTreeSet<&str> = policy
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    flows(&clients.cloudwatch, &queues, now, deadline).await
}
