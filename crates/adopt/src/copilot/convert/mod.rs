//! One file for each part of a manifest. A converter takes its keys from a section, and adds their equivalents to
//! the draft.

mod container;
mod count;
mod deployment;
mod environment;
mod http;
mod image;
mod network;
mod queues;
mod sidecars;
mod storage;
mod task;
mod topics;

use stack::YamlNode;

use super::context::Context;
use super::finding::Kind;
use super::section::{Field, Section};
use crate::document::{Map, Value};
pub(super) use environment::{Environment, environment};
use network::Placement;

/// The result of the manifests so far.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) definition: Map,
    /// Number of worker services among the services.
    pub(super) workers: usize,
    /// The settings in the environment's manifest.
    pub(super) environment: Environment,
    /// Days for which logs are kept, the longest of all services.
    retention: Option<u32>,
    placements: Vec<Placement>,
}

/// The service being converted.
pub(super) struct Target<'a> {
    name: &'a str,
    kind: ServiceKind,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ServiceKind {
    Worker,
    Backend,
    Web,
}

impl Draft {
    /// The service's mapping in the definition.
    fn service(&mut self, name: &str) -> &mut Map {
        self.definition.map("services").map(name)
    }

    /// Sets a property of a resource of the template.
    fn override_property(&mut self, logical_id: &str, path: &[&str], value: impl Into<Value>) {
        let mut place = self
            .definition
            .map("overrides")
            .map("Resources")
            .map(logical_id)
            .map("Properties");
        let Some((last, outer)) = path.split_last() else {
            return;
        };
        for key in outer {
            place = place.map(key);
        }
        place.set(*last, value);
    }
}

pub(super) fn service(
    root: &YamlNode,
    name: &str,
    kind: &str,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let kind = match kind {
        "Worker Service" => ServiceKind::Worker,
        "Backend Service" => ServiceKind::Backend,
        _ => ServiceKind::Web,
    };
    let target = Target { name, kind };
    let mut section = Section::top(root);
    section.take("name");
    section.take("type");
    image::main(&mut section, &target, draft, cx);
    task::size(&mut section, &target, draft, cx);
    task::names(&target, draft, cx);
    if kind == ServiceKind::Worker {
        queues::subscribe(section.take("subscribe"), &target, draft, cx);
    }
    topics::publish(section.take("publish"), &target, draft, cx);
    task::process(&mut section, &target, draft, cx);
    storage::storage(section.take("storage"), &target, draft, cx);
    sidecars::sidecars(section.take("sidecars"), &target, draft, cx);
    if kind != ServiceKind::Worker {
        http::http(section.take("http"), &target, draft, cx);
    }
    if kind == ServiceKind::Web {
        http::network_load_balancer(section.take("nlb"), cx);
    }
    deployment::deployment(section.take("deployment"), &target, draft, cx);
    count::count(section.take("count"), &target, draft, cx);
    network::network(section.take("network"), &target, draft, cx);
    task::observe(&mut section, &target, draft, cx);
    task::overrides(section.take("taskdef_overrides"), &target, draft, cx);
    section.finish(cx);
}

/// Adds the settings for all services.
pub(super) fn finish(draft: &mut Draft, cx: &mut Context<'_>) {
    // Copilot keeps logs for 30 days unless a manifest sets another number.
    let days = draft.retention.unwrap_or(30);
    draft
        .definition
        .map("logs")
        .inline()
        .set("retention", format!("{days}d"));
    network::finish(draft, cx);
    environment::finish(draft);
}

/// A short name in a definition: letters, digits, and hyphens. Reports a change.
fn short_name(name: &str, field: &Field<'_>, cx: &mut Context<'_>) -> String {
    let short = to_short(name);
    if short != name {
        let message = format!("is called `{short}` here: names are letters, digits, and hyphens");
        cx.report(
            field,
            Kind::Different,
            message,
            "adapt what refers to the name",
        );
    }
    short
}

fn to_short(name: &str) -> String {
    let letter = |letter: char| {
        if letter.is_ascii_alphanumeric() {
            letter
        } else {
            '-'
        }
    };
    let short: String = name.chars().map(letter).collect();
    short.trim_start_matches('-').to_owned()
}
