//! One invocation of a function that follows demand: it checks, decides and sets the count, again and again
//! until its rule's period is over.

mod answer;
mod check;
pub(crate) mod log;
mod memory;
mod processing;
mod publish;
mod queues;
mod reason;
mod schedule;

use std::time::{Duration, SystemTime};

use lambda_kit::{Invocation, Log};
use scaling::{DemandPolicy, ScalingRequest};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use crate::{Clients, InvocationError};

pub use answer::{DemandAnswer, DemandCheck, DemandOutcome, UnreadQueue};
pub use memory::Memory;
pub use processing::ProcessingTime;

use check::DemandRun;
use schedule::Schedule;

/// Checks and acts as the event asks for, and publishes the results.
///
/// Overlapping invocations are safe: each sets an absolute count, and setting a count twice is setting it
/// once.
pub(crate) async fn follow_demand(
    clients: &Clients,
    policy: &DemandPolicy,
    memory: &mut Memory,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<DemandAnswer, InvocationError> {
    let request = read_request(event)?;
    let schedule = Schedule::new(policy, request, invocation.usable_time());
    let now = invocation.now.duration_since(SystemTime::UNIX_EPOCH);
    let mut run = DemandRun {
        clients,
        policy,
        bounds: policy.check().map_err(crate::Problem::from)?,
        schedule,
        begun: Instant::now(),
        now: now.unwrap_or_default(),
        processing: ProcessingTime::configured(policy),
        asked: false,
        problems: Vec::new(),
    };
    let mut looks = Vec::new();
    let mut next = Some(Duration::ZERO);
    while let Some(at) = next {
        sleep_until(run.begun + at).await;
        let look = run.check(memory, log).await?;
        next = match look.outcome {
            DemandOutcome::Missing | DemandOutcome::Draining => None,
            _ => schedule.after(run.begun.elapsed()),
        };
        looks.push(look);
    }
    let mut problems = std::mem::take(&mut run.problems);
    problems.extend(queues::never_read(policy, &looks));
    let until = run.begun + schedule.end();
    let cloudwatch = &clients.cloudwatch;
    let published = match publish::publish(cloudwatch, policy, &looks, until).await {
        Ok(published) => published,
        Err(error) => {
            problems.push(error.to_string());
            0
        }
    };
    let answer = DemandAnswer::new(policy, run.processing, looks, published, problems);
    if answer.failed().is_empty() && answer.problems.is_empty() {
        Ok(answer)
    } else {
        Err(InvocationError::LooksFailed(Box::new(answer)))
    }
}

/// Reads the event.
fn read_request(event: Value) -> Result<ScalingRequest, InvocationError> {
    let problem = match event.get("Records") {
        Some(_) => "Records: this function follows demand, and no alarm's messages".to_owned(),
        None => match serde_path_to_error::deserialize(event) {
            Ok(request) => return Ok(request),
            Err(error) => error.to_string(),
        },
    };
    Err(InvocationError::NoRequest { problem })
}
