//! Where the services run: the network.

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
        let finding = Finding::error("neither `vpc` nor `security_groups` is given")
            .at_key("network", "needs one of them")
            .help("add `vpc: vpc-…`, in which the stack makes a security group, or name `security_groups`");
        let refused = ["network.vpc", "network.security_groups"];
        if !refused.iter().any(|path| findings.is_refused_within(path)) {
            findings.report(finding);
        }
    }
}

/// Lambda gives a function in a VPC no public address, so in a public subnet it reaches nothing.
fn check_function_network(stack: &Stack, findings: &mut Findings) {
    let path = "metric.vpc";
    let is_tasks = stack.metric.vpc.is_some() && !findings.is_given("metric.vpc.subnets");
    if !is_tasks || findings.is_refused_within(path) || findings.is_refused_within("network") {
        return;
    }
    let (key, label) = match &stack.network {
        Network::Create { .. } => ("network", "a VPC with public subnets alone"),
        Network::Existing {
            assign_public_ip: true,
            ..
        } => ("network.assign_public_ip", "public subnets"),
        Network::Existing { .. } => return,
    };
    let finding = Finding::error("the functions could reach nothing from public subnets")
        .at(path, "Lambda gives them no public addresses")
        .at(key, label)
        .help("name private subnets: `vpc: {vpc: vpc-…, subnets: [subnet-…]}`, or leave `metric.vpc` out");
    findings.report(finding);
}

/// What is said of the created services' place, where none is created.
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
            .help("every service here is somebody else's: leave it out");
        findings.report(finding);
    }
}
