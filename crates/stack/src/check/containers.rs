//! How containers run: their health checks, and what their capacity supports.

use super::texts::path_of;
use super::{sidecars, volumes};
use crate::findings::{Finding, Findings};
use crate::model::{Container, HealthCheck, ServiceSource, ServiceSpec, Stack, Tasks};
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
            check_container(stack, &path, container.container, findings);
        }
        sidecars::check(&service, key, spec, findings);
        volumes::check(stack, &service, spec, findings);
        check_exec(&service, spec, findings);
        check_deployment(&service, spec, service_of.envelope(), findings);
        check_storage(stack, &service, spec, findings);
    }
}

fn check_container(stack: &Stack, path: &str, container: &Container, findings: &mut Findings) {
    if let Some(health) = &container.health_check {
        check_health_command(&format!("{path}.health_check.command"), health, findings);
    }
    // Source: Amazon ECS API, `Ulimit`: Fargate overrides only `nofile`.
    let others = container.ulimits.keys().filter(|name| *name != "nofile");
    for name in others.filter(|_| !stack.cluster.is_on_instances()) {
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

/// ECS rounds the minimum number of tasks up and the maximum down. If both result in the same number, it can
/// neither start a new task nor stop an old one. Source: Amazon ECS API, `DeploymentConfiguration`.
fn check_deployment(service: &str, spec: &ServiceSpec, tasks: Tasks, findings: &mut Findings) {
    let (least, most) = (
        spec.deployment.min_healthy.unwrap_or(100),
        spec.deployment.max.unwrap_or(200),
    );
    let is_stuck = |count: &u32| (count * least).div_ceil(100) >= count * most / 100;
    let Some(count) = (tasks.min.max(1)..=tasks.max).find(is_stuck) else {
        return;
    };
    let path = format!("{service}.deployment");
    let tasks = if count == 1 { "task" } else { "tasks" };
    let finding = Finding::error(format!("a deployment of {count} {tasks} could replace none"))
        .at(format!("{path}.min_healthy"), format!("{} must run", (count * least).div_ceil(100)))
        .at(format!("{path}.max"), format!("{} can exist", count * most / 100))
        .help("lower `min_healthy`, or raise `max`: ECS rounds the former up and the latter down to whole tasks");
    findings.report(finding);
}

/// Source: Amazon ECS API, `EphemeralStorage`: only for tasks on Fargate.
fn check_storage(stack: &Stack, service: &str, spec: &ServiceSpec, findings: &mut Findings) {
    if spec.storage.is_some() && stack.cluster.is_on_instances() {
        let finding = Finding::error("tasks on EC2 instances have no ephemeral storage")
            .at(format!("{service}.storage"), "for Fargate")
            .at_key("cluster.capacity", "EC2 instances")
            .help("remove `storage`: tasks share the disks of their instances");
        findings.report(finding);
    }
}
