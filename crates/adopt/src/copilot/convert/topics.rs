//! Topics that a service publishes to.

use super::queues::text;
use super::{Draft, Target};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::Field;
use crate::document::Item;

pub(super) fn publish(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let Some(mut section) = field.and_then(|field| field.section(cx)) else {
        return;
    };
    for topic in section
        .take("topics")
        .map_or_else(Vec::new, |field| field.items(cx))
    {
        add(&topic, target, draft, cx);
    }
    section.finish(cx);
}

fn add(topic: &Field<'_>, target: &Target<'_>, draft: &mut Draft, cx: &mut Context<'_>) {
    let Some(mut section) = topic.section(cx) else {
        return;
    };
    let Some(name) = text(&mut section, "name", cx) else {
        return topic.reject("a topic with `name`", cx);
    };
    let fifo = section.take("fifo");
    let is_fifo = fifo
        .as_ref()
        .is_some_and(|field| field.is_map() || field.boolean(cx) == Some(true));
    let detail = fifo.map_or_else(String::new, |field| topic_properties(&field, cx));
    section.finish(cx);
    let end = if is_fifo { ".fifo" } else { "" };
    let arn = cx.arn(
        "sns",
        &format!("{}-{}-{name}{end}", cx.prefix(), target.name),
    );
    draft
        .service(target.name)
        .list("publishes")
        .push(Item::new(arn));
    let help = format!(
        "before you delete the Copilot service, add in `overrides` an `AWS::SNS::Topic` with another `TopicName`{detail}, write its ARN here, and let the subscribers use it"
    );
    cx.report(
        topic,
        Kind::Different,
        "the topic belongs to Copilot's stack, which deletes it with the service",
        help,
    );
}

fn topic_properties(field: &Field<'_>, cx: &mut Context<'_>) -> String {
    if !field.is_map() {
        return if field.as_boolean() == Some(true) {
            ", `FifoTopic: true`".to_owned()
        } else {
            String::new()
        };
    }
    let Some(mut section) = field.section(cx) else {
        return String::new();
    };
    let by_content = section
        .take("content_based_deduplication")
        .and_then(|field| field.boolean(cx));
    section.finish(cx);
    match by_content {
        Some(value) => format!(", `FifoTopic: true`, `ContentBasedDeduplication: {value}`"),
        None => ", `FifoTopic: true`".to_owned(),
    }
}
