//! Reads a live system: queues, tasks, metrics and targets, alarms, and the last scaling actions.
//!
//! The deployed rules, functions, and resources show the measured and scaled services, so the stack's name is
//! enough.

mod alarm_steps;
mod alarms;
mod clusters;
mod demand;
mod metric;
mod oldest;
mod pauses;
mod queues;
mod refresh;
mod scaled;
mod services;
mod unread;
mod warm;

use std::collections::HashMap;
use std::time::SystemTime;

use scaling::MetricRequest;
use serde::Serialize;
use template::contract::{self, types};

use crate::cloudwatch::Datapoint;
use crate::deployed_stack::DeployedStack;
use crate::error::Result;
use crate::finding::Unchecked;
use crate::functions::{Function, FunctionKind, functions};
use crate::messages::name_in;
use crate::observe::{Observed, resources};
use crate::ownership::observe_ours;
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;
use crate::why;

pub use alarm_steps::{AlarmStepsState, StepAlarmState};
pub use alarms::{Alarm, AlarmMetric};
pub use clusters::ClusterState;
pub use demand::{DemandMeasurements, DemandState};
pub use oldest::oldest_messages;
pub use queues::QueueState;
pub use refresh::refresh;
pub use scaled::{Activity, PolicyState, PolicyStep};
pub use services::ServiceState;

pub(crate) use unread::Unread;

/// A stack and its current state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Inspection {
    /// The stack itself.
    pub stack: Observed,
    /// The cluster that the stack created, if any.
    pub clusters: Vec<ClusterState>,
    /// The services that it runs, measures, or scales. The measured ones come first, in the order of the rules'
    /// input.
    pub services: Vec<ServiceState>,
    /// The stack's queues that don't scale any service.
    pub queues: Vec<QueueState>,
    /// The stack's dead-letter queues, except the queues of scaling functions, which are part of the function's
    /// state.
    pub dead_letters: Vec<QueueState>,
    /// The operational alarms of the stack, without the alarms that scale.
    pub alarms: Vec<Alarm>,
    /// What these credentials can't read.
    #[serde(skip)]
    pub unread: Vec<Unchecked>,
}

/// The result of one refresh of a live view.
#[derive(Clone, Debug)]
pub struct LiveSnapshot {
    /// The stack.
    pub inspection: Inspection,
    /// Age of the oldest message in seconds by the queue's name, and when it was measured.
    pub oldest: HashMap<String, Datapoint>,
    /// What couldn't be read, and why.
    pub notes: Vec<String>,
    /// The operation in progress, as the command describes it.
    pub headline: Option<String>,
}

/// Reads the live system of a stack. `None` if the stack doesn't exist.
///
/// # Errors
/// If AWS can't be reached.
pub async fn inspect(
    session: &Session<'_>,
    name: &str,
    now: SystemTime,
) -> Result<Option<Inspection>> {
    match observe_ours(session, name).await? {
        Some(stack) => inspect_stack(session, stack, now).await.map(Some),
        None => Ok(None),
    }
}

/// Reads the live system of a stack that was already observed.
///
/// # Errors
/// If AWS can't be reached. A part that these credentials can't read is reported as unread.
pub async fn inspect_stack(
    session: &Session<'_>,
    stack: Observed,
    now: SystemTime,
) -> Result<Inspection> {
    Ok(read_whole(session, stack, now).await?.finish())
}

/// Reads the live system of a stack whose resources are known.
///
/// # Errors
/// As for [`inspect_stack`].
pub(crate) async fn inspect_deployed(
    session: &Session<'_>,
    stack: &DeployedStack,
    now: SystemTime,
) -> Result<Inspection> {
    let (observed, resources) = (stack.stack.clone(), stack.resources.clone());
    Ok(read_known(session, observed, resources, now)
        .await?
        .finish())
}

/// Reads the live system of a stack that was already observed, and determines why each service has its desired
/// count.
///
/// # Errors
/// If AWS can't be reached. A part that these credentials can't read is reported as unread.
pub async fn explain_stack(
    session: &Session<'_>,
    stack: Observed,
    now: SystemTime,
) -> Result<Inspection> {
    let mut whole = read_whole(session, stack, now).await?;
    let sources = why::Sources {
        stack: &whole.inspection.stack.id,
        resources: &whole.resources,
        functions: &whole.functions,
        told: &whole.for_why.told,
        suspended: &whole.for_why.suspended,
    };
    let services = &mut whole.inspection.services;
    why::explain(session, &sources, services, &whole.unread, now).await?;
    Ok(whole.finish())
}

/// An inspection and its sources.
pub(crate) struct Whole {
    pub(crate) inspection: Inspection,
    pub(crate) resources: Vec<Resource>,
    pub(crate) functions: Vec<Function>,
    pub(crate) for_why: services::ForWhy,
    pub(crate) unread: Unread,
}

impl Whole {
    fn finish(self) -> Inspection {
        Inspection {
            unread: self.unread.list(),
            ..self.inspection
        }
    }
}

/// Reads the live system of a stack that was already observed. The list of unread parts is still being
/// collected.
pub(crate) async fn read_whole(
    session: &Session<'_>,
    stack: Observed,
    now: SystemTime,
) -> Result<Whole> {
    let resources = resources(session, &stack).await?;
    read_known(session, stack, resources, now).await
}

async fn read_known(
    session: &Session<'_>,
    stack: Observed,
    resources: Vec<Resource>,
    now: SystemTime,
) -> Result<Whole> {
    let unread = Unread::default();
    let functions = functions(session, &resources);
    let functions = unread.or_nothing("functions", functions).await?;
    let requests = list_requests(&functions);
    let subjects = services::list_subjects(&requests, &functions, &resources, &stack.outputs);
    let (services, (queues, dead_letters), mut alarms, clusters) = futures::future::try_join4(
        services::read_services(session, &subjects, &requests, &unread, now),
        other_queues(session, &resources, &functions, &requests),
        unread.or_nothing("alarms", alarms::of_stack(session, &resources)),
        unread.or_nothing("clusters", clusters::of_stack(session, &resources)),
    )
    .await?;
    let (mut services, for_why) = services;
    let urls: Vec<&str> = physical_ids(&resources, types::QUEUE).collect();
    let parts = (&*functions, &*resources);
    let pauses = pauses::read(session, &stack.name, parts, now);
    let (mut steps, mut demands, mut pauses) = futures::future::try_join3(
        alarm_steps::read(session, &functions, (&alarms, &urls), now),
        unread.or_nothing("tasks needed", demand::read(session, &functions, now)),
        unread.or_nothing("pauses", pauses),
    )
    .await?;
    let floors = warm::read(session, &functions, &resources, &demands, now);
    for (service, floor) in unread.or_nothing("warm tasks", floors).await? {
        demands
            .entry(service)
            .and_modify(|state| state.floor = Some(floor));
    }
    for service in &mut services {
        service.pause = pauses.remove(&service.name());
        service.alarm_steps = steps.remove(&service.name());
        service.demand = demands.remove(&service.name());
        service.leave_out_other_scaling();
        service.adopt(&alarms);
    }
    alarms.retain(|alarm| !services.iter().any(|service| service.acts_on(&alarm.name)));
    let inspection = Inspection {
        stack,
        clusters,
        services,
        queues,
        dead_letters,
        alarms,
        unread: Vec::new(),
    };
    Ok(Whole {
        inspection,
        resources,
        functions,
        for_why,
        unread,
    })
}

fn list_requests(functions: &[Function]) -> Vec<MetricRequest> {
    let requests = functions
        .iter()
        .filter_map(|function| match &function.kind {
            FunctionKind::Metric(requests) => Some(requests),
            FunctionKind::Scaling(_) => None,
        });
    requests.flatten().cloned().collect()
}

/// Whether the queue is a dead-letter queue. If so, the stack has an alarm for it.
pub(crate) fn is_dead_letter_queue(queue: &Resource, resources: &[Resource]) -> bool {
    contract::dead_letters_alarm_of(&queue.logical_id).is_some_and(|alarm| {
        let mut alarms = resources.iter().filter(|r| r.resource_type == types::ALARM);
        alarms.any(|known| known.logical_id == alarm)
    })
}

/// Reads the stack's queues that no rule measures: the other queues, and the dead-letter queues.
async fn other_queues(
    session: &Session<'_>,
    resources: &[Resource],
    functions: &[Function],
    requests: &[MetricRequest],
) -> Result<(Vec<QueueState>, Vec<QueueState>)> {
    let mut measured: Vec<&str> = requests
        .iter()
        .flat_map(|request| &request.services)
        .flat_map(|service| &service.queues)
        .map(|queue| queue.url.as_str())
        .collect();
    for function in functions {
        if let FunctionKind::Scaling(setup) = &function.kind {
            let queues = setup.demand().iter().flat_map(|demand| &demand.queues);
            measured.extend(queues.map(|queue| queue.url.as_str()));
        }
    }
    let of_function = |name: &str| {
        functions.iter().any(|function| match &function.kind {
            FunctionKind::Scaling(setup) => setup.dead_letters.as_deref() == Some(name),
            FunctionKind::Metric(_) => false,
        })
    };
    let (dead, others): (Vec<&Resource>, Vec<&Resource>) = resources
        .iter()
        .filter(|r| r.resource_type == types::QUEUE && !r.physical_id.is_empty())
        .filter(|queue| !measured.contains(&queue.physical_id.as_str()))
        .filter(|queue| !of_function(name_in(&queue.physical_id)))
        .partition(|queue| is_dead_letter_queue(queue, resources));
    futures::future::try_join(
        queues::read(session, name_queues(&others)),
        queues::read(session, name_queues(&dead)),
    )
    .await
}

/// Returns the names and URLs of queues.
fn name_queues<'a>(queues: &[&'a Resource]) -> Vec<(&'a str, &'a str)> {
    let urls = queues.iter().map(|queue| queue.physical_id.as_str());
    urls.map(|url| (name_in(url), url)).collect()
}
