//! One invocation, from the event to the answer.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use scaling::backlog_per_task;
use serde_json::Value;
use tokio::time::Instant;

use crate::plan::{Measure, Plan};
use crate::queues::{self, Reading};
use crate::services::{self, Running};
use crate::{Answer, Clients, Failed, InvocationError, Log, Published, Reason, Target, publish};

/// Longest time that any function may run.
///
/// Source: AWS Lambda Developer Guide, Lambda quotas.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// What Lambda says of an invocation.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// Request id, for the log.
    pub request_id: String,
    /// The time now: the timestamp of all datapoints.
    pub now: SystemTime,
    /// How long the function may still run.
    pub time_left: Duration,
}

/// Measures every target of the event and publishes its backlog per task, then writes to the log what
/// came of it.
///
/// # Errors
/// When the event is not a request to measure, and when any target has no datapoint; the datapoints
/// of all others are published by then.
pub async fn handle(
    clients: &Clients,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<Answer, InvocationError> {
    let result = measure(clients, event, invocation).await;
    log.outcome(&result);
    result
}

async fn measure(
    clients: &Clients,
    event: Value,
    invocation: &Invocation,
) -> Result<Answer, InvocationError> {
    let deadlines = Deadlines::of(Instant::now(), invocation.time_left);
    let plan = Plan::of(event)?;
    let (queues, running) = futures::join!(
        queues::read(&clients.sqs, plan.queues(), deadlines.read),
        services::describe(&clients.ecs, plan.batches(), deadlines.read),
    );
    let mut failed = plan.failed;
    let mut datapoints = Vec::with_capacity(plan.targets.len());
    for (target, measure) in plan.targets {
        match datapoint(&target, &measure, &queues, &running) {
            Ok(datapoint) => datapoints.push(datapoint),
            Err(reason) => failed.push(Failed { target, reason }),
        }
    }
    let (cloudwatch, namespace) = (&clients.cloudwatch, &plan.namespace);
    let mut answer = publish::publish(
        cloudwatch,
        namespace,
        datapoints,
        invocation.now,
        deadlines.publish,
    )
    .await;
    answer.failed.append(&mut failed);
    answer
        .failed
        .sort_by(|one, other| one.target.cmp(&other.target));
    if answer.failed.is_empty() {
        Ok(answer)
    } else {
        Err(InvocationError::TargetsFailed(answer))
    }
}

/// When reading and publishing must end, so that what was read in time is published in time, and the
/// failure of the rest is still reported before Lambda ends the invocation.
struct Deadlines {
    read: Instant,
    publish: Instant,
}

impl Deadlines {
    fn of(now: Instant, time_left: Duration) -> Self {
        let time_left = time_left.min(LONGEST);
        let margin = (time_left / 10).min(Duration::from_secs(1));
        let usable = time_left.saturating_sub(margin);
        Self {
            read: now + usable * 3 / 5,
            publish: now + usable,
        }
    }
}

fn datapoint(
    target: &Target,
    measure: &Measure,
    queues: &HashMap<String, Reading>,
    running: &Running,
) -> Result<Published, Reason> {
    let service = (target.cluster.clone(), target.service.clone());
    let running = running
        .get(&service)
        .cloned()
        .unwrap_or(Err(Reason::ServiceAbsent))?;
    let messages = match queues.get(&measure.url) {
        Some(Ok(attributes)) => queues::messages(attributes, &measure.count)?,
        Some(Err(reason)) => return Err(reason.clone()),
        None => {
            return Err(Reason::Late {
                operation: "GetQueueAttributes",
            });
        }
    };
    let backlog_per_task = backlog_per_task(messages, running);
    Ok(Published {
        target: target.clone(),
        messages,
        running,
        backlog_per_task,
    })
}
