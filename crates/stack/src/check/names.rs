//! Names that would collide: short names, fixed names, things named twice.

use std::collections::BTreeMap;

use super::consumed::name_path;
use crate::findings::{Finding, Findings};
use crate::model::{Cluster, Queue, Service, ServiceSource, Stack};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    short_names("queues", stack.queues.keys(), findings);
    short_names("services", stack.services.keys(), findings);
    fixed_names(queue_names(stack), "queue name", findings);
    fixed_names(service_names(stack), "service", findings);
    dead_letter_queues(stack, findings);
    measured_pairs(stack, findings);
}

/// CloudFormation's logical IDs can't have hyphens, and environment variables usually have no lowercase letters.
fn short_names<'s>(outer: &str, keys: impl Iterator<Item = &'s String>, findings: &mut Findings) {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for key in keys {
        let folded = key.replace('-', "").to_ascii_lowercase();
        if let Some(first) = seen.insert(folded, key) {
            let finding = Finding::error(format!("`{first}` and `{key}` differ only in hyphens or case"))
                .at_key(format!("{outer}.{key}"), "this one")
                .at_key(format!("{outer}.{first}"), "and this one")
                .help("CloudFormation's logical IDs ignore both: choose names that differ in a letter or digit");
            findings.report(finding);
        }
    }
}

/// CloudFormation's name for the dead-letter queue of `x` is `XDeadLetterQueue`, and the same for a queue
/// `x-dead-letter`.
fn dead_letter_queues(stack: &Stack, findings: &mut Findings) {
    for (key, queue) in &stack.queues {
        if !matches!(queue, Queue::Create(spec) if spec.dead_letter.is_some()) {
            continue;
        }
        let taken = format!("{}DeadLetter", to_camel_case(key));
        let created = |(_, queue): &(&String, &Queue)| matches!(queue, Queue::Create(_));
        let others = stack.queues.iter().filter(created).map(|(other, _)| other);
        if let Some(other) = others.clone().find(|other| to_camel_case(other) == taken) {
            let finding = Finding::error(format!("`{other}` is also the name of the dead-letter queue of `{key}`"))
                .at_key(format!("queues.{other}"), "this queue")
                .at_key(format!("queues.{key}.dead_letter"), "and this queue's dead-letter queue")
                .help(format!("`dead_letter` creates the dead-letter queue automatically: remove `{other}`, or rename it"));
            findings.report(finding);
        }
    }
}

/// Each pair of a service and one of its queues has an alarm, named after both: `a` from `b-from-c` and `a-from-b`
/// from `c` would have the same name.
fn measured_pairs(stack: &Stack, findings: &mut Findings) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let measured = |(_, service): &(&String, &Service)| service.backlog_per_task().is_some();
    for (key, service) in stack.services.iter().filter(measured) {
        for (index, queue) in service.consumes.iter().enumerate() {
            let path = name_path(findings, &format!("services.{key}"), index);
            let id = format!("{}From{}", to_camel_case(key), to_camel_case(queue));
            let Some(first) = seen.get(&id) else {
                seen.insert(id, path);
                continue;
            };
            // If a service names a queue twice, that is the problem that is reported.
            if first.starts_with(&format!("services.{key}.")) {
                continue;
            }
            let finding = Finding::error(format!("both alarms would be called `{id}SilentAlarm`"))
                .at(path, "this service and queue")
                .at(first.as_str(), "and these")
                .help("CloudFormation's logical IDs join the two names with `From`: choose a name without it");
            findings.report(finding);
        }
    }
}

/// A short name as part of CloudFormation's logical IDs: `voucher-worker` becomes `VoucherWorker`.
fn to_camel_case(short: &str) -> String {
    let words = short.split('-').filter_map(|word| {
        let mut letters = word.chars();
        Some(letters.next()?.to_ascii_uppercase()).map(|first| (first, letters.as_str()))
    });
    words.fold(String::new(), |mut joined, (first, rest)| {
        joined.push(first);
        joined.push_str(rest);
        joined
    })
}

/// Names that must be unique, with their paths.
fn fixed_names(names: Vec<(String, String)>, what: &str, findings: &mut Findings) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (name, path) in names {
        if let Some(first) = seen.get(&name) {
            let finding = Finding::error(format!("the {what} `{name}` is used twice"))
                .at(path, "again here")
                .at(first.as_str(), "first used here")
                .help("each names one thing: choose another name, or refer to the same short name twice");
            findings.report(finding);
        } else {
            seen.insert(name, path);
        }
    }
}

/// Includes existing queues, because they are in the same account and region.
fn queue_names(stack: &Stack) -> Vec<(String, String)> {
    let names = stack.queues.iter().filter_map(|(key, queue)| match queue {
        Queue::Create(spec) => Some((spec.name.clone()?, format!("queues.{key}.name"))),
        Queue::Existing(queue) => Some((queue.name.clone(), format!("queues.{key}.existing"))),
    });
    names.collect()
}

/// A service's name is unique in its cluster.
fn service_names(stack: &Stack) -> Vec<(String, String)> {
    let cluster = match &stack.cluster {
        Cluster::Create { name, .. } => name.as_deref(),
        Cluster::Existing { name } => Some(name.as_str()),
    };
    let names = stack
        .services
        .iter()
        .filter_map(|(key, service)| match &service.source {
            ServiceSource::Create(spec) => {
                let name = spec.name.as_deref()?;
                let full =
                    cluster.map_or_else(|| name.to_owned(), |cluster| format!("{cluster}/{name}"));
                Some((full, format!("services.{key}.name")))
            }
            ServiceSource::Existing { cluster, service } => Some((
                format!("{cluster}/{service}"),
                format!("services.{key}.existing"),
            )),
        });
    names.collect()
}
