//! The service: reads and sets its desired count.

use std::collections::HashMap;

use aws_sdk_ecs::types::{Failure, Service as Described};
use lambda_kit::{CallError, in_time, is_deploying};
use scaling::{AlarmStepsPolicy, DemandPolicy};
use tokio::time::Instant;

use crate::Problem;

/// Error codes that mean that there is no service to scale.
const GONE: [&str; 3] = [
    "ServiceNotFoundException",
    "ClusterNotFoundException",
    "ServiceNotActiveException",
];

#[derive(Clone, Copy, Debug)]
pub(crate) struct ServiceName<'a> {
    pub(crate) cluster: &'a str,
    pub(crate) service: &'a str,
}

/// The state of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    /// It can be scaled.
    Active {
        desired: u32,
        running: u32,
        deploying: bool,
    },
    /// It is being deleted.
    Draining,
    /// It doesn't exist; contains ECS's message.
    Missing(String),
}

impl Service {
    /// Whether the running count equals the desired count, and no deployment is in progress.
    pub(crate) fn is_settled(&self) -> bool {
        matches!(self, Self::Active { desired, running, deploying: false } if desired == running)
    }
}

impl<'a> From<&'a AlarmStepsPolicy> for ServiceName<'a> {
    fn from(policy: &'a AlarmStepsPolicy) -> Self {
        Self {
            cluster: &policy.cluster,
            service: &policy.service,
        }
    }
}

impl<'a> From<&'a DemandPolicy> for ServiceName<'a> {
    fn from(policy: &'a DemandPolicy) -> Self {
        Self {
            cluster: &policy.cluster,
            service: &policy.service,
        }
    }
}

/// Describes the service.
pub(crate) async fn describe<'a>(
    client: &aws_sdk_ecs::Client,
    name: impl Into<ServiceName<'a>>,
    deadline: Instant,
) -> Result<Service, Problem> {
    let name = name.into();
    let call = client
        .describe_services()
        .cluster(name.cluster)
        .services(name.service)
        .send();
    let output = match in_time("DescribeServices", deadline, call).await {
        Ok(output) => output,
        Err(error) => return explain_absence(error).map(Service::Missing),
    };
    if let Some(service) = output.services().first() {
        return convert_service(service);
    }
    let failure = output.failures().first().ok_or(Problem::ServiceAbsent)?;
    convert_failure(failure)
}

/// Describes services of a cluster in one call, by their names. Services that the answer lacks are omitted.
pub(crate) async fn describe_all(
    client: &aws_sdk_ecs::Client,
    cluster: &str,
    names: &[String],
    deadline: Instant,
) -> Result<HashMap<String, Result<Service, Problem>>, CallError> {
    let call = client
        .describe_services()
        .cluster(cluster)
        .set_services(Some(names.to_vec()))
        .send();
    let output = in_time("DescribeServices", deadline, call).await?;
    // The name ends an ARN: `arn:…:service/CLUSTER/SERVICE`.
    let name = |arn: Option<&str>| Some(arn?.rsplit('/').next()?.to_owned());
    let found = output.services().iter().filter_map(|service| {
        let named = service.service_name().map(str::to_owned);
        let name = named.or_else(|| name(service.service_arn()))?;
        Some((name, convert_service(service)))
    });
    let failed = output.failures().iter();
    let failed =
        failed.filter_map(|failure| Some((name(failure.arn())?, convert_failure(failure))));
    Ok(found.chain(failed).collect())
}

fn convert_failure(failure: &Failure) -> Result<Service, Problem> {
    match (failure.reason().unwrap_or("failed"), failure.detail()) {
        ("MISSING", _) => Ok(Service::Missing("MISSING".to_owned())),
        (reason, Some(detail)) => Err(Problem::ServiceFailure(format!("{reason}: {detail}"))),
        (reason, None) => Err(Problem::ServiceFailure(reason.to_owned())),
    }
}

fn convert_service(service: &Described) -> Result<Service, Problem> {
    // The SDK reads a missing `desiredCount` or `runningCount` as 0. Without a status, a record is cut short.
    match service.status() {
        Some("ACTIVE") => {}
        Some("DRAINING") => return Ok(Service::Draining),
        Some("INACTIVE") => return Ok(Service::Missing("INACTIVE".to_owned())),
        Some(other) => return Err(Problem::ServiceStatus(other.to_owned())),
        None => return Err(Problem::ServiceStatus("without a status".to_owned())),
    }
    let (desired, running) = (service.desired_count(), service.running_count());
    Ok(Service::Active {
        desired: u32::try_from(desired).map_err(|_| Problem::DesiredCount(desired.into()))?,
        running: u32::try_from(running).map_err(|_| Problem::RunningCount(running.into()))?,
        deploying: is_deploying(service),
    })
}

/// Sets the desired count; returns `Some` with ECS's message if the service no longer exists.
pub(crate) async fn set_desired<'a>(
    client: &aws_sdk_ecs::Client,
    name: impl Into<ServiceName<'a>>,
    count: u32,
    deadline: Instant,
) -> Result<Option<String>, Problem> {
    let name = name.into();
    let desired = i32::try_from(count).map_err(|_| Problem::DesiredCount(count.into()))?;
    let call = client
        .update_service()
        .cluster(name.cluster)
        .service(name.service)
        .desired_count(desired)
        .send();
    match in_time("UpdateService", deadline, call).await {
        Ok(_) => Ok(None),
        Err(error) => explain_absence(error).map(Some),
    }
}

/// ECS's message about a missing service; any other error stays an error.
pub(crate) fn explain_absence(error: CallError) -> Result<String, Problem> {
    match error.code() {
        Some(code) if GONE.contains(&code) => Ok(code.to_owned()),
        _ => Err(error.into()),
    }
}
