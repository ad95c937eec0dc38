//! How ECS replaces a service's tasks, and what rolls it back.

use crate::findings::{Finding, Findings};
use crate::model::{DeploymentAlarm, Service, ServiceSpec, Stack, Tasks};
use crate::path;

pub(super) fn check(
    stack: &Stack,
    path: &str,
    (service, spec): (&Service, &ServiceSpec),
    findings: &mut Findings,
) {
    check_shares(path, spec, service.envelope(), findings);
    for (index, alarm) in spec.deployment.alarms.iter().enumerate() {
        let place = path::item(&format!("{path}.deployment.alarms"), index);
        let Some((problem, help)) = find_missing(stack, (service, spec), alarm) else {
            continue;
        };
        let finding = Finding::error(problem)
            .at(place, "no such alarm")
            .help(help);
        findings.report(finding);
    }
}

/// Why the service has no such alarm, and what would give it one.
fn find_missing(
    stack: &Stack,
    (service, spec): (&Service, &ServiceSpec),
    alarm: &DeploymentAlarm,
) -> Option<(&'static str, &'static str)> {
    let is_watched = |queue: &String| stack.oldest_message(queue).is_some();
    let has_dead_letters = |queue: &String| stack.has_dead_letters(queue);
    let mut queues = service.consumes.iter();
    let missing = match alarm {
        DeploymentAlarm::OldestMessage if !queues.any(is_watched) => (
            "no alarm watches the oldest message of the service's queues",
            "set `slo` or `alarms.oldest_message`, and `consumes`",
        ),
        DeploymentAlarm::DeadLetters if !queues.any(has_dead_letters) => (
            "no queue of the service has a dead-letter queue",
            "set `dead_letter` of a queue in `consumes`; the dead-letter queue of an existing queue is its owner's, whose alarm you can name with `existing`",
        ),
        DeploymentAlarm::LoadBalancerErrors if spec.load_balancer.is_none() => (
            "the service has no load balancer",
            "remove it, or set `load_balancer`",
        ),
        _ => return None,
    };
    Some(missing)
}

/// ECS rounds the minimum number of tasks up and the maximum down. If both result in the same number, it can
/// neither start a new task nor stop an old one. Source: Amazon ECS API, `DeploymentConfiguration`.
fn check_shares(service: &str, spec: &ServiceSpec, tasks: Tasks, findings: &mut Findings) {
    // Numbers that were refused before are here too.
    let least = u64::from(spec.deployment.min_healthy.unwrap_or(100));
    let most = u64::from(spec.deployment.max.unwrap_or(200));
    let is_stuck = |count: &u64| (count * least).div_ceil(100) >= count * most / 100;
    // From 200 tasks on, the two differ by at least 2 before they are rounded, or are equal for each hundred.
    let counts = u64::from(tasks.min.max(1))..=u64::from(tasks.max);
    let Some(count) = counts.take(200).find(is_stuck) else {
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
