//! How containers run: their health checks, and what their capacity supports.

use super::texts::path_of;
use super::{deployment, log_router, sidecars, volumes};
use crate::findings::{Finding, Findings};
use crate::model::{Container, HealthCheck, ServiceSource, ServiceSpec, Stack};
use crate::nearest::{listed, suggest};
use crate::path;

/// The first word of a health check's command. Source: Amazon ECS API, `HealthCheck$command`.
const FORMS: [&str; 2] = ["CMD", "CMD-SHELL"];

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service_of) in &stack.services {
        let ServiceSource::Create(spec) = &service_of.source else {
            continue;
        };
        let service = path::key("services", key);
        for container in spec.containers() {
            let path = path_of(&service, container);
            let on_instances = stack.is_on_instances(spec);
            check_container(on_instances, &path, container.container, findings);
        }
        sidecars::check(&service, key, spec, findings);
        volumes::check(stack, &service, spec, findings);
        check_exec(&service, spec, findings);
        deployment::check(stack, &service, (service_of, spec), findings);
        log_router::check(&service, spec, findings);
        check_storage(stack, &service, spec, findings);
    }
}

fn check_container(on_instances: bool, path: &str, container: &Container, findings: &mut Findings) {
    if let Some(health) = &container.health_check {
        check_health_command(&format!("{path}.health_check.command"), health, findings);
    }
    // Source: Amazon ECS API, `Ulimit`: Fargate overrides only `nofile`.
    let others = container.ulimits.keys().filter(|name| *name != "nofile");
    for name in others.filter(|_| !on_instances) {
        let finding = Finding::error(format!("Fargate doesn't support the limit `{name}`"))
            .at_key(format!("{path}.ulimits.{name}"), "not on Fargate")
            .help("remove it: Fargate supports only `nofile`; EC2 instances (`cluster.capacity.ec2`) support all");
        findings.report(finding);
    }
}

fn check_health_command(path: &str, health: &HealthCheck, findings: &mut Findings) {
    let Some((first, rest)) = health.command.split_first() else {
        return;
    };
    let finding = if !FORMS.contains(&first.as_str()) {
        let help = suggest(first, FORMS, || {
            "write `[CMD, …]` for a command and its words, or `[CMD-SHELL, …]` for a line that the container's shell runs".to_owned()
        });
        Finding::error("a health check starts with `CMD` or `CMD-SHELL`")
            .at(path::item(path, 0), "neither of the two")
            .help(help)
    } else if first == "CMD-SHELL" && rest.len() > 1 {
        Finding::error("`CMD-SHELL` accepts only one line")
            .at(path::item(path, 2), "one too many")
            .help("write the line as one text after `CMD-SHELL`, or its words after `CMD`")
    } else {
        return;
    };
    findings.report(finding);
}

/// Source: Amazon ECS Developer Guide, "Monitor Amazon ECS containers with ECS Exec", considerations.
fn check_exec(service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    let closed = volumes::list_closed_folders(spec);
    if spec.exec && spec.container.read_only && !closed.is_empty() {
        let folders = listed(closed);
        let finding = Finding::error("`exec` can't be combined with `read_only`")
            .at(format!("{service}.exec"), "writes to the root file system")
            .at(format!("{service}.read_only"), "which is read-only")
            .help(format!("the agent that runs the commands writes its files there: keep one of the two, or give it scratch volumes at {folders}, such as `volumes: {{agent: {{path: /managed-agents}}}}`"));
        findings.report(finding);
    }
}

/// Source: Amazon ECS API, `EphemeralStorage`: only for tasks on Fargate.
fn check_storage(stack: &Stack, service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    if spec.storage.is_some() && stack.is_on_instances(spec) {
        let instances = match spec.providers() {
            Some(_) => format!("{service}.capacity"),
            None => "cluster.capacity".to_owned(),
        };
        let finding = Finding::error("tasks on EC2 instances have no ephemeral storage")
            .at(format!("{service}.storage"), "for Fargate")
            .at_key(instances, "EC2 instances")
            .help("remove `storage`: tasks share the disks of their instances");
        findings.report(finding);
    }
}
