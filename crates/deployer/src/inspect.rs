//! Reading a live system: queues, tasks, the metric beside its target, alarms, the last scaling actions.
//!
//! What is measured is read from the rules' constant input, so a stack's name is enough.

mod alarms;
mod metric;
mod services;

use std::time::SystemTime;

use scaling::MetricRequest;
use serde::Serialize;

use crate::error::{Error, Result, aws};
use crate::observe::{Observed, Resource, observe, resources};
use crate::session::Session;

pub use alarms::AlarmState;
pub use metric::Datapoint;
pub use services::{Activity, PolicyState, QueueState, ServiceState};

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
    let mut requests = Vec::new();
    for rule in physical_ids(resources, "AWS::Events::Rule") {
        let doing = format!("read what the rule {rule} measures");
        let reply = session
            .clients
            .eventbridge
            .list_targets_by_rule()
            .rule(rule)
            .send()
            .await;
        for target in reply.map_err(aws(&doing))?.targets() {
            let input = target.input().unwrap_or_default();
            let request = serde_json::from_str(input).map_err(|error| {
                Error::failed(format!("failed to {doing}: {error}")).because(error)
            })?;
            requests.push(request);
        }
    }
    Ok(requests)
}

pub(crate) fn physical_ids<'a>(
    resources: &'a [Resource],
    kind: &'a str,
) -> impl Iterator<Item = &'a str> {
    resources
        .iter()
        .filter(move |resource| resource.resource_type == kind && !resource.physical_id.is_empty())
        .map(|resource| resource.physical_id.as_str())
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
    let reads = urls.map(|url| {
        let name = url.rsplit('/').next().unwrap_or(url);
        services::queue(session, name, url)
    });
    futures::future::try_join_all(reads).await
}
