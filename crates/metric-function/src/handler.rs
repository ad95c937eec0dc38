//! One invocation, from the event to the answer.

use std::collections::HashMap;

use lambda_kit::{Invocation, Log};
use scaling::backlog_per_task;
use serde_json::Value;
use tokio::time::Instant;

use crate::plan::{Measure, Plan};
use crate::publish::Datapoint;
use crate::queues::{self, Reading};
use crate::services::{self, Described};
use crate::{Answer, Clients, Failed, InvocationError, Published, Reason, Target};
use crate::{log, publish, waking};

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
    log::outcome(log, &result);
    result
}

async fn measure(
    clients: &Clients,
    event: Value,
    invocation: &Invocation,
) -> Result<Answer, InvocationError> {
    let deadlines = Deadlines::of(Instant::now(), invocation);
    let plan = Plan::of(event)?;
    let (queues, described) = futures::join!(
        queues::read(&clients.sqs, plan.queues(), deadlines.read),
        services::describe(&clients.ecs, plan.batches(), deadlines.read),
    );
    let waking = waking::datapoints(&plan, &queues, &described);
    let mut failed = plan.failed;
    let mut datapoints = Vec::with_capacity(plan.targets.len());
    for (target, measure) in plan.targets {
        match datapoint(&target, &measure, &queues, &described) {
            Ok(datapoint) => datapoints.push(Datapoint::PerTask(datapoint)),
            Err(reason) => failed.push(Failed { target, reason }),
        }
    }
    datapoints.extend(waking.into_iter().map(Datapoint::WithoutTasks));
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
    fn of(now: Instant, invocation: &Invocation) -> Self {
        let usable = invocation.usable_time();
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
    described: &Described,
) -> Result<Published, Reason> {
    let service = (target.cluster.clone(), target.service.clone());
    let tasks = described
        .get(&service)
        .cloned()
        .unwrap_or(Err(Reason::ServiceAbsent))?;
    let messages = queues::counted(queues, measure)?;
    Ok(Published {
        target: target.clone(),
        messages,
        running: tasks.running,
        backlog_per_task: backlog_per_task(messages, tasks.running),
    })
}
