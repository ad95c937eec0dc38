//! Services that scale by demand: their required tasks, and who sets their count.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use scaling::{
    Bounds, DemandPolicy, DemandRequest, PROCESSING_TIME_METRIC, QueueRequest,
    RECOMMENDED_TASKS_METRIC, TASK_START_METRIC, TASKS_NEEDED_METRIC, WARM_TASKS_METRIC,
    WITHIN_OBJECTIVE_METRIC, Warm, WarmFloor,
};
use serde::Serialize;

use crate::cloudwatch::{Datapoint, Reading, read_recent};
use crate::error::Result;
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::session::Session;

/// The state of a service that scales by demand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemandState {
    /// Name of the function that checks the service. `None` if Application Auto Scaling follows the demand.
    pub function: Option<String>,
    /// Whether the function only observes and doesn't set the count.
    pub observes: bool,
    /// The newest count that the function would set if it didn't only observe: the maximum of its minute. `None` if
    /// CloudWatch has no datapoint in the last 15 minutes.
    pub recommended: Option<f64>,
    /// Minimum and maximum number of tasks that the function currently allows.
    pub bounds: Option<Bounds>,
    /// The parameters of the demand algorithm.
    pub law: DemandRequest,
    /// Latency objective of each queue in milliseconds, by the queue's name, if any queue has its own.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub objectives: BTreeMap<String, u64>,
    /// The newest `TasksNeeded`, unrounded and without bounds: the maximum of its minute. `None` if there is no
    /// datapoint in the last 15 minutes.
    pub need: Option<Datapoint>,
    /// With target tracking, the maximum in the policy's window, or in the last 15 minutes if that is longer. A
    /// scale-in stops at this value.
    pub largest: Option<f64>,
    /// The function's measurements of the last 15 minutes.
    pub measured: DemandMeasurements,
    /// Which warm tasks the function keeps. `None` if Application Auto Scaling sets the count.
    pub warm: Option<Warm>,
    /// The warm tasks that pay for themselves, and the bursts that they are for, from the function's log. `None` if
    /// there are none, or the log doesn't contain them.
    pub floor: Option<WarmFloor>,
}

/// The measurements of a function that scales by demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DemandMeasurements {
    /// How long a message keeps a task busy, in seconds.
    pub processing_time: Option<f64>,
    /// Duration of a task start in seconds: the 95th percentile.
    pub task_start: Option<f64>,
    /// Percentage of the messages of the last days that started within the objective.
    pub within_objective: Option<f64>,
    /// Tasks that keep running although they aren't needed at the moment.
    pub warm_tasks: Option<f64>,
}

/// A service whose required tasks are published.
struct Published {
    name: ServiceName,
    namespace: String,
    state: DemandState,
}

/// Reads the services that scale by demand.
pub(super) async fn read(
    session: &Session<'_>,
    functions: &[Function],
    now: SystemTime,
) -> Result<HashMap<ServiceName, DemandState>> {
    let mut all: Vec<Published> = functions
        .iter()
        .flat_map(|function| list_published(function, now))
        .collect();
    let readings: Vec<Reading> = all.iter().flat_map(list_readings).collect();
    let doing = format!("read the metric {TASKS_NEEDED_METRIC}");
    let mut found = read_recent(session, &doing, &readings, now)
        .await?
        .into_iter();
    for service in &mut all {
        for name in metrics(service) {
            let points = found.next().unwrap_or_default().points;
            add_datapoints(&mut service.state, name, &points, now);
        }
    }
    let states = all.into_iter().map(|one| (one.name, one.state));
    Ok(states.collect())
}

/// Returns the metrics of a service. Only a function publishes its measurements.
fn metrics(service: &Published) -> &'static [&'static str] {
    match (&service.state.function, service.state.observes) {
        (Some(_), true) => &[
            TASKS_NEEDED_METRIC,
            PROCESSING_TIME_METRIC,
            TASK_START_METRIC,
            WITHIN_OBJECTIVE_METRIC,
            WARM_TASKS_METRIC,
            RECOMMENDED_TASKS_METRIC,
        ],
        (Some(_), false) => &[
            TASKS_NEEDED_METRIC,
            PROCESSING_TIME_METRIC,
            TASK_START_METRIC,
            WITHIN_OBJECTIVE_METRIC,
            WARM_TASKS_METRIC,
        ],
        (None, _) => &[TASKS_NEEDED_METRIC],
    }
}

fn list_readings(service: &Published) -> impl Iterator<Item = Reading> + '_ {
    metrics(service).iter().map(|name| Reading {
        namespace: service.namespace.clone(),
        name,
        dimensions: vec![
            ("ClusterName", service.name.cluster.clone()),
            ("ServiceName", service.name.service.clone()),
        ],
        statistic: "Maximum",
    })
}

fn list_published(function: &Function, now: SystemTime) -> Vec<Published> {
    match &function.kind {
        FunctionKind::Metric(requests) => requests
            .iter()
            .flat_map(|request| request.services.iter().map(move |one| (request, one)))
            .filter_map(|(request, service)| {
                let name = ServiceName {
                    cluster: service.cluster.clone(),
                    service: service.service.clone(),
                };
                Some(Published {
                    name,
                    namespace: request.namespace.clone(),
                    state: initial_state(service.demand?),
                })
            })
            .collect(),
        FunctionKind::Scaling(setup) => setup
            .demand()
            .iter()
            .map(|policy| Published {
                name: policy.into(),
                namespace: policy.namespace.clone(),
                state: DemandState {
                    function: Some(function.name.clone()),
                    observes: policy.observe,
                    bounds: bounds_now(policy, now),
                    warm: Some(policy.warm),
                    objectives: list_objectives(policy),
                    ..initial_state(policy.law)
                },
            })
            .collect(),
    }
}

/// Returns the objectives of the queues, if any queue has its own.
fn list_objectives(policy: &DemandPolicy) -> BTreeMap<String, u64> {
    let own = |queue: &QueueRequest| queue.acceptable_latency_ms.is_some();
    if !policy.queues.iter().any(own) {
        return BTreeMap::new();
    }
    let common = policy.law.acceptable_latency_ms;
    let queues = policy.queues.iter();
    queues
        .map(|queue| {
            (
                queue.name.clone(),
                queue.acceptable_latency_ms.unwrap_or(common),
            )
        })
        .collect()
}

/// Returns the current bounds.
fn bounds_now(policy: &DemandPolicy, now: SystemTime) -> Option<Bounds> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    let base = Bounds::new(policy.min, policy.max).ok()?;
    Some(policy.bounds_at(base, now))
}

fn initial_state(law: DemandRequest) -> DemandState {
    DemandState {
        function: None,
        observes: false,
        recommended: None,
        bounds: None,
        law,
        objectives: BTreeMap::new(),
        need: None,
        largest: None,
        measured: DemandMeasurements::default(),
        warm: None,
        floor: None,
    }
}

impl DemandState {
    /// Whether there are warm tasks that pay for themselves. The function's log contains their reason.
    pub(super) fn is_insured_by(&self, function: &Function) -> bool {
        self.function.as_ref() == Some(&function.name)
            && self.warm == Some(Warm::Auto)
            && self.measured.warm_tasks.is_some()
    }
}

/// Adds the datapoints that CloudWatch has for a metric.
fn add_datapoints(state: &mut DemandState, metric: &str, points: &[Datapoint], now: SystemTime) {
    let newest = points.iter().copied().max_by_key(|point| point.at);
    let value = newest.map(|point| point.value);
    match metric {
        PROCESSING_TIME_METRIC => state.measured.processing_time = value,
        TASK_START_METRIC => state.measured.task_start = value,
        WITHIN_OBJECTIVE_METRIC => state.measured.within_objective = value,
        RECOMMENDED_TASKS_METRIC => state.recommended = value,
        WARM_TASKS_METRIC => state.measured.warm_tasks = value,
        _ => state.need = newest,
    }
    if metric != TASKS_NEEDED_METRIC || state.function.is_some() {
        return;
    }
    let window = Duration::from_millis(state.law.window_ms);
    let since = DateTime::from(now.checked_sub(window).unwrap_or(now)).secs();
    // A minute that is partly in the window counts.
    let within = points.iter().filter(|point| point.at + 60 > since);
    state.largest = within.map(|point| point.value).reduce(f64::max);
}
