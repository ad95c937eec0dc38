//! Queues: FIFO rules, dead-letter queues, subscriptions, and whether a queue has a consumer.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::consumed::own_path;
use super::senders;
use crate::duration::format as written;
use crate::findings::{Finding, Findings};
use crate::model::{
    AlarmMetric, Encryption, Queue, QueueSpec, Service, ServiceSource, Stack, StepScaling,
};
use crate::nearest::nearest;
use crate::text::shorten;

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    for (key, queue) in &stack.queues {
        if let Queue::Create(spec) = queue {
            let path = format!("queues.{key}");
            fifo_name(&path, spec, findings);
            dead_letter(&path, spec, findings);
            generated_names(key, spec, findings);
            check_subscriptions(&path, spec, findings);
            senders::check(&path, spec, findings);
            check_delay(stack, key, spec, findings);
        }
    }
    check_consumption(stack, findings);
}

fn fifo_name(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let Some(name) = &spec.name else {
        return;
    };
    let (fault, kind, help) = match (spec.fifo.is_some(), name.strip_suffix(".fifo")) {
        (true, None) => ("lacks `.fifo`", "is FIFO", format!("write `{name}.fifo`")),
        (false, Some(stem)) => (
            "ends in `.fifo`",
            "isn't FIFO",
            format!("set `fifo: true`, or use the name `{stem}`"),
        ),
        _ => return,
    };
    let finding = Finding::error(format!("the queue {kind}, and its name {fault}"))
        .at(format!("{path}.name"), fault)
        .at(format!("{path}.fifo"), spec.fifo.is_some().to_string())
        .help(help);
    findings.report(finding);
}

/// A queue without its own name is called `KEY-XXXXXXXX`, and its dead-letter queue always
/// `KEY-dead-letter-XXXXXXXX`, with `.fifo` at the end for a FIFO queue.
fn generated_names(key: &str, spec: &QueueSpec, findings: &mut Findings) {
    /// Source: Amazon SQS quotas, "Queue name".
    const LONGEST: usize = 80;
    const SUFFIX: usize = "-XXXXXXXX".len();
    let fifo = if spec.fifo.is_some() {
        ".fifo".len()
    } else {
        0
    };
    let (infix, whose) = match (spec.dead_letter, &spec.name) {
        (Some(_), _) => ("-dead-letter", "its dead-letter queue's name"),
        (None, None) => ("", "the queue's name"),
        (None, Some(_)) => return,
    };
    let room = LONGEST - infix.len() - SUFFIX - fifo;
    if key.chars().count() > room {
        let finding = Finding::error(format!("`{}` is too long", shorten(key)))
            .at_key(format!("queues.{key}"), format!("over {room} characters"))
            .help(format!("{whose} adds `{infix}-XXXXXXXX{}` to it, and SQS allows {LONGEST} characters: shorten it to {room}", if spec.fifo.is_some() { ".fifo" } else { "" }));
        findings.report(finding);
    }
}

fn dead_letter(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let Some(letters) = spec.dead_letter else {
        let finding = Finding::warning("no dead-letter queue")
            .at_key(path, "has none")
            .help(format!(
                "a message that always fails is received repeatedly for {}, and counts as backlog during that time: add `dead_letter: {{after: 5}}`",
                written(spec.retention)
            ));
        return match findings.is_given(&format!("{path}.dead_letter")) {
            true => (),
            false => findings.report(finding),
        };
    };
    // In a FIFO queue's dead-letter queue, a message's age restarts; in a standard queue's, it counts from when the
    // message was first sent.
    if spec.fifo.is_none() && letters.retention < spec.retention {
        let finding = Finding::warning("the dead-letter queue keeps messages for less time than the queue")
            .at(format!("{path}.dead_letter.retention"), written(letters.retention))
            .at(format!("{path}.retention"), written(spec.retention))
            .help(format!(
                "a message's age counts from its first arrival, so an old message is deleted as soon as it is moved: keep messages in the dead-letter queue for at least {}",
                written(spec.retention)
            ));
        findings.report(finding);
    }
}

/// A message that is delayed for longer than it can wait is always late.
fn check_delay(stack: &Stack, key: &str, spec: &QueueSpec, findings: &mut Findings) {
    let objectives = stack.consumers(key).filter_map(|(name, service)| {
        let latency = service.queue_objective(key)?;
        Some((latency, name, service))
    });
    let shortest = objectives.min_by_key(|(latency, ..)| *latency);
    let is_late = |latency: Duration| !spec.delay.is_zero() && latency <= spec.delay;
    let Some((latency, name, service)) = shortest.filter(|(latency, ..)| is_late(*latency)) else {
        return;
    };
    let mut finding = Finding::warning("the delay is as long as the latency objective")
        .at(format!("queues.{key}.delay"), written(spec.delay))
        .help("a message's waiting time starts when it is sent: shorten `delay`, or lengthen the objective");
    let path = format!("services.{name}");
    let common = service.slo.map(|_| format!("{path}.slo"));
    if let Some(objective) = own_path(findings, &path, service, key, "slo").or(common) {
        finding = finding.at(objective, format!("at most {}", written(latency)));
    }
    findings.report(finding);
}

fn check_subscriptions(path: &str, spec: &QueueSpec, findings: &mut Findings) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for (index, subscription) in spec.subscribe.iter().enumerate() {
        let topic = format!("{path}.subscribe[{index}].topic");
        if spec.fifo.is_some() && !subscription.topic.ends_with(".fifo") {
            let finding = Finding::error("a FIFO queue can't receive from a standard topic")
                .at(topic.as_str(), "a standard topic")
                .at(format!("{path}.fifo"), "a FIFO queue")
                .help("SNS delivers to a FIFO queue only from a FIFO topic, whose name ends in `.fifo`");
            findings.report(finding);
        }
        let scope = format!("{path}.subscribe[{index}].filter_scope");
        if subscription.filter.is_none() && findings.is_given(&scope) {
            let finding = Finding::error("there is no filter that the scope could apply to")
                .at_key(scope, "without `filter`")
                .help("add a `filter`, or remove `filter_scope`");
            findings.report(finding);
        }
        if let Some(first) = seen.insert(id_of(&subscription.topic), index) {
            let first_topic = format!("{path}.subscribe[{first}].topic");
            let same = spec
                .subscribe
                .get(first)
                .is_some_and(|other| other.topic == subscription.topic);
            let finding = if same {
                Finding::error("the topic is subscribed twice").help(
                    "SNS keeps one subscription of a queue to a topic: join the filters into one",
                )
            } else {
                Finding::error("the two topics differ only in hyphens, underscores, or case")
                    .help("CloudFormation's logical IDs ignore all three: receive from one of them with another queue")
            };
            let finding = finding
                .at(topic.as_str(), "again here")
                .at(first_topic, "first here");
            findings.report(finding);
        }
        if let Encryption::Kms(_) = spec.encryption {
            let finding = Finding::warning("SNS delivers to this queue only if the key allows it")
                .at(format!("{path}.encryption"), "this key")
                .at(topic.as_str(), "this topic")
                .help("let `sns.amazonaws.com` use `kms:GenerateDataKey` and `kms:Decrypt` in the key's policy");
            findings.report(finding);
        }
    }
}

/// The part of a topic's ARN that a logical ID can contain.
fn id_of(topic: &str) -> String {
    let letters = topic
        .chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || *letter == ':');
    letters.collect::<String>().to_ascii_lowercase()
}

/// Queues whose metrics a service's alarms watch.
fn list_watched_queues(service: &Service) -> impl Iterator<Item = &str> {
    let scaling = service.scaling.iter();
    let steps = scaling.flat_map(|scaling| scaling.steps.iter().chain(&scaling.alarm_steps));
    steps
        .flat_map(StepScaling::metrics)
        .filter_map(AlarmMetric::queue)
}

/// A queue without a consumer only fills up; a stack definition describes its consumers.
fn check_consumption(stack: &Stack, findings: &mut Findings) {
    let unknown = |name: &String| {
        let service = format!("services.{name}");
        [
            "consumes",
            "sends",
            "scaling.steps.metric",
            "scaling.steps.scale_out.metric",
            "scaling.steps.scale_in.metric",
            "scaling.alarm_steps.metric",
            "scaling.alarm_steps.scale_out.metric",
            "scaling.alarm_steps.scale_in.metric",
        ]
        .iter()
        .any(|part| findings.is_refused_within(&format!("{service}.{part}")))
    };
    if findings.is_refused("services") || findings.is_full() || stack.services.keys().any(unknown) {
        return;
    }
    let services = stack.services.values();
    let named = services.flat_map(|service| {
        let consumed = service.consumes.iter().map(String::as_str);
        let sent = match &service.source {
            ServiceSource::Create(spec) => spec.sends.as_slice(),
            ServiceSource::Existing { .. } => &[],
        };
        let sent = sent.iter().filter(|name| !name.starts_with("arn:"));
        consumed
            .chain(list_watched_queues(service))
            .chain(sent.map(String::as_str))
    });
    let (consumed, undefined): (BTreeSet<&str>, BTreeSet<&str>) =
        named.partition(|name| stack.queues.contains_key(*name));
    for key in stack.queues.keys().map(String::as_str) {
        // A misspelled name is reported at its own path.
        let misspelt = || undefined.iter().any(|name| nearest(name, [key]).is_some());
        if !consumed.contains(key) && !misspelt() {
            let finding = Finding::error(format!("no service consumes the queue `{key}`"))
                .at_key(format!("queues.{key}"), "never consumed")
                .help(format!(
                    "add it to a service, as `consumes: [{key}]`, or remove the queue"
                ));
            findings.report(finding);
        }
    }
}
