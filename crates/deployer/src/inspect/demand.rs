//! Services that scale by demand: how many tasks they need, and who sets their count.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use scaling::{Bounds, DemandRequest, TASKS_NEEDED_METRIC};
use serde::Serialize;

use crate::cloudwatch::{Datapoint, Reading, read_recent};
use crate::error::Result;
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::session::Session;

/// How a service that scales by demand stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemandState {
    /// Name of the function that sets the desired count; `None` when Application Auto Scaling does.
    pub function: Option<String>,
    /// Fewest and most tasks, as the function knows them.
    pub bounds: Option<Bounds>,
    /// The numbers of the demand algorithm.
    pub law: DemandRequest,
    /// The newest `TasksNeeded`, unrounded and without bounds: the largest of its minute. `None` when none
    /// was published in the last 15 minutes.
    pub need: Option<Datapoint>,
    /// The largest of the policy's window, or of the last 15 minutes if that is longer: tasks are removed only
    /// to it. The function remembers more exactly than CloudWatch shows.
    pub largest: Option<f64>,
}

/// A service whose need is published.
struct Published {
    name: ServiceName,
    namespace: String,
    state: DemandState,
}

/// The services that scale by demand.
pub(super) async fn read(
    session: &Session<'_>,
    functions: &[Function],
    now: SystemTime,
) -> Result<HashMap<ServiceName, DemandState>> {
    let mut all: Vec<Published> = functions.iter().flat_map(list_published).collect();
    let reading = |service: &Published| Reading {
        namespace: service.namespace.clone(),
        name: TASKS_NEEDED_METRIC,
        dimensions: vec![
            ("ClusterName", service.name.cluster.clone()),
            ("ServiceName", service.name.service.clone()),
        ],
        statistic: "Maximum",
    };
    let readings: Vec<Reading> = all.iter().map(reading).collect();
    let doing = format!("read the metric {TASKS_NEEDED_METRIC}");
    let found = read_recent(session, &doing, &readings, now).await?;
    for (service, series) in all.iter_mut().zip(found) {
        add_datapoints(&mut service.state, &series.points, now);
    }
    let states = all.into_iter().map(|one| (one.name, one.state));
    Ok(states.collect())
}

fn list_published(function: &Function) -> Vec<Published> {
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
                    state: initial_state(None, None, service.demand?),
                })
            })
            .collect(),
        FunctionKind::Scaling(setup) => setup
            .demand()
            .map(|policy| Published {
                name: setup.service(),
                namespace: policy.namespace.clone(),
                state: initial_state(
                    Some(function.name.clone()),
                    Bounds::new(policy.min, policy.max).ok(),
                    policy.law,
                ),
            })
            .into_iter()
            .collect(),
    }
}

fn initial_state(
    function: Option<String>,
    bounds: Option<Bounds>,
    law: DemandRequest,
) -> DemandState {
    DemandState {
        function,
        bounds,
        law,
        need: None,
        largest: None,
    }
}

/// Adds the datapoints that CloudWatch has.
fn add_datapoints(state: &mut DemandState, points: &[Datapoint], now: SystemTime) {
    let window = Duration::from_millis(state.law.window_ms);
    let since = DateTime::from(now.checked_sub(window).unwrap_or(now)).secs();
    state.need = points.iter().copied().max_by_key(|point| point.at);
    // A minute that reaches into the window counts.
    let within = points.iter().filter(|point| point.at + 60 > since);
    state.largest = within.map(|point| point.value).reduce(f64::max);
}
