//! The processing time that an invocation uses, and what CloudWatch knows of the queues.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use lambda_kit::{CallError, Flow, sent_by_minute};
use scaling::{DeadlineEstimate, DeadlineScaler, DemandPolicy};
use serde::Serialize;
use tokio::time::Instant;

use crate::Clients;

/// How long after its end a minute's number of deletes counts as complete.
const SETTLED: Duration = Duration::from_secs(60);

/// Minutes of the last days that warm tasks are insured by: two weeks, of which the insurance has forgotten 99%.
const HISTORY: u64 = 14 * 24 * 60;

/// The average processing time of a message, in seconds, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "source", content = "seconds")]
pub enum ProcessingTime {
    /// The policy sets it, and nothing was measured yet.
    Given(f64),
    /// Measured while the service runs; with a configured time, mixed with that.
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

/// What went through the queues lately, by their names.
pub(crate) type Flows = HashMap<String, Flow>;

/// Gives the scaler the deletes of each minute, and the first time what is known from before. A minute is complete once
/// CloudWatch knows the deletes of each queue that had some lately or has messages now (`busy`): the metrics of a queue
/// that wakes come up to 15 minutes late.
pub(crate) fn record_flows(
    scaler: &mut DeadlineScaler,
    flows: &HashMap<&str, &Flow>,
    busy: &BTreeSet<&str>,
    now: Duration,
) {
    let sum = |number: fn(&Flow) -> f64| flows.values().copied().map(number).sum::<f64>();
    scaler.seed_processing_time(sum(|flow| flow.in_flight), sum(|flow| flow.deleted));
    let mut minutes = BTreeMap::<Duration, (usize, f64)>::new();
    for (start, deleted) in flows.values().flat_map(|flow| &flow.deletes) {
        let (known, sum) = minutes.entry(*start).or_default();
        *known += 1;
        *sum += deleted;
    }
    let reports = |name: &&str| {
        flows
            .get(*name)
            .is_some_and(|flow| !flow.deletes.is_empty())
    };
    let silent = busy.iter().filter(|name| !reports(name)).count();
    let reporting = flows.values().filter(|flow| !flow.deletes.is_empty());
    let needed = reporting.count() + silent;
    let minute = Duration::from_secs(60);
    let settled = |start: &Duration| *start + minute + SETTLED <= now;
    for (start, (known, deleted)) in minutes {
        if known == needed && settled(&start) {
            scaler.record_deletes(start, deleted);
        }
    }
    if let Some(end) = flows.values().filter_map(|flow| flow.last_deletes()).max() {
        scaler.record_last_deletes(end);
    }
}

/// Reads the messages that were sent in each minute of the last days.
pub(crate) async fn read_history(
    clients: &Clients,
    policy: &DemandPolicy,
    now: Duration,
    deadline: Instant,
) -> Result<BTreeMap<Duration, f64>, CallError> {
    let cloudwatch = &clients.cloudwatch;
    sent_by_minute(cloudwatch, &names(policy), now, HISTORY, deadline).await
}

fn names(policy: &DemandPolicy) -> BTreeSet<&str> {
    let queues = policy.queues.iter();
    queues.map(|queue| queue.name.as_str()).collect()
}
