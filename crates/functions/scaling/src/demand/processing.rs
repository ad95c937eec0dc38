//! The processing time that an invocation reckons with.

use std::collections::BTreeSet;
use std::time::Duration;

use lambda_kit::{CallError, Level, Log, flows, processing_time};
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
    /// Measured by an earlier invocation: the last minutes tell none.
    Remembered(f64),
    /// Not measured yet: nothing was deleted in the last minutes.
    Unknown,
}

impl ProcessingTime {
    /// What the law reckons with.
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
        measured: &Result<Option<Duration>, CallError>,
        memory: &mut Option<Duration>,
        log: &mut Log<'_>,
    ) -> Self {
        let (found, error) = match measured {
            Ok(found) => (*found, None),
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

/// Measures the processing time over all queues; `None` when nothing went through them lately.
pub(crate) async fn measure(
    clients: &Clients,
    policy: &DemandPolicy,
    now: Duration,
    deadline: Instant,
) -> Result<Option<Duration>, CallError> {
    let queues: BTreeSet<&str> = policy
        .queues
        .iter()
        .map(|queue| queue.name.as_str())
        .collect();
    let flows = flows(&clients.cloudwatch, &queues, now, deadline).await?;
    Ok(processing_time(flows.values()))
}
