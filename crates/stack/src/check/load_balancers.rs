//! Load balancers: their subnets, their clients, and their protocols.

use crate::findings::{Finding, Findings};
use crate::model::{LoadBalancer, Network, ServiceSource, Stack};
use crate::path;

/// HTTP port, which redirects clients to HTTPS.
const HTTP: u16 = 80;
/// HTTPS port.
const HTTPS: u16 = 443;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        if let Some(balancer) = &spec.load_balancer {
            let path = format!("{}.load_balancer", path::key("services", key));
            check_subnets(&stack.network, balancer, &path, findings);
            check_scheme(balancer, &path, findings);
            check_openness(balancer, &path, findings);
            check_redirect(&path, balancer, findings);
            check_blocks(&path, balancer, findings);
            check_policy(&path, balancer, findings);
        }
    }
}

fn check_redirect(path: &str, balancer: &LoadBalancer, findings: &mut Findings) {
    if balancer.redirect_http && balancer.certificate.is_some() && balancer.listener == HTTP {
        let finding = Finding::error("port 80 can't both serve and redirect")
            .at(format!("{path}.redirect_http"), "listens on port 80")
            .at(format!("{path}.listener"), "already there")
            .help("remove `listener`: HTTPS uses port 443");
        findings.report(finding);
    }
}

/// EC2 accepts a block only with its first address.
fn check_blocks(path: &str, balancer: &LoadBalancer, findings: &mut Findings) {
    for (index, block) in balancer.allow_from.iter().enumerate() {
        let Some((first, bits)) = parse_block(block) else {
            continue;
        };
        let mask = 32_u32
            .checked_sub(bits)
            .map_or(u32::MAX, |rest| u32::MAX.checked_shl(rest).unwrap_or(0));
        if first & mask == first {
            continue;
        }
        let right = std::net::Ipv4Addr::from(first & mask);
        let finding = Finding::error("the address isn't the first one of its block")
            .at(
                path::item(&format!("{path}.allow_from"), index),
                "inside the block",
            )
            .help(format!("write `{right}/{bits}`"));
        findings.report(finding);
    }
}

fn parse_block(block: &str) -> Option<(u32, u32)> {
    let (address, bits) = block.split_once('/')?;
    let address: std::net::Ipv4Addr = address.parse().ok()?;
    Some((address.into(), bits.parse().ok()?))
}

/// The name of a policy contains the oldest TLS version that clients can use, as in `TLS13-1-2` and `FS-1-2`.
/// Policies without a version in their name start at TLS 1.0. Source: Application Load Balancers, "Security
/// policies for your Application Load Balancer".
fn check_policy(path: &str, balancer: &LoadBalancer, findings: &mut Findings) {
    const SAFE: [&str; 2] = ["-1-2-", "-1-3-"];
    let Some(policy) = &balancer.tls_policy else {
        return;
    };
    if !SAFE.iter().any(|version| policy.contains(version)) {
        let finding = Finding::warning("the policy lets clients use TLS 1.0 or 1.1")
            .at(format!("{path}.tls_policy"), "older than TLS 1.2")
            .help("remove `tls_policy`: the default supports TLS 1.2 and 1.3");
        findings.report(finding);
    }
}

/// A load balancer that is open to the whole internet, and doesn't encrypt.
fn check_openness(balancer: &LoadBalancer, path: &str, findings: &mut Findings) {
    let mut blocks = balancer.allow_from.iter();
    let is_limited = !balancer.allow_from.is_empty() && !blocks.any(|block| block.ends_with("/0"));
    if balancer.internal || balancer.certificate.is_some() || is_limited {
        return;
    }
    let finding = Finding::warning("the load balancer is open to the internet without encryption")
        .at_key(path, "HTTP, from everywhere")
        .help(
            "add `certificate: ARN` for HTTPS, or `internal: true` to keep it inside the network, or `allow_from` for the clients that need it",
        );
    findings.report(finding);
}

/// A load balancer needs subnets in two availability zones, and its target group a VPC. Source: Elastic Load
/// Balancing API, `CreateLoadBalancer`, `CreateTargetGroup`.
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
                .at(own, "in another VPC")
                .at("network", "the stack's own VPC")
                .help("remove `subnets`, or name the VPC and its subnets in `network`");
            findings.report(finding);
        }
        return;
    };
    if vpc.is_none() {
        let finding = Finding::error("the load balancer needs `vpc`")
            .at_key(path, "needs a VPC")
            .at_key("network", "without `vpc`")
            .help("add `vpc: vpc-…` to `network`");
        if !findings.is_refused("network.vpc") {
            findings.report(finding);
        }
    }
    if balancer.subnets.is_empty() && subnets.len() < 2 {
        let finding = Finding::error("the load balancer needs two subnets")
            .at_key(path, "needs two availability zones")
            .at("network.subnets", format!("{} of two", subnets.len()))
            .help("name a subnet of another availability zone in `network`, or set the load balancer's `subnets`");
        findings.report(finding);
    }
    if !security_groups.is_empty() {
        let finding = Finding::warning("the load balancer reaches the tasks only if their security groups allow it")
            .at_key(path, "sends requests to the tasks")
            .at("network.security_groups", "existing; ecs-scaler doesn't change them")
            .help("let them accept connections from within the VPC, or remove `security_groups`: the stack's own group accepts connections from the load balancer");
        findings.report(finding);
    }
}

/// HTTP on the port where browsers expect HTTPS, and the other way round.
fn check_scheme(balancer: &LoadBalancer, path: &str, findings: &mut Findings) {
    let (speaks, expected, help) = match (balancer.listener, &balancer.certificate) {
        (HTTPS, None) => ("HTTP", "HTTPS", "add a `certificate`, or listen on port 80"),
        (HTTP, Some(_)) => (
            "HTTPS",
            "HTTP",
            "remove `listener`: with a certificate, the default is 443",
        ),
        _ => return,
    };
    let finding = Finding::warning(format!(
        "the load balancer uses {speaks} where clients expect {expected}"
    ))
    .at(
        format!("{path}.listener"),
        format!("the port of {expected}"),
    )
    .help(help);
    findings.report(finding);
}
