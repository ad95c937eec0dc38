//! Names that would meet: short names, fixed names, things named twice.

use std::collections::BTreeMap;

use crate::findings::{Finding, Findings};
use crate::model::{Cluster, Queue, ServiceSource, Stack};

pub(super) fn check(stack: &Stack, findings: &mut Findings) {
    short_names("queues", stack.queues.keys(), findings);
    short_names("services", stack.services.keys(), findings);
    fixed_names(queue_names(stack), "queue name", findings);
    fixed_names(service_names(stack), "service", findings);
}

/// CloudFormation's logical ids take no hyphens, and environment variables no lowercase by habit.
fn short_names<'s>(outer: &str, keys: impl Iterator<Item = &'s String>, findings: &mut Findings) {
    let mut seen: BTreeMap<String, &String> = BTreeMap::new();
    for key in keys {
        let folded = key.replace('-', "").to_ascii_lowercase();
        if let Some(first) = seen.insert(folded, key) {
            let finding = Finding::error(format!("`{first}` and `{key}` differ only in hyphens or case"))
                .at_key(format!("{outer}.{key}"), "this one")
                .at_key(format!("{outer}.{first}"), "and this one")
                .help("CloudFormation's logical ids keep neither: choose names that differ in a letter or digit");
            findings.report(finding);
        }
    }
}

/// Names that may be used once, with their paths.
fn fixed_names(names: Vec<(String, String)>, what: &str, findings: &mut Findings) {
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    for (name, path) in names {
        if let Some(first) = seen.get(&name) {
            let finding = Finding::error(format!("the {what} `{name}` is used twice"))
                .at(path, "again here")
                .at(first.as_str(), "first used here")
                .help("each names one thing: choose another name, or refer to the same short name twice");
            findings.report(finding);
        } else {
            seen.insert(name, path);
        }
    }
}

/// Existing queues count too: they stand in the same account and region.
fn queue_names(stack: &Stack) -> Vec<(String, String)> {
    let names = stack.queues.iter().filter_map(|(key, queue)| match queue {
        Queue::Create(spec) => Some((spec.name.clone()?, format!("queues.{key}.name"))),
        Queue::Existing(queue) => Some((queue.name.clone(), format!("queues.{key}.existing"))),
    });
    names.collect()
}

/// A service's name is unique in its cluster.
fn service_names(stack: &Stack) -> Vec<(String, String)> {
    let cluster = match &stack.cluster {
        Cluster::Create { name, .. } => name.as_deref(),
        Cluster::Existing { name } => Some(name.as_str()),
    };
    let names = stack
        .services
        .iter()
        .filter_map(|(key, service)| match &service.source {
            ServiceSource::Create(spec) => {
                let name = spec.name.as_deref()?;
                let full =
                    cluster.map_or_else(|| name.to_owned(), |cluster| format!("{cluster}/{name}"));
                Some((full, format!("services.{key}.name")))
            }
            ServiceSource::Existing { cluster, service } => Some((
                format!("{cluster}/{service}"),
                format!("services.{key}.existing"),
            )),
        });
    names.collect()
}
