//! YAML of other tools, within a definition's limits, with the line of each value.

use std::sync::Arc;

use crate::Report;
use crate::findings::Findings;
use crate::source::Source;
use crate::text::{self, LARGEST};
use crate::yaml::{self, Node, Value};

/// A value of a YAML file, and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct YamlNode {
    /// Its line in the file, from 1.
    pub line: usize,
    /// The value.
    pub value: YamlValue,
}

/// A value of the YAML 1.2 core schema.
#[derive(Clone, Debug, PartialEq)]
pub enum YamlValue {
    /// Nothing, or `null`.
    Null,
    /// `true` or `false`.
    Bool(bool, String),
    /// A number, as written in the file: `1.10` stays `1.10`.
    Number(String),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<YamlNode>),
    /// A mapping, in the file's order. No key occurs twice.
    Map(Vec<YamlEntry>),
}

/// An entry of a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct YamlEntry {
    /// Its key.
    pub key: String,
    /// The key's line in the file, from 1.
    pub line: usize,
    /// Its value.
    pub value: YamlNode,
}

/// Reads a YAML file that isn't a definition. The report contains `source_name`, usually the file's path. As in a
/// definition, anchors, aliases, tags, merge keys, duplicate keys, and invisible characters are refused.
///
/// # Errors
/// Every problem of the text.
pub fn read_yaml(source_name: &str, text: &str) -> Result<YamlNode, Report> {
    let mut findings = Findings::new(Arc::new(Source::new(source_name, text)));
    if text.len() > LARGEST {
        let message = format!("the file is larger than {LARGEST} bytes");
        findings.refuse("", message, &[], "");
        return Err(findings.into_report());
    }
    let fine = text::check(text, &mut findings);
    let root = fine.then(|| yaml::build(text, 0, &mut findings)).flatten();
    match root {
        Some(root) if !findings.has_errors() => Ok(convert(&root, findings.source())),
        _ => Err(findings.into_report()),
    }
}

/// The recursion is as deep as the tree, which the reader bounds.
fn convert(node: &Node, source: &Source) -> YamlNode {
    let value = match &node.value {
        Value::Null | Value::Refused => YamlValue::Null,
        Value::Bool(value) => YamlValue::Bool(*value, source.slice(node.span).to_owned()),
        Value::Int(_) | Value::Float(_) => YamlValue::Number(source.slice(node.span).to_owned()),
        Value::Str(text) => YamlValue::Text(text.clone()),
        Value::Seq(items) => {
            YamlValue::List(items.iter().map(|item| convert(item, source)).collect())
        }
        Value::Map(entries) => {
            let entry = |(key, value): &(yaml::Key, Node)| YamlEntry {
                key: key.text.clone(),
                line: source.line(key.span.start),
                value: convert(value, source),
            };
            YamlValue::Map(entries.iter().map(entry).collect())
        }
    };
    YamlNode {
        line: source.line(node.span.start),
        value,
    }
}

impl YamlNode {
    /// The entries of a mapping; empty for anything else.
    #[must_use]
    pub fn entries(&self) -> &[YamlEntry] {
        match &self.value {
            YamlValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; empty for anything else.
    #[must_use]
    pub fn items(&self) -> &[Self] {
        match &self.value {
            YamlValue::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key, if this is a mapping that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        let found = self.entries().iter().find(|entry| entry.key == key);
        found.map(|entry| &entry.value)
    }
}
