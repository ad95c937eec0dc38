//! Services of ECS.

use aws_sdk_ecs::types::{
    AwsVpcConfiguration, CapacityProviderStrategyItem, DeploymentAlarms, DeploymentCircuitBreaker,
    DeploymentConfiguration, LoadBalancer, LogConfiguration, MetricConfiguration,
    MonitoringConfiguration, NetworkConfiguration, ServiceConnectConfiguration, Tag,
};

use crate::described::{cluster_of, name_of};
use crate::error::{Result, aws};
use crate::session::Session;

use super::broken::Broken;
use super::given::Given;

/// Recreates the service under its name, or restores its properties. Returns `false` if the launch type differs, which
/// ECS can't change.
pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<bool> {
    if broken.is_missing() {
        return make(session, broken).await.map(|()| true);
    }
    if broken.is_different("LaunchType") {
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
        .set_network_configuration(changed("NetworkConfiguration").and_then(network))
        .set_load_balancers(changed("LoadBalancers").map(load_balancers))
        .set_service_connect_configuration(
            changed("ServiceConnectConfiguration").and_then(connection),
        )
        .set_health_check_grace_period_seconds(
            changed("HealthCheckGracePeriodSeconds").and_then(Given::int),
        )
        .set_enable_ecs_managed_tags(changed("EnableECSManagedTags").and_then(Given::flag))
        .set_enable_execute_command(changed("EnableExecuteCommand").and_then(Given::flag))
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

/// The properties that [`make`] sets, and the one that a new service doesn't need.
const MADE: [&str; 18] = [
    "AvailabilityZoneRebalancing",
    "CapacityProviderStrategy",
    "Cluster",
    "DeploymentConfiguration",
    "DesiredCount",
    "EnableECSManagedTags",
    "EnableExecuteCommand",
    "ForceNewDeployment",
    "HealthCheckGracePeriodSeconds",
    "LaunchType",
    "LoadBalancers",
    "Monitoring",
    "NetworkConfiguration",
    "PropagateTags",
    "ServiceConnectConfiguration",
    "ServiceName",
    "Tags",
    "TaskDefinition",
];

/// Recreates the service. Its ARN consists of the cluster and the name, so it is the same that CloudFormation lists. A
/// scaled service starts with one task, as CloudFormation creates it, and is scaled from there. ECS refuses the name
/// until the tasks of the deleted service have stopped.
async fn make(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let arn = &broken.part.physical_id;
    broken.require_known(&MADE)?;
    broken.note(session, format!("recreating the service {}", name_of(arn)));
    let given = broken.given();
    let text = |property: &str| given.at(property).text();
    let tags = broken.tags_as(|(key, value)| Some(Tag::builder().key(key).value(value).build()));
    let strategy = strategy(given.at("CapacityProviderStrategy"));
    let request = session.clients.ecs.create_service();
    let sent = request
        .cluster(cluster_of(arn))
        .service_name(name_of(arn))
        .set_task_definition(text("TaskDefinition"))
        .desired_count(given.at("DesiredCount").int().unwrap_or(1))
        .set_launch_type(text("LaunchType").map(|kind| kind.as_str().into()))
        .set_capacity_provider_strategy((!strategy.is_empty()).then_some(strategy))
        .deployment_configuration(deployment(given.at("DeploymentConfiguration")))
        .set_network_configuration(network(given.at("NetworkConfiguration")))
        .set_load_balancers(Some(load_balancers(given.at("LoadBalancers"))))
        .set_health_check_grace_period_seconds(given.at("HealthCheckGracePeriodSeconds").int())
        .set_enable_ecs_managed_tags(given.at("EnableECSManagedTags").flag())
        .set_enable_execute_command(given.at("EnableExecuteCommand").flag())
        .set_propagate_tags(text("PropagateTags").map(|source| source.as_str().into()))
        .set_monitoring(monitoring(given.at("Monitoring")))
        .set_service_connect_configuration(connection(given.at("ServiceConnectConfiguration")))
        .set_availability_zone_rebalancing(
            text("AvailabilityZoneRebalancing").map(|way| way.as_str().into()),
        )
        .set_tags(tags)
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("recreate the service {}", name_of(arn))))
}

/// Returns how often ECS measures which metrics of the service.
fn monitoring(given: Given<'_>) -> Option<MonitoringConfiguration> {
    let metrics = given.at("MetricConfigurations").items().filter_map(|item| {
        MetricConfiguration::builder()
            .set_metric_names(Some(item.at("MetricNames").texts()))
            .resolution_seconds(item.at("ResolutionSeconds").int()?)
            .build()
            .ok()
    });
    let monitoring = MonitoringConfiguration::builder();
    let monitoring = monitoring.set_metric_configurations(Some(metrics.collect()));
    given.is_set().then(|| monitoring.build())
}

pub(super) fn strategy(given: Given<'_>) -> Vec<CapacityProviderStrategyItem> {
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
        .set_alarms(alarms(given.at("Alarms")))
        .build()
}

/// Returns the alarms that roll a deployment back, if there are any.
fn alarms(given: Given<'_>) -> Option<DeploymentAlarms> {
    let alarms = DeploymentAlarms::builder()
        .set_alarm_names(Some(given.at("AlarmNames").texts()))
        .enable(given.at("Enable").flag()?)
        .rollback(given.at("Rollback").flag()?);
    alarms.build().ok()
}

/// Returns a client of Service Connect, or none that is off.
fn connection(given: Given<'_>) -> Option<ServiceConnectConfiguration> {
    let logs = given.at("LogConfiguration");
    let options = logs.at("Options").entries();
    let options = options.filter_map(|(name, value)| Some((name.clone(), value.text()?)));
    let driver = logs.at("LogDriver").text();
    let driver = driver.map(|driver| {
        let logs = LogConfiguration::builder().log_driver(driver.as_str().into());
        logs.set_options(Some(options.collect())).build().ok()
    });
    let connection = ServiceConnectConfiguration::builder()
        .enabled(given.at("Enabled").flag()?)
        .set_namespace(given.at("Namespace").text())
        .set_log_configuration(driver.flatten());
    Some(connection.build())
}

/// Returns `None` if it isn't set, or isn't for `awsvpc`.
fn network(given: Given<'_>) -> Option<NetworkConfiguration> {
    let given = given.at("AwsvpcConfiguration");
    let assigns = given.at("AssignPublicIp").text();
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(given.at("Subnets").texts()))
        .set_security_groups(Some(given.at("SecurityGroups").texts()))
        .set_assign_public_ip(assigns.map(|assigns| assigns.as_str().into()))
        .build()
        .ok()?;
    let network = NetworkConfiguration::builder().awsvpc_configuration(network);
    given.is_set().then(|| network.build())
}

fn load_balancers(given: Given<'_>) -> Vec<LoadBalancer> {
    let balancers = given.items().map(|balancer| {
        LoadBalancer::builder()
            .set_target_group_arn(balancer.at("TargetGroupArn").text())
            .set_container_name(balancer.at("ContainerName").text())
            .set_container_port(balancer.at("ContainerPort").int())
            .build()
    });
    balancers.collect()
}
