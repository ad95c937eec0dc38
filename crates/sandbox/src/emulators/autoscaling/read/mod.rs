//! Reads the registered targets, the alarms in ALARM, and the running services.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalingPolicy, ServiceNamespace};
use aws_sdk_cloudwatch::error::{DisplayErrorContext, SdkError};
use aws_sdk_cloudwatch::types::StateValue;
use futures::{StreamExt, TryStreamExt, stream};
use scaling::{Bounds, PerSide, ServiceCounts};
use serde::Deserialize;

use super::clients::Clients;
use super::convert;
use super::model::Alarm;
use crate::emulators::Plugin;
use crate::emulators::plugin::PluginError;

/// Maximum number of IDs per DescribeScalableTargets call.
const TARGETS: usize = 50;
/// Maximum number of services per DescribeServices call.
const SERVICES: usize = 10;
/// Number of alarms per request for datapoints. Their ARNs must fit into a line of 8 KB.
const ALARMS: usize = 20;
/// Concurrent requests.
pub(super) const AT_ONCE: usize = 4;

/// The reason why a check ended early. The next one starts from scratch.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    /// A call failed.
    #[error("failed to {doing}: {detail}")]
    Aws {
        /// The operation that failed.
        doing: &'static str,
        /// The SDK's message.
        detail: String,
    },
    /// The plugin didn't respond.
    #[error(transparent)]
    Plugin(#[from] PluginError),
}

/// An account and region with scalable targets.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(super) struct Registered {
    /// Account number.
    pub account: String,
    /// Region.
    pub region: String,
    /// Resource IDs of the ECS services that are registered there.
    pub targets: BTreeSet<String>,
}

/// The latest datapoints of an alarm, newest last. `None` if one is missing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
struct Datapoints {
    values: Vec<Option<f64>>,
}

/// Returns the accounts and regions in which targets are registered.
pub(super) async fn read_registrations(plugin: &Plugin) -> Result<Vec<Registered>, ReadError> {
    Ok(plugin.get("scaling", Duration::ZERO).await?)
}

/// Reads the alarms in ALARM whose actions include a scaling policy, without their values.
pub(super) async fn read_alarms(clients: &Clients) -> Result<Vec<Alarm>, ReadError> {
    let mut pages = clients
        .cloudwatch
        .describe_alarms()
        .state_value(StateValue::Alarm)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(wrap_error("read the alarms"))?;
        found.extend(
            page.metric_alarms()
                .iter()
                .filter_map(convert::convert_alarm),
        );
    }
    Ok(found)
}

/// Reads the policies of these ECS services, in Application Auto Scaling's order, by the service's resource ID.
pub(super) async fn read_policies(
    clients: &Clients,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<ScalingPolicy>>, ReadError> {
    let mut pages = clients
        .autoscaling
        .describe_scaling_policies()
        .service_namespace(ServiceNamespace::Ecs)
        .into_paginator()
        .items()
        .send();
    let mut found: BTreeMap<String, Vec<ScalingPolicy>> = BTreeMap::new();
    while let Some(policy) = pages.next().await {
        let policy = policy.map_err(wrap_error("read the scaling policies"))?;
        if ids.contains(policy.resource_id()) {
            let of_service = found.entry(policy.resource_id().to_owned());
            of_service.or_default().push(policy);
        }
    }
    Ok(found)
}

/// The registered bounds and suspended sides of a scalable target.
pub(super) type Registration = (Bounds, PerSide<bool>);

/// Reads the scalable targets with these IDs that exist. The error is the reason why one can't be handled.
pub(super) async fn read_targets(
    clients: &Clients,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Result<Registration, String>>, ReadError> {
    let ids: Vec<String> = ids.iter().cloned().collect();
    let pages: Vec<_> = stream::iter(ids.chunks(TARGETS))
        .map(|ids| {
            clients
                .autoscaling
                .describe_scalable_targets()
                .service_namespace(ServiceNamespace::Ecs)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .set_resource_ids(Some(ids.to_vec()))
                .send()
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
        .map_err(wrap_error("read the scalable targets"))?;
    let targets = pages.iter().flat_map(|page| page.scalable_targets());
    Ok(targets
        .map(|target| {
            (
                target.resource_id().to_owned(),
                convert::convert_target(target),
            )
        })
        .collect())
}

/// Reads the services with these resource IDs that exist and aren't being deleted.
pub(super) async fn read_services(
    clients: &Clients,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, ServiceCounts>, ReadError> {
    let mut by_cluster: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (cluster, service) in ids.iter().filter_map(|id| split_resource_id(id)) {
        by_cluster
            .entry(cluster)
            .or_default()
            .push(service.to_owned());
    }
    let batches = by_cluster.iter().flat_map(|(cluster, services)| {
        services
            .chunks(SERVICES)
            .map(move |batch| (*cluster, batch))
    });
    let found: Vec<_> = stream::iter(batches)
        .map(|(cluster, batch)| async move {
            let request = clients.ecs.describe_services().cluster(cluster);
            let reply = request.set_services(Some(batch.to_vec())).send().await;
            match reply {
                Ok(reply) => Ok(convert_counts(cluster, reply.services())),
                Err(SdkError::ServiceError(error))
                    if error.err().is_cluster_not_found_exception() =>
                {
                    Ok(Vec::new())
                }
                Err(error) => Err(wrap_error("describe the services")(error)),
            }
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(found.into_iter().flatten().collect())
}

fn convert_counts(
    cluster: &str,
    found: &[aws_sdk_ecs::types::Service],
) -> Vec<(String, ServiceCounts)> {
    let found = found.iter().filter_map(|service| {
        let id = format!("service/{cluster}/{}", service.service_name()?);
        Some((id, convert::convert_service(service)?))
    });
    found.collect()
}

/// Sets each alarm's latest datapoint, if there is one.
pub(super) async fn read_values(plugin: &Plugin, alarms: Vec<&mut Alarm>) -> Result<(), ReadError> {
    let arns: Vec<String> = alarms.iter().map(|alarm| alarm.arn.clone()).collect();
    let answers: Vec<BTreeMap<String, Datapoints>> = stream::iter(arns.chunks(ALARMS))
        .map(|arns| async move {
            let asked: Vec<String> = arns
                .iter()
                .map(|arn| format!("alarm={}", encode_query(arn)))
                .collect();
            let route = format!("datapoints?{}", asked.join("&"));
            plugin.get(&route, Duration::ZERO).await
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    for alarm in alarms {
        let mut found = answers.iter().filter_map(|answer| answer.get(&alarm.arn));
        alarm.value = found
            .next()
            .and_then(|found| found.values.iter().rev().find_map(|value| *value));
    }
    Ok(())
}

/// Returns the cluster and service of a resource ID.
pub(super) fn split_resource_id(resource_id: &str) -> Option<(&str, &str)> {
    resource_id.strip_prefix("service/")?.split_once('/')
}

/// Encodes a query's value: characters that a URL doesn't allow become `%XX`.
fn encode_query(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

/// Wraps an error of the SDK, with its causes.
pub(super) fn wrap_error<E, R>(doing: &'static str) -> impl FnOnce(SdkError<E, R>) -> ReadError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    move |error| ReadError::Aws {
        doing,
        detail: DisplayErrorContext(error).to_string(),
    }
}

#[cfg(test)]
mod tests;
