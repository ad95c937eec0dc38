//! Created services: log group, roles, task definition, and service.

pub(crate) mod connect;
mod container;
mod copilot;
pub(crate) mod deployment;
pub(crate) mod destinations;
pub(crate) mod load_balancer;
mod permissions;
pub(crate) mod secrets;
pub(crate) mod task_roles;
pub(crate) mod volumes;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stack::{Architecture, ServiceSpec, Stack};

use crate::builder::{Builder, Resource};
use crate::cluster::network::Placement;
use crate::contract::types;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedService};
use crate::resources::log_group::add_log_group;
use crate::text::{attribute, reference};
use crate::{cluster, names};
use connect::{SERVICE_CONNECT, render_client};
use container::ContainerParts;
use destinations::SentQueue;

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    for service in &resolved.services {
        if let Some(spec) = service.spec() {
            add_log_group(
                builder,
                resolved.stack,
                names::service_log_group(service.short),
            )?;
            let sent = destinations::list_sent(resolved, service.short, spec)?;
            task_roles::add(builder, resolved.stack, service, spec, &sent)?;
            add_task_definition(builder, resolved.stack, service, spec, &sent)?;
            add_service(builder, resolved, service, spec, placement)?;
        }
    }
    Ok(())
}

/// On the stack's own EC2 instances, the tasks share the instance's address behind a bridge: with their own
/// addresses, they would have no public one, and a small instance would have space for only two tasks. On those of an
/// existing cluster, they have addresses of the definition's network.
fn add_task_definition(
    builder: &mut Builder,
    stack: &Stack,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
    sent: &[SentQueue<'_>],
) -> Result<(), SynthesisError> {
    let short = service.short;
    let architecture = match spec.architecture {
        Architecture::Arm64 => "ARM64",
        Architecture::X86_64 => "X86_64",
    };
    let compatible = match stack.is_on_instances(spec) {
        true => "EC2",
        false => "FARGATE",
    };
    let mode = match stack.cluster.is_on_instances() {
        true => "bridge",
        false => "awsvpc",
    };
    let mut properties = json!({
        "RequiresCompatibilities": [compatible],
        "NetworkMode": mode,
        "Cpu": spec.cpu.to_string(),
        "Memory": spec.memory.to_string(),
        "RuntimePlatform": { "CpuArchitecture": architecture, "OperatingSystemFamily": "LINUX" },
        "ExecutionRoleArn": role_arn(spec.execution_role.as_deref(), &names::execution_role(short)),
        "TaskRoleArn": role_arn(spec.task_role.as_deref(), &names::task_role(short)),
        "ContainerDefinitions": render_containers(stack, service, spec, sent),
    });
    if let (Some(map), Some(size)) = (properties.as_object_mut(), spec.storage) {
        map.insert("EphemeralStorage".into(), json!({ "SizeInGiB": size }));
    }
    if let (Some(map), false) = (properties.as_object_mut(), spec.volumes.is_empty()) {
        map.insert("Volumes".into(), volumes::render_volumes(spec).into());
    }
    let id = names::task_definition(short);
    builder.add(id, Resource::new(types::TASK_DEFINITION, properties))
}

/// An existing role, or else the stack's own role.
fn role_arn(existing: Option<&str>, own: &str) -> Value {
    existing.map_or_else(|| attribute(own, "Arn"), Value::from)
}

fn render_containers(
    stack: &Stack,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
    sent: &[SentQueue<'_>],
) -> Vec<Value> {
    let on_instances = stack.cluster.is_on_instances();
    let log_group = names::service_log_group(service.short);
    let containers = spec.containers().map(|task| {
        let variables = |all: &BTreeMap<String, String>| -> Value {
            let variable = |(name, value)| json!({ "Name": name, "Value": value });
            all.iter().map(variable).collect()
        };
        let parts = ContainerParts {
            name: task.sidecar.unwrap_or(service.short),
            task,
            environment: match task.sidecar {
                Some(_) => variables(task.environment),
                None => render_environment(stack, service, spec, sent),
            },
            log_group: &log_group,
            router: spec.log_router.as_ref(),
        };
        let mut container = parts.render();
        let mounts = volumes::render_mounts(spec, task.sidecar);
        if !mounts.is_empty() {
            container.insert("MountPoints".into(), mounts.into());
        }
        if task.sidecar.is_none() {
            add_to_main(&mut container, spec, on_instances);
        }
        container.into()
    });
    containers.collect()
}

/// The settings that only the service's own container has.
fn add_to_main(container: &mut Map<String, Value>, spec: &ServiceSpec, on_instances: bool) {
    container.insert("StopTimeout".into(), spec.stop_timeout.as_secs().into());
    if let Some(port) = spec.port {
        let mut mapping = json!({ "ContainerPort": port, "Protocol": "tcp" });
        // Any free port of the instance, so that several tasks fit on one.
        if let (Some(mapping), true) = (mapping.as_object_mut(), on_instances) {
            mapping.insert("HostPort".into(), 0.into());
        }
        container.insert("PortMappings".into(), json!([mapping]));
    }
}

/// `QUEUE_URL` (of the first queue), `QUEUE_URL_…` of each, the variables of `sends` and `publishes`, and the
/// definition's own, which win. ECS would accept a name twice, and which of the two then counts isn't documented.
fn render_environment(
    stack: &Stack,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
    sent: &[SentQueue<'_>],
) -> Value {
    let others = destinations::list_variables(sent, spec).into_iter();
    let mut variables: BTreeMap<String, Value> = others.collect();
    for (position, queue) in service.queues.iter().enumerate() {
        variables.insert(names::queue_url_variable(queue.short), queue.url.value());
        if position == 0 {
            variables.insert("QUEUE_URL".to_owned(), queue.url.value());
        }
    }
    if spec.copilot {
        variables.extend(copilot::list_variables(stack, service, spec));
    }
    let own = spec
        .environment
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)));
    variables.extend(own);
    variables.retain(|name, _| !spec.secrets.contains_key(name));
    variables
        .into_iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value }))
        .collect()
}

/// The property by which a service's tasks run commands.
pub(crate) const ENABLE_EXEC: &str = "EnableExecuteCommand";

/// The property that sets how often a service's utilization is measured.
pub(crate) const MONITORING: &str = "Monitoring";

/// Source: AWS::ECS::Service, `MonitoringConfiguration`: 20 or 60 s.
pub(crate) fn render_monitoring(metrics: &[&str], seconds: u32) -> Value {
    json!({ "MetricConfigurations": [{ "MetricNames": metrics, "ResolutionSeconds": seconds }] })
}

/// The metrics every 20 s on which the service scales.
fn list_measured_often(service: &ResolvedService<'_>) -> Vec<&'static str> {
    let Some(scaling) = &service.service.scaling else {
        return Vec::new();
    };
    let policies = [
        ("CPUUtilization", &scaling.cpu),
        ("MemoryUtilization", &scaling.memory),
    ];
    let often = policies
        .into_iter()
        .filter(|(_, policy)| policy.is_some_and(|policy| policy.high_resolution));
    often.map(|(metric, _)| metric).collect()
}

fn add_service(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    let (short, home) = (service.short, &resolved.stack.cluster);
    let mut properties = json!({
        "Cluster": service.cluster.value(),
        "TaskDefinition": reference(&names::task_definition(short)),
        "DeploymentConfiguration": deployment::render(resolved.stack, service, spec),
        "EnableECSManagedTags": true,
        "PropagateTags": "SERVICE",
        "Tags": [{ "Key": names::NAME_TAG, "Value": short }],
    });
    let mut depends_on = placement.depends_on.clone();
    depends_on.extend(cluster::depends_on(home).map(str::to_owned));
    if let Some(map) = properties.as_object_mut() {
        let (property, value) = cluster::placement(resolved.stack, spec);
        map.insert(property.into(), value);
        if !home.is_on_instances() {
            // ECS gives tasks on instances no public address.
            let public = placement.public && !resolved.stack.is_on_instances(spec);
            let group = load_balancer::task_group(resolved, service);
            let awsvpc = placement.awsvpc(public, group);
            let configuration = json!({ "AwsvpcConfiguration": awsvpc });
            map.insert("NetworkConfiguration".into(), configuration);
        }
        let balancers = load_balancer::service_targets(service);
        let is_balanced = balancers.is_some();
        // ECS treats a missing list as "unchanged": after the load balancer's removal, the service would keep
        // registering its tasks with a deleted target group.
        map.insert(
            "LoadBalancers".into(),
            balancers.unwrap_or_else(|| json!([])),
        );
        if is_balanced {
            let grace = load_balancer::GRACE_SECONDS;
            map.insert("HealthCheckGracePeriodSeconds".into(), grace.into());
            // ECS refuses a target group that no listener forwards to.
            depends_on.push(names::listener(short));
        }
        if let Some(namespace) = &spec.service_connect {
            map.insert(SERVICE_CONNECT.into(), render_client(namespace, short));
        }
        if spec.exec {
            map.insert(ENABLE_EXEC.into(), true.into());
        }
        let measured = list_measured_often(service);
        if !measured.is_empty() {
            map.insert(MONITORING.into(), render_monitoring(&measured, 20));
        }
        if let Some(name) = &spec.name {
            map.insert("ServiceName".into(), name.as_str().into());
        }
        // A service with scaling has none, even if the scaling only observes: an update that set it would undo the
        // decisions.
        if service.service.scaling.is_none() {
            map.insert("DesiredCount".into(), service.service.tasks.min.into());
        }
    }
    let resource = Resource::new(types::SERVICE, properties).depends_on(depends_on);
    builder.add(names::service(short), resource)
}
