//! Describes services: the running count and the desired count of each.

use std::collections::HashMap;

use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::Service;
use futures::StreamExt as _;
use lambda_kit::in_time;
use tokio::time::Instant;

use crate::Reason;

/// Maximum number of concurrent DescribeServices calls. An answer contains the last 100 events of each of its ten
/// services, a few hundred kilobytes in total, and ECS allows 20 calls per second after a burst.
const CONCURRENCY: usize = 16;

const OPERATION: &str = "DescribeServices";

/// The tasks of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tasks {
    pub(crate) running: u32,
    pub(crate) desired: u32,
    pub(crate) deploying: bool,
}

/// The tasks of each service, or why they could not be read, by cluster and service name.
pub(crate) type Described = HashMap<(String, String), Result<Tasks, Reason>>;

/// Describes the services of every batch (cluster, service names).
pub(crate) async fn describe(
    client: &aws_sdk_ecs::Client,
    batches: Vec<(String, Vec<String>)>,
    deadline: Instant,
) -> Described {
    let describing = |(cluster, services): (String, Vec<String>)| async move {
        let call = client
            .describe_services()
            .cluster(&cluster)
            .set_services(Some(services.clone()))
            .send();
        let output = in_time(OPERATION, deadline, call).await;
        let output = output.map(|output| by_name(&output)).map_err(Reason::from);
        futures::stream::iter(services.into_iter().map(move |service| {
            let tasks = match &output {
                Ok(known) => known
                    .get(&service)
                    .cloned()
                    .unwrap_or(Err(Reason::ServiceAbsent)),
                Err(reason) => Err(reason.clone()),
            };
            ((cluster.clone(), service), tasks)
        }))
    };
    futures::stream::iter(batches)
        .map(describing)
        .buffer_unordered(CONCURRENCY)
        .flatten()
        .collect()
        .await
}

/// The state of each service that the answer names.
fn by_name(output: &DescribeServicesOutput) -> HashMap<String, Result<Tasks, Reason>> {
    let mut known = HashMap::new();
    for failure in output.failures() {
        // `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`, or in the old format `service/NAME`.
        let Some(name) = failure.arn().and_then(|arn| arn.rsplit('/').next()) else {
            continue;
        };
        let reason = match (failure.reason().unwrap_or("failed"), failure.detail()) {
            (reason, Some(detail)) => format!("{reason}: {detail}"),
            (reason, None) => reason.to_owned(),
        };
        known.insert(name.to_owned(), Err(Reason::ServiceFailure(reason)));
    }
    for service in output.services() {
        let Some(name) = service.service_name() else {
            continue;
        };
        known.insert(name.to_owned(), read_tasks(service));
    }
    known
}

/// The counts of a service that can be scaled, or that is still draining.
fn read_tasks(service: &Service) -> Result<Tasks, Reason> {
    // The SDK reads a missing `runningCount` or `desiredCount` as 0. A missing status shows that a record was cut
    // short, and doesn't mean a service without tasks.
    match service.status() {
        Some("ACTIVE" | "DRAINING") => {}
        Some(other) => return Err(Reason::ServiceStatus(other.to_owned())),
        None => return Err(Reason::ServiceStatus("without a status".to_owned())),
    }
    let (running, desired) = (service.running_count(), service.desired_count());
    Ok(Tasks {
        running: u32::try_from(running).map_err(|_| Reason::RunningCount(running))?,
        desired: u32::try_from(desired).map_err(|_| Reason::DesiredCount(desired))?,
        deploying: lambda_kit::is_deploying(service),
    })
}
