//! Scaling by demand: what it can't be combined with, and what its estimate can't include.

use std::collections::BTreeMap;
use std::time::Duration;

use super::consumed::name_path;
use super::objective::REACTION;
use super::scaling::keep_one;
use super::slo::{objective_path, setpoint_path};
use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{Actuator, Demand, Service, ServiceSource, Stack, Warm};

const MINUTE: Duration = Duration::from_secs(60);

/// Maximum number of queues that certainly fit into a function's environment: 4 KiB, and a queue's name and URL
/// have up to 240 bytes.
const MOST_QUEUES: usize = 10;

/// Refuses other scaling policies in addition to demand.
pub(super) fn check_is_only_policy(
    demand: &Demand,
    path: &str,
    other: Option<&str>,
    findings: &mut Findings,
) {
    let Some(other) = other else {
        return;
    };
    let (acts, why) = match demand.actuator {
        Actuator::Function => (
            "sets the desired count",
            "its function sets the count to the number of required tasks, and would undo the other's changes within seconds",
        ),
        // It only observes, so it can be combined with any policy.
        Actuator::None => return,
        Actuator::TargetTracking => (
            "removes what isn't needed",
            "tasks are removed only if every policy agrees, and added if any policy requires it, so the count would no longer be the number of required tasks",
        ),
    };
    let at = |name: &str| format!("{path}.scaling.{name}");
    let finding = Finding::error(format!("`demand` can't be combined with `{other}`"))
        .at_key(at("demand"), acts)
        .at_key(at(other), "also sets it")
        .help(format!(
            "{why}: {}",
            keep_one(findings, at, "demand", other)
        ));
    findings.report(finding);
}

/// Checks the demand of the service at a path.
pub(super) fn check(
    stack: &Stack,
    service: &Service,
    path: &str,
    demand: &Demand,
    findings: &mut Findings,
) {
    let here = format!("{path}.scaling.demand");
    check_queues(service, path, findings);
    check_burst(service, path, demand, findings);
    check_function_keys(service, path, demand, findings);
    if service.common_objective().is_some() {
        check_single_message(demand, path, findings);
    }
    check_count_is_set(service, path, findings);
    check_window(demand, &here, findings);
    if demand.actuator == Actuator::TargetTracking && stack.metric.every > MINUTE {
        let finding = Finding::error("`demand` needs checks at most a minute apart")
            .at(
                "metric.every",
                format!("checks every {}", written(stack.metric.every)),
            )
            .at(format!("{here}.actuator"), "by the metric function")
            .help("counts that are further apart don't show the arrivals well enough: set `every: 1m`, or remove `actuator`");
        findings.report(finding);
    }
}

/// If the stack creates the service, something must set its count.
fn check_count_is_set(service: &Service, path: &str, findings: &mut Findings) {
    if service.is_scaled() || matches!(service.source, ServiceSource::Existing { .. }) {
        return;
    }
    let finding = Finding::warning("nothing sets the number of tasks")
        .at(format!("{path}.scaling.demand.actuator"), "only observes")
        .at_key(format!("{path}.tasks"), "bounds of the count that it would set")
        .help("a new service runs one task and keeps the count that you set manually: add a policy that scales it while this one observes, or let this one act (`actuator: function`)");
    findings.report(finding);
}

fn check_queues(service: &Service, path: &str, findings: &mut Findings) {
    let list = format!("{path}.consumes");
    let count = service.consumes.len();
    if count > MOST_QUEUES {
        let message =
            format!("a service scaled by demand can consume at most {MOST_QUEUES} queues");
        let finding = Finding::error(message)
            .at(list.as_str(), format!("{count} queues"))
            .help("more don't fit into its function's environment: divide the queues among several services");
        findings.report(finding);
    }
}

/// Each service that scales by a queue scales for all messages that arrive in it.
pub(super) fn check_shared_queues(stack: &Stack, findings: &mut Findings) {
    let mut consumers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (key, service) in &stack.services {
        for queue in &service.consumes {
            consumers.entry(queue).or_default().push(key);
        }
    }
    for (key, service) in &stack.services {
        if !service.demand().is_some_and(Demand::acts) {
            continue;
        }
        for (index, queue) in service.consumes.iter().enumerate() {
            let all = consumers.get(queue.as_str());
            let Some(other) = all.into_iter().flatten().find(|other| **other != key) else {
                continue;
            };
            let at = name_path(findings, &format!("services.{key}"), index);
            let finding = Finding::warning(format!("`{other}` also consumes the queue"))
                .at(at, "shared")
                .at_key(
                    format!("services.{key}.scaling.demand"),
                    "counts the whole queue",
                )
                .help("each service gets tasks for all messages that arrive: give each its own queue, and let both `subscribe` to a topic if both need every message");
            findings.report(finding);
        }
    }
}

/// A burst waits for the check that sees it, and for the tasks that the check orders.
fn check_burst(service: &Service, path: &str, demand: &Demand, findings: &mut Findings) {
    let (reaction, part, label, help) = match demand.actuator {
        Actuator::Function | Actuator::None => (
            demand.every.saturating_add(demand.task_start),
            "task_start",
            format!(
                "after a check, a new task takes {}",
                written(demand.task_start)
            ),
            format!(
                "the function checks every {}{}",
                written(demand.every),
                suggest_warm(service, demand)
            ),
        ),
        Actuator::TargetTracking => (
            REACTION,
            "actuator",
            "acts 2 to 5 minutes after the load rises".to_owned(),
            "a new task then takes up to a minute to start, and `actuator: function` acts within seconds: a sudden burst waits that long unless `tasks.min` can handle it; a slow rise is met in time"
                .to_owned(),
        ),
    };
    // A queue's own objective is checked at its own path.
    let Some(objective) = service
        .common_objective()
        .filter(|objective| *objective < reaction)
    else {
        return;
    };
    let finding = Finding::warning("the latency objective is shorter than the scaling delay")
        .at(
            objective_path(findings, path, "demand"),
            format!("objective {}", written(objective)),
        )
        .at(format!("{path}.scaling.demand.{part}"), label)
        .help(help);
    findings.report(finding);
}

/// The objective of the service's messages: its `slo`, or else the latency that this policy aims at.
fn aim(service: &Service, demand: &Demand) -> Duration {
    let slo = service.slo.map(|slo| slo.latency);
    slo.unwrap_or(demand.acceptable_latency)
}

/// The tasks that handle the first seconds of a burst.
fn suggest_warm(service: &Service, demand: &Demand) -> String {
    let objective = aim(service, demand);
    let kept = match demand.warm {
        Warm::Auto => {
            "`warm: auto` keeps warm tasks only if bursts are frequent enough to pay for them"
        }
        Warm::Off => "`warm: off` keeps no warm tasks",
        Warm::Tasks(_) => "`warm` must be enough for the bursts",
    };
    let per_rate = demand.warm_tasks_per_rate(objective).map(|tasks| {
        let tasks = 10.0 * tasks;
        format!(
            ", which takes about {tasks:.1} warm tasks for each 10 messages per second of a burst"
        )
    });
    format!(
        ": the first seconds of a sudden burst are late, unless tasks run already{}; {kept}. A slow rise is met in time",
        per_rate.unwrap_or_default()
    )
}

/// Keys that only the function uses, and warm tasks over the maximum.
fn check_function_keys(service: &Service, path: &str, demand: &Demand, findings: &mut Findings) {
    let here = format!("{path}.scaling.demand");
    if demand.actuator == Actuator::TargetTracking {
        for key in ["every", "warm"] {
            let at = format!("{here}.{key}");
            if findings.is_given(&at) {
                let finding = Finding::error(format!(
                    "`{key}` can't be combined with `actuator: target_tracking`"
                ))
                .at(at, "for the function")
                .at(format!("{here}.actuator"), "target tracking sets the count")
                .help(format!("remove `{key}` or `actuator`"));
                findings.report(finding);
            }
        }
    }
    let most = service.tasks.max;
    if let Warm::Tasks(tasks) = demand.warm
        && tasks > most
    {
        let finding = Finding::error("more warm tasks than the service can have")
            .at(format!("{here}.warm"), format!("keeps {tasks}"))
            .at(format!("{path}.tasks.max"), format!("allows {most}"))
            .help("raise `tasks.max`, or keep fewer tasks warm");
        findings.report(finding);
    }
}

/// The backlog is drained within one objective. If that is shorter than the processing time, each message needs
/// several tasks.
fn check_single_message(demand: &Demand, path: &str, findings: &mut Findings) {
    let here = format!("{path}.scaling.demand");
    let Some(processing) = demand.processing_time else {
        return;
    };
    // A task processes several messages at the same time, so the time per message is divided by their number.
    if demand.acceptable_latency.saturating_mul(demand.concurrency) >= processing {
        return;
    }
    let finding = Finding::warning("a single waiting message requires more than one task")
        .at(
            setpoint_path(findings, path, "demand"),
            format!("objective {}", written(demand.acceptable_latency)),
        )
        .at(
            format!("{here}.processing_time"),
            format!("one message takes {}", written(processing)),
        )
        .at(
            format!("{here}.concurrency"),
            format!("{} at once", demand.concurrency),
        )
        .help("the backlog must be processed within the objective, which is shorter than the processing of one message: allow a longer latency, or make messages smaller");
    findings.report(finding);
}

fn check_window(demand: &Demand, here: &str, findings: &mut Findings) {
    if demand.is_by_function() || demand.window >= demand.task_start {
        return;
    }
    let finding = Finding::warning("the window is shorter than a task start")
        .at(format!("{here}.window"), format!("covers {}", written(demand.window)))
        .at(
            format!("{here}.task_start"),
            format!("starts within {}", written(demand.task_start)),
        )
        .help("a task might be removed before its replacement can start, and a varying load adds and removes tasks repeatedly: set at least `task_start`, better several times that");
    findings.report(finding);
}
