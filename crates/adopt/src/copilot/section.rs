//! Reads a manifest's mappings. Keys that no converter takes are reported, so that none is lost.

use stack::{YamlEntry, YamlNode, YamlValue};

use super::context::Context;
use super::duration;
use super::finding::Kind;
use super::{values, words};
use crate::document::Value;

/// A mapping, whose keys are taken one by one.
pub(super) struct Section<'n> {
    path: String,
    /// The entries that haven't been taken yet.
    left: Vec<&'n YamlEntry>,
}

/// A key and its value.
pub(super) struct Field<'n> {
    /// The key with its parents, such as `http.alias`.
    pub(super) path: String,
    pub(super) line: usize,
    pub(super) node: &'n YamlNode,
}

impl<'n> Section<'n> {
    /// The top level of a file.
    pub(super) fn top(node: &'n YamlNode) -> Self {
        Self {
            path: String::new(),
            left: node.entries().iter().collect(),
        }
    }

    /// Takes a key. A key without a value counts as missing, as in Copilot.
    pub(super) fn take(&mut self, key: &str) -> Option<Field<'n>> {
        let index = self.left.iter().position(|entry| entry.key == key)?;
        let entry = self.left.remove(index);
        (entry.value.value != YamlValue::Null).then(|| self.field(entry))
    }

    /// Takes all remaining keys.
    pub(super) fn take_all(&mut self) -> Vec<Field<'n>> {
        let left = std::mem::take(&mut self.left);
        left.into_iter().map(|entry| self.field(entry)).collect()
    }

    /// Reports the remaining keys.
    pub(super) fn finish(self, cx: &mut Context<'_>) {
        for entry in &self.left {
            let field = self.field(entry);
            cx.report(
                &field,
                Kind::Unknown,
                "unknown key, omitted",
                "check its spelling, or whether it is of a newer Copilot",
            );
        }
    }

    fn field(&self, entry: &'n YamlEntry) -> Field<'n> {
        let path = match self.path.as_str() {
            "" => entry.key.clone(),
            path => format!("{path}.{}", entry.key),
        };
        Field {
            path,
            line: entry.line,
            node: &entry.value,
        }
    }
}

impl<'n> Field<'n> {
    pub(super) fn is_map(&self) -> bool {
        matches!(self.node.value, YamlValue::Map(_))
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.node.value, YamlValue::List(_))
    }

    /// The mapping; reports anything else.
    pub(super) fn section(&self, cx: &mut Context<'_>) -> Option<Section<'n>> {
        if !self.is_map() {
            self.reject("a mapping", cx);
            return None;
        }
        Some(Section {
            path: self.path.clone(),
            left: self.node.entries().iter().collect(),
        })
    }

    /// The entries of a mapping whose keys are user-defined names; reports anything else.
    pub(super) fn entries(&self, cx: &mut Context<'_>) -> Vec<(&'n str, Self)> {
        let Some(mut section) = self.section(cx) else {
            return Vec::new();
        };
        let names = self.node.entries().iter().map(|entry| entry.key.as_str());
        names.zip(section.take_all()).collect()
    }

    /// The items of a list; reports anything else.
    pub(super) fn items(&self, cx: &mut Context<'_>) -> Vec<Self> {
        let YamlValue::List(items) = &self.node.value else {
            self.reject("a list", cx);
            return Vec::new();
        };
        let item = |(index, node): (usize, &'n YamlNode)| Field {
            path: format!("{}[{index}]", self.path),
            line: node.line,
            node,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// A scalar as text, uninterpreted; `None` for a collection.
    pub(super) fn raw(&self) -> Option<String> {
        match &self.node.value {
            YamlValue::Text(text) | YamlValue::Number(text) | YamlValue::Bool(_, text) => {
                Some(text.clone())
            }
            YamlValue::Null => Some(String::new()),
            YamlValue::List(_) | YamlValue::Map(_) => None,
        }
    }

    /// Text with its known variables replaced; reports collections.
    pub(super) fn text(&self, cx: &mut Context<'_>) -> Option<String> {
        let text = self.raw().map(|raw| cx.interpolate(&raw));
        if text.is_none() {
            self.reject("text", cx);
        }
        text
    }

    /// Text for a place that accepts any text.
    pub(super) fn free_text(&self, cx: &mut Context<'_>) -> Option<Value> {
        let raw = self.raw();
        if raw.is_none() {
            self.reject("text", cx);
        }
        raw.map(|raw| cx.free_text(&raw))
    }

    /// A whole number that isn't negative; reports anything else.
    pub(super) fn number(&self, cx: &mut Context<'_>) -> Option<u32> {
        let number = self.raw().and_then(|raw| cx.interpolate(&raw).parse().ok());
        if number.is_none() {
            self.reject("a whole number", cx);
        }
        number
    }

    /// A boolean, including YAML 1.1 spellings; reports anything else.
    pub(super) fn boolean(&self, cx: &mut Context<'_>) -> Option<bool> {
        let found = self.as_boolean();
        if found.is_none() {
            self.reject("true or false", cx);
        }
        found
    }

    pub(super) fn as_boolean(&self) -> Option<bool> {
        match &self.node.value {
            YamlValue::Bool(value, _) => Some(*value),
            YamlValue::Text(text) => match text.to_ascii_lowercase().as_str() {
                "yes" | "on" | "y" => Some(true),
                "no" | "off" | "n" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A duration in milliseconds; reports anything else.
    pub(super) fn milliseconds(&self, cx: &mut Context<'_>) -> Option<u64> {
        let found = match &self.node.value {
            YamlValue::Text(text) => duration::parse(&cx.interpolate(text)),
            YamlValue::Number(text) if text == "0" => Some(0),
            _ => None,
        };
        if found.is_none() {
            self.reject("a duration of whole milliseconds, such as 30s", cx);
        }
        found
    }

    /// A duration in the format of a definition.
    pub(super) fn duration(&self, cx: &mut Context<'_>) -> Option<String> {
        self.milliseconds(cx).map(duration::render)
    }

    /// A list of words, or a command line that is split into them; reports anything else.
    pub(super) fn words(&self, cx: &mut Context<'_>) -> Option<Value> {
        if self.is_list() {
            let items = self.items(cx);
            let words: Vec<Value> = items.iter().filter_map(|item| item.free_text(cx)).collect();
            return Some(words.into());
        }
        let words = self.raw().as_deref().and_then(words::split);
        if words.is_none() {
            self.reject("a list, or a line whose quotes are closed", cx);
        }
        let words: Vec<Value> = words?.iter().map(|word| cx.free_text(word)).collect();
        Some(words.into())
    }

    /// A text, or a list of them; reports anything else.
    pub(super) fn texts(&self, cx: &mut Context<'_>) -> Vec<String> {
        if self.is_list() {
            let items = self.items(cx);
            return items.iter().filter_map(|item| item.text(cx)).collect();
        }
        self.text(cx).into_iter().collect()
    }

    /// Any value unchanged, except that the variables in its texts are replaced.
    pub(super) fn value(&self, cx: &Context<'_>) -> Value {
        values::convert(self.node, cx)
    }

    /// The paths of all scalars in the value, for a message.
    pub(super) fn leaves(&self) -> String {
        values::leaves(self.node).join(", ")
    }

    pub(super) fn reject(&self, wanted: &str, cx: &mut Context<'_>) {
        cx.report(
            self,
            Kind::Invalid,
            format!("expected {wanted}; omitted"),
            "correct the manifest, or write the value into the definition",
        );
    }
}
