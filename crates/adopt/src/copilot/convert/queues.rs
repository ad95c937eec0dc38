//! Queues, and the topics that they subscribe to or that services publish to.

use super::{Draft, Target};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::{Item, Map, Value};
use template::names;

/// The worker's own queue, the queues of single topics, and their subscriptions.
pub(super) fn subscribe(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let own = if draft.workers > 1 {
        format!("{}-events", target.name)
    } else {
        "events".to_owned()
    };
    draft.definition.map("queues").map(&own);
    consume(&own, target, draft);
    let Some(mut section) = field.and_then(|field| field.section(cx)) else {
        return;
    };
    let is_fifo = section
        .take("queue")
        .is_some_and(|field| queue(&field, &own, draft, cx));
    let topics = section.take("topics");
    for topic in topics
        .as_ref()
        .map_or_else(Vec::new, |field| field.items(cx))
    {
        subscription(&topic, &own, is_fifo, target, draft, cx);
    }
    section.finish(cx);
    let line = topics.filter(|_| !is_alone(target, draft));
    if let Some(field) = line {
        let help = "compare the sum with what each queue needs, and adapt `acceptable_latency`";
        cx.report(&field, Kind::Different, "Copilot scales for the queue that needs the most tasks; ecs-scaler adds up the backlogs of all queues of a service", help);
    }
}

fn consume(queue: &str, target: &Target<'_>, draft: &mut Draft) {
    draft
        .service(target.name)
        .list("consumes")
        .push(Item::new(queue));
}

fn is_alone(target: &Target<'_>, draft: &mut Draft) -> bool {
    draft.service(target.name).list("consumes").len() < 2
}

/// Takes the settings of a queue. Returns whether it is a FIFO queue.
fn queue(field: &Field<'_>, key: &str, draft: &mut Draft, cx: &mut Context<'_>) -> bool {
    let Some(mut section) = field.section(cx) else {
        return false;
    };
    let fifo = section.take("fifo");
    let spec = draft.definition.map("queues").map(key);
    for (theirs, ours) in [
        ("timeout", "visibility_timeout"),
        ("retention", "retention"),
        ("delay", "delay"),
    ] {
        if let Some(value) = section.take(theirs).and_then(|field| field.duration(cx)) {
            spec.set(ours, value);
        }
    }
    if let Some(mut dead_letter) = section
        .take("dead_letter")
        .and_then(|field| field.section(cx))
    {
        if let Some(tries) = dead_letter
            .take("tries")
            .and_then(|field| field.number(cx))
            .filter(|tries| *tries > 0)
        {
            spec.map("dead_letter").inline().set("after", tries);
        }
        dead_letter.finish(cx);
    }
    section.finish(cx);
    fifo.is_some_and(|field| ordered(&field, key, draft, cx))
}

/// Takes the settings under `fifo`. Returns whether it is on.
fn ordered(field: &Field<'_>, key: &str, draft: &mut Draft, cx: &mut Context<'_>) -> bool {
    if !field.is_map() {
        let is_on = field.boolean(cx).unwrap_or(false);
        if is_on {
            draft.definition.map("queues").map(key).set("fifo", true);
        }
        return is_on;
    }
    let Some(mut section) = field.section(cx) else {
        return false;
    };
    let mut fifo = Map::new();
    fifo.inline();
    for flag in ["content_based_deduplication", "high_throughput"] {
        if let Some(value) = section.take(flag).and_then(|field| field.boolean(cx)) {
            fifo.set(flag, value);
        }
    }
    for (theirs, property) in [
        ("deduplication_scope", "DeduplicationScope"),
        ("throughput_limit", "FifoThroughputLimit"),
    ] {
        if let Some(value) = section.take(theirs).and_then(|field| field.text(cx)) {
            draft.override_property(&names::queue(key), &[property], value);
        }
    }
    section.finish(cx);
    let value = if fifo.is_empty() {
        Value::Bool(true)
    } else {
        fifo.into()
    };
    draft.definition.map("queues").map(key).set("fifo", value);
    true
}

/// A topic that a queue subscribes to: the worker's own queue, or the topic's own.
fn subscription(
    field: &Field<'_>,
    own: &str,
    own_is_fifo: bool,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let Some(mut section) = field.section(cx) else {
        return;
    };
    let (name, service) = (
        text(&mut section, "name", cx),
        text(&mut section, "service", cx),
    );
    let (Some(name), Some(service)) = (name, service) else {
        return field.reject("a topic with `name` and `service`", cx);
    };
    let queue = section
        .take("queue")
        .filter(|field| field.as_boolean() != Some(false));
    let (key, is_fifo) = match queue {
        Some(field) => own_queue(&field, &service, &name, target, draft, cx),
        None => (own.to_owned(), own_is_fifo),
    };
    let mut subscription = Map::new();
    let end = if is_fifo { ".fifo" } else { "" };
    let topic = cx.arn("sns", &format!("{}-{service}-{name}{end}", cx.prefix()));
    subscription.set("topic", topic);
    subscription
        .set("raw", false)
        .beside("Copilot leaves SNS's envelope around each message");
    if let Some(filter) = section.take("filter_policy") {
        let value = filter.value(cx);
        if filter.section(cx).is_some() {
            subscription.set("filter", value);
        }
    }
    section.finish(cx);
    draft
        .definition
        .map("queues")
        .map(&key)
        .list("subscribe")
        .push(Item::new(subscription));
}

/// Adds the queue of a single topic. Returns its key, and whether it is a FIFO queue.
fn own_queue(
    field: &Field<'_>,
    service: &str,
    topic: &str,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) -> (String, bool) {
    let mut key = topic_queue(service, topic, fifo_of(field));
    if draft.definition.map("queues").get(&key).is_some() {
        let help = "import one service at a time (`import copilot PATH/SERVICE/manifest.yml`), so that each has its own definition";
        cx.report(
            field,
            Kind::Different,
            format!(
                "another queue is also called `{key}`: COPILOT_TOPIC_QUEUE_URIS has another key here"
            ),
            help,
        );
        key = format!("{}-{key}", target.name);
    }
    draft.definition.map("queues").map(&key);
    consume(&key, target, draft);
    let is_fifo = field.is_map() && queue(field, &key, draft, cx);
    (key, is_fifo)
}

pub(super) fn text(section: &mut Section<'_>, key: &str, cx: &mut Context<'_>) -> Option<String> {
    section
        .take(key)
        .and_then(|field| field.text(cx))
        .filter(|text| !text.is_empty())
}

/// Whether a topic's queue is a FIFO queue. This must be known before the queue is read, because its name depends
/// on it.
fn fifo_of(field: &Field<'_>) -> bool {
    let Some(node) = field.node.get("fifo") else {
        return false;
    };
    let fifo = Field {
        path: String::new(),
        line: node.line,
        node,
    };
    fifo.is_map() || fifo.as_boolean() == Some(true)
}

/// The name that a worker reads in `COPILOT_TOPIC_QUEUE_URIS`. Source: Copilot's documentation, "Publish/Subscribe
/// Architectures": `merchantOrdersEventsQueue`, and `merchantTransactionsfifoEventsQueue` for a FIFO topic.
fn topic_queue(service: &str, topic: &str, is_fifo: bool) -> String {
    let letters = |text: &str| {
        text.chars()
            .filter(char::is_ascii_alphanumeric)
            .collect::<String>()
    };
    let (service, topic) = (letters(service), letters(topic));
    let mut topic = topic.chars();
    let first = topic.next().map(|first| first.to_ascii_uppercase());
    let topic: String = first.into_iter().chain(topic).collect();
    format!(
        "{service}{topic}{}EventsQueue",
        if is_fifo { "fifo" } else { "" }
    )
}
