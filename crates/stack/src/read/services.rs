//! Services, created and existing, with their scaling.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fields, architecture};
use crate::model::{BacklogPerTask, Cooldown, Count, Service, ServiceSource, ServiceSpec, Tasks};
use crate::shape::tables::{EXISTING_SERVICE, SERVICE};
use crate::yaml::Node;

pub(super) fn services(stack: Fields<'_>) -> BTreeMap<String, Service> {
    let entries = stack.entries("services");
    entries
        .map(|(key, node)| (key.to_owned(), service(node)))
        .collect()
}

fn service(node: &Node) -> Service {
    let (fields, source) = if node.has("existing") {
        let fields = Fields::new(&EXISTING_SERVICE, Some(node));
        (fields, existing(&fields.text("existing")))
    } else {
        let fields = Fields::new(&SERVICE, Some(node));
        (fields, ServiceSource::Create(Box::new(spec(fields))))
    };
    Service {
        source,
        consumes: fields.texts("consumes"),
        tasks: tasks(fields.object("tasks")),
        scaling: fields
            .given("scaling")
            .map(|_| backlog_per_task(fields.object("scaling"))),
    }
}

fn existing(text: &str) -> ServiceSource {
    let (cluster, service) = text.split_once('/').unwrap_or_default();
    ServiceSource::Existing {
        cluster: cluster.to_owned(),
        service: service.to_owned(),
    }
}

fn spec(fields: Fields<'_>) -> ServiceSpec {
    ServiceSpec {
        name: fields.optional_text("name"),
        image: fields.text("image"),
        cpu: fields.whole("cpu"),
        memory: fields.whole("memory"),
        architecture: architecture(fields),
        command: fields.texts("command"),
        environment: fields.text_entries("environment"),
        secrets: fields.text_entries("secrets"),
        stop_timeout: fields.duration("stop_timeout"),
    }
}

/// Without `max`, the number of tasks is fixed.
fn tasks(fields: Fields<'_>) -> Tasks {
    let min = fields.whole("min");
    Tasks {
        min,
        max: fields.optional_whole("max").unwrap_or(min),
    }
}

fn backlog_per_task(scaling: Fields<'_>) -> BacklogPerTask {
    let fields = scaling.object("backlog_per_task");
    let cooldown = fields.object("cooldown");
    BacklogPerTask {
        acceptable_latency: fields.duration("acceptable_latency"),
        processing_time: fields.duration("processing_time"),
        count: counts(fields),
        cooldown: Cooldown {
            out: cooldown.duration("out"),
            r#in: cooldown.duration("in"),
        },
    }
}

fn counts(fields: Fields<'_>) -> BTreeSet<Count> {
    let words = fields.texts("count");
    let given: BTreeSet<Count> = Count::ALL
        .into_iter()
        .filter(|count| words.iter().any(|word| word == count.name()))
        .collect();
    if given.is_empty() {
        BTreeSet::from([Count::Visible])
    } else {
        given
    }
}
