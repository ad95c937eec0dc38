//! Clusters of ECS, and their capacity providers.

use aws_sdk_ecs::types::{Cluster, ClusterSetting, Tag};

use crate::error::{Result, aws};
use crate::session::Session;

use super::broken::Broken;
use super::services::strategy;

/// The properties with which a cluster is recreated.
const MADE: [&str; 3] = ["ClusterName", "ClusterSettings", "Tags"];

/// Recreates the cluster under its name, or restores its settings. Its services and capacity providers are separate
/// parts.
pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let client = &session.clients.ecs;
    let settings = broken.given().at("ClusterSettings").items().map(|setting| {
        ClusterSetting::builder()
            .set_name(setting.at("Name").text().map(|name| name.as_str().into()))
            .set_value(setting.at("Value").text())
            .build()
    });
    let settings = Some(settings.collect());
    if !broken.is_missing() {
        let request = client.update_cluster_settings().cluster(name);
        let sent = request.set_settings(settings).send().await;
        return sent
            .map(drop)
            .map_err(aws(format!("set the cluster {name}")));
    }
    broken.require_known(&MADE)?;
    broken.note(session, format!("recreating the cluster {name}"));
    let tags = broken.tags_as(|(key, value)| Some(Tag::builder().key(key).value(value).build()));
    let request = client.create_cluster().cluster_name(name);
    let request = request.set_settings(settings);
    let sent = request.set_tags(tags).send().await;
    sent.map(drop)
        .map_err(aws(format!("recreate the cluster {name}")))
}

/// Restores the capacity providers of a cluster.
pub(super) async fn repair_providers(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let cluster = broken.part.text("Cluster");
    let given = broken.given();
    let mut providers = given.at("CapacityProviders").texts();
    let is_fargate = |provider: &String| provider.starts_with("FARGATE");
    if broken.is_missing() && !providers.iter().all(is_fargate) {
        broken.note(
            session,
            format!(
                "the container instances of {cluster} don't register again: replace them by an instance refresh of \
                 their Auto Scaling group"
            ),
        );
    }
    // The request replaces the whole list, so it must keep providers that other users attached.
    let request = session.clients.ecs.describe_clusters().clusters(cluster);
    let reply = request.send().await;
    let reply = reply.map_err(aws(format!("read the cluster {cluster}")))?;
    let attached = reply
        .clusters()
        .iter()
        .flat_map(Cluster::capacity_providers);
    for provider in attached {
        if !providers.contains(provider) {
            providers.push(provider.clone());
        }
    }
    let defaults = strategy(given.at("DefaultCapacityProviderStrategy"));
    let request = session.clients.ecs.put_cluster_capacity_providers();
    let sent = request
        .cluster(cluster)
        .set_capacity_providers(Some(providers))
        .set_default_capacity_provider_strategy(Some(defaults))
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("set the capacity providers of {cluster}")))
}
