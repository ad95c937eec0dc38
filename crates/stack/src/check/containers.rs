//! How containers run: their health checks, and what their capacity offers.

use crate::findings::{Finding, Findings};
use crate::model::{Capacity, Cluster, Container, HealthCheck, ServiceSource, ServiceSpec, Stack};
use crate::nearest::nearest;
use crate::path;

/// The first word of a health check's command. Source: Amazon ECS API, `HealthCheck$command`.
const FORMS: [&str; 2] = ["CMD", "CMD-SHELL"];

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let ServiceSource::Create(spec) = &service.source else {
            continue;
        };
        let service = path::key("services", key);
        check_container(stack, &service, &spec.container, findings);
        check_storage(stack, &service, spec, findings);
    }
}

fn is_on_instances(stack: &Stack) -> bool {
    let capacity = match &stack.cluster {
        Cluster::Create { capacity, .. } => capacity,
        Cluster::Existing { .. } => return false,
    };
    matches!(capacity, Capacity::Ec2 { .. })
}

fn check_container(stack: &Stack, path: &str, container: &Container, findings: &mut Findings) {
    if let Some(health) = &container.health_check {
        check_health_command(&format!("{path}.health_check.command"), health, findings);
    }
    // Source: Amazon ECS API, `Ulimit`: Fargate overrides `nofile` alone.
    let others = container.ulimits.keys().filter(|name| *name != "nofile");
    for name in others.filter(|_| !is_on_instances(stack)) {
        let finding = Finding::error(format!("Fargate doesn't take the limit `{name}`"))
            .at_key(format!("{path}.ulimits.{name}"), "not on Fargate")
            .help("remove it: Fargate takes `nofile` alone; EC2 instances (`cluster.capacity.ec2`) take all");
        findings.report(finding);
    }
}

fn check_health_command(path: &str, health: &HealthCheck, findings: &mut Findings) {
    let Some((first, rest)) = health.command.split_first() else {
        return;
    };
    let finding = if !FORMS.contains(&first.as_str()) {
        let help = match nearest(first, FORMS) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write `[CMD, …]` for a command and its words, or `[CMD-SHELL, …]` for a line that the container's shell runs".to_owned(),
        };
        Finding::error("a health check starts with `CMD` or `CMD-SHELL`")
            .at(path::item(path, 0), "neither of the two")
            .help(help)
    } else if first == "CMD-SHELL" && rest.len() > 1 {
        Finding::error("the shell takes one line")
            .at(path::item(path, 2), "one too many")
            .help("write the line as one text after `CMD-SHELL`, or its words after `CMD`")
    } else {
        return;
    };
    findings.report(finding);
}

/// Source: Amazon ECS API, `EphemeralStorage`: for tasks on Fargate.
fn check_storage(stack: &Stack, service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    if spec.storage.is_some() && is_on_instances(stack) {
        let finding =
            Finding::error("tasks on EC2 instances have no ephemeral storage of their own")
                .at(format!("{service}.storage"), "for Fargate")
                .at_key("cluster.capacity", "EC2 instances")
                .help("remove `storage`: tasks share the disks of their instances");
        findings.report(finding);
    }
}
