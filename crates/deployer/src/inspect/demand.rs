//! Services that scale by demand: how many tasks they need, and who sets their count.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{
    Dimension, Metric, MetricDataQuery, MetricDataResult, MetricStat, ScanBy,
};
use aws_smithy_types::DateTime;
use scaling::{DemandRequest, TASKS_NEEDED_METRIC};
use serde::Serialize;

use crate::error::{Result, aws};
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::session::Session;

use super::metric::{Datapoint, QUERIES, begin};

/// How a service that scales by demand stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DemandState {
    /// Name of the function that sets the desired count; `None` when Application Auto Scaling does.
    pub function: Option<String>,
    /// Fewest and most tasks, as the function knows them.
    pub bounds: Option<(u32, u32)>,
    /// The law's numbers.
    pub law: DemandRequest,
    /// The newest `TasksNeeded`, unrounded and without bounds: the largest of its minute. `None` when none
    /// was published in the last 15 minutes.
    pub need: Option<Datapoint>,
    /// The largest of the law's window, or of the last 15 minutes if that is longer: tasks are removed only
    /// to it. The function remembers more exactly than CloudWatch tells.
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
    let mut all: Vec<Published> = functions.iter().flat_map(published).collect();
    for services in all.chunks_mut(QUERIES) {
        read_chunk(session, services, now).await?;
    }
    let states = all.into_iter().map(|one| (one.name, one.state));
    Ok(states.collect())
}

fn published(function: &Function) -> Vec<Published> {
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
                    state: state(None, None, service.demand?),
                })
            })
            .collect(),
        FunctionKind::Scaling(setup) => setup
            .demand()
            .map(|policy| Published {
                name: setup.service(),
                namespace: policy.namespace.clone(),
                state: state(
                    Some(function.name.clone()),
                    Some((policy.min, policy.max)),
                    policy.law,
                ),
            })
            .into_iter()
            .collect(),
    }
}

fn state(function: Option<String>, bounds: Option<(u32, u32)>, law: DemandRequest) -> DemandState {
    DemandState {
        function,
        bounds,
        law,
        need: None,
        largest: None,
    }
}

async fn read_chunk(
    session: &Session<'_>,
    services: &mut [Published],
    now: SystemTime,
) -> Result<()> {
    let queries: Vec<MetricDataQuery> = services.iter().enumerate().map(query).collect();
    let mut pages = session
        .clients
        .cloudwatch
        .get_metric_data()
        .set_metric_data_queries(Some(queries))
        .start_time(begin(now))
        .end_time(DateTime::from(now + Duration::from_secs(60)))
        .scan_by(ScanBy::TimestampDescending)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(aws(format!("read the metric {TASKS_NEEDED_METRIC}")))?;
        for result in page.metric_data_results() {
            let index = result
                .id()
                .and_then(|id| id.strip_prefix('n')?.parse().ok());
            let service = index.and_then(|index: usize| services.get_mut(index));
            if let Some(service) = service {
                note(&mut service.state, result, now);
            }
        }
    }
    Ok(())
}

fn query((index, service): (usize, &Published)) -> MetricDataQuery {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    let metric = Metric::builder()
        .namespace(&service.namespace)
        .metric_name(TASKS_NEEDED_METRIC)
        .dimensions(dimension("ClusterName", &service.name.cluster))
        .dimensions(dimension("ServiceName", &service.name.service))
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Maximum")
        .build();
    MetricDataQuery::builder()
        .id(format!("n{index}"))
        .metric_stat(stat)
        .return_data(true)
        .build()
}

/// Takes over what a page of results tells.
fn note(state: &mut DemandState, result: &MetricDataResult, now: SystemTime) {
    let window = Duration::from_millis(state.law.window_ms);
    let since = DateTime::from(now.checked_sub(window).unwrap_or(now)).secs();
    for (at, value) in result.timestamps().iter().zip(result.values()) {
        let (at, value) = (at.secs(), *value);
        if state.need.is_none_or(|need| at > need.at) {
            state.need = Some(Datapoint { value, at });
        }
        // A minute that reaches into the window counts.
        if at + 60 > since {
            state.largest = Some(state.largest.map_or(value, |largest| largest.max(value)));
        }
    }
}
