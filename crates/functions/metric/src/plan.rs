//! From the event to the calls: pure.

use std::collections::{BTreeMap, BTreeSet};

use scaling::{Count, DemandRequest, MetricRequest, QueueRequest, ServiceRequest};
use serde_json::Value;

use crate::{Failed, InvocationError, Reason, Target};

/// Maximum number of services per DescribeServices call.
///
/// Source: Amazon ECS API Reference, DescribeServices.
const SERVICES_PER_CALL: usize = 10;

/// Cluster and service name.
pub(crate) type ServiceKey = (String, String);

/// How to measure a target.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Measure {
    pub(crate) queue: QueueRequest,
    pub(crate) count: BTreeSet<Count>,
}

/// The tasks of an invocation.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) namespace: String,
    pub(crate) targets: BTreeMap<Target, Measure>,
    /// Cluster and service name of each service whose backlog without tasks is also published.
    pub(crate) wake: BTreeSet<ServiceKey>,
    /// Target of the tracked backlog per task, for each service that keeps its last task while there is work.
    pub(crate) held: BTreeMap<ServiceKey, f64>,
    /// The demand settings of each service whose need is published instead of the backlog per task.
    pub(crate) demands: BTreeMap<ServiceKey, DemandRequest>,
    /// Targets that fail without a call.
    pub(crate) failed: Vec<Failed>,
}

impl Plan {
    pub(crate) fn from_event(event: Value) -> Result<Self, InvocationError> {
        let malformed = |problem: String| InvocationError::MalformedEvent { problem };
        let request: MetricRequest = serde_path_to_error::deserialize(event)
            .map_err(|error| malformed(error.to_string()))?;
        if request.namespace.trim().is_empty() {
            return Err(malformed("namespace: is empty".to_owned()));
        }
        if request.services.is_empty() {
            return Err(InvocationError::NoServices);
        }
        let wake = request
            .services
            .iter()
            .filter(|one| one.wake)
            .map(|one| (one.cluster.clone(), one.service.clone()))
            .collect();
        let held = request
            .services
            .iter()
            .filter_map(|one| Some(((one.cluster.clone(), one.service.clone()), one.target?)))
            .filter(|(_, target)| target.is_finite())
            .collect();
        let (demands, ambiguous) = collect_demands(&request.services);
        let mut drafts: BTreeMap<Target, Result<Measure, Reason>> = BTreeMap::new();
        for (target, measure) in request.services.into_iter().flat_map(drafts_of) {
            drafts
                .entry(target)
                .and_modify(|known| {
                    if *known != measure {
                        *known = Err(Reason::Ambiguous);
                    }
                })
                .or_insert(measure);
        }
        let mut plan = Self {
            namespace: request.namespace,
            targets: BTreeMap::new(),
            wake,
            held,
            demands,
            failed: Vec::new(),
        };
        for (target, draft) in drafts {
            let draft = match ambiguous.contains(&target.service_key()) {
                true => Err(Reason::Ambiguous),
                false => draft,
            };
            match draft {
                Ok(measure) => drop(plan.targets.insert(target, measure)),
                Err(reason) => plan.failed.push(Failed { target, reason }),
            }
        }
        Ok(plan)
    }

    /// Each queue URL once, with all counts that its services need.
    pub(crate) fn queues(&self) -> BTreeMap<String, BTreeSet<Count>> {
        let mut queues: BTreeMap<String, BTreeSet<Count>> = BTreeMap::new();
        for (target, measure) in &self.targets {
            let counts = queues.entry(measure.queue.url.clone()).or_default();
            counts.extend(&measure.count);
            if self.demands.contains_key(&target.service_key()) {
                counts.extend([Count::Visible, Count::InFlight]);
            }
        }
        queues
    }

    /// The DescribeServices calls: cluster and service names, each service once.
    pub(crate) fn batches(&self) -> Vec<(String, Vec<String>)> {
        let mut clusters: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for target in self.targets.keys() {
            clusters
                .entry(&target.cluster)
                .or_default()
                .insert(&target.service);
        }
        let mut batches = Vec::new();
        for (cluster, services) in clusters {
            let services: Vec<String> = services.into_iter().map(str::to_owned).collect();
            let chunks = services.chunks(SERVICES_PER_CALL);
            batches.extend(chunks.map(|chunk| (cluster.to_owned(), chunk.to_vec())));
        }
        batches
    }
}

/// The demand settings of each service that has some, and the services with contradictory requests.
fn collect_demands(
    services: &[ServiceRequest],
) -> (BTreeMap<ServiceKey, DemandRequest>, BTreeSet<ServiceKey>) {
    let mut laws: BTreeMap<ServiceKey, Option<DemandRequest>> = BTreeMap::new();
    let mut ambiguous = BTreeSet::new();
    for one in services {
        let key = (one.cluster.clone(), one.service.clone());
        if *laws.entry(key.clone()).or_insert(one.demand) != one.demand {
            ambiguous.insert(key);
        }
    }
    let usable = laws.into_iter().filter_map(|(key, law)| {
        let law = law.filter(|law| !ambiguous.contains(&key) && law.check().is_ok())?;
        Some((key, law))
    });
    (usable.collect(), ambiguous)
}

/// The targets of one service, checked. A service without a queue is a target without a queue's name.
fn drafts_of(request: ServiceRequest) -> Vec<(Target, Result<Measure, Reason>)> {
    let ServiceRequest {
        cluster,
        service,
        queues,
        count,
        wake: _,
        target: _,
        demand,
    } = request;
    let target = |queue: String| Target {
        cluster: cluster.clone(),
        service: service.clone(),
        queue,
    };
    if queues.is_empty() {
        return vec![(target(String::new()), Err(Reason::NoQueue))];
    }
    let count: BTreeSet<Count> = count.into_iter().collect();
    let draft = |queue: QueueRequest| {
        let law = demand.map_or(Ok(()), |law| law.check().map_err(Reason::from));
        let own = queue.check().map_err(Reason::from);
        let checked = check(&cluster, &service, &queue.name, &count)
            .and(law)
            .and(own);
        (
            target(queue.name.clone()),
            checked.map(|()| Measure {
                queue,
                count: count.clone(),
            }),
        )
    };
    queues.into_iter().map(draft).collect()
}

/// Checks a target's names. One invalid name makes AWS refuse a whole call, so calls contain no invalid names.
fn check(cluster: &str, service: &str, queue: &str, count: &BTreeSet<Count>) -> Result<(), Reason> {
    for (kind, value) in [("cluster name", cluster), ("service name", service)] {
        if !is_ecs_name(value) {
            let rule = "up to 255 letters, digits, hyphens and underscores (a name, not an ARN)";
            return Err(Reason::Name {
                kind,
                value: value.to_owned(),
                rule,
            });
        }
    }
    if !is_dimension_value(queue) {
        let rule = "up to 1,024 ASCII characters, not all blank, the first not a colon";
        return Err(Reason::Name {
            kind: "queue name",
            value: queue.to_owned(),
            rule,
        });
    }
    if count.is_empty() {
        Err(Reason::NothingCounted)
    } else {
        Ok(())
    }
}

/// Source: Amazon ECS API Reference, CreateCluster and CreateService. Such a name is also a dimension's
/// value.
fn is_ecs_name(name: &str) -> bool {
    let known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=255).contains(&name.len()) && name.bytes().all(known)
}

/// Source: Amazon CloudWatch API Reference, Dimension.
fn is_dimension_value(value: &str) -> bool {
    let shown = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    (1..=1024).contains(&value.len())
        && value.bytes().all(shown)
        && !value.trim().is_empty()
        && !value.starts_with(':')
}
