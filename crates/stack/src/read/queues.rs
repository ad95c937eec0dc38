//! Queues, created and existing.

use std::collections::BTreeMap;

use super::fields::Fields;
use crate::arn::Arn;
use crate::model::{
    DeadLetter, Encryption, ExistingQueue, FilterScope, Queue, QueueSpec, Subscription,
};
use crate::shape::tables::{EXISTING_QUEUE, QUEUE, SUBSCRIPTION};
use crate::yaml::Node;

pub(super) fn queues(stack: Fields<'_>) -> BTreeMap<String, Queue> {
    let entries = stack.entries("queues");
    entries
        .map(|(key, node)| (key.to_owned(), queue(node)))
        .collect()
}

fn queue(node: &Node) -> Queue {
    if node.has("existing") {
        return Queue::Existing(existing(Fields::new(&EXISTING_QUEUE, Some(node))));
    }
    let fields = Fields::new(&QUEUE, Some(node));
    Queue::Create(QueueSpec {
        name: fields.optional_text("name"),
        visibility_timeout: fields.duration("visibility_timeout"),
        retention: fields.duration("retention"),
        fifo: fields.flag("fifo"),
        encryption: encryption(&fields.text("encryption")),
        dead_letter: fields
            .given("dead_letter")
            .map(|_| dead_letter(fields.object("dead_letter"))),
        subscribe: fields.items("subscribe").iter().map(subscription).collect(),
    })
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
    }
}
