//! Deep merge: mappings are merged, everything else is replaced, and `null` removes a key.

use super::ENVIRONMENTS;
use crate::findings::{Findings, Merged};
use crate::nearest::{listed, nearest, suggest};
use crate::path;
use crate::shape::{is_known, tables::STACK};
use crate::yaml::{Key, Node, Value};

/// Maximum number of keys that an added one is compared with.
const MOST_COMPARED: usize = 100;

/// Merges the mapping at `place` in the definition into the tree.
pub(super) fn merge(root: &mut Node, patch: &Node, place: &str, findings: &mut Findings) {
    if let Some((key, _)) = patch
        .entries()
        .iter()
        .find(|(key, _)| key.text == ENVIRONMENTS)
    {
        let labels = [(key.span, "not in here")];
        let help = "write the environments side by side, at the top level";
        findings.refuse(
            &path::key(place, ENVIRONMENTS),
            "an environment has no environments",
            &labels,
            help,
        );
        return;
    }
    merge_entries(root, patch, &mut Vec::new(), findings);
}

fn merge_entries(into: &mut Node, patch: &Node, outer: &mut Vec<String>, findings: &mut Findings) {
    for (key, value) in patch.entries() {
        outer.push(key.text.clone());
        merge_entry(into, key, value, outer, findings);
        outer.pop();
    }
}

/// Merges one entry of a patch into a mapping.
pub(super) fn merge_entry(
    into: &mut Node,
    key: &Key,
    value: &Node,
    path: &mut Vec<String>,
    findings: &mut Findings,
) {
    let Value::Map(entries) = &mut into.value else {
        return;
    };
    let at = entries.iter().position(|(found, _)| found.text == key.text);
    match (at, &value.value) {
        (Some(at), Value::Null) => {
            entries.remove(at);
            findings.merge(path::join(path), Merged::Removed(value.span));
        }
        (None, Value::Null) => refuse_removal(into, key, value, path, findings),
        (Some(at), _) => match (entries.get_mut(at), &value.value) {
            (Some((_, inner)), Value::Map(_)) if matches!(inner.value, Value::Map(_)) => {
                merge_entries(inner, value, path, findings);
            }
            (Some(entry), _) => *entry = (key.clone(), without_nulls(value)),
            (None, _) => {}
        },
        (None, _) => {
            let known = entries.iter().take(MOST_COMPARED);
            let near = nearest(&key.text, known.map(|(key, _)| key.text.as_str()));
            findings.merge(path::join(path), Merged::Added(near.map(str::to_owned)));
            entries.push((key.clone(), without_nulls(value)));
        }
    }
}

/// In a new mapping, there is nothing for `null` to remove.
fn without_nulls(node: &Node) -> Node {
    let value = match &node.value {
        Value::Map(entries) => {
            let kept = entries.iter().filter(|(_, node)| node.value != Value::Null);
            Value::Map(
                kept.map(|(key, node)| (key.clone(), without_nulls(node)))
                    .collect(),
            )
        }
        other => other.clone(),
    };
    Node {
        span: node.span,
        value,
    }
}

/// A missing key of the format needs no removal. Any other key is misspelled.
fn refuse_removal(
    into: &mut Node,
    key: &Key,
    value: &Node,
    path: &[String],
    findings: &mut Findings,
) {
    let Value::Map(entries) = &mut into.value else {
        return;
    };
    let outer = path.get(..path.len().saturating_sub(1)).unwrap_or_default();
    match is_known(&STACK, outer, &key.text) {
        Some(true) => {}
        // The check of the tree reports the problem with it.
        None => entries.push((key.clone(), value.clone())),
        Some(false) => {
            let names = entries.iter().map(|(key, _)| key.text.as_str());
            let help = suggest(&key.text, names.clone(), || {
                format!("there are {}", listed(names.take(20)))
            });
            let message = format!("there is no `{}` to remove", key.text);
            findings.complain(
                &path::join(path),
                message,
                &[(key.span, "not defined")],
                help,
            );
        }
    }
}
