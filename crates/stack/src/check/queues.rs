//! Queues: FIFO and its rules, dead letters, subscriptions, and whether anybody consumes them.

use std::collections::{BTreeMap, BTreeSet};

use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{Encryption, Queue, QueueSpec, Stack};
use crate::nearest::nearest;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, queue) in &stack.queues {
        if let Queue::Create(spec) = queue {
            let path = format!("queues.{key}");
            fifo_name(&path, spec, findings);
            dead_letter(&path, spec, findings);
            subscriptions(&path, spec, findings);
        }
    }
    consumption(stack, findings);
}

fn fifo_name(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let Some(name) = &spec.name else {
        return;
    };
    let (fault, kind, help) = match (spec.fifo, name.strip_suffix(".fifo")) {
        (true, None) => ("lacks `.fifo`", "is FIFO", format!("write `{name}.fifo`")),
        (false, Some(stem)) => (
            "ends in `.fifo`",
            "isn't FIFO",
            format!("write `fifo: true`, or `{stem}` for the name"),
        ),
        _ => return,
    };
    let finding = Finding::error(format!("the queue {kind}, and its name {fault}"))
        .at(format!("{path}.name"), fault)
        .at(format!("{path}.fifo"), spec.fifo.to_string())
        .help(help);
    findings.report(finding);
}

fn dead_letter(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let Some(letters) = spec.dead_letter else {
        let finding = Finding::warning("no dead-letter queue")
            .at_key(path, "has none")
            .help(format!(
                "a message that always fails is received again and again for {}, and counts as backlog all the while; add `dead_letter: {{after: 5}}`",
                written(spec.retention)
            ));
        return match findings.is_given(&format!("{path}.dead_letter")) {
            true => (),
            false => findings.report(finding),
        };
    };
    // A FIFO queue counts a dead letter's age anew; a standard queue from its first arrival.
    if !spec.fifo && letters.retention < spec.retention {
        let finding = Finding::warning("the dead-letter queue keeps messages for less time than the queue")
            .at(format!("{path}.dead_letter.retention"), written(letters.retention))
            .at(format!("{path}.retention"), written(spec.retention))
            .help(format!(
                "a message's age counts from its first arrival, so an old one vanishes as soon as it is moved: keep dead letters for at least {}",
                written(spec.retention)
            ));
        findings.report(finding);
    }
}

fn subscriptions(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, subscription) in spec.subscribe.iter().enumerate() {
        let topic = format!("{path}.subscribe[{index}].topic");
        if spec.fifo && !subscription.topic.ends_with(".fifo") {
            let finding = Finding::error("a FIFO queue can't receive from a standard topic")
                .at(topic.as_str(), "a standard topic")
                .at(format!("{path}.fifo"), "a FIFO queue")
                .help("SNS delivers to a FIFO queue from a FIFO topic only, whose name ends in `.fifo`");
            findings.report(finding);
        }
        if let Some(first) = seen.insert(&subscription.topic, index) {
            let finding = Finding::error("the topic is subscribed twice")
                .at(topic.as_str(), "again here")
                .at(format!("{path}.subscribe[{first}].topic"), "first here")
                .help(
                    "SNS keeps one subscription of a queue to a topic: join the filters into one",
                );
            findings.report(finding);
        }
        if let Encryption::Kms(_) = spec.encryption {
            let finding = Finding::warning("SNS delivers to this queue only if the key lets it")
                .at(format!("{path}.encryption"), "this key")
                .at(topic.as_str(), "this topic")
                .help("let `sns.amazonaws.com` use `kms:GenerateDataKey` and `kms:Decrypt` in the key's policy");
            findings.report(finding);
        }
    }
}

/// A queue that nobody reads only fills; a stack definition is about its consumers.
fn consumption(stack: &Stack, findings: &mut Findings) {
    let consumes = |name: &String| format!("services.{name}.consumes");
    let mut services = stack.services.keys();
    if findings.is_refused("services")
        || findings.is_full()
        || services.any(|name| findings.is_refused_within(&consumes(name)))
    {
        return;
    }
    let named = stack
        .services
        .values()
        .flat_map(|service| &service.consumes);
    let (consumed, undefined): (BTreeSet<&str>, BTreeSet<&str>) = named
        .map(String::as_str)
        .partition(|name| stack.queues.contains_key(*name));
    for key in stack.queues.keys().map(String::as_str) {
        // A misspelt name is reported where it stands.
        let misspelt = || undefined.iter().any(|name| nearest(name, [key]).is_some());
        if !consumed.contains(key) && !misspelt() {
            let finding = Finding::error(format!("no service consumes the queue `{key}`"))
                .at_key(format!("queues.{key}"), "never consumed")
                .help(format!(
                    "add it to a service, as `consumes: [{key}]`, or leave the queue out"
                ));
            findings.report(finding);
        }
    }
}
