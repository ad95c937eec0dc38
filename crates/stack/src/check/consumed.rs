//! Queues with their own objectives or processing times: which policies support them, and whether they make sense.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{Actuator, ConsumedQueue, Demand, Service, Stack};
use crate::path;

use super::objective::REACTION;

/// Path of the name of a queue in `consumes`.
pub(super) fn name_path(findings: &Findings, path: &str, index: usize) -> String {
    let item = path::item(&format!("{path}.consumes"), index);
    let named = format!("{item}.queue");
    if findings.is_given(&named) {
        named
    } else {
        item
    }
}

/// Path of a key of a queue in `consumes`, if the queue has the key.
pub(super) fn own_path(
    findings: &Findings,
    path: &str,
    service: &Service,
    queue: &str,
    key: &str,
) -> Option<String> {
    let index = service.consumes.iter().position(|name| name == queue)?;
    let own = format!("{}.{key}", path::item(&format!("{path}.consumes"), index));
    findings.is_given(&own).then_some(own)
}

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let path = format!("services.{key}");
        check_once(service, &path, findings);
        for (index, queue) in service.consumes.iter().enumerate() {
            let item = path::item(&format!("{path}.consumes"), index);
            let own = service.own_settings(queue);
            match service.demand() {
                Some(demand) => check_demand(demand, own, &item, &path, findings),
                None => refuse_unknown(service, own, &item, &path, findings),
            }
        }
    }
}

/// A queue can be in the list only once: in both forms, it would have two objectives.
fn check_once(service: &Service, path: &str, findings: &mut Findings) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, queue) in service.consumes.iter().enumerate() {
        let Some(first) = seen.get(queue.as_str()).copied() else {
            seen.insert(queue, index);
            continue;
        };
        let (again, first) = (
            name_path(findings, path, index),
            name_path(findings, path, first),
        );
        // The same name twice is refused as a duplicate item.
        if queue.is_empty() || !(again.ends_with(".queue") || first.ends_with(".queue")) {
            continue;
        }
        let finding = Finding::error(format!("`{queue}` is consumed twice"))
            .at(again, "again here")
            .at(first, "first here")
            .help("keep one of the two items: a queue has one objective");
        findings.report(finding);
    }
}

/// Settings that a policy can't follow if it adds up the messages of all queues, or doesn't count messages.
fn refuse_unknown(
    service: &Service,
    own: ConsumedQueue,
    item: &str,
    path: &str,
    findings: &mut Findings,
) {
    if service.backlog_per_task().is_some() && own.slo.is_some() {
        let finding = Finding::error("`backlog_per_task` doesn't support an objective per queue")
            .at(format!("{item}.slo"), "only for this queue")
            .at_key(
                format!("{path}.scaling.backlog_per_task"),
                "one target for the messages of all queues",
            )
            .help("it tracks the sum of the queues' messages, so messages with a short and a long objective count the same: use `demand`, remove the queue's `slo`, or consume the queue with another service");
        findings.report(finding);
    }
    if own.processing_time.is_some() {
        let finding = Finding::error("`processing_time` of a queue requires `demand`")
            .at(format!("{item}.processing_time"), "only for this queue")
            .help("no other policy distinguishes the processing times of queues: use `demand`, or remove `processing_time`");
        findings.report(finding);
    }
}

/// Whether scaling by demand can meet a queue's own objective.
fn check_demand(
    demand: &Demand,
    own: ConsumedQueue,
    item: &str,
    path: &str,
    findings: &mut Findings,
) {
    let here = format!("{path}.scaling.demand");
    let Some(slo) = own.slo else {
        if let Some(processing) = own.processing_time {
            let aim = super::slo::setpoint_path(findings, path, "demand");
            check_work(
                demand,
                (demand.acceptable_latency, aim),
                (processing, item),
                findings,
            );
        }
        return;
    };
    let objective = format!("{item}.slo");
    match own.processing_time {
        Some(processing) => {
            let aim = (slo.latency, objective.clone());
            check_work(demand, aim, (processing, item), findings);
        }
        None => {
            if let Some(processing) = demand.processing_time {
                let aim = (slo.latency, objective.clone());
                check_work(demand, aim, (processing, &here), findings);
            }
        }
    }
    let (reaction, part, help) = match demand.actuator {
        Actuator::Function | Actuator::None => (
            demand.every.saturating_add(demand.task_start),
            "task_start",
            "the first seconds of a sudden burst in this queue are late, unless tasks run already: `warm` keeps some",
        ),
        Actuator::TargetTracking => (
            REACTION,
            "actuator",
            "a sudden burst in this queue waits for minutes, unless `tasks.min` can handle it: `actuator: function` acts within seconds",
        ),
    };
    if slo.latency >= reaction {
        return;
    }
    let finding = Finding::warning("the queue's objective is shorter than the scaling delay")
        .at(objective, format!("objective {}", written(slo.latency)))
        .at(
            format!("{here}.{part}"),
            format!("acts within {}", written(reaction)),
        )
        .help(help);
    findings.report(finding);
}

/// The backlog is drained within one objective. A single message can't be drained in less than its own processing
/// time.
fn check_work(
    demand: &Demand,
    (aim, aim_path): (Duration, String),
    (processing, place): (Duration, &str),
    findings: &mut Findings,
) {
    if aim.saturating_mul(demand.concurrency) >= processing {
        return;
    }
    let finding = Finding::warning("a single waiting message requires more than one task")
        .at(aim_path, format!("objective {}", written(aim)))
        .at(
            format!("{place}.processing_time"),
            format!("one message takes {}", written(processing)),
        )
        .help("the backlog must be processed within the objective, which is shorter than the processing of one message: allow a longer latency, or make messages smaller");
    findings.report(finding);
}
