//! Scaling by demand: what it can't stand beside, and what its estimate doesn't know.

use std::collections::BTreeMap;
use std::time::Duration;

use super::consumed::name_path;
use super::objective::REACTION;
use super::slo::{objective_path, setpoint_path};
use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{Actuator, Demand, Service, ServiceSource, Stack, Warm};

const MINUTE: Duration = Duration::from_secs(60);

/// As many queues as a function's environment surely holds: 4 KiB, and a queue's name and URL are up to
/// 240 bytes.
const MOST_QUEUES: usize = 10;

/// Refuses another way of scaling beside it.
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
            "its function sets the count to what the work needs, and would undo within seconds what the other did",
        ),
        // It only observes, whatever acts beside it.
        Actuator::None => return,
        Actuator::TargetTracking => (
            "removes what isn't needed",
            "tasks are removed only when every policy agrees, and added when any asks for it, so the count would no longer be what the work needs",
        ),
    };
    let at = |name: &str| format!("{path}.scaling.{name}");
    let finding = Finding::error(format!("`demand` can't stand beside `{other}`"))
        .at_key(at("demand"), acts)
        .at_key(at(other), "sets it too")
        .help(format!("{why}: keep one of them"));
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
        let finding = Finding::error("demand is estimated from looks a minute apart")
            .at(
                "metric.every",
                format!("looks every {}", written(stack.metric.every)),
            )
            .at(format!("{here}.actuator"), "by the metric function")
            .help("older counts say too little of the arrivals: write `every: 1m`, or leave `actuator` out");
        findings.report(finding);
    }
}

/// A service that we create needs somebody who sets its count.
fn check_count_is_set(service: &Service, path: &str, findings: &mut Findings) {
    if service.is_scaled() || matches!(service.source, ServiceSource::Existing { .. }) {
        return;
    }
    let finding = Finding::warning("nothing sets the number of tasks")
        .at(format!("{path}.scaling.demand.actuator"), "only observes")
        .at_key(format!("{path}.tasks"), "bounds of what it would set")
        .help("a new service runs one task, and keeps the number that you set by hand: add the policy that is to scale it while this one observes, or let this one act (`actuator: function`)");
    findings.report(finding);
}

fn check_queues(service: &Service, path: &str, findings: &mut Findings) {
    let list = format!("{path}.consumes");
    let count = service.consumes.len();
    if count > MOST_QUEUES {
        let message =
            format!("a service scaled by demand can consume {MOST_QUEUES} queues at most");
        let finding = Finding::error(message)
            .at(list.as_str(), format!("{count} queues"))
            .help("the environment of its function holds no more: divide the queues among several services");
        findings.report(finding);
    }
}

/// What arrives in a queue is reckoned with as a whole, by each service that scales by it.
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
            let finding = Finding::warning(format!("`{other}` consumes the queue too"))
                .at(at, "shared")
                .at_key(
                    format!("services.{key}.scaling.demand"),
                    "counts the whole queue",
                )
                .help("each of them gets tasks for all that arrives: give each its own queue, and let both `subscribe` to a topic where both want every message");
            findings.report(finding);
        }
    }
}

/// A burst waits for the check that sees it, and for the tasks that it then brings.
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
            "acts 2 to 5 minutes after the load grew".to_owned(),
            "a new task then takes up to a minute, and `actuator: function` acts within seconds: a sudden burst waits that long unless `tasks.min` can carry it; a slow rise is met in time"
                .to_owned(),
        ),
    };
    // A queue's own objective is judged where it stands.
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

/// What the service's messages are judged by; without an `slo`, what this policy aims at.
fn aim(service: &Service, demand: &Demand) -> Duration {
    let slo = service.slo.map(|slo| slo.latency);
    slo.unwrap_or(demand.acceptable_latency)
}

/// What carries the first seconds of a burst.
fn suggest_warm(service: &Service, demand: &Demand) -> String {
    let objective = aim(service, demand);
    let kept = match demand.warm {
        Warm::Auto => {
            "`warm: auto` keeps warm tasks only once bursts come often enough to pay for them"
        }
        Warm::Off => "`warm: off` keeps no warm tasks",
        Warm::Tasks(_) => "`warm` must be enough for the bursts that come",
    };
    let per_rate = demand.warm_tasks_per_rate(objective).map(|tasks| {
        let tasks = 10.0 * tasks;
        format!(", which takes about {tasks:.1} warm tasks for each 10 messages a second that come at once")
    });
    format!(
        ": the first seconds of a sudden burst are late, unless tasks run already{}; {kept}. A slow rise is met in time",
        per_rate.unwrap_or_default()
    )
}

/// Keys that only the function knows, and warm tasks over the maximum.
fn check_function_keys(service: &Service, path: &str, demand: &Demand, findings: &mut Findings) {
    let here = format!("{path}.scaling.demand");
    if demand.actuator == Actuator::TargetTracking {
        for key in ["every", "warm"] {
            let at = format!("{here}.{key}");
            if findings.is_given(&at) {
                let finding = Finding::error(format!(
                    "`{key}` doesn't go with `actuator: target_tracking`"
                ))
                .at(at, "for the function")
                .at(format!("{here}.actuator"), "target tracking sets the count")
                .help(format!("leave `{key}` or `actuator` out"));
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

/// The backlog is drained within one objective: if that is shorter than the processing time, each message asks for
/// several tasks.
fn check_single_message(demand: &Demand, path: &str, findings: &mut Findings) {
    let here = format!("{path}.scaling.demand");
    let Some(processing) = demand.processing_time else {
        return;
    };
    // A task works on several at once; what each of them takes is divided by their number.
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
        .help("the backlog is to be worked off within one promise, which is shorter than the processing of one message: promise more, or make messages smaller");
    findings.report(finding);
}

fn check_window(demand: &Demand, here: &str, findings: &mut Findings) {
    if demand.is_by_function() || demand.window >= demand.task_start {
        return;
    }
    let finding = Finding::warning("the window is shorter than a task start")
        .at(format!("{here}.window"), format!("looks back {}", written(demand.window)))
        .at(
            format!("{here}.task_start"),
            format!("starts within {}", written(demand.task_start)),
        )
        .help("a task may be removed before the one that replaces it could start, and a load that wavers has tasks come and go: give it as long as `task_start`, better several times that");
    findings.report(finding);
}
