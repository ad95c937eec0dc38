//! ECS services with their queues and their scaling.

use std::collections::{BTreeMap, HashMap};
use std::time::SystemTime;

use aws_sdk_ecs::types::Service;
use futures::TryFutureExt;
use futures::future::try_join4;
use scaling::{Bounds, MetricRequest, Pause, QueueRequest};
use serde::Serialize;
use template::contract::{self, types};

use crate::described::{self, cluster_of, name_of};
use crate::error::Result;
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::resource::Resource;
use crate::session::Session;
use crate::suspension::Suspended;
use crate::targets::physical_ids;
use crate::why::Why;
use crate::why::readers::Told;

use super::alarm_steps::AlarmStepsState;
use super::alarms::Alarm;
use super::demand::DemandState;
use super::metric;
use super::queues::{self, QueueState};
use super::scaled::{self, Activity, PolicyState, Scaled, task_count};
use super::unread::Unread;

/// An ECS service and everything that affects its desired count.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceState {
    /// Cluster name.
    pub cluster: String,
    /// Service name.
    pub service: String,
    /// ECS's status, such as `ACTIVE`. `MISSING` if the service doesn't exist in ECS, `UNKNOWN` if these credentials
    /// can't read it.
    pub status: String,
    /// Desired count, as ECS returns it. `None` if these credentials can't read the service.
    pub desired: Option<u32>,
    /// Running tasks.
    pub running: Option<u32>,
    /// Tasks that are starting.
    pub pending: Option<u32>,
    /// Minimum and maximum capacity of the scalable target.
    pub bounds: Option<Bounds>,
    /// Queues that it consumes.
    pub queues: Vec<QueueState>,
    /// The URL of its load balancer, if the stack created one.
    pub url: Option<String>,
    /// Its scaling policies.
    pub policies: Vec<PolicyState>,
    /// Its scaling function, if it has one.
    pub alarm_steps: Option<AlarmStepsState>,
    /// Its required tasks, if it scales by demand.
    pub demand: Option<DemandState>,
    /// The last scaling activities, newest first. For a stack with many services, only those among the
    /// account's last hundred.
    pub activities: Vec<Activity>,
    /// Who has paused its scaling, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pause: Option<Pause>,
    /// Why it has the desired count that it has, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
}

impl ServiceState {
    /// Sets status and counts. A service that ECS doesn't know has none.
    pub(super) fn count(&mut self, known: Option<&Service>) {
        let status = known.and_then(|known| known.status());
        self.status = status.unwrap_or("MISSING").to_owned();
        let tasks = |of: fn(&Service) -> i32| Some(known.map_or(0, |known| task_count(of(known))));
        self.desired = tasks(Service::desired_count);
        self.running = tasks(Service::running_count);
        self.pending = tasks(Service::pending_count);
    }

    /// Returns the minimum and maximum number of tasks, from Application Auto Scaling or the function,
    /// depending on which of them sets the count.
    #[must_use]
    pub fn task_bounds(&self) -> Option<Bounds> {
        let steps = self.alarm_steps.as_ref();
        let steps = steps.and_then(|steps| Bounds::new(steps.min, steps.max).ok());
        let demand = self.demand.as_ref().filter(|demand| !demand.observes);
        let demand = demand.and_then(|demand| demand.bounds);
        self.bounds.or(steps).or(demand)
    }

    /// Whether a function computes a count that it doesn't set.
    pub(crate) fn is_observed(&self) -> bool {
        self.demand.as_ref().is_some_and(|demand| demand.observes)
    }

    /// Removes other scaling. If a function sets the count, a scalable target of the service belongs to another owner
    /// and is suspended, so its bounds and policies have no effect.
    pub(super) fn leave_out_other_scaling(&mut self) {
        let by_demand = self.demand.as_ref();
        let by_demand = by_demand.is_some_and(|one| one.function.is_some() && !one.observes);
        if by_demand || self.alarm_steps.is_some() {
            self.bounds = None;
            self.policies.clear();
        }
    }

    pub(crate) fn name(&self) -> ServiceName {
        ServiceName {
            cluster: self.cluster.clone(),
            service: self.service.clone(),
        }
    }

    /// Assigns to the policies the stack's alarms that act on them. Application Auto Scaling returns a policy's
    /// alarms, but not every emulator does so for step scaling.
    pub(super) fn adopt(&mut self, alarms: &[Alarm]) {
        for policy in &mut self.policies {
            let acting = alarms.iter().filter(|a| a.actions.contains(&policy.arn));
            for alarm in acting {
                if !policy.alarms.iter().any(|known| known.name == alarm.name) {
                    policy.alarms.push(alarm.clone());
                }
            }
        }
    }

    /// Whether the alarm with this name scales the service.
    pub(super) fn acts_on(&self, alarm: &str) -> bool {
        let policies = self.policies.iter().flat_map(|policy| &policy.alarms);
        let sides = self.alarm_steps.iter();
        let sides = sides.flat_map(|steps| [&steps.scale_out, &steps.scale_in]);
        let mut names = policies
            .map(|known| &known.name)
            .chain(sides.flatten().map(|side| &side.name));
        names.any(|name| name == alarm)
    }
}

/// A service to read, and the queues that are measured for it.
#[derive(Clone, Debug)]
pub(super) struct Subject {
    name: ServiceName,
    queues: Vec<QueueRequest>,
    url: Option<String>,
}

impl Subject {
    /// Adds queues that aren't in the list yet.
    fn consumes(&mut self, queues: &[QueueRequest]) {
        for queue in queues {
            if !self.queues.contains(queue) {
                self.queues.push(queue.clone());
            }
        }
    }
}

/// Returns the services of a stack. A service with several requests is listed once, with all its queues.
pub(super) fn list_subjects(
    requests: &[MetricRequest],
    functions: &[Function],
    resources: &[Resource],
    outputs: &BTreeMap<String, String>,
) -> Vec<Subject> {
    let mut subjects = Subjects::default();
    for service in requests.iter().flat_map(|request| &request.services) {
        subjects
            .of(&service.cluster, &service.service)
            .consumes(&service.queues);
    }
    for function in functions {
        if let FunctionKind::Scaling(setup) = &function.kind {
            for name in setup.services() {
                subjects.of(&name.cluster, &name.service);
            }
            for demand in setup.demand() {
                let subject = subjects.of(&demand.cluster, &demand.service);
                subject.consumes(&demand.queues);
            }
        }
    }
    for id in physical_ids(resources, types::SCALABLE_TARGET) {
        if let Some(name) = ServiceName::of_target(id) {
            subjects.of(&name.cluster, &name.service);
        }
    }
    for resource in resources {
        let arn = resource.physical_id.as_str();
        if resource.resource_type == types::SERVICE && arn.matches('/').count() == 2 {
            let output = contract::load_balancer_url_output(&resource.logical_id);
            let url = output.and_then(|output| outputs.get(&output));
            subjects.of(cluster_of(arn), name_of(arn)).url = url.cloned();
        }
    }
    subjects.all
}

#[derive(Default)]
struct Subjects {
    all: Vec<Subject>,
    places: HashMap<ServiceName, usize>,
}

impl Subjects {
    fn of(&mut self, cluster: &str, service: &str) -> &mut Subject {
        let name = ServiceName {
            cluster: cluster.to_owned(),
            service: service.to_owned(),
        };
        let place = *self.places.entry(name.clone()).or_insert(self.all.len());
        if place == self.all.len() {
            self.all.push(Subject {
                name,
                queues: Vec::new(),
                url: None,
            });
        }
        &mut self.all[place]
    }
}

/// What was read about services for `--why` alone.
#[derive(Default)]
pub(crate) struct ForWhy {
    pub(crate) told: HashMap<ServiceName, Told>,
    /// What is suspended on scalable targets, by `service/CLUSTER/SERVICE`.
    pub(crate) suspended: HashMap<String, Suspended>,
}

/// Reads the state of the services. The number of requests depends on the number of queues, because services
/// are read in batches.
pub(super) async fn read_services(
    session: &Session<'_>,
    subjects: &[Subject],
    requests: &[MetricRequest],
    unread: &Unread,
    now: SystemTime,
) -> Result<(Vec<ServiceState>, ForWhy)> {
    let urls = subjects.iter().flat_map(|subject| &subject.queues);
    let ids: Vec<String> = subjects.iter().map(|s| s.name.resource_id()).collect();
    let (points, known, queues, mut scaled) = try_join4(
        unread.or_nothing(
            "backlog per task",
            metric::read_latest(session, requests, now),
        ),
        unread.or_nothing("services", describe(session, subjects).map_ok(Some)),
        queues::read(
            session,
            urls.map(|queue| (&*queue.name, &*queue.url)).collect(),
        ),
        scaled::read(session, &ids, unread),
    )
    .await?;
    let told = known.iter().flatten();
    let for_why = ForWhy {
        told: told
            .map(|(name, service)| (name.clone(), service.into()))
            .collect(),
        suspended: scaled
            .iter()
            .map(|(id, scaled)| (id.clone(), scaled.suspended))
            .collect(),
    };
    let mut queues = queues.into_iter();
    let state = |subject: &Subject| {
        let scaled = scaled.remove(&subject.name.resource_id());
        let mut state = merge_state(known.as_ref(), subject, scaled);
        state.queues = queues.by_ref().take(subject.queues.len()).collect();
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
    Ok((subjects.iter().map(state).collect(), for_why))
}

/// Returns the services as ECS describes them. Omits services that ECS doesn't have.
async fn describe(
    session: &Session<'_>,
    subjects: &[Subject],
) -> Result<HashMap<ServiceName, Service>> {
    let names = subjects.iter().map(|subject| &subject.name);
    let names = names.map(|name| (name.cluster.as_str(), name.service.as_str()));
    let found = described::describe(session, names).await?;
    Ok(found
        .services
        .into_iter()
        .filter_map(|(cluster, known)| {
            let service = known.service_name()?.to_owned();
            Some((ServiceName { cluster, service }, known))
        })
        .collect())
}

/// Merges the state. `known`: the services that ECS knows. `None` if they can't be read.
fn merge_state(
    known: Option<&HashMap<ServiceName, Service>>,
    subject: &Subject,
    scaled: Option<Scaled>,
) -> ServiceState {
    let scaled = scaled.unwrap_or_default();
    let mut state = ServiceState {
        cluster: subject.name.cluster.clone(),
        service: subject.name.service.clone(),
        bounds: scaled.bounds,
        url: subject.url.clone(),
        policies: scaled.policies,
        activities: scaled.activities,
        ..ServiceState::default()
    };
    match known {
        Some(known) => state.count(known.get(&subject.name)),
        None => "UNKNOWN".clone_into(&mut state.status),
    }
    state
}
