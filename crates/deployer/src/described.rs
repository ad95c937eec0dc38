//! Reads ECS services in batches.

use std::collections::BTreeMap;

use aws_sdk_ecs::types::{Service, ServiceConnectConfiguration, ServiceField};
use futures::stream::{self, StreamExt, TryStreamExt};

use crate::error::{Result, aws};
use crate::session::Session;

/// Maximum number of services in a DescribeServices call.
const SERVICES: usize = 10;
/// Concurrent requests. DescribeServices allows 20 requests per second.
const AT_ONCE: usize = 8;

/// What ECS returned.
#[derive(Default)]
pub(crate) struct Described {
    /// The services that exist, with the cluster's name from the request.
    pub services: Vec<(String, Service)>,
    /// The clusters that don't exist.
    pub missing_clusters: Vec<String>,
}

/// Describes services, with their tags, that are given by cluster, and name or ARN. Omits services that ECS doesn't know.
pub(crate) async fn describe<'a>(
    session: &Session<'_>,
    wanted: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<Described> {
    let mut clusters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (cluster, service) in wanted {
        clusters.entry(cluster).or_default().push(service);
    }
    let calls = clusters
        .iter()
        .flat_map(|(cluster, names)| names.chunks(SERVICES).map(move |names| (*cluster, names)));
    let replies: Vec<(&str, Option<Vec<Service>>)> = stream::iter(calls)
        .map(|(cluster, names)| async move {
            let found = describe_batch(session, cluster, names).await?;
            Ok::<_, crate::Error>((cluster, found))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut described = Described::default();
    for (cluster, services) in replies {
        match services {
            Some(services) => {
                let named = services
                    .into_iter()
                    .map(|found| (cluster.to_owned(), found));
                described.services.extend(named);
            }
            None => described.missing_clusters.push(cluster.to_owned()),
        }
    }
    Ok(described)
}

/// Describes services that are given by ARN. Omits services that ECS doesn't know.
pub(crate) async fn describe_by_arn<'a>(
    session: &Session<'_>,
    arns: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, Service>> {
    let wanted = arns.into_iter().map(|arn| (cluster_of(arn), arn));
    let found = describe(session, wanted).await?;
    let services = found.services.into_iter();
    let by_arn = services.filter_map(|(_, one)| Some((one.service_arn()?.to_owned(), one)));
    Ok(by_arn.collect())
}

/// Returns `None` if ECS doesn't know the cluster.
async fn describe_batch(
    session: &Session<'_>,
    cluster: &str,
    names: &[&str],
) -> Result<Option<Vec<Service>>> {
    let request = session.clients.ecs.describe_services().cluster(cluster);
    let asked = names.iter().map(|name| (*name).to_owned()).collect();
    let request = request.include(ServiceField::Tags);
    match request.set_services(Some(asked)).send().await {
        Ok(reply) => Ok(Some(reply.services.unwrap_or_default())),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|e| e.is_cluster_not_found_exception()) =>
        {
            Ok(None)
        }
        Err(error) => Err(aws(format!("describe the services of {cluster}"))(error)),
    }
}

/// Returns what deploys a service: ECS itself, unless it names another.
pub(crate) fn controller_of(service: &Service) -> &str {
    let controller = service.deployment_controller();
    controller.map_or("ECS", |controller| controller.r#type().as_str())
}

/// Returns how ECS places the tasks of a service.
pub(crate) fn strategy_of(service: &Service) -> &str {
    let strategy = service.scheduling_strategy();
    strategy.map_or("REPLICA", |strategy| strategy.as_str())
}

/// Returns the configuration of Service Connect. ECS returns it only with deployments, so it is the newest one's.
pub(crate) fn service_connect_of(service: &Service) -> Option<&ServiceConnectConfiguration> {
    let newest = service.deployments().first()?;
    newest.service_connect_configuration()
}

/// Returns the cluster in a service's ARN: `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`.
pub(crate) fn cluster_of(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or_default()
}

/// Returns the service's name in its ARN.
pub(crate) fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or_default()
}
