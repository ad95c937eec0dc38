//! The structural check: unknown and missing keys, wrong types, values out of range.

use std::collections::HashMap;

use super::fault::Fault;
use super::kind::{Entries, Field, Form, Kind, List, Object, Rule, form_of};
use super::meant;
use super::tables::STACK;
use super::values::find_fault;
use crate::findings::{Findings, Merged, Place};
use crate::nearest::{listed, nearest};
use crate::path;
use crate::source::Span;
use crate::text::shorten;
use crate::yaml::{Key, Node, Value};

/// Compares a complete definition with the format, and remembers the place of each value. Returns false if there is
/// nothing to continue with.
pub(crate) fn check(root: &Node, findings: &mut Findings) -> bool {
    let is_map = matches!(root.value, Value::Map(_));
    if is_map {
        Checker { findings }.object(&STACK, &[], Spot::new(root, "", None));
    } else if root.value != Value::Refused {
        let shown = findings.source().first_line(root.span);
        let message = "a definition is a mapping of keys such as `name` and `services`";
        let labels = [(shown, "no mapping")];
        findings.refuse("", message, &labels, "start with `name: …`");
    }
    is_map
}

/// Far more keys than any object has, so that a hostile file can't request a million suggestions.
const MOST_KEYS: usize = 100;

pub(super) struct Checker<'f> {
    pub(super) findings: &'f mut Findings,
}

/// A value, its path, and the span of its key.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    pub(super) node: &'a Node,
    pub(super) path: &'a str,
    key: Option<Span>,
    /// The object that contains it.
    object: Option<&'a Node>,
}

impl<'a> Spot<'a> {
    pub(super) fn new(node: &'a Node, path: &'a str, key: Option<Span>) -> Self {
        let object = None;
        Self {
            node,
            path,
            key,
            object,
        }
    }

    /// The text of another key of its object.
    pub(super) fn sibling(self, name: &str) -> Option<&'a str> {
        let mut entries = self.object?.entries().iter();
        let (_, node) = entries.find(|(key, _)| key.text == name)?;
        node.as_str()
    }
}

impl Checker<'_> {
    fn value(&mut self, kind: Kind, spot: Spot<'_>) {
        self.place(spot);
        let shown = self.shown(spot);
        let raw = self.findings.source().slice(spot.node.span);
        if let Some(Fault {
            message,
            label,
            help,
        }) = find_fault(kind, &spot.node.value, raw)
        {
            return self
                .findings
                .refuse(spot.path, message, &[(shown, label)], help);
        }
        match (kind, &spot.node.value) {
            (_, Value::Refused) => self.findings.refuse_silently(spot.path),
            (Kind::List(list), Value::Seq(items)) => self.list(list, items, spot),
            (Kind::Entries(entries), Value::Map(found)) => self.entries(entries, found, spot),
            (Kind::Object(object), Value::Map(_)) => self.object(object, &[], spot),
            (Kind::Filter, Value::Map(found)) => self.filter(found, spot),
            (Kind::Overrides, Value::Map(found)) => self.overrides(found, spot),
            (Kind::Either(forms), Value::Map(_)) => match form_of(forms, spot.node) {
                Some(Form::Keyed(_, object) | Form::Object(object)) => {
                    self.object(object, forms, spot)
                }
                Some(Form::Flag | Form::Word(_) | Form::Text(_)) => {}
                None => self.no_form(forms, spot),
            },
            _ => {}
        }
    }

    /// A mapping lacks the key of the only form that is a mapping.
    fn no_form(&mut self, forms: &'static [Form], spot: Spot<'_>) {
        let keyed = forms.iter().find_map(|form| match form {
            Form::Keyed(_, object) => Some(*object),
            Form::Flag | Form::Word(_) | Form::Text(_) | Form::Object(_) => None,
        });
        if let Some(object) = keyed {
            self.object(object, forms, spot);
        }
    }

    /// Checks the keys of a mapping. `forms` are the alternatives that it was chosen from.
    fn object(&mut self, object: &'static Object, forms: &[Form], spot: Spot<'_>) {
        let entries = spot.node.entries();
        if !self.fits(entries.len(), 0, MOST_KEYS, "keys", spot) {
            return;
        }
        let mut misspelt = Vec::new();
        for (key, node) in entries {
            let path = path::key(spot.path, &key.text);
            match object.field(&key.text) {
                Some(field) => {
                    let object = Some(spot.node);
                    let inner = Spot::new(node, &path, Some(key.span));
                    self.value(field.kind, Spot { object, ..inner });
                }
                None => misspelt.extend(self.unknown(object, forms, key, &path)),
            }
        }
        for field in object
            .fields
            .iter()
            .filter(|field| !spot.node.has(field.name))
        {
            let path = path::key(spot.path, field.name);
            if misspelt.contains(&field.name) {
                // It isn't missing, and its default must not be checked.
                self.findings.refuse_silently(&path);
            } else if field.required {
                self.missing(field, &path, spot);
            }
        }
        self.rules(object, &misspelt, spot);
    }

    /// Refuses an unknown key, and suggests the known key that was probably meant.
    fn unknown(
        &mut self,
        object: &Object,
        forms: &[Form],
        key: &Key,
        path: &str,
    ) -> Option<&'static str> {
        if self.findings.is_full() {
            self.findings.refuse(path, "", &[], "");
            return None;
        }
        let name = shorten(&key.text);
        let elsewhere = forms.iter().find_map(|form| match form {
            Form::Keyed(_, other) | Form::Object(other) => other.field(&key.text).map(|_| *other),
            Form::Flag | Form::Word(_) | Form::Text(_) => None,
        });
        if let Some(other) = elsewhere {
            let message = format!("`{name}` isn't allowed on {}", object.what);
            let help = format!(
                "it belongs to {}; supported keys: {}",
                other.what,
                listed(object.names())
            );
            self.findings
                .refuse(path, message, &[(key.span, "not here")], help);
            return None;
        }
        let belongs = object.rules.iter().find_map(|rule| match rule {
            Rule::Elsewhere(name, here, there) if *name == key.text => Some((*here, *there)),
            _ => None,
        });
        if let Some((here, there)) = belongs {
            let message = format!("`{name}` isn't allowed on {}", object.what);
            let help = format!("it belongs to `{there}`; use `{here}` here");
            self.findings
                .refuse(path, message, &[(key.span, "not here")], help);
            return Some(here);
        }
        let foreign = meant::key(object, &key.text);
        let near = foreign
            .map(|(near, _)| near)
            .or_else(|| nearest(&key.text, object.names()));
        let help = match (foreign, near) {
            (Some((_, written)), _) => format!("here it is {written}"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("known keys of {}: {}", object.what, listed(object.names())),
        };
        self.findings.refuse(
            path,
            format!("unknown key `{name}`"),
            &[(key.span, "unknown")],
            help,
        );
        near
    }

    fn missing(&mut self, field: &Field, path: &str, spot: Spot<'_>) {
        let (name, doc) = (field.name, field.doc);
        let mut help = format!("add `{name}: …`. {doc}");
        let lacking = (self.shown(spot), "lacks it");
        let labels = match self.findings.merged(path) {
            Some(Merged::Removed(span)) => {
                help = format!("`null` removes it: write a value instead. {doc}");
                vec![(*span, "removed here")]
            }
            // A label can't point to the whole file.
            _ if spot.path.is_empty() => Vec::new(),
            _ => vec![lacking],
        };
        if let Some(Merged::Added(Some(near))) = self.findings.merged(spot.path) {
            help = format!("did you mean `{near}`? A new one needs it: {help}");
        }
        let message = match spot.path {
            "" => format!("`{name}` is missing"),
            outer => format!("`{name}` is missing in `{outer}`"),
        };
        self.findings.refuse(path, message, &labels, help);
    }

    fn list(&mut self, list: &List, items: &[Node], spot: Spot<'_>) {
        let misfit = list.rule.and_then(|look| look(items));
        if items.len() < list.least && misfit.is_some() {
            return self.misfit(misfit, spot);
        }
        if !self.fits(items.len(), list.least, list.most, "items", spot) {
            return;
        }
        let mut seen = HashMap::new();
        for (index, item) in items.iter().enumerate() {
            let path = path::item(spot.path, index);
            self.value(list.of, Spot::new(item, &path, None));
            let Some(text) = item.as_str().filter(|_| list.unique) else {
                continue;
            };
            if let Some(first) = seen.insert(text, item.span) {
                let message = format!("`{}` is listed twice", shorten(text));
                let labels = [(item.span, "again here"), (first, "first listed here")];
                self.findings
                    .complain(&path, message, &labels, "keep one of the two");
            }
        }
        self.misfit(misfit, spot);
    }

    fn entries(&mut self, entries: &Entries, found: &[(Key, Node)], spot: Spot<'_>) {
        if !self.fits(found.len(), entries.least, entries.most, "entries", spot) {
            return;
        }
        for (key, node) in found {
            let path = path::key(spot.path, &key.text);
            if let Some(fault) =
                find_fault(Kind::Text(entries.key), &Value::Str(key.text.clone()), "")
            {
                self.findings.complain(
                    &path,
                    fault.message,
                    &[(key.span, fault.label)],
                    fault.help,
                );
            }
            self.value(entries.value, Spot::new(node, &path, Some(key.span)));
        }
    }

    pub(super) fn fits(
        &mut self,
        count: usize,
        least: usize,
        most: usize,
        what: &str,
        spot: Spot<'_>,
    ) -> bool {
        if (least..=most).contains(&count) {
            return true;
        }
        let shown = self.shown(spot);
        let holder = match spot.path {
            "" => "the definition".to_owned(),
            path => format!("`{path}`"),
        };
        let (message, help) = if count > 0 && count < least {
            (
                format!("{holder} has {count} of at least {least} {what}"),
                format!("add {} more", least - count),
            )
        } else if count < least {
            (
                format!("{holder} is empty"),
                format!("add at least {least}"),
            )
        } else {
            (
                format!("{holder} has {count} {what}"),
                format!("at most {most}"),
            )
        };
        self.findings
            .refuse(spot.path, message, &[(shown, "here")], help);
        false
    }

    /// Remembers the place of a value.
    pub(super) fn place(&mut self, spot: Spot<'_>) {
        let shown = self.shown(spot);
        let key = spot.key;
        self.findings.place(spot.path, Place { key, shown });
    }

    /// The span that represents a value in a snippet: the value if it is on one line, otherwise its key.
    pub(super) fn shown(&self, spot: Spot<'_>) -> Span {
        let source = self.findings.source();
        let span = source.first_line(spot.node.span);
        let flow = source.slice(span).starts_with(['{', '[']);
        let collection = matches!(spot.node.value, Value::Map(_) | Value::Seq(_));
        let shows_itself = span.end > span.start && (flow || !collection);
        spot.key.filter(|_| !shows_itself).unwrap_or(span)
    }
}
