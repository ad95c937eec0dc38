//! Reading a live system: queues, tasks, the metric beside its target, alarms, the last scaling actions.
//!
//! What is measured is read from the rules' constant input, so a stack's name is enough.

mod alarms;
mod metric;
mod queues;
mod scaled;
mod services;

use std::time::SystemTime;

use scaling::MetricRequest;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::observe::{Observed, Resource, observe, resources};
use crate::session::Session;
use crate::targets::{physical_ids, targets};

pub use alarms::AlarmState;
pub use metric::Datapoint;
pub use queues::QueueState;
pub use scaled::{Activity, PolicyState};
pub use services::ServiceState;

/// A stack and what goes on in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The stack itself.
    pub stack: Observed,
    /// The services that it measures, in the order of the rules' input.
    pub services: Vec<ServiceState>,
    /// The stack's dead-letter queues.
    pub dead_letters: Vec<QueueState>,
    /// The operational alarms of the stack.
    pub alarms: Vec<AlarmState>,
}

/// Reads the live system of a stack. `None` when there is no such stack.
///
/// # Errors
/// When AWS can't be asked.
pub async fn inspect(
    session: &Session<'_>,
    name: &str,
    now: SystemTime,
) -> Result<Option<Inspection>> {
    let Some(stack) = observe(session, name).await? else {
        return Ok(None);
    };
    let resources = resources(session, &stack.id).await?;
    let requests = measured(session, &resources).await?;
    let (services, dead_letters, alarms) = futures::future::try_join3(
        services::services(session, &requests, now),
        dead_letters(session, &resources, &requests),
        alarms::of_stack(session, &resources),
    )
    .await?;
    Ok(Some(Inspection {
        stack,
        services,
        dead_letters,
        alarms,
    }))
}

/// The requests that the stack's rules send to the metric function.
///
/// # Errors
/// When EventBridge can't be asked, or a rule's input is none of ours.
pub async fn measured(session: &Session<'_>, resources: &[Resource]) -> Result<Vec<MetricRequest>> {
    let targets = targets(session, resources).await?;
    targets
        .iter()
        .map(|target| {
            serde_json::from_str(&target.input).map_err(|error| {
                Error::failed(format!(
                    "failed to read what the rule {} measures: {error}",
                    target.rule
                ))
                .hint("somebody else has changed a target of this rule: put it back as `synth` shows it")
            })
        })
        .collect()
}

/// The stack's queues that no service consumes.
async fn dead_letters(
    session: &Session<'_>,
    resources: &[Resource],
    requests: &[MetricRequest],
) -> Result<Vec<QueueState>> {
    let consumed: Vec<&str> = requests
        .iter()
        .flat_map(|request| &request.services)
        .flat_map(|service| &service.queues)
        .map(|queue| queue.url.as_str())
        .collect();
    let urls = physical_ids(resources, "AWS::SQS::Queue").filter(|url| !consumed.contains(url));
    let named = urls.map(|url| (url.rsplit('/').next().unwrap_or(url), url));
    queues::read(session, named.collect()).await
}
