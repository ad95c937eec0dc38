//! Where the services run: the network.

use crate::findings::{Finding, Findings};
use crate::model::{Network, Service, ServiceSource, Stack};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    check_task_network(stack, findings);
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
