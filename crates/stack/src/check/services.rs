//! Services: the queues that they consume and send to, and their bounds.

use std::collections::BTreeMap;

use super::consumed::name_path;
use super::texts;
use crate::findings::{Finding, Findings};
use crate::model::{Service, ServiceSource, ServiceSpec, Stack};
use crate::nearest::{listed, suggest};
use crate::path;
use crate::variable::name_variable;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, service) in &stack.services {
        let path = format!("services.{key}");
        check_consumed_queues(stack, service, &path, findings);
        check_tasks(service, &path, findings);
        if let ServiceSource::Create(spec) = &service.source {
            check_sent_queues(stack, service, spec, &path, findings);
            texts::check(&path, spec, findings);
        }
    }
}

fn check_consumed_queues(stack: &Stack, service: &Service, path: &str, findings: &mut Findings) {
    let list = format!("{path}.consumes");
    let way = match (service.backlog_per_task(), service.demand()) {
        (Some(_), _) => Some(("backlog", "backlog_per_task")),
        (None, Some(_)) => Some(("demand", "demand")),
        (None, None) => None,
    };
    if let (Some((by, way)), true) = (way, service.consumes.is_empty()) {
        let finding = Finding::error(format!(
            "scaling by {by} needs a queue, but the service consumes none"
        ))
        .at(list.as_str(), "empty")
        .at_key(format!("{path}.scaling.{way}"), "needs a queue")
        .help(format!("name the queues in `consumes`, or remove `{way}`"));
        findings.report(finding);
    }
    for (index, name) in service.consumes.iter().enumerate() {
        check_queue_exists(stack, name, name_path(findings, path, index), findings);
    }
}

fn check_sent_queues(
    stack: &Stack,
    service: &Service,
    spec: &ServiceSpec,
    path: &str,
    findings: &mut Findings,
) {
    let list = format!("{path}.sends");
    let named = spec.sends.iter().enumerate();
    for (index, name) in named.filter(|(_, name)| !name.starts_with("arn:")) {
        check_queue_exists(stack, name, path::item(&list, index), findings);
    }
    let consumed = service.consumes.iter().enumerate();
    let consumed: Vec<_> = consumed
        .map(|(index, name)| (name_path(findings, path, index), name))
        .collect();
    let sent = spec.sends.iter().enumerate();
    let sent = sent.map(|(index, name)| (path::item(&list, index), name));
    check_variables("QUEUE_URL_", consumed.into_iter().chain(sent), findings);
    let topics = spec.publishes.iter().enumerate();
    let topics = topics.map(|(index, arn)| (path::item(&format!("{path}.publishes"), index), arn));
    check_variables("TOPIC_ARN_", topics, findings);
}

/// Whether each variable has only one address: variable names ignore case and punctuation.
fn check_variables<'s>(
    prefix: &str,
    named: impl Iterator<Item = (String, &'s String)>,
    findings: &mut Findings,
) {
    let mut seen: BTreeMap<String, (String, &String)> = BTreeMap::new();
    for (place, name) in named {
        let variable = name_variable(prefix, name.rsplit(':').next().unwrap_or_default());
        match seen.get(&variable) {
            Some((_, first)) if *first == name => {}
            Some((first, _)) => {
                let finding = Finding::error(format!("two addresses would be in `{variable}`"))
                    .at(place, "this one")
                    .at(first.as_str(), "and this one")
                    .help("keep one of the two, and give the tasks the other one by `permissions` and `environment`");
                findings.report(finding);
            }
            None => {
                seen.insert(variable, (place, name));
            }
        }
    }
}

/// Whether a named queue is defined.
pub(super) fn check_queue_exists(stack: &Stack, name: &str, path: String, findings: &mut Findings) {
    if stack.queues.contains_key(name) || findings.is_refused("queues") || findings.is_full() {
        return;
    }
    let names = stack.queues.keys().map(String::as_str);
    let help = suggest(name, names.clone(), || {
        if stack.queues.is_empty() {
            format!("define it under `queues`: `{name}: {{}}`")
        } else {
            format!("defined are {}", listed(names.take(20)))
        }
    });
    let finding = Finding::error(format!("no queue `{name}` is defined"))
        .at(path, "not under `queues`")
        .help(help);
    findings.report(finding);
}

fn check_tasks(service: &Service, path: &str, findings: &mut Findings) {
    let (tasks, scales) = (service.tasks, service.scaling.is_some());
    let (min, max) = (format!("{path}.tasks.min"), format!("{path}.tasks.max"));
    let given = findings.is_given(&max);
    let finding = if scales && !given {
        Finding::error("`tasks.max` is required when `scaling` is set")
            .at_key(max.as_str(), "without `max`")
            .help("add `max: …` to `tasks`; it limits the cost of a flood of messages or requests")
    } else if !scales && given && tasks.max != tasks.min {
        Finding::error("`max` differs from `min`, and nothing scales the service")
            .at(max.as_str(), "never reached")
            .help("add `scaling`, or remove `max`: without it, `min` is the number of tasks")
    } else if given && tasks.min > tasks.max {
        Finding::error("`min` is greater than `max`")
            .at(min.as_str(), format!("at least {}", tasks.min))
            .at(max.as_str(), format!("at most {}", tasks.max))
            .help(format!(
                "lower `min` to {}, or raise `max` to {}",
                tasks.max, tasks.min
            ))
    } else {
        return;
    };
    findings.report(finding);
}
