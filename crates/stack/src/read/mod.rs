//! Converts a checked tree to the typed model, with every default filled in.
//!
//! Values that the structural check refused are read as their defaults, so that the rest can still be checked.

mod container;
mod fields;
mod network;
mod queues;
mod scaling;
mod schedule;
mod services;
mod shared;
mod steps;

use fields::Fields;
use shared::architecture;

use crate::model::{Alarms, Metric, Network, Recipient, Stack};
use crate::shape::tables::{SLACK, STACK};
use crate::written::Written;
use crate::yaml::Node;

/// Reads a complete definition.
pub(crate) fn read(root: &Node) -> Stack {
    let fields = Fields::new(&STACK, Some(root));
    let network = network::network(fields.given("network"));
    Stack {
        name: fields.text("name"),
        environment: None,
        written: Written::default(),
        account: fields.optional_text("account"),
        region: fields.optional_text("region"),
        tags: fields.text_entries("tags"),
        termination_protection: fields.flag("termination_protection"),
        permissions_boundary: fields
            .object("roles")
            .optional_text("boundary")
            .or_else(|| fields.optional_text("permissions_boundary")),
        role_path: fields.object("roles").text("path"),
        log_key: fields
            .object("logs")
            .optional_text("key")
            .or_else(|| fields.optional_text("encryption")),
        key: fields.optional_text("encryption"),
        assets_bucket: fields.object("assets").optional_text("bucket"),
        cluster: network::cluster(fields.given("cluster")),
        queues: queues::queues(fields),
        services: services::services(fields),
        metric: metric(fields, &network),
        alarms: alarms(fields.object("alarms")),
        network,
        notify: fields.items("notify").iter().map(recipient).collect(),
        overrides: fields.given("overrides").and_then(Node::to_json),
    }
}

fn metric(stack: Fields<'_>, network: &Network) -> Metric {
    let fields = stack.object("metric");
    let retention = stack.object("logs").optional_duration("retention");
    Metric {
        namespace: fields.text("namespace"),
        every: fields.duration("every"),
        memory: fields.whole("memory"),
        architecture: architecture(fields),
        vpc: fields
            .given("vpc")
            .map(|node| network::of_functions(node, network)),
        tracing: fields.flag("tracing"),
        log_retention: retention.unwrap_or_else(|| fields.duration("log_retention")),
    }
}

fn recipient(node: &Node) -> Recipient {
    if let Some(text) = node.as_str() {
        return match text.starts_with("arn:") {
            true => Recipient::Topic(text.to_owned()),
            false => Recipient::Email(text.to_owned()),
        };
    }
    let slack = Fields::new(&SLACK, node.get("slack"));
    Recipient::Slack {
        workspace: slack.text("workspace"),
        channel: slack.text("channel"),
    }
}

fn alarms(fields: Fields<'_>) -> Alarms {
    Alarms {
        oldest_message: fields.optional_duration("oldest_message"),
        dead_letters: fields.whole("dead_letters"),
        metric_silent: fields.duration("metric_silent"),
    }
}
