//! The manifest of an environment: its network, load balancers, and cluster.

use stack::YamlNode;

use super::Draft;
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::Value;

/// The settings in an environment's manifest.
#[derive(Clone, Debug, Default)]
pub(in crate::copilot) struct Environment {
    /// An imported VPC.
    pub(super) vpc: Option<String>,
    pub(super) public: Vec<String>,
    pub(super) private: Vec<String>,
    pub(super) flow_logs: bool,
    insights: Option<bool>,
    /// Settings of the internet-facing load balancer.
    pub(super) internet: Balancer,
    /// Settings of the internal load balancer.
    pub(super) internal: Balancer,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Balancer {
    pub(super) certificate: Option<String>,
    pub(super) access_logs: Option<String>,
    pub(super) tls_policy: Option<String>,
    pub(super) allow_from: Vec<String>,
    pub(super) subnets: Vec<String>,
}

pub(in crate::copilot) fn environment(root: &YamlNode, cx: &mut Context<'_>) -> Environment {
    let (mut section, mut environment) = (Section::top(root), Environment::default());
    section.take("name");
    section.take("type");
    if let Some(mut network) = section.take("network").and_then(|field| field.section(cx)) {
        if let Some(vpc) = network.take("vpc") {
            read_vpc(&vpc, &mut environment, cx);
        }
        network.finish(cx);
    }
    if let Some(mut http) = section.take("http").and_then(|field| field.section(cx)) {
        if let Some(field) = http.take("public") {
            environment.internet = balancer(&field, cx);
        }
        if let Some(field) = http.take("private") {
            environment.internal = balancer(&field, cx);
        }
        http.finish(cx);
    }
    if let Some(mut section) = section
        .take("observability")
        .and_then(|field| field.section(cx))
    {
        environment.insights = section
            .take("container_insights")
            .and_then(|field| field.boolean(cx));
        section.finish(cx);
    }
    if let Some(field) = section
        .take("cdn")
        .filter(|field| field.as_boolean() != Some(false))
    {
        let help = "put your own distribution in front of the load balancer, with a separate stack or with `overrides`";
        let leaves = field.leaves();
        let message = if leaves.is_empty() {
            "CloudFront isn't supported".to_owned()
        } else {
            format!("CloudFront isn't supported ({leaves})")
        };
        cx.missing(&field, message, help);
    }
    section.finish(cx);
    environment
}

/// Writes the cluster's settings.
pub(super) fn finish(draft: &mut Draft) {
    if let Some(insights) = draft.environment.insights {
        draft
            .definition
            .map("cluster")
            .inline()
            .set("container_insights", insights);
    }
}

fn read_vpc(field: &Field<'_>, environment: &mut Environment, cx: &mut Context<'_>) {
    let Some(mut vpc) = field.section(cx) else {
        return;
    };
    environment.vpc = vpc.take("id").and_then(|field| field.text(cx));
    if let Some(field) = vpc.take("cidr") {
        let block = field.text(cx).unwrap_or_default();
        generated(
            &format!("addresses of the VPC that Copilot created ({block})"),
            &field,
            cx,
        );
    }
    if let Some(mut subnets) = vpc.take("subnets").and_then(|field| field.section(cx)) {
        environment.public = subnets
            .take("public")
            .map_or_else(Vec::new, |field| subnet_ids(&field, cx));
        environment.private = subnets
            .take("private")
            .map_or_else(Vec::new, |field| subnet_ids(&field, cx));
        subnets.finish(cx);
    }
    if let Some(field) = vpc.take("security_group") {
        let message = format!(
            "no key for the rules of the environment's security group ({})",
            field.leaves()
        );
        cx.missing(
            &field,
            message,
            "name one of your security groups in `network.security_groups`",
        );
    }
    if let Some(field) = vpc.take("flow_logs") {
        flow_logs(&field, environment, cx);
    }
    vpc.finish(cx);
}

fn generated(what: &str, field: &Field<'_>, cx: &mut Context<'_>) {
    let help = "keep the VPC: write its ID and its subnets into `network`, and delete the environment last; or let the stack create a network";
    cx.missing(field, format!("no key for the {what}"), help);
}

/// The IDs of subnets; subnets that Copilot creates have none.
fn subnet_ids(field: &Field<'_>, cx: &mut Context<'_>) -> Vec<String> {
    let (mut ids, mut made) = (Vec::new(), Vec::new());
    for item in field.items(cx) {
        let Some(mut subnet) = item.section(cx) else {
            continue;
        };
        ids.extend(subnet.take("id").and_then(|field| field.text(cx)));
        for key in ["cidr", "az"] {
            made.extend(subnet.take(key).and_then(|field| field.text(cx)));
        }
        subnet.finish(cx);
    }
    if !made.is_empty() {
        generated(
            &format!(
                "subnets of the VPC that Copilot created ({})",
                made.join(", ")
            ),
            field,
            cx,
        );
    }
    ids
}

fn flow_logs(field: &Field<'_>, environment: &mut Environment, cx: &mut Context<'_>) {
    environment.flow_logs = field.is_map() || field.boolean(cx) == Some(true);
    if !environment.flow_logs {
        return;
    }
    if environment.vpc.is_some() {
        cx.missing(
            field,
            "flow logs of a VPC that exists belong to its owner",
            "keep them when you delete the environment",
        );
    }
    if !field.is_map() {
        return;
    }
    let Some(mut section) = field.section(cx) else {
        return;
    };
    if let Some(days) = section.take("retention") {
        let value = days.text(cx).unwrap_or_default();
        cx.report(
            &days,
            Kind::Different,
            format!("flow logs ({value} days) are kept as long as all other logs"),
            "adapt `logs.retention`",
        );
    }
    section.finish(cx);
}

fn balancer(field: &Field<'_>, cx: &mut Context<'_>) -> Balancer {
    let mut balancer = Balancer::default();
    let Some(mut section) = field.section(cx) else {
        return balancer;
    };
    if let Some(field) = section.take("certificates") {
        let all = field.texts(cx);
        if all.len() > 1 {
            let message = format!(
                "one certificate for each load balancer; the first of {} was used",
                all.join(", ")
            );
            cx.report(&field, Kind::Different, message, "let one certificate have all names, or add `AWS::ElasticLoadBalancingV2::ListenerCertificate` with `overrides`");
        }
        balancer.certificate = all.into_iter().next();
    }
    if let Some(field) = section.take("access_logs") {
        balancer.access_logs = access_logs(&field, cx);
    }
    balancer.tls_policy = section.take("ssl_policy").and_then(|field| field.text(cx));
    balancer.subnets = section
        .take("subnets")
        .map_or_else(Vec::new, |field| field.texts(cx));
    if let Some(field) = section.take("ingress") {
        ingress(&field, &mut balancer, cx);
    }
    if let Some(field) = section.take("security_groups") {
        let leaves = field.leaves();
        cx.missing(&field, format!("no key for further rules of the load balancer's security group ({leaves})"), "an internal load balancer accepts requests from the VPC; `allow_from` is for other blocks of addresses");
    }
    section.finish(cx);
    balancer
}

fn access_logs(field: &Field<'_>, cx: &mut Context<'_>) -> Option<String> {
    if !field.is_map() {
        if field.boolean(cx) == Some(true) {
            cx.missing(
                field,
                "Copilot creates the bucket of the access logs; ecs-scaler doesn't",
                "set `load_balancer.access_logs` to one of your buckets",
            );
        }
        return None;
    }
    let mut section = field.section(cx)?;
    let bucket = section.take("bucket_name").and_then(|field| field.text(cx));
    if let Some(prefix) = section.take("prefix") {
        let value = prefix.text(cx).unwrap_or_default();
        cx.missing(
            &prefix,
            format!("no key for the prefix of access logs ({value})"),
            "set `LoadBalancerAttributes` of the load balancer with `overrides`",
        );
    }
    section.finish(cx);
    bucket
}

fn ingress(field: &Field<'_>, balancer: &mut Balancer, cx: &mut Context<'_>) {
    let Some(mut section) = field.section(cx) else {
        return;
    };
    balancer.allow_from = section
        .take("source_ips")
        .map_or_else(Vec::new, |field| field.texts(cx));
    if let Some(field) = section
        .take("cdn")
        .filter(|field| field.as_boolean() != Some(false))
    {
        cx.missing(
            &field,
            "no key for CloudFront's addresses",
            "write blocks of addresses into `load_balancer.allow_from`",
        );
    }
    if let Some(field) = section
        .take("vpc")
        .filter(|field| field.as_boolean() != Some(false))
    {
        cx.report(
            &field,
            Kind::Different,
            "an internal load balancer accepts requests from the whole VPC, without a key",
            "",
        );
    }
    section.finish(cx);
}

impl Balancer {
    /// The environment's settings for a service's load balancer.
    pub(super) fn settings(&self) -> Vec<(&'static str, Value)> {
        let text = |value: &Option<String>| value.clone().map(Value::from);
        let list = |value: &[String]| (!value.is_empty()).then(|| Value::from(value.to_vec()));
        let all = [
            ("certificate", text(&self.certificate)),
            ("access_logs", text(&self.access_logs)),
            (
                "tls_policy",
                text(&self.tls_policy).filter(|_| self.certificate.is_some()),
            ),
            ("allow_from", list(&self.allow_from)),
            ("subnets", list(&self.subnets)),
        ];
        all.into_iter()
            .filter_map(|(key, value)| Some((key, value?)))
            .collect()
    }
}
