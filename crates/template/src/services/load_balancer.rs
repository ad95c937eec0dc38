//! Application Load Balancers in front of created services, and their security groups.

use serde_json::{Value, json};
use stack::{LoadBalancer, ServiceSpec};

use crate::builder::{Builder, Resource};
use crate::cluster::network::Placement;
use crate::contract::types;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedService};
use crate::text::{attribute, reference};
use crate::{limits, names};

/// The policy that AWS recommends: TLS 1.2 with forward secrecy and TLS 1.3, both also with a key exchange that
/// resists quantum computers. Without it, CloudFormation would use a policy from 2016 with TLS 1.0. Source:
/// Application Load Balancers, "Security policies for your Application Load Balancer".
const TLS_POLICY: &str = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09";

/// Docker's range for the host port of a container port. Source: Amazon ECS API, `PortMapping$hostPort`.
const DYNAMIC_PORTS: (u16, u16) = (32_768, 65_535);

/// Interval and timeout of health checks.
const CHECK_SECONDS: (u32, u32) = (10, 5);
/// Checks in a row that make a target healthy: a new task serves after 20 s.
const HEALTHY_CHECKS: u32 = 2;
/// Checks in a row that make a target unhealthy: a broken task is removed after 30 s.
const UNHEALTHY_CHECKS: u32 = 3;

/// How long ECS ignores the health checks of a new task. Without it, a container that starts more slowly than it
/// becomes unhealthy is killed repeatedly.
pub(crate) const GRACE_SECONDS: u32 = 60;

pub(crate) fn add(
    builder: &mut Builder,
    resolved: &Resolved<'_>,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    let services = resolved.services.iter();
    let balanced: Vec<_> = services
        .filter_map(|service| Some((service, service.spec()?, service.load_balancer()?)))
        .collect();
    let Some((first, ..)) = balanced.first() else {
        return Ok(());
    };
    let groups = placement.security_groups.len();
    if groups >= limits::SECURITY_GROUPS {
        return Err(SynthesisError::TooManySecurityGroups { groups });
    }
    let on_instances = resolved.stack.cluster.is_on_instances();
    if on_instances {
        let vpc = find_vpc(placement, first.short)?;
        let group = quiet_group("EC2 instances: in from the load balancers alone", vpc);
        builder.add(names::INSTANCE_SECURITY_GROUP, group)?;
    }
    for (service, spec, (balancer, port)) in balanced {
        let targets = Targets::new(service, port, on_instances);
        add_groups(builder, service, balancer, &targets, placement)?;
        add_load_balancer(builder, service, balancer, placement)?;
        add_target_group(builder, service, spec, balancer, &targets, placement)?;
        add_listener(builder, service, balancer)?;
    }
    Ok(())
}

/// The security group that a service's tasks need in addition to their others, if tasks have their own: tasks on
/// instances have those of the instances.
pub(crate) fn task_group(resolved: &Resolved<'_>, service: &ResolvedService<'_>) -> Option<Value> {
    service.load_balancer()?;
    (!resolved.stack.cluster.is_on_instances())
        .then(|| attribute(&names::target_security_group(service.short), "GroupId"))
}

/// `LoadBalancers` of a service behind a load balancer.
pub(crate) fn service_targets(service: &ResolvedService<'_>) -> Option<Value> {
    let (_, port) = service.load_balancer()?;
    Some(json!([{
        "ContainerName": service.short,
        "ContainerPort": port,
        "TargetGroupArn": reference(&service.target_group()),
    }]))
}

/// The port of each target group. ECS registers each task with the task's port, so this one is never used. It is
/// constant because changing it replaces the group, and the listener would forward to an empty group until new
/// tasks are healthy. Source: Elastic Load Balancing API, `CreateTargetGroup$Port`.
const GROUP_PORT: u16 = 80;

/// First and last port to which a load balancer can connect. Its targets allow only their own port, in a separate
/// rule, so both old and new tasks can be reached while a port changes.
const ALL_PORTS: (u16, u16) = (1, 65_535);

/// The targets of a load balancer.
struct Targets {
    kind: &'static str,
    /// Security group of the tasks or instances.
    group: String,
    /// First and last port on which they listen.
    ports: (u16, u16),
}

impl Targets {
    fn new(service: &ResolvedService<'_>, port: u16, on_instances: bool) -> Self {
        if on_instances {
            Self {
                kind: "instance",
                group: names::INSTANCE_SECURITY_GROUP.to_owned(),
                ports: DYNAMIC_PORTS,
            }
        } else {
            Self {
                kind: "ip",
                group: names::target_security_group(service.short),
                ports: (port, port),
            }
        }
    }
}

fn find_vpc(placement: &Placement, service: &str) -> Result<Value, SynthesisError> {
    let unknown = || SynthesisError::UnknownVpc {
        service: service.to_owned(),
    };
    placement.vpc.clone().ok_or_else(unknown)
}

/// A security group without egress; the other groups of its resource define the egress. EC2 allows all egress for a
/// group without a rule, so this group has a rule without a real destination.
fn quiet_group(description: &str, vpc: Value) -> Resource {
    let properties = json!({
        "GroupDescription": description,
        "VpcId": vpc,
        "SecurityGroupEgress": [{
            "IpProtocol": "-1",
            "CidrIp": "127.0.0.1/32",
            "Description": "Nothing by this group",
        }],
    });
    Resource::new("AWS::EC2::SecurityGroup", properties)
}

/// The internet (or the VPC) can reach the listener's port, the load balancer can reach its targets, and nothing
/// else can.
fn add_groups(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    balancer: &LoadBalancer,
    targets: &Targets,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    let short = service.short;
    let vpc = find_vpc(placement, short)?;
    if targets.group != names::INSTANCE_SECURITY_GROUP {
        let group = quiet_group("Tasks: in from their load balancer alone", vpc.clone());
        builder.add(&targets.group, group)?;
    }
    let sources = match (balancer.allow_from.as_slice(), balancer.internal) {
        ([], true) => placement.inside.clone(),
        ([], false) => vec!["0.0.0.0/0".into()],
        (blocks, _) => blocks.iter().map(|block| json!(block)).collect(),
    };
    let redirected = balancer.redirect_http.then_some(HTTP);
    let ports = [Some(balancer.listener), redirected];
    let ingress = ports.into_iter().flatten().flat_map(|port| {
        sources.iter().map(
            move |source| json!({ "IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": source, "Description": "Requests to the listener" }),
        )
    });
    let target = attribute(&targets.group, "GroupId");
    let (first, last) = targets.ports;
    let properties = json!({
        "GroupDescription": "Load balancer: in by its listener, out to its targets alone",
        "VpcId": vpc,
        "SecurityGroupIngress": ingress.collect::<Vec<_>>(),
        "SecurityGroupEgress": [{
            "IpProtocol": "tcp",
            "FromPort": ALL_PORTS.0,
            "ToPort": ALL_PORTS.1,
            "DestinationSecurityGroupId": target,
            "Description": "Requests and health checks to the targets",
        }],
    });
    let id = names::load_balancer_security_group(short);
    builder.add(&id, Resource::new("AWS::EC2::SecurityGroup", properties))?;
    // A separate resource: as part of the targets' group, the two groups would wait for each other.
    let properties = json!({
        "GroupId": target,
        "IpProtocol": "tcp",
        "FromPort": first,
        "ToPort": last,
        "SourceSecurityGroupId": attribute(&id, "GroupId"),
        "Description": format!("Requests and health checks from the load balancer of service {short}"),
    });
    builder.add(
        names::target_ingress(short),
        Resource::new("AWS::EC2::SecurityGroupIngress", properties),
    )
}

fn add_load_balancer(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    balancer: &LoadBalancer,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    let short = service.short;
    let subnets: Vec<Value> = match balancer.subnets.as_slice() {
        [] => placement.subnets.clone(),
        own => own.iter().map(|subnet| json!(subnet)).collect(),
    };
    if subnets.len() < 2 {
        let service = short.to_owned();
        return Err(SynthesisError::TooFewSubnets { service });
    }
    let scheme = if balancer.internal {
        "internal"
    } else {
        "internet-facing"
    };
    let group = attribute(&names::load_balancer_security_group(short), "GroupId");
    let properties = json!({
        "Type": "application",
        "Scheme": scheme,
        "Subnets": subnets,
        "SecurityGroups": [group],
        "LoadBalancerAttributes": list_attributes(balancer),
        "Tags": [{ "Key": names::NAME_TAG, "Value": short }],
    });
    let resource = Resource::new(types::LOAD_BALANCER, properties)
        .depends_on(placement.depends_on.iter().cloned());
    builder.add(names::load_balancer(short), resource)?;
    let Some(waf) = &balancer.waf else {
        return Ok(());
    };
    let properties =
        json!({ "ResourceArn": reference(&names::load_balancer(short)), "WebACLArn": waf });
    builder.add(
        names::web_acl_association(short),
        Resource::new("AWS::WAFv2::WebACLAssociation", properties),
    )
}

/// Source: Elastic Load Balancing API, `LoadBalancerAttribute`.
fn list_attributes(balancer: &LoadBalancer) -> Vec<Value> {
    let attribute = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    // Invalid headers that no proxy should forward are used to smuggle requests past a proxy.
    let always = attribute("routing.http.drop_invalid_header_fields.enabled", "true");
    let logs = balancer.access_logs.iter().flat_map(|bucket| {
        [
            attribute("access_logs.s3.enabled", "true"),
            attribute("access_logs.s3.bucket", bucket),
        ]
    });
    let protection = balancer
        .deletion_protection
        .then(|| attribute("deletion_protection.enabled", "true"));
    let all = std::iter::once(always).chain(logs).chain(protection);
    all.collect()
}

/// Source: Elastic Load Balancing API, `TargetGroupAttribute`, `deregistration_delay.timeout_seconds`.
const LONGEST_DELAY: u64 = 3_600;

/// Requests in progress have as long to finish as the container has to stop: ECS first removes a task from the load
/// balancer, waits for this delay, and then sends SIGTERM.
fn add_target_group(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    spec: &ServiceSpec,
    balancer: &LoadBalancer,
    targets: &Targets,
    placement: &Placement,
) -> Result<(), SynthesisError> {
    let delay = spec.stop_timeout.as_secs().min(LONGEST_DELAY).to_string();
    let (interval, timeout) = CHECK_SECONDS;
    let properties = json!({
        "TargetType": targets.kind,
        "Protocol": "HTTP",
        "Port": GROUP_PORT,
        "VpcId": find_vpc(placement, service.short)?,
        "HealthCheckProtocol": "HTTP",
        "HealthCheckPort": "traffic-port",
        "HealthCheckPath": balancer.health_check,
        "HealthCheckIntervalSeconds": interval,
        "HealthCheckTimeoutSeconds": timeout,
        "HealthyThresholdCount": HEALTHY_CHECKS,
        "UnhealthyThresholdCount": UNHEALTHY_CHECKS,
        // A front page that redirects to its login page is also healthy.
        "Matcher": { "HttpCode": "200-399" },
        "TargetGroupAttributes": [
            { "Key": "deregistration_delay.timeout_seconds", "Value": delay },
        ],
        "Tags": [{ "Key": names::NAME_TAG, "Value": service.short }],
    });
    builder.add(
        service.target_group(),
        Resource::new(types::TARGET_GROUP, properties),
    )
}

/// HTTP port.
const HTTP: u16 = 80;

/// Redirects HTTP clients to the same address with HTTPS.
fn redirect(short: &str, port: u16) -> Resource {
    let to = json!({ "Protocol": "HTTPS", "Port": port.to_string(), "StatusCode": "HTTP_301" });
    let properties = json!({
        "LoadBalancerArn": reference(&names::load_balancer(short)),
        "Port": HTTP,
        "Protocol": "HTTP",
        "DefaultActions": [{ "Type": "redirect", "RedirectConfig": to }],
    });
    // The other listener might have to give up port 80 first.
    Resource::new(types::LISTENER, properties).depends_on([names::listener(short)])
}

fn add_listener(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    balancer: &LoadBalancer,
) -> Result<(), SynthesisError> {
    let short = service.short;
    let mut properties = json!({
        "LoadBalancerArn": reference(&names::load_balancer(short)),
        "Port": balancer.listener,
        "Protocol": "HTTP",
        "DefaultActions": [
            { "Type": "forward", "TargetGroupArn": reference(&service.target_group()) },
        ],
    });
    if let (Some(map), Some(certificate)) = (properties.as_object_mut(), &balancer.certificate) {
        map.insert("Protocol".into(), "HTTPS".into());
        map.insert(
            "Certificates".into(),
            json!([{ "CertificateArn": certificate }]),
        );
        let policy = balancer.tls_policy.as_deref().unwrap_or(TLS_POLICY);
        map.insert("SslPolicy".into(), policy.into());
    }
    if balancer.redirect_http {
        builder.add(
            names::redirect_listener(short),
            redirect(short, balancer.listener),
        )?;
    }
    builder.add(
        names::listener(short),
        Resource::new(types::LISTENER, properties),
    )
}
