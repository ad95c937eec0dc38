//! Descriptions of many services in few calls.

use std::collections::HashMap;
use std::rc::Rc;

use futures::FutureExt as _;
use futures::future::{LocalBoxFuture, Shared, join_all};
use lambda_kit::CallError;
use tokio::time::Instant;

use super::fleet::{Fleet, ServiceRun};
use crate::Problem;
use crate::service::{self, Service, ServiceName, explain_absence};

/// Maximum number of services per DescribeServices call.
///
/// Source: Amazon ECS API Reference, DescribeServices.
const SERVICES_PER_CALL: usize = 10;

/// ECS's description of each service, by its name.
#[derive(Debug)]
pub(super) struct Described {
    pub(super) services: HashMap<String, Result<Service, Problem>>,
    /// Whether the call failed, so that each service was described separately.
    pub(super) split: bool,
}

/// A description that the services of one call wait for.
pub(super) type Description<'a> = Shared<LocalBoxFuture<'a, Rc<Described>>>;

/// The services to describe, in as few calls as possible and within ECS's request rate: for each call, their
/// indexes. Services whose tasks are changing come first, then the ones that have waited longest, and last the ones
/// that need a separate call.
pub(super) fn plan_calls(
    runs: &[ServiceRun],
    mut take_call: impl FnMut() -> bool,
) -> Vec<Vec<usize>> {
    let mut order: Vec<usize> = (0..runs.len()).collect();
    order.sort_by_key(|place| runs.get(*place).map(priority));
    let mut calls: Vec<Vec<usize>> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for place in order {
        let Some(run) = runs.get(place) else { continue };
        let (cluster, alone) = (run.tracked.policy.cluster.as_str(), run.tracked.alone);
        let joined = open.get(cluster).filter(|_| !alone);
        if let Some(call) = joined.and_then(|index| calls.get_mut(*index))
            && call.len() < SERVICES_PER_CALL
        {
            call.push(place);
        } else if take_call() {
            if !alone {
                open.insert(cluster, calls.len());
            }
            calls.push(vec![place]);
        }
    }
    calls
}

fn priority(run: &ServiceRun) -> (bool, bool, Option<Instant>) {
    let known = run.tracked.known.as_ref();
    let settled = known.is_some_and(|(_, service)| service.is_settled());
    (run.tracked.alone, settled, known.map(|(at, _)| *at))
}

/// The description of these services of a cluster.
pub(super) fn describe<'a>(
    fleet: &'a Fleet<'a>,
    cluster: String,
    names: Vec<String>,
    until: Instant,
) -> Description<'a> {
    async move { Rc::new(ask(fleet, &cluster, names, until).await) }
        .boxed_local()
        .shared()
}

async fn ask(fleet: &Fleet<'_>, cluster: &str, names: Vec<String>, until: Instant) -> Described {
    let ecs = &fleet.clients.ecs;
    let error = match service::describe_all(ecs, cluster, &names, until).await {
        Ok(services) => {
            return Described {
                services,
                split: false,
            };
        }
        Err(error) => error,
    };
    let split = names.len() > 1 && is_of_one(&error);
    // A service that gets no separate call uses its last description: another service might have caused the error.
    let asked = names
        .into_iter()
        .filter(|_| !split || fleet.rates.describe.take());
    let asked: Vec<String> = asked.collect();
    let each = asked.into_iter().map(async |name| {
        let one = match split {
            true => {
                let service = ServiceName {
                    cluster,
                    service: &name,
                };
                service::describe(ecs, service, until).await
            }
            false => explain_absence(error.clone()).map(Service::Missing),
        };
        (name, one)
    });
    let services = join_all(each).await.into_iter().collect();
    Described { services, split }
}

/// Whether one service can cause a call for several to fail: ECS denies the call, or refuses a name.
fn is_of_one(error: &CallError) -> bool {
    matches!(
        error.code(),
        Some(
            "AccessDeniedException"
                | "AccessDenied"
                | "InvalidParameterException"
                | "ClientException"
        )
    )
}
