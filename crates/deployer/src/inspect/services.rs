//! ECS services, with their queues and their scaling.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use aws_sdk_ecs::types::Service;
use futures::future::try_join4;
use futures::stream::{self, StreamExt, TryStreamExt};
use scaling::{MetricRequest, QueueRequest, ServiceRequest};
use serde::Serialize;

use crate::error::{Result, aws};
use crate::session::Session;

use super::metric;
use super::queues::{self, QueueState};
use super::scaled::{self, Activity, PolicyState, Scaled};

/// An ECS service and what decides its desired count.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ServiceState {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// ECS's status, such as `ACTIVE`; `MISSING` when ECS knows no such service.
    pub status: String,
    /// Desired, running and pending count, as ECS says them.
    pub desired: i32,
    /// Running tasks.
    pub running: i32,
    /// Tasks that are starting.
    pub pending: i32,
    /// Minimum and maximum capacity of the scalable target.
    pub bounds: Option<(i32, i32)>,
    /// Queues that it consumes.
    pub queues: Vec<QueueState>,
    /// Its scaling policies.
    pub policies: Vec<PolicyState>,
    /// The last scaling activities, the newest first. For a stack of many services those among the
    /// account's last hundred.
    pub activities: Vec<Activity>,
}

/// A service's cluster and name.
type Name = (String, String);

/// DescribeServices takes ten.
const SERVICES: usize = 10;
/// Requests at once. DescribeServices takes 20 a second.
const AT_ONCE: usize = 8;

/// The measured services. One that stands in several requests is named once, with all its queues. The
/// number of requests grows with the queues, not with the services: those are read in batches.
pub(super) async fn services(
    session: &Session<'_>,
    requests: &[MetricRequest],
    now: SystemTime,
) -> Result<Vec<ServiceState>> {
    let merged = merge(requests);
    let urls = merged.iter().flat_map(|service| &service.queues);
    let names: Vec<String> = merged.iter().map(resource_id).collect();
    let (points, known, queues, mut scaled) = try_join4(
        metric::latest(session, requests, now),
        describe(session, &merged),
        queues::read(
            session,
            urls.map(|queue| (&*queue.name, &*queue.url)).collect(),
        ),
        scaled::read(session, &names),
    )
    .await?;
    let mut queues = queues.into_iter();
    let state = |request: &ServiceRequest| {
        let name = (request.cluster.clone(), request.service.clone());
        let mut state = state(known.get(&name), name, scaled.remove(&resource_id(request)));
        state.queues = queues.by_ref().take(request.queues.len()).collect();
        for queue in &mut state.queues {
            let key = (
                state.cluster.clone(),
                state.service.clone(),
                queue.name.clone(),
            );
            queue.backlog_per_task = points.get(&key).copied();
        }
        state
    };
    Ok(merged.iter().map(state).collect())
}

/// `service/CLUSTER/SERVICE`, as Application Auto Scaling names it.
fn resource_id(request: &ServiceRequest) -> String {
    format!("service/{}/{}", request.cluster, request.service)
}

fn merge(requests: &[MetricRequest]) -> Vec<ServiceRequest> {
    let mut places: HashMap<(&str, &str), usize> = HashMap::new();
    let mut merged: Vec<ServiceRequest> = Vec::new();
    for service in requests.iter().flat_map(|request| &request.services) {
        let place = *places
            .entry((&service.cluster, &service.service))
            .or_insert(merged.len());
        match merged.get_mut(place) {
            Some(known) => {
                let is_new = |queue: &&QueueRequest| !known.queues.contains(queue);
                let new: Vec<_> = service.queues.iter().filter(is_new).cloned().collect();
                known.queues.extend(new);
            }
            None => merged.push(service.clone()),
        }
    }
    merged
}

/// What ECS knows of the services. Those that it does not know are left out.
async fn describe(
    session: &Session<'_>,
    requests: &[ServiceRequest],
) -> Result<HashMap<Name, Service>> {
    let mut clusters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for request in requests {
        let services = clusters.entry(&request.cluster).or_default();
        services.push(&request.service);
    }
    let calls = clusters
        .iter()
        .flat_map(|(cluster, names)| names.chunks(SERVICES).map(move |names| (*cluster, names)));
    let found: Vec<Vec<(Name, Service)>> = stream::iter(calls)
        .map(|(cluster, names)| batch(session, cluster, names))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

async fn batch(
    session: &Session<'_>,
    cluster: &str,
    names: &[&str],
) -> Result<Vec<(Name, Service)>> {
    let request = session.clients.ecs.describe_services().cluster(cluster);
    let asked = names.iter().map(|name| (*name).to_owned()).collect();
    let reply = match request.set_services(Some(asked)).send().await {
        Ok(reply) => reply,
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_cluster_not_found_exception()) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(aws(format!("read the services of {cluster}"))(error)),
    };
    let services = reply.services.unwrap_or_default().into_iter();
    Ok(services
        .filter_map(|service| {
            let name = service.service_name()?.to_owned();
            Some(((cluster.to_owned(), name), service))
        })
        .collect())
}

fn state(
    known: Option<&Service>,
    (cluster, service): Name,
    scaled: Option<Scaled>,
) -> ServiceState {
    let scaled = scaled.unwrap_or_default();
    ServiceState {
        cluster,
        service,
        status: known
            .and_then(|known| known.status())
            .unwrap_or("MISSING")
            .to_owned(),
        desired: known.map_or(0, Service::desired_count),
        running: known.map_or(0, Service::running_count),
        pending: known.map_or(0, Service::pending_count),
        bounds: scaled.bounds,
        queues: Vec::new(),
        policies: scaled.policies,
        activities: scaled.activities,
    }
}
