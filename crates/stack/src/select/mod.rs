//! The selected values of a definition: an environment's, and the ones that the command line sets.
//!
//! Both are merged into the tree before it is checked. Each value keeps its own place, so problems point to the
//! line or argument that it came from.

mod merge;
mod setting;

use crate::findings::Findings;
use crate::nearest::{listed, suggest};
use crate::path;
use crate::source::Span;
use crate::yaml::{Node, Value};

/// The selected values of a definition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// An environment of the definition.
    pub environment: Option<String>,
    /// Values as `PATH=VALUE`; if a path occurs twice, the last one counts.
    pub set: Vec<String>,
}

/// The key that holds the environments.
pub(crate) const ENVIRONMENTS: &str = "environments";

/// The tree with the selected values. Without a selection, it is unchanged.
pub(crate) fn select(mut root: Node, selection: &Selection, findings: &mut Findings) -> Node {
    let mut is_named = false;
    if let Some(name) = &selection.environment {
        let Some(patch) = find_environment(&root, name, findings) else {
            return root;
        };
        is_named = patch.has("name");
        merge::merge(&mut root, &patch, &path::key(ENVIRONMENTS, name), findings);
    }
    for index in 0..selection.set.len() {
        if let Some(setting) = setting::read(index, findings) {
            is_named |= setting.path() == ["name"];
            setting.apply(&mut root, findings);
        }
    }
    if let (Some(name), false) = (&selection.environment, is_named) {
        append_to_name(&mut root, name);
    }
    root
}

/// Whether an argument of a selection sets the value of a path, or one around it.
pub(crate) fn is_set(selection: &Selection, path: &[String]) -> bool {
    selection.set.iter().any(|argument| {
        let set = setting::path_of(argument).unwrap_or_default();
        !set.is_empty() && path.starts_with(&set)
    })
}

/// The names of a definition's environments; empty if it can't be read.
pub(crate) fn list_environments(root: &Node) -> Vec<String> {
    let environments = root.get(ENVIRONMENTS).map_or(&[][..], Node::entries);
    environments
        .iter()
        .map(|(key, _)| key.text.clone())
        .collect()
}

fn find_environment(root: &Node, name: &str, findings: &mut Findings) -> Option<Node> {
    let environments = root.get(ENVIRONMENTS);
    if let Some(found) = environments.and_then(|environments| environments.get(name)) {
        return Some(found.clone());
    }
    let names = list_environments(root);
    let names = names.iter().map(String::as_str);
    let help = suggest(name, names.clone(), || match environments {
        None => format!(
            "the definition has no environments: add `environments: {{{name}: {{…}}}}`, or don't name one"
        ),
        Some(_) => format!("defined are {}", listed(names)),
    });
    let key = root
        .entries()
        .iter()
        .find(|(key, _)| key.text == ENVIRONMENTS);
    let labels: Vec<(Span, &str)> = key
        .map(|(key, _)| (key.span, "not in here"))
        .into_iter()
        .collect();
    let message = format!("no environment `{name}` is defined");
    findings.refuse(ENVIRONMENTS, message, &labels, help);
    None
}

/// Each environment is a separate stack.
fn append_to_name(root: &mut Node, environment: &str) {
    if let Some(Node {
        value: Value::Str(name),
        ..
    }) = root.get_mut("name")
    {
        name.push('-');
        name.push_str(environment);
    }
}
