//! One invocation of a function that follows demand: for each of its services, it checks, decides, and sets the
//! count, repeatedly until its rule's period is over.

mod answer;
mod check;
mod descriptions;
mod fleet;
pub(crate) mod log;
mod memory;
mod order;
mod pauses;
mod processing;
mod publish;
mod queues;
mod rates;
mod reason;
mod schedule;

use std::rc::Rc;
use std::time::{Duration, SystemTime};

use lambda_kit::{Invocation, Log};
use scaling::DemandPolicy;
use serde_json::Value;

use crate::{Clients, InvocationError};

pub use answer::{DemandAnswer, DemandCheck, DemandOutcome, FleetAnswer, QueueCheck, UnreadQueue};
pub use memory::Memory;
pub use processing::ProcessingTime;

use fleet::{Fleet, ServiceRun};
use rates::Rates;
use schedule::Schedule;

/// Checks and acts as requested by the event, and publishes the results.
///
/// Overlapping invocations are safe: each sets an absolute count, and setting a count twice is the same as setting
/// it once.
pub(crate) async fn follow_demand(
    clients: &Clients,
    memory: &mut Memory,
    event: Value,
    invocation: &Invocation,
    log: &mut Log<'_>,
) -> Result<FleetAnswer, InvocationError> {
    let mut order = order::read_order(event)?;
    let now = invocation.now.duration_since(SystemTime::UNIX_EPOCH);
    let rates = share_rates(memory, order.functions);
    let fleet = Fleet::new(clients, &rates, now.unwrap_or_default());
    let (usable, once) = (invocation.usable_time(), order.once);
    let until = fleet.begun + usable / 2;
    let found = order::find_services(clients, memory, &mut order, until).await;
    let (services, unread) = found?;
    let (mut runs, mut answers) = (Vec::new(), Vec::new());
    let mut end = Duration::ZERO;
    for (place, policy) in services.into_iter().enumerate() {
        let policy = policy.compress(order.speed);
        let schedule = Schedule::new(&policy, once, usable);
        match memory.take(&policy) {
            Ok(tracked) => {
                end = end.max(schedule.end());
                runs.push(ServiceRun::new(place, tracked, schedule));
            }
            Err(problem) => answers.push((place, refuse(&policy, &problem))),
        }
    }
    // One check of some services shows nothing about the others.
    if !once {
        memory.forget_others();
    }
    let done = fleet.patrol(runs, log).await;
    let published = publish::publish(&clients.cloudwatch, &done, fleet.begun + end).await;
    answers.extend(
        done.into_iter()
            .map(|run| (run.place, conclude(memory, run))),
    );
    answers.sort_by_key(|(place, _)| *place);
    let answer = FleetAnswer {
        services: answers.into_iter().map(|(_, answer)| answer).collect(),
        needs_published: published.needs,
        problems: unread.into_iter().chain(published.problems).collect(),
    };
    match answer.succeeded() {
        true => Ok(answer),
        false => Err(InvocationError::LooksFailed(Box::new(answer))),
    }
}

/// The request rates, as left by earlier invocations.
fn share_rates(memory: &mut Memory, functions: u32) -> Rc<Rates> {
    let known = memory.rates.take();
    let rates = known.filter(|rates| rates.functions == functions);
    let rates = rates.unwrap_or_else(|| Rc::new(Rates::new(functions)));
    Rc::clone(memory.rates.insert(rates))
}

/// The answer for a service with an invalid policy.
fn refuse(policy: &DemandPolicy, problem: &scaling::DemandPolicyError) -> DemandAnswer {
    let problems = vec![format!("the policy can't be followed: {problem}")];
    DemandAnswer::new(
        policy,
        ProcessingTime::configured(policy),
        Vec::new(),
        problems,
    )
}

/// The answer for a service, whose state is remembered.
fn conclude(memory: &mut Memory, run: ServiceRun) -> DemandAnswer {
    let ServiceRun {
        tracked,
        processing,
        looks,
        mut problems,
        ..
    } = run;
    problems.extend(queues::never_read(&tracked.policy, &looks));
    let answer = DemandAnswer::new(&tracked.policy, processing, looks, problems);
    memory.keep(tracked);
    answer
}
