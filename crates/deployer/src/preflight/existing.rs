//! Existing resources that the stack uses.

use std::collections::BTreeSet;

use aws_sdk_ecs::types::{Cluster as Found, ClusterField, ClusterSettingName};
use stack::{BacklogSource, Cluster, Service, ServiceSource, Stack};

use super::providers;
use crate::described;
use crate::error::{Error, Result, aws};
use crate::session::Session;
use crate::targets::find_existing_cluster;

/// DescribeClusters accepts 100.
const CLUSTERS: usize = 100;

/// Checks that the clusters exist, that Container Insights is on if metric math needs it, and that the stack's cluster
/// has the capacity providers that its services use.
pub(super) async fn check_clusters(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let mut names: BTreeSet<&str> = list_existing(stack).map(|(cluster, _)| cluster).collect();
    if let Cluster::Existing { name } = &stack.cluster {
        names.insert(name);
    }
    let insightful = need_insights(stack);
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    for names in names.chunks(CLUSTERS) {
        let request = session.clients.ecs.describe_clusters();
        let request = request.set_clusters(Some(names.to_vec()));
        let reply = request.include(ClusterField::Settings).send().await;
        let reply = reply.map_err(aws("look for the existing clusters"))?;
        for name in names {
            let found = reply.clusters().iter().find(|cluster| {
                cluster.cluster_name() == Some(name) && cluster.status() == Some("ACTIVE")
            });
            let Some(found) = found else {
                return Err(explain_absence(session, &format!("cluster {name}")));
            };
            if matches!(&stack.cluster, Cluster::Existing { name: own } if own == name) {
                providers::check(session, stack, found).await?;
            }
            if let Some(service) = insightful.iter().find(|(cluster, _)| cluster == name) {
                check_insights(session, found, service)?;
            }
        }
    }
    Ok(())
}

/// Returns the cluster and short name of each service in an existing cluster whose metric comes from Container
/// Insights. The stack's own cluster has Container Insights on.
fn need_insights(stack: &Stack) -> Vec<(&str, &str)> {
    let by_math = |service: &&Service| {
        let backlog = service.backlog_per_task();
        backlog.is_some_and(|backlog| backlog.source == BacklogSource::MetricMath)
    };
    stack
        .services
        .iter()
        .filter(|(_, service)| by_math(service))
        .filter_map(|(short, service)| {
            Some((find_existing_cluster(stack, service)?, short.as_str()))
        })
        .collect()
}

/// Without Container Insights there is no `RunningTaskCount`, and the service would never scale.
fn check_insights(
    session: &Session<'_>,
    found: &Found,
    (cluster, service): &(&str, &str),
) -> Result<()> {
    let setting = found
        .settings()
        .iter()
        .find(|setting| setting.name() == Some(&ClusterSettingName::ContainerInsights));
    match setting.and_then(|setting| setting.value()) {
        Some("enabled" | "enhanced") => Ok(()),
        Some(value) => Err(Error::failed(format!(
            "service {service} divides by Container Insights' RunningTaskCount (`source: metric_math`), \
             but in the cluster {cluster} Container Insights is {value}"
        ))
        .hint(format!(
            "turn it on (it costs): `aws ecs update-cluster-settings --cluster {cluster} \
             --settings name=containerInsights,value=enabled`"
        ))
        .hint("or let the metric function count: `source: lambda`")),
        None => {
            session.note(format!(
                "ECS doesn't report whether Container Insights is on in the cluster {cluster}: without it, service {service} is never scaled"
            ));
            Ok(())
        }
    }
}

/// Checks that the services exist, because creating a scalable target for a missing service fails halfway.
pub(super) async fn check_services(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let found = described::describe(session, list_existing(stack)).await?;
    if let Some(missing) = found.missing_clusters.first() {
        return Err(explain_absence(session, &format!("cluster {missing}")));
    }
    let active: BTreeSet<(&str, &str)> = found
        .services
        .iter()
        .filter(|(_, service)| service.status() == Some("ACTIVE"))
        .filter_map(|(cluster, service)| Some((cluster.as_str(), service.service_name()?)))
        .collect();
    match list_existing(stack).find(|name| !active.contains(name)) {
        None => Ok(()),
        Some((cluster, missing)) => Err(explain_absence(
            session,
            &format!("service {cluster}/{missing}"),
        )),
    }
}

/// Returns the cluster and name of each service that the stack only measures and scales.
fn list_existing(stack: &Stack) -> impl Iterator<Item = (&str, &str)> {
    stack
        .services
        .values()
        .filter_map(|service| match &service.source {
            ServiceSource::Existing { cluster, service } => {
                Some((cluster.as_str(), service.as_str()))
            }
            ServiceSource::Create(_) => None,
        })
}

fn explain_absence(session: &Session<'_>, what: &str) -> Error {
    let region = session.clients.region();
    Error::failed(format!("the {what} does not exist in {region}"))
        .hint("check its name, --profile and --region")
}
