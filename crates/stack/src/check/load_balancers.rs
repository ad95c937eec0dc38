//! Load balancers: who gets in, and by what.

use crate::findings::{Finding, Findings};
use crate::model::{LoadBalancer, ServiceSource, Stack};
use crate::path;

/// Port of HTTP, from which clients are sent to HTTPS.
const HTTP: u16 = 80;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        if let Some(balancer) = &spec.load_balancer {
            let path = format!("{}.load_balancer", path::key("services", key));
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
            .help("leave `listener` out: HTTPS is at port 443");
        findings.report(finding);
    }
}

/// EC2 takes a block only with its first address.
fn check_blocks(path: &str, balancer: &LoadBalancer, findings: &mut Findings) {
    for (index, block) in balancer.allow_from.iter().enumerate() {
        let Some((first, bits)) = parse_block(block) else {
            continue;
        };
        let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
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

/// Policies whose names say TLS 1.0 or 1.1, and the ones from before there were better. Source: Application Load Balancers,
/// "Security policies for your Application Load Balancer".
fn check_policy(path: &str, balancer: &LoadBalancer, findings: &mut Findings) {
    const OLD: [&str; 6] = [
        "-2015-05",
        "-2016-08",
        "TLS-1-0",
        "TLS-1-1",
        "TLS13-1-0",
        "TLS13-1-1",
    ];
    let policy = balancer.tls_policy.as_deref().unwrap_or_default();
    if OLD.iter().any(|part| policy.contains(part)) {
        let finding = Finding::warning("the policy lets clients use TLS 1.0 or 1.1")
            .at(format!("{path}.tls_policy"), "older than TLS 1.2")
            .help("leave `tls_policy` out: the default takes TLS 1.2 and 1.3");
        findings.report(finding);
    }
}
