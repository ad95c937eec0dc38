//! The tree of a YAML text.

use crate::source::Span;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) span: Span,
    pub(crate) value: Value,
}

/// A value of the YAML 1.2 core schema.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// Larger numbers are held at the bounds of `i128`.
    Int(i128),
    Float(f64),
    Str(String),
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// Already refused: no more problems are reported for it.
    Refused,
}

/// The key of a mapping's entry.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Key {
    pub(crate) text: String,
    pub(crate) span: Span,
}

impl Node {
    /// The value of a key, if this is a mapping with that key.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(found, _)| found.text == key)
            .map(|(_, node)| node)
    }

    /// The value of a key, mutable.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else {
            return None;
        };
        let found = entries.iter_mut().find(|(found, _)| found.text == key);
        found.map(|(_, node)| node)
    }

    /// Whether this is a mapping that has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The value as JSON; `None` if JSON has no such value.
    pub(crate) fn to_json(&self) -> Option<serde_json::Value> {
        Some(match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Bool(value) => (*value).into(),
            Value::Int(value) => i64::try_from(*value).ok()?.into(),
            Value::Float(value) => serde_json::Number::from_f64(*value)?.into(),
            Value::Str(value) => value.clone().into(),
            Value::Seq(items) => items
                .iter()
                .map(Self::to_json)
                .collect::<Option<Vec<_>>>()?
                .into(),
            Value::Map(entries) => {
                let pair = |(key, node): &(Key, Self)| Some((key.text.clone(), node.to_json()?));
                let map: Option<serde_json::Map<_, _>> = entries.iter().map(pair).collect();
                map?.into()
            }
            Value::Refused => return None,
        })
    }

    /// The entries of a mapping; empty for anything else.
    pub(crate) fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match &self.value {
            Value::Seq(items) => items,
            _ => &[],
        }
    }

    /// The text of a string.
    pub(crate) fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) => Some(text),
            _ => None,
        }
    }
}
