//! Services, clusters, and capacity providers of ECS.

use aws_sdk_ecs::operation::describe_clusters::DescribeClustersError;
use aws_sdk_ecs::types::{
    CapacityProvider, CapacityProviderStatus, CapacityProviderStrategyItem, Cluster, ClusterField,
    DeploymentConfiguration, NetworkConfiguration, Service,
};
use serde_json::{Value, json};
use template::contract::types;

use crate::described::{describe_by_arn, service_connect_of};
use crate::error::{Result, unless_denied};
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties, explain};

pub(super) async fn read_services(
    session: &Session<'_>,
    all: &[Intended],
) -> Result<Vec<(Intended, Live)>> {
    let services: Vec<&Intended> = all
        .iter()
        .filter(|one| one.resource_type == types::SERVICE)
        .collect();
    let arns = services.iter().map(|service| service.physical_id.as_str());
    let found = unless_denied(describe_by_arn(session, arns).await)?;
    let live = |service: &Intended| {
        let found = match &found {
            Ok(found) => found,
            Err(denied) => return Live::Unchecked(denied.clone()),
        };
        let found = found.get(service.physical_id.as_str());
        let found = found.filter(|one| one.status().is_none_or(|status| status == "ACTIVE"));
        found.map_or(Live::Missing, convert_service)
    };
    Ok(services
        .into_iter()
        .map(|service| (service.clone(), live(service)))
        .collect())
}

/// Returns a service as found.
pub(crate) fn convert_service(service: &Service) -> Live {
    let strategy = convert_strategy(service.capacity_provider_strategy());
    let balancers: Vec<Value> = service
        .load_balancers()
        .iter()
        .map(|balancer| {
            Properties::default()
                .set("ContainerName", balancer.container_name())
                .set("ContainerPort", balancer.container_port())
                .set("TargetGroupArn", balancer.target_group_arn())
                .object()
        })
        .collect();
    let deployment = service.deployment_configuration().map(convert_deployment);
    let network = service.network_configuration().and_then(convert_network);
    // Not the namespace, which ECS might return in another form than it was given.
    let connect =
        service_connect_of(service).map(|connect| json!({ "Enabled": connect.enabled() }));
    let propagates = service.propagate_tags().map(|source| source.as_str());
    Properties::default()
        .set("TaskDefinition", service.task_definition())
        .set(
            "LaunchType",
            service.launch_type().map(|kind| kind.as_str()),
        )
        .set("CapacityProviderStrategy", Some(strategy))
        .set("LoadBalancers", Some(balancers))
        .set(
            "HealthCheckGracePeriodSeconds",
            service.health_check_grace_period_seconds(),
        )
        .set("DeploymentConfiguration", deployment)
        .set("NetworkConfiguration", network)
        .set("ServiceConnectConfiguration", connect)
        .set("PropagateTags", propagates)
        .set(
            "EnableExecuteCommand",
            Some(service.enable_execute_command()),
        )
        .set(
            "EnableECSManagedTags",
            Some(service.enable_ecs_managed_tags()),
        )
        .found()
}

fn convert_strategy(strategy: &[CapacityProviderStrategyItem]) -> Vec<Value> {
    let item = |item: &CapacityProviderStrategyItem| {
        json!({
            "CapacityProvider": item.capacity_provider(),
            "Weight": item.weight(),
            "Base": item.base(),
        })
    };
    strategy.iter().map(item).collect()
}

fn convert_deployment(deployment: &DeploymentConfiguration) -> Value {
    let breaker = deployment.deployment_circuit_breaker();
    let breaker = breaker.map(|it| json!({ "Enable": it.enable(), "Rollback": it.rollback() }));
    let alarms = deployment.alarms().map(|it| {
        json!({ "AlarmNames": it.alarm_names(), "Enable": it.enable(), "Rollback": it.rollback() })
    });
    Properties::default()
        .set("Alarms", alarms)
        .set("MaximumPercent", deployment.maximum_percent())
        .set(
            "MinimumHealthyPercent",
            deployment.minimum_healthy_percent(),
        )
        .set("DeploymentCircuitBreaker", breaker)
        .object()
}

fn convert_network(network: &NetworkConfiguration) -> Option<Value> {
    let network = network.awsvpc_configuration()?;
    let assigns = network.assign_public_ip().map(|assigns| assigns.as_str());
    let awsvpc = Properties::default()
        .set("Subnets", Some(network.subnets().to_vec()))
        .set("SecurityGroups", Some(network.security_groups().to_vec()))
        .set("AssignPublicIp", assigns)
        .object();
    Some(json!({ "AwsvpcConfiguration": awsvpc }))
}

/// A cluster, or its association with capacity providers. Ignores manual additions to either.
pub(super) async fn read_cluster(session: &Session<'_>, one: &Intended) -> Result<Live> {
    let name = match one.resource_type.as_str() {
        types::CLUSTER => one.physical_id.as_str(),
        _ => one.text("Cluster"),
    };
    let request = session.clients.ecs.describe_clusters().clusters(name);
    let reply = match request.include(ClusterField::Settings).send().await {
        Ok(reply) => reply,
        Err(error) => {
            let none = |_: &DescribeClustersError| false;
            return explain(error, &format!("read the cluster {name}"), none);
        }
    };
    let mut found = reply.clusters.unwrap_or_default().into_iter();
    let active = found.find(|cluster| cluster.status().is_none_or(|status| status == "ACTIVE"));
    Ok(active.map_or(Live::Missing, |cluster| convert_cluster(one, &cluster)))
}

fn convert_cluster(one: &Intended, cluster: &Cluster) -> Live {
    let wanted = one.items("ClusterSettings");
    let is_wanted = |setting: &Value| {
        let named = |wanted: &Value| wanted.get("Name") == setting.get("Name");
        wanted.iter().any(named)
    };
    let settings = cluster.settings().iter().map(|setting| {
        json!({
            "Name": setting.name().map(|name| name.as_str()),
            "Value": setting.value(),
        })
    });
    let settings: Vec<Value> = settings.filter(is_wanted).collect();
    let wanted = one.items("CapacityProviders");
    let providers = cluster.capacity_providers().iter();
    let providers: Vec<Value> = providers
        .map(|provider| Value::from(provider.as_str()))
        .filter(|provider| wanted.contains(provider))
        .collect();
    Properties::default()
        .set(
            "ClusterSettings",
            (!settings.is_empty()).then_some(settings),
        )
        .set("CapacityProviders", Some(providers))
        .set(
            "DefaultCapacityProviderStrategy",
            Some(convert_strategy(
                cluster.default_capacity_provider_strategy(),
            )),
        )
        .found()
}

pub(super) async fn read_provider(session: &Session<'_>, one: &Intended) -> Result<Live> {
    let name = &one.physical_id;
    let request = session.clients.ecs.describe_capacity_providers();
    let reply = request.capacity_providers(name).send().await;
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) => {
            let doing = format!("read the capacity provider {name}");
            return explain(error, &doing, |_| false);
        }
    };
    let found = reply
        .capacity_providers()
        .iter()
        .find(|provider| provider.status() != Some(&CapacityProviderStatus::Inactive));
    Ok(found.map_or(Live::Missing, |found| convert_provider(one, found)))
}

fn convert_provider(one: &Intended, provider: &CapacityProvider) -> Live {
    let Some(group) = provider.auto_scaling_group_provider() else {
        return Properties::default().found();
    };
    let scaling = group.managed_scaling().map(|scaling| {
        Properties::default()
            .set("Status", scaling.status().map(|status| status.as_str()))
            .set("TargetCapacity", scaling.target_capacity())
            .object()
    });
    // The template contains the group's name, and ECS returns its ARN.
    let name = one.properties.get("AutoScalingGroupProvider");
    let name = name
        .and_then(|group| group.get("AutoScalingGroupArn"))
        .cloned();
    let arn = group.auto_scaling_group_arn();
    let is_it = name.as_ref().and_then(Value::as_str);
    let is_it = is_it.is_some_and(|name| arn.ends_with(&format!("/{name}")));
    let arn = name.filter(|_| is_it).unwrap_or_else(|| Value::from(arn));
    let draining = group.managed_draining().map(|it| it.as_str());
    let protection = group.managed_termination_protection().map(|it| it.as_str());
    let group = Properties::default()
        .set("AutoScalingGroupArn", Some(arn))
        .set("ManagedScaling", scaling)
        .set("ManagedDraining", draining)
        .set("ManagedTerminationProtection", protection)
        .object();
    Properties::default()
        .set("AutoScalingGroupProvider", Some(group))
        .found()
}
