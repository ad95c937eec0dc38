//! Services and clusters of ECS.

use aws_sdk_ecs::types::{
    CapacityProviderStrategyItem, ClusterSetting, DeploymentCircuitBreaker, DeploymentConfiguration,
};

use crate::described::cluster_of;
use crate::error::{Result, aws};
use crate::session::Session;

use super::broken::Broken;
use super::given::Given;
use template::contract::types;

/// Puts back the properties that don't concern the network. A service that is missing has lost its tasks, and ends as
/// CloudFormation ends it: only a drift-aware change set makes it again.
pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<bool> {
    const FIXED: [&str; 3] = ["LaunchType", "LoadBalancers", "NetworkConfiguration"];
    if broken.is_missing() || FIXED.iter().any(|property| broken.is_different(property)) {
        return Ok(false);
    }
    let part = broken.part;
    let arn = &part.physical_id;
    let given = broken.given();
    let changed = |property: &str| broken.is_different(property).then(|| given.at(property));
    let strategy = changed("CapacityProviderStrategy").map(strategy);
    let definition = changed("TaskDefinition").and_then(Given::text);
    let request = session
        .clients
        .ecs
        .update_service()
        .cluster(cluster_of(arn));
    let sent = request
        .service(arn)
        .set_force_new_deployment(strategy.is_some().then_some(true))
        .set_capacity_provider_strategy(strategy)
        .set_task_definition(definition)
        .set_deployment_configuration(changed("DeploymentConfiguration").map(deployment))
        .set_health_check_grace_period_seconds(
            changed("HealthCheckGracePeriodSeconds").and_then(Given::int),
        )
        .set_enable_ecs_managed_tags(changed("EnableECSManagedTags").and_then(Given::flag))
        .set_propagate_tags(
            changed("PropagateTags")
                .and_then(Given::text)
                .map(|source| source.as_str().into()),
        )
        .send()
        .await;
    sent.map(|_| true)
        .map_err(aws(format!("repair the service {arn}")))
}

fn strategy(given: Given<'_>) -> Vec<CapacityProviderStrategyItem> {
    let items = given.items().filter_map(|item| {
        CapacityProviderStrategyItem::builder()
            .capacity_provider(item.at("CapacityProvider").text()?)
            .weight(item.at("Weight").int().unwrap_or_default())
            .base(item.at("Base").int().unwrap_or_default())
            .build()
            .ok()
    });
    items.collect()
}

fn deployment(given: Given<'_>) -> DeploymentConfiguration {
    let breaker = given.at("DeploymentCircuitBreaker");
    let breaker = breaker.is_set().then(|| {
        DeploymentCircuitBreaker::builder()
            .enable(breaker.at("Enable").flag().unwrap_or_default())
            .rollback(breaker.at("Rollback").flag().unwrap_or_default())
            .build()
    });
    DeploymentConfiguration::builder()
        .set_maximum_percent(given.at("MaximumPercent").int())
        .set_minimum_healthy_percent(given.at("MinimumHealthyPercent").int())
        .set_deployment_circuit_breaker(breaker)
        .build()
}

/// Puts back a cluster's settings, or its capacity providers. A cluster that is missing can't be made again alone.
pub(super) async fn repair_cluster(session: &Session<'_>, broken: &Broken<'_>) -> Result<bool> {
    let part = broken.part;
    if broken.is_missing() {
        return Ok(false);
    }
    let client = &session.clients.ecs;
    let given = broken.given();
    if part.resource_type == types::CLUSTER {
        let settings = given.at("ClusterSettings").items().map(|setting| {
            ClusterSetting::builder()
                .set_name(setting.at("Name").text().map(|name| name.as_str().into()))
                .set_value(setting.at("Value").text())
                .build()
        });
        let request = client.update_cluster_settings().cluster(&part.physical_id);
        let sent = request.set_settings(Some(settings.collect())).send().await;
        return sent
            .map(|_| true)
            .map_err(aws(format!("set the cluster {}", part.physical_id)));
    }
    let cluster = part.text("Cluster");
    let request = client.put_cluster_capacity_providers().cluster(cluster);
    let sent = request
        .set_capacity_providers(Some(given.at("CapacityProviders").texts()))
        .set_default_capacity_provider_strategy(Some(strategy(
            given.at("DefaultCapacityProviderStrategy"),
        )))
        .send()
        .await;
    sent.map(|_| true)
        .map_err(aws(format!("set the capacity providers of {cluster}")))
}
