//! One invocation, from the event to the answer.

use std::collections::HashMap;
use std::time::SystemTime;

use lambda_kit::{Invocation, Log};
use scaling::backlog_per_task;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::demand::DemandReadings;
use crate::plan::{Measure, Plan};
use crate::publish::Datapoint;
use crate::queues::{self, Reading};
use crate::services::{self, Described};
use crate::{Answer, Clients, Failed, InvocationError, Memory, Published, Reason, Target};
use crate::{demand, log, publish, waking};

/// Measures every target of the event and publishes its backlog per task, or the need of its service; then writes
/// the result to the log. `memory` is the state that one execution environment keeps between invocations.
///
/// # Errors
/// If the event isn't a request to measure, or if any target has no datapoint; the datapoints of all others are
/// published by then.
pub async fn handle(
    clients: &Clients,
    memory: &Mutex<Memory>,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<Answer, InvocationError> {
    // Boxed, because the compiler doesn't analyze futures nested deeper than this one.
    let result = Box::pin(measure_all(clients, memory, event, invocation, log)).await;
    log::log_outcome(log, &result);
    result
}

async fn measure_all(
    clients: &Clients,
    memory: &Mutex<Memory>,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<Answer, InvocationError> {
    let begun = Instant::now();
    let now = invocation.now.duration_since(SystemTime::UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let deadlines = Deadlines::new(Instant::now(), invocation);
    let mut plan = Plan::from_event(event)?;
    let (queues, described, flows) = futures::join!(
        queues::read(&clients.sqs, plan.queues(), deadlines.read),
        services::describe(&clients.ecs, plan.batches(), deadlines.read),
        demand::read_flows(&clients.cloudwatch, &plan, now, deadlines.read),
    );
    let waking = waking::list_datapoints(&plan, &queues, &described);
    let at = now.saturating_add(begun.elapsed());
    let readings = DemandReadings {
        plan: &plan,
        queues: &queues,
        described: &described,
        flows: &flows,
        at,
    };
    let demand = readings.estimate_needs(&mut *memory.lock().await, log);
    let mut failed = std::mem::take(&mut plan.failed);
    failed.extend(demand.failed);
    let mut backlogs = Vec::with_capacity(plan.targets.len());
    for (target, measure) in &plan.targets {
        if plan.demands.contains_key(&target.service_key()) {
            continue;
        }
        match compute_datapoint(target, measure, &queues, &described) {
            Ok(datapoint) => backlogs.push(datapoint),
            Err(reason) => failed.push(Failed {
                target: target.clone(),
                reason,
            }),
        }
    }
    waking::hold_last_tasks(&plan, &mut backlogs);
    let mut datapoints: Vec<_> = backlogs.into_iter().map(Datapoint::PerTask).collect();
    datapoints.extend(demand.needs.into_iter().map(Datapoint::Need));
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
    answer.unknown = demand.unknown;
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

/// The times at which reading and publishing must end, so that data that was read in time is published in time, and
/// failures can still be reported before Lambda ends the invocation.
struct Deadlines {
    read: Instant,
    publish: Instant,
}

impl Deadlines {
    fn new(now: Instant, invocation: &Invocation) -> Self {
        let usable = invocation.usable_time();
        Self {
            read: now + usable * 3 / 5,
            publish: now + usable,
        }
    }
}

fn compute_datapoint(
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
    let messages = queues::count_backlog(queues, measure)?;
    Ok(Published {
        target: target.clone(),
        messages,
        running: tasks.running,
        backlog_per_task: backlog_per_task(messages, tasks.running),
    })
}
