//! Where the services run: the network, and the load balancers in it.

use crate::findings::{Finding, Findings};
use crate::model::{LoadBalancer, Network, Service, ServiceSource, Stack};

/// Port of HTTP.
const HTTP: u16 = 80;
/// Port of HTTPS.
const HTTPS: u16 = 443;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    check_task_network(stack, findings);
    check_unused_network(stack, findings);
    for (key, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        if let Some(balancer) = &spec.load_balancer {
            let path = format!("services.{key}.load_balancer");
            check_subnets(&stack.network, balancer, &path, findings);
            check_scheme(balancer, &path, findings);
            check_openness(balancer, &path, findings);
        }
    }
}

/// A load balancer that the internet reaches, and that encrypts nothing.
fn check_openness(balancer: &LoadBalancer, path: &str, findings: &mut Findings) {
    if balancer.internal || balancer.certificate.is_some() {
        return;
    }
    let finding = Finding::warning("the load balancer is open to the internet without encryption")
        .at_key(path, "HTTP, from everywhere")
        .help(
            "add `certificate: ARN` for HTTPS, or `internal: true` to keep it inside the network",
        );
    findings.report(finding);
}

fn check_task_network(stack: &Stack, findings: &mut Findings) {
    if let Network::Existing {
        vpc: None,
        security_groups,
        ..
    } = &stack.network
        && security_groups.is_empty()
    {
        let finding = Finding::error("neither `vpc` nor `security_groups` is given")
            .at_key("network", "needs one of them")
            .help("add `vpc: vpc-…`, in which the stack makes a security group, or name `security_groups`");
        let refused = ["network.vpc", "network.security_groups"];
        if !refused.iter().any(|path| findings.is_refused_within(path)) {
            findings.report(finding);
        }
    }
}

/// What is said of the created services' place, where none is created.
fn check_unused_network(stack: &Stack, findings: &mut Findings) {
    let creates = |service: &Service| matches!(service.source, ServiceSource::Create(_));
    if stack.services.is_empty() || stack.services.values().any(creates) {
        return;
    }
    for key in ["network", "cluster"]
        .into_iter()
        .filter(|key| findings.is_given(key))
        .collect::<Vec<_>>()
    {
        let finding = Finding::warning(format!("`{key}` isn't used"))
            .at_key(key, "nothing runs there")
            .help("every service here is somebody else's: leave it out");
        findings.report(finding);
    }
}

/// A load balancer stands in subnets of two availability zones, and its target group in a VPC.
/// Source: Elastic Load Balancing API, `CreateLoadBalancer`, `CreateTargetGroup`.
fn check_subnets(network: &Network, balancer: &LoadBalancer, path: &str, findings: &mut Findings) {
    let own = format!("{path}.subnets");
    let Network::Existing {
        vpc,
        subnets,
        security_groups,
        ..
    } = network
    else {
        if !balancer.subnets.is_empty() {
            let finding = Finding::error("the load balancer's subnets aren't in the stack's VPC")
                .at(own, "of another VPC")
                .at("network", "a VPC of the stack's own")
                .help("leave `subnets` out, or name the VPC and its subnets in `network`");
            findings.report(finding);
        }
        return;
    };
    if vpc.is_none() {
        let finding = Finding::error("the load balancer needs `vpc`")
            .at_key(path, "stands in a VPC")
            .at_key("network", "names none")
            .help("add `vpc: vpc-…` to `network`");
        if !findings.is_refused("network.vpc") {
            findings.report(finding);
        }
    }
    if balancer.subnets.is_empty() && subnets.len() < 2 {
        let finding = Finding::error("the load balancer needs two subnets")
            .at_key(path, "stands in two availability zones")
            .at("network.subnets", format!("{} of two", subnets.len()))
            .help("name a subnet of another availability zone in `network`, or give the load balancer `subnets` of its own");
        findings.report(finding);
    }
    if !security_groups.is_empty() {
        let finding = Finding::warning("the load balancer reaches the tasks only if their security groups let it")
            .at_key(path, "sends requests to the tasks")
            .at("network.security_groups", "somebody else's, and left as they are")
            .help("let them take connections from within the VPC, or leave `security_groups` out: the stack's own group lets the load balancer in");
        findings.report(finding);
    }
}

/// HTTP where browsers expect HTTPS, and the other way round.
fn check_scheme(balancer: &LoadBalancer, path: &str, findings: &mut Findings) {
    let (speaks, expected, help) = match (balancer.listener, &balancer.certificate) {
        (HTTPS, None) => ("HTTP", "HTTPS", "add a `certificate`, or listen on port 80"),
        (HTTP, Some(_)) => (
            "HTTPS",
            "HTTP",
            "leave `listener` out: with a certificate it is 443",
        ),
        _ => return,
    };
    let finding = Finding::warning(format!(
        "the load balancer speaks {speaks} where clients expect {expected}"
    ))
    .at(
        format!("{path}.listener"),
        format!("the port of {expected}"),
    )
    .help(help);
    findings.report(finding);
}
