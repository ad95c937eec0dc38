//! Queues, created and existing.

use std::collections::BTreeMap;

use super::fields::Fields;
use crate::arn::Arn;
use crate::model::{
    DeadLetter, Encryption, ExistingQueue, Fifo, FilterScope, Queue, QueueSpec, Sender,
    Subscription,
};
use crate::shape::tables::{
    EXISTING_QUEUE, FIFO, QUEUE, SENDING_ACCOUNT, SENDING_SERVICE, SUBSCRIPTION,
};
use crate::yaml::{Node, Value};

pub(super) fn queues(stack: Fields<'_>) -> BTreeMap<String, Queue> {
    let entries = stack.entries("queues");
    let common = stack.optional_text("encryption");
    entries
        .map(|(key, node)| (key.to_owned(), queue(node, common.as_deref())))
        .collect()
}

/// `common` is the key of queues without their own `encryption`.
fn queue(node: &Node, common: Option<&str>) -> Queue {
    if node.has("existing") {
        return Queue::Existing(existing(Fields::new(&EXISTING_QUEUE, Some(node))));
    }
    let fields = Fields::new(&QUEUE, Some(node));
    Queue::Create(QueueSpec {
        name: fields.optional_text("name"),
        visibility_timeout: fields.duration("visibility_timeout"),
        retention: fields.duration("retention"),
        delay: fields.duration("delay"),
        fifo: fifo(fields),
        encryption: match (fields.given("encryption"), common) {
            (None, Some(key)) => Encryption::Kms(key.to_owned()),
            _ => encryption(&fields.text("encryption")),
        },
        dead_letter: fields
            .given("dead_letter")
            .map(|_| dead_letter(fields.object("dead_letter"))),
        subscribe: fields.items("subscribe").iter().map(subscription).collect(),
        senders: fields.items("senders").iter().map(sender).collect(),
    })
}

/// `true` stands for a FIFO queue with defaults.
fn fifo(queue: Fields<'_>) -> Option<Fifo> {
    let node = queue.given("fifo")?;
    match node.value {
        Value::Map(_) => {
            let fields = Fields::new(&FIFO, Some(node));
            Some(Fifo {
                content_based_deduplication: fields.flag("content_based_deduplication"),
                high_throughput: fields.flag("high_throughput"),
            })
        }
        Value::Bool(true) => Some(Fifo::default()),
        _ => None,
    }
}

/// A bucket's ARN contains no account.
fn sender(node: &Node) -> Sender {
    if !node.has("service") {
        return Sender::Account(Fields::new(&SENDING_ACCOUNT, Some(node)).text("account"));
    }
    let fields = Fields::new(&SENDING_SERVICE, Some(node));
    let source = fields.text("source");
    let owner = Arn::split(&source).map(|arn| arn.account.to_owned());
    Sender::Service {
        service: fields.text("service"),
        account: fields
            .optional_text("account")
            .or(owner.filter(|account| !account.is_empty())),
        source,
    }
}

fn existing(fields: Fields<'_>) -> ExistingQueue {
    let text = fields.text("existing");
    let arn = Arn::split(&text).unwrap_or_default();
    ExistingQueue {
        partition: arn.partition.to_owned(),
        region: arn.region.to_owned(),
        account: arn.account.to_owned(),
        name: arn.resource.to_owned(),
        key: fields.optional_text("key"),
        arn: text,
    }
}

fn encryption(text: &str) -> Encryption {
    match text {
        "sqs" => Encryption::Sqs,
        key => Encryption::Kms(key.to_owned()),
    }
}

fn dead_letter(fields: Fields<'_>) -> DeadLetter {
    DeadLetter {
        after: fields.whole("after"),
        retention: fields.duration("retention"),
    }
}

fn subscription(node: &Node) -> Subscription {
    let fields = Fields::new(&SUBSCRIPTION, Some(node));
    Subscription {
        topic: fields.text("topic"),
        filter: fields.given("filter").and_then(Node::to_json),
        filter_scope: match fields.text("filter_scope").as_str() {
            "body" => FilterScope::Body,
            _ => FilterScope::Attributes,
        },
        raw: fields.flag("raw"),
    }
}
