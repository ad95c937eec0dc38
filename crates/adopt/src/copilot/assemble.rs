//! The definition of a workspace, for one environment or for none.

use super::context::Context;
use super::convert::{self, Draft};
use super::files::{Manifest, Workspace};
use super::finding::{Finding, Kind};
use super::{Settings, merge};
use crate::document::{Map, Value};

/// A definition, and the findings about it.
pub(super) struct Assembled {
    pub(super) definition: Map,
    pub(super) findings: Vec<Finding>,
}

/// The keys of a definition in reading order.
const ORDER: [&str; 9] = [
    "name",
    "account",
    "region",
    "logs",
    "network",
    "cluster",
    "queues",
    "services",
    "overrides",
];

pub(super) fn assemble(
    workspace: &Workspace,
    settings: &Settings,
    environment: Option<&str>,
) -> Assembled {
    let mut cx = Context {
        file: "",
        service: None,
        application: workspace.application.as_deref(),
        environment,
        is_only: settings.environment.is_some(),
        account: settings.account.as_deref(),
        region: settings.region.as_deref(),
        findings: workspace.findings.clone(),
    };
    let mut draft = convert_all(workspace, environment, &mut cx);
    let mut definition = std::mem::take(&mut draft.definition);
    definition.set("name", name(workspace, settings, &cx));
    if let Some(account) = cx.account {
        definition.set("account", account);
    }
    if let Some(region) = cx.region {
        definition.set("region", region);
    }
    if environment.is_none() && !workspace.environment_names().is_empty() {
        // The names of the variants show it.
        cx.findings
            .retain(|finding| !finding.message.contains("<ENVIRONMENT>"));
    }
    note_findings(&mut definition, &cx.findings);
    Assembled {
        definition: order(definition),
        findings: cx.findings,
    }
}

fn convert_all<'a>(
    workspace: &'a Workspace,
    environment: Option<&str>,
    cx: &mut Context<'a>,
) -> Draft {
    let mut draft = Draft::default();
    let workers = workspace
        .services
        .iter()
        .filter(|service| service.kind == "Worker Service");
    draft.workers = workers.count();
    let manifest = environment.and_then(|name| workspace.environment(name));
    if let Some(manifest) = manifest {
        cx.file = &manifest.path;
        draft.environment = convert::environment(&manifest.root, cx);
    }
    for service in &workspace.services {
        convert_service(service, environment, &mut draft, cx);
    }
    cx.service = None;
    convert::finish(&mut draft, cx);
    draft
}

fn convert_service<'a>(
    service: &'a Manifest,
    environment: Option<&str>,
    draft: &mut Draft,
    cx: &mut Context<'a>,
) {
    cx.file = &service.path;
    cx.service = Some(service.name.clone());
    let root = merge::apply(&service.root, environment);
    convert::service(&root, &service.name, &service.kind, draft, cx);
}

/// The stack's name. It isn't the application's name, which the stacks of its environments already have.
fn name(workspace: &Workspace, settings: &Settings, cx: &Context<'_>) -> String {
    let name = match workspace.services.as_slice() {
        [only] => only.name.clone(),
        _ => format!("{}-services", cx.application.unwrap_or("<APPLICATION>")),
    };
    match &settings.environment {
        Some(environment) => format!("{name}-{environment}"),
        None => name,
    }
}

/// Writes the findings after the services that they are about, and the others at the end. Incomplete values have a
/// placeholder.
fn note_findings(definition: &mut Map, findings: &[Finding]) {
    let mut findings: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.kind != Kind::Incomplete)
        .collect();
    findings.sort();
    findings.dedup();
    // Findings with the same help become one comment.
    let mut comments: Vec<(&Finding, String)> = Vec::new();
    for finding in findings {
        match comments.last_mut() {
            Some((last, text)) if last.help == finding.help && last.service == finding.service => {
                text.push_str(&format!("\n{}", finding.summary()));
            }
            _ => comments.push((finding, finding.summary())),
        }
    }
    for (finding, mut text) in comments {
        if !finding.help.is_empty() {
            text.push_str(&format!("\n  To do: {}", finding.help));
        }
        match &finding.service {
            Some(service) => definition.map("services").map(service).note(text),
            None => definition.note(text),
        };
    }
}

fn order(mut definition: Map) -> Map {
    let mut ordered = Map::new();
    let rest: Vec<String> = definition
        .entries()
        .map(|(key, _)| key.to_owned())
        .collect();
    let keys = ORDER.iter().map(|key| (*key).to_owned()).chain(rest);
    for key in keys {
        if let Some(item) = definition
            .remove(&key)
            .filter(|item| !is_empty(item.value()))
        {
            ordered.insert(&key, item);
        }
    }
    for note in definition.notes() {
        ordered.note(note.clone());
    }
    ordered
}

fn is_empty(value: &Value) -> bool {
    matches!(value, Value::Map(map) if map.is_empty())
}
