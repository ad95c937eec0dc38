//! One value from the command line: `services.worker.image=worker:1.2.0`.

use super::ENVIRONMENTS;
use super::merge::merge_entry;
use crate::findings::Findings;
use crate::nearest::{listed, suggest};
use crate::path;
use crate::shape::{Form, Kind, find_kind, tables::STACK};
use crate::source::Span;
use crate::yaml::{self, Key, Node, Value, scalar};

/// A path and its value, both with their places in the argument.
pub(super) struct Setting {
    path: Vec<Key>,
    value: Node,
}

/// Reads an argument by its position; `None` if it can't be read.
pub(super) fn read(index: usize, findings: &mut Findings) -> Option<Setting> {
    let span = findings.source().argument(index)?;
    let text = findings.source().slice(span).to_owned();
    let refuse = |findings: &mut Findings, at: Span, message: &str, help: &str| {
        findings.refuse("", message, &[(at, "in this argument")], help);
        None
    };
    let example = "write PATH=VALUE, such as `services.worker.image=worker:1.2.0`; a key with dots or `=` in it needs quotes";
    let Some((path, rest)) = split_path(&text, span.start) else {
        return refuse(findings, span, "a value is set as PATH=VALUE", example);
    };
    if let Some(key) = path.iter().find(|key| key.text.contains(['[', ']'])) {
        let help = "set the whole list, as `PATH=[a, b]`";
        return refuse(findings, key.span, "an item of a list can't be set", help);
    }
    if let Some(first) = path.first().filter(|key| key.text == ENVIRONMENTS) {
        let help = "set the value that the environment changes, such as `services.worker.tasks.max=9`: an argument takes precedence over the environment";
        return refuse(findings, first.span, "environments can't be set", help);
    }
    let names: Vec<&str> = path.iter().map(|key| key.text.as_str()).collect();
    let kind = find_kind(&STACK, &names);
    let value = read_value(kind, &text, rest, span, findings)?;
    Some(Setting { path, value })
}

impl Setting {
    pub(super) fn path(&self) -> Vec<&str> {
        self.path.iter().map(|key| key.text.as_str()).collect()
    }

    /// Puts the value into the tree. User-defined names must exist, so that a typo doesn't add a service.
    pub(super) fn apply(self, root: &mut Node, findings: &mut Findings) {
        if self.refuse_inside(findings) {
            return;
        }
        let mut node = root;
        let mut outer: Vec<String> = Vec::new();
        let Some((last, inner)) = self.path.split_last() else {
            return;
        };
        for key in inner {
            let is_users = matches!(find_kind(&STACK, &outer), Some(Kind::Entries(_)));
            if !node.has(&key.text) {
                if is_users {
                    return refuse_unknown(node, key, &outer, findings);
                }
                add_mapping(node, key);
            }
            outer.push(key.text.clone());
            let Some(next) = node.get_mut(&key.text) else {
                return;
            };
            if !matches!(next.value, Value::Map(_)) {
                next.value = Value::Map(Vec::new());
                next.span = key.span;
            }
            node = next;
        }
        outer.push(last.text.clone());
        merge_entry(node, last, &self.value, &mut outer, findings);
    }
}

impl Setting {
    /// Refuses a path into a value that has no keys. Returns whether it did.
    fn refuse_inside(&self, findings: &mut Findings) -> bool {
        let names: Vec<String> = self.path.iter().map(|key| key.text.clone()).collect();
        let into = (1..names.len()).find_map(|depth| {
            let (outer, inner) = (names.get(..depth)?, self.path.get(depth)?);
            let message = match find_kind(&STACK, outer)? {
                Kind::List(_) => "an item of a list can't be set".to_owned(),
                kind if has_keys(kind) => return None,
                _ => format!("`{}` has no keys", path::join(outer)),
            };
            Some((path::join(outer), inner.span, message))
        });
        let Some((place, span, message)) = into else {
            return false;
        };
        let help = format!("set the whole value: `{place}=…`");
        findings.refuse(&place, message, &[(span, "inside of it")], help);
        true
    }
}

/// Whether a value of this kind can be a mapping.
fn has_keys(kind: Kind) -> bool {
    match kind {
        Kind::Entries(_) | Kind::Object(_) | Kind::Filter | Kind::Patch | Kind::Overrides => true,
        Kind::Either(forms) => forms
            .iter()
            .any(|form| matches!(form, Form::Keyed(..) | Form::Object(_))),
        _ => false,
    }
}

fn add_mapping(node: &mut Node, key: &Key) {
    if let Value::Map(entries) = &mut node.value {
        let inner = Node {
            span: key.span,
            value: Value::Map(Vec::new()),
        };
        entries.push((key.clone(), inner));
    }
}

fn refuse_unknown(node: &Node, key: &Key, outer: &[String], findings: &mut Findings) {
    let names = node.entries().iter().map(|(key, _)| key.text.as_str());
    let help = suggest(&key.text, names.clone(), || {
        if node.entries().is_empty() {
            "nothing is defined in it; a key with dots needs quotes".to_owned()
        } else {
            format!(
                "defined are {}; a key with dots needs quotes",
                listed(names.take(20))
            )
        }
    });
    let place = path::join(outer);
    let message = format!("there is no `{}` in `{place}`", key.text);
    findings.complain(
        &path::key(&place, &key.text),
        message,
        &[(key.span, "not defined")],
        help,
    );
}

/// The keys of an argument's path.
pub(super) fn path_of(argument: &str) -> Option<Vec<String>> {
    let (keys, _) = split_path(argument, 0)?;
    Some(keys.into_iter().map(|key| key.text).collect())
}

/// The keys of the path, and the offset of the value.
fn split_path(text: &str, base: usize) -> Option<(Vec<Key>, usize)> {
    let mut keys = Vec::new();
    let mut start = 0;
    loop {
        let rest = text.get(start..)?;
        let (key, end) = match rest.strip_prefix('"') {
            Some(quoted) => {
                let length = quoted.find('"')?;
                (quoted.get(..length)?, start + length + 2)
            }
            None => {
                let length = rest.find(['.', '='])?;
                (rest.get(..length)?, start + length)
            }
        };
        if key.is_empty() {
            return None;
        }
        keys.push(Key {
            text: key.to_owned(),
            span: Span {
                start: base + start,
                end: base + end,
            },
        });
        match text.get(end..)?.chars().next()? {
            '.' => start = end + 1,
            '=' => return Some((keys, end + 1)),
            _ => return None,
        }
    }
}

/// The value, with the type of its key: `111122223333` is text for `account`, and a number for `cpu`.
fn read_value(
    kind: Option<Kind>,
    text: &str,
    start: usize,
    span: Span,
    findings: &mut Findings,
) -> Option<Node> {
    let written = text.get(start..)?;
    let place = Span {
        start: span.start + start,
        end: span.end,
    };
    let is_collection = written.starts_with(['[', '{']) && !matches!(kind, Some(Kind::Text(_)));
    if is_collection {
        return yaml::parse_part(written, place.start, findings);
    }
    let value = match kind {
        _ if written == "null" => Value::Null,
        Some(
            Kind::Text(_) | Kind::Time(_) | Kind::TimeOr(..) | Kind::Objective(_) | Kind::Word(_),
        ) => Value::Str(written.to_owned()),
        _ => scalar::resolve(written),
    };
    if let Some(hidden) = crate::text::hidden_character(written) {
        let message = format!("the argument contains {hidden}");
        findings.refuse("", message, &[(place, "here")], "remove it");
        return None;
    }
    Some(Node { span: place, value })
}
