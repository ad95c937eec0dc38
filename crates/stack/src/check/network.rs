//! The network in which the services run.

use crate::findings::{Finding, Findings};
use crate::model::{Network, Service, ServiceSource, Stack};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    check_task_network(stack, findings);
    check_function_network(stack, findings);
    check_unused_network(stack, findings);
}

fn check_task_network(stack: &Stack, findings: &mut Findings) {
    if let Network::Existing {
        vpc: None,
        security_groups,
        ..
    } = &stack.network
        && security_groups.is_empty()
    {
        let finding = Finding::error("neither `vpc` nor `security_groups` is set")
            .at_key("network", "needs one of them")
            .help("add `vpc: vpc-…`, in which the stack creates a security group, or set `security_groups`");
        let refused = ["network.vpc", "network.security_groups"];
        if !refused.iter().any(|path| findings.is_refused_within(path)) {
            findings.report(finding);
        }
    }
}

/// Lambda gives a function in a VPC no public address, so it has no connection in a public subnet.
fn check_function_network(stack: &Stack, findings: &mut Findings) {
    let path = "metric.vpc";
    let is_tasks = stack.metric.vpc.is_some() && !findings.is_given("metric.vpc.subnets");
    if !is_tasks || findings.is_refused_within(path) || findings.is_refused_within("network") {
        return;
    }
    let (key, label) = match &stack.network {
        Network::Create { .. } => ("network", "a VPC with only public subnets"),
        Network::Existing {
            assign_public_ip: true,
            ..
        } => ("network.assign_public_ip", "public subnets"),
        Network::Existing { .. } => return,
    };
    let finding = Finding::error("the functions can't reach anything from public subnets")
        .at(path, "Lambda gives them no public addresses")
        .at(key, label)
        .help("name private subnets: `vpc: {vpc: vpc-…, subnets: [subnet-…]}`, or remove `metric.vpc`");
    findings.report(finding);
}

/// Network settings for created services, although the stack creates none.
fn check_unused_network(stack: &Stack, findings: &mut Findings) {
    let creates = |service: &Service| matches!(service.source, ServiceSource::Create(_));
    if stack.services.is_empty() || stack.services.values().any(creates) {
        return;
    }
    let is_functions = stack.metric.vpc.is_some() && !findings.is_given("metric.vpc.subnets");
    for key in ["network", "cluster"]
        .into_iter()
        .filter(|key| findings.is_given(key) && !(*key == "network" && is_functions))
        .collect::<Vec<_>>()
    {
        let finding = Finding::warning(format!("`{key}` isn't used"))
            .at_key(key, "nothing runs there")
            .help("all services here are existing ones: remove it");
        findings.report(finding);
    }
}
