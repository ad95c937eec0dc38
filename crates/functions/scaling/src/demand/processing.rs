//! The processing time that an invocation uses, and CloudWatch's data on the queues.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use futures::future::try_join_all;
use lambda_kit::{CallError, Flow, sent_by_minute};
use scaling::{DeadlineEstimate, DemandPolicy};
use serde::Serialize;
use tokio::time::Instant;

use crate::Clients;

/// Minutes of the arrivals that insure warm tasks: two weeks, after which the insurance has forgotten 99%.
const HISTORY: u64 = 14 * 24 * 60;

/// The average processing time of a message, in seconds, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "source", content = "seconds")]
pub enum ProcessingTime {
    /// The policy sets it, and nothing was measured yet.
    Given(f64),
    /// Measured while the service runs; with a configured time, a mix of both.
    Measured(f64),
    /// Not measured yet: nothing was deleted in the last minutes.
    Unknown,
}

impl ProcessingTime {
    /// The time that a check used.
    pub(crate) fn of(estimate: &DeadlineEstimate) -> Self {
        match estimate.processing_time {
            Some(seconds) if estimate.measured => Self::Measured(seconds),
            Some(seconds) => Self::Given(seconds),
            None => Self::Unknown,
        }
    }

    /// The time that the policy sets, before the first check.
    pub(crate) fn configured(policy: &DemandPolicy) -> Self {
        match policy.law.processing_time_ms {
            Some(time) => Self::Given(Duration::from_millis(time).as_secs_f64()),
            None => Self::Unknown,
        }
    }
}

/// The recent flows of the queues, by their names.
pub(crate) type Flows = HashMap<String, Flow>;

/// Reads the messages that were sent to each group of the policy's queues in each minute of the last days.
pub(crate) async fn read_history(
    clients: &Clients,
    policy: &DemandPolicy,
    groups: &[Vec<usize>],
    now: Duration,
    deadline: Instant,
) -> Result<Vec<BTreeMap<Duration, f64>>, CallError> {
    let cloudwatch = &clients.cloudwatch;
    let calls = groups.iter().map(|places| async move {
        let queues = places.iter().filter_map(|place| policy.queues.get(*place));
        let names: BTreeSet<&str> = queues.map(|queue| queue.name.as_str()).collect();
        sent_by_minute(cloudwatch, &names, now, HISTORY, deadline).await
    });
    try_join_all(calls).await
}
