//! Load balancers. Copilot shares one between the services of an environment; here each service has its own.

mod checks;
mod dns;

use super::{Draft, Environment, ServiceKind, Target};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::Map;
use template::names;

pub(super) fn http(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let Some(field) = field.filter(|field| field.as_boolean() != Some(false)) else {
        return;
    };
    let Some(mut section) = field.section(cx) else {
        return;
    };
    let is_internal = target.kind == ServiceKind::Backend;
    let mut balancer = of_environment(is_internal, &draft.environment);
    dns::names_and_certificate(&mut section, is_internal, &mut balancer, cx);
    if let Some(field) = section.take("allowed_source_ips") {
        balancer.set("allow_from", field.texts(cx));
    }
    if let Some(field) = section.take("healthcheck") {
        checks::health_check(&field, is_internal, target, &mut balancer, draft, cx);
    }
    checks::attributes(&mut section, is_internal, target, draft, cx);
    routing(&mut section, cx);
    protocol(section.take("version"), is_internal, target, draft, cx);
    section.finish(cx);
    let service = draft.service(target.name);
    if service.get("port").is_none() {
        service
            .set("port", "<PORT>")
            .above("Copilot reads the port from the Dockerfile's EXPOSE.");
    }
    service.set("load_balancer", balancer);
    let help = "point its DNS name, or that of its clients, to the output `…LoadBalancerUrl` of the stack when you move the traffic";
    cx.report(
        &field,
        Kind::Different,
        "the service gets its own load balancer",
        help,
    );
}

/// The environment's settings for the load balancer.
fn of_environment(is_internal: bool, environment: &Environment) -> Map {
    let mut balancer = Map::new();
    if is_internal {
        balancer.set("internal", true);
    }
    let shared = if is_internal {
        &environment.internal
    } else {
        &environment.internet
    };
    for (key, value) in shared.settings() {
        balancer.set(key, value);
    }
    // In an existing network, an internet-facing load balancer needs public subnets, wherever the tasks are.
    let has_public = !environment.public.is_empty() && environment.vpc.is_some();
    if !is_internal && has_public && balancer.get("subnets").is_none() {
        balancer.set("subnets", environment.public.clone());
    }
    balancer
}

fn target_group(is_internal: bool, target: &Target<'_>) -> String {
    if is_internal {
        names::internal_target_group(target.name)
    } else {
        names::target_group(target.name)
    }
}

/// The rules that route requests to the service.
fn routing(section: &mut Section<'_>, cx: &mut Context<'_>) {
    if let Some(field) = section.take("path") {
        let path = field.text(cx).unwrap_or_default();
        if path != "/" {
            cx.missing(&field, format!("the load balancer sends all requests to the service, not only requests for `{path}`"), "add an `AWS::ElasticLoadBalancingV2::ListenerRule` with `overrides`; requests keep their path");
        }
    }
    if let Some(field) = section.take("alb") {
        let name = field.text(cx).unwrap_or_default();
        cx.missing(&field, format!("a load balancer that exists can't be shared ({name})"), "use the service's own, or put the service behind yours with `existing` and another tool");
    }
    for key in ["target_container", "targetContainer", "target_port"] {
        if let Some(field) = section.take(key) {
            let value = field.text(cx).unwrap_or_default();
            let help = "set `LoadBalancers` of the service and the container's `PortMappings` with `overrides`";
            cx.missing(
                &field,
                format!("requests go to `port` of the service's own container, not to {value}"),
                help,
            );
        }
    }
    if let Some(field) = section.take("additional_rules") {
        for rule in field.items(cx) {
            let message = format!("no key for further rules ({})", rule.leaves());
            cx.missing(&rule, message, "add an `AWS::ElasticLoadBalancingV2::ListenerRule` and a target group with `overrides`, or make it a separate service");
        }
    }
}

fn protocol(
    field: Option<Field<'_>>,
    is_internal: bool,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let Some(field) = field else { return };
    match field.text(cx).unwrap_or_default().to_ascii_lowercase().as_str() {
        "http1" => {}
        "http2" => draft.override_property(&target_group(is_internal, target), &["ProtocolVersion"], "HTTP2"),
        "grpc" => cx.missing(&field, "no key for gRPC", "set `ProtocolVersion: GRPC` and `Matcher` of the target group with `overrides`; it needs a certificate"),
        _ => field.reject("`http1`, `http2`, or `grpc`", cx),
    }
}

pub(super) fn network_load_balancer(field: Option<Field<'_>>, cx: &mut Context<'_>) {
    let Some(field) = field else { return };
    let message = format!(
        "network load balancers aren't supported ({})",
        field.leaves()
    );
    cx.missing(&field, message, "add `AWS::ElasticLoadBalancingV2::LoadBalancer`, a listener and a target group with `overrides`, and name the group in `LoadBalancers` of the service");
}
