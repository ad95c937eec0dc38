//! Where tasks run: one network for all services of a stack.

use super::{Draft, Target, container};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::Field;
use crate::document::{Item, Map, Value};

/// A service manifest's network settings.
#[derive(Clone, Debug, Default)]
pub(super) struct Placement {
    service: String,
    file: String,
    line: usize,
    subnets: Subnets,
    groups: Vec<Value>,
}

#[derive(Clone, Debug, Default, PartialEq)]
enum Subnets {
    #[default]
    Public,
    Private,
    Named(Vec<String>),
    /// Selected by tags, which only AWS knows.
    Unknown,
}

pub(super) fn network(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let mut placement = Placement {
        service: target.name.to_owned(),
        file: cx.file.to_owned(),
        line: field.as_ref().map_or(1, |field| field.line),
        ..Placement::default()
    };
    if let Some(mut section) = field.and_then(|field| field.section(cx)) {
        if let Some(field) = section.take("connect") {
            service_connect(&field, cx);
        }
        if let Some(mut vpc) = section.take("vpc").and_then(|field| field.section(cx)) {
            if let Some(field) = vpc.take("placement") {
                placement.subnets = subnets(&field, cx);
            }
            if let Some(field) = vpc.take("security_groups") {
                placement.groups = security_groups(&field, cx);
            }
            vpc.finish(cx);
        }
        section.finish(cx);
    }
    draft.placements.push(placement);
}

fn service_connect(field: &Field<'_>, cx: &mut Context<'_>) {
    if field.as_boolean() == Some(false) {
        return;
    }
    let leaves = field.leaves();
    let detail = if leaves.is_empty() {
        String::new()
    } else {
        format!(" ({leaves})")
    };
    let help = "if the service only calls others, write the ARN of their namespace into `service_connect`; for a name of its own, `overrides` can set `ServiceConnectConfiguration` and a named port";
    cx.missing(
        field,
        format!("no key for a name in Service Connect{detail}"),
        help,
    );
}

fn subnets(field: &Field<'_>, cx: &mut Context<'_>) -> Subnets {
    if !field.is_map() {
        return match field.text(cx).unwrap_or_default().as_str() {
            "public" => Subnets::Public,
            "private" => Subnets::Private,
            _ => {
                field.reject("`public`, `private`, or a mapping", cx);
                Subnets::Public
            }
        };
    }
    let Some(mut section) = field.section(cx) else {
        return Subnets::Public;
    };
    let found = section.take("subnets");
    section.finish(cx);
    let Some(found) = found else {
        return Subnets::Public;
    };
    if !found.is_map() {
        return Subnets::Named(found.texts(cx));
    }
    let leaves = found.leaves();
    cx.report(
        &found,
        Kind::Incomplete,
        format!("subnets by their tags aren't looked up ({leaves})"),
        "write the IDs of the subnets into `network.subnets`",
    );
    Subnets::Unknown
}

/// Groups as IDs, or as exports of other stacks.
fn security_groups(field: &Field<'_>, cx: &mut Context<'_>) -> Vec<Value> {
    if field.is_list() {
        without_default(field, cx);
        return field
            .items(cx)
            .iter()
            .filter_map(|item| group(item, cx))
            .collect();
    }
    let Some(mut section) = field.section(cx) else {
        return Vec::new();
    };
    let denies = section
        .take("deny_default")
        .and_then(|deny| deny.boolean(cx))
        .unwrap_or(false);
    let mut groups: Vec<Value> = Vec::new();
    if let Some(list) = section.take("groups") {
        groups.extend(list.items(cx).iter().filter_map(|item| group(item, cx)));
    }
    if let Some(export) = section.take("from_cfn") {
        let help = "write the IDs of the groups";
        cx.report(
            &export,
            Kind::Incomplete,
            "exports of other stacks aren't read",
            help,
        );
        groups.extend(
            export
                .text(cx)
                .map(|name| crate::copilot::context::placeholder_map("from_cfn", name)),
        );
    }
    section.finish(cx);
    if !denies {
        without_default(field, cx);
    }
    groups
}

/// Copilot adds a group that allows traffic from all services of the environment.
fn without_default(field: &Field<'_>, cx: &mut Context<'_>) {
    let help = "if other services call this one, let one of your security groups allow them";
    cx.report(
        field,
        Kind::Different,
        "the tasks get only these groups, and not the group of Copilot's environment",
        help,
    );
}

fn group(item: &Field<'_>, cx: &mut Context<'_>) -> Option<Value> {
    container::imported(item, cx).or_else(|| item.text(cx).map(Value::from))
}

/// Writes the network of the first service, and reports the services that need another one.
pub(super) fn finish(draft: &mut Draft, cx: &mut Context<'_>) {
    let placements = std::mem::take(&mut draft.placements);
    let Some((first, others)) = placements.split_first() else {
        return;
    };
    for other in others
        .iter()
        .filter(|other| other.subnets != first.subnets || other.groups != first.groups)
    {
        let help =
            "if that isn't right for it, import only its manifest into a separate definition";
        let message = format!(
            "{} gets the network of {}: all services of a stack share one network",
            other.service, first.service
        );
        cx.findings.push(crate::copilot::Finding {
            file: other.file.clone(),
            line: other.line,
            key: "network".to_owned(),
            kind: Kind::Different,
            message,
            help: help.to_owned(),
            service: Some(other.service.clone()),
        });
    }
    let network = build(first, draft);
    if !network.is_empty() {
        draft.definition.set("network", network);
    }
}

/// The network as in a definition; empty for one that the stack creates.
fn build(placement: &Placement, draft: &Draft) -> Map {
    let (environment, mut network) = (&draft.environment, Map::new());
    let unknown = vec!["<SUBNET-ID>".to_owned()];
    let imported = environment.vpc.is_some();
    let (subnets, is_public) = match &placement.subnets {
        Subnets::Named(ids) => (ids.clone(), false),
        Subnets::Public if imported && !environment.public.is_empty() => {
            (environment.public.clone(), true)
        }
        // The network that the stack creates has public subnets.
        Subnets::Public if !imported && placement.groups.is_empty() => return created(draft),
        Subnets::Private if imported && !environment.private.is_empty() => {
            (environment.private.clone(), false)
        }
        Subnets::Public => (unknown, true),
        Subnets::Private | Subnets::Unknown => (unknown, false),
    };
    network.set(
        "vpc",
        environment
            .vpc
            .clone()
            .unwrap_or_else(|| "<VPC-ID>".to_owned()),
    );
    if !imported {
        let text = match &placement.subnets {
            Subnets::Named(_) => "The VPC of the subnets.",
            _ => {
                "The tasks need subnets that exist: the network that the stack creates has public subnets and no NAT."
            }
        };
        network.item("vpc").above(text);
    }
    network.set("subnets", subnets);
    if !placement.groups.is_empty() {
        let groups = placement.groups.iter().cloned().map(Item::new).collect();
        network.set("security_groups", Value::List(groups));
    }
    if is_public {
        network.set("assign_public_ip", true);
    }
    network
}

fn created(draft: &Draft) -> Map {
    let mut network = Map::new();
    if draft.environment.flow_logs {
        network.map("create").inline().set("flow_logs", "all");
    }
    network
}
