//! Typed access to the keys of a mapping, with the defaults of the format's tables.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::duration;
use crate::shape::{Kind, Object};
use crate::yaml::{Node, Value, scalar};

/// The keys of a mapping that has the shape of an object. A value that is missing or was refused is read as its
/// default, or else as an empty value (0, empty text): the definition then has an error anyway.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields<'t> {
    object: &'static Object,
    node: Option<&'t Node>,
}

impl<'t> Fields<'t> {
    pub(super) fn new(object: &'static Object, node: Option<&'t Node>) -> Self {
        Self { object, node }
    }

    /// The value in the file.
    pub(super) fn given(&self, name: &str) -> Option<&'t Node> {
        debug_assert!(
            self.object.field(name).is_some(),
            "{name} isn't in the table"
        );
        self.node?
            .get(name)
            .filter(|node| node.value != Value::Null)
    }

    pub(super) fn text(&self, name: &str) -> String {
        self.scalar(name, text_of)
    }

    pub(super) fn optional_text(&self, name: &str) -> Option<String> {
        text_of(&self.given(name)?.value)
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        self.scalar(name, |value| match value {
            Value::Bool(flag) => Some(*flag),
            _ => None,
        })
    }

    pub(super) fn whole(&self, name: &str) -> u32 {
        self.scalar(name, whole_of)
    }

    pub(super) fn optional_whole(&self, name: &str) -> Option<u32> {
        whole_of(&self.given(name)?.value)
    }

    pub(super) fn duration(&self, name: &str) -> Duration {
        self.scalar(name, duration_of)
    }

    pub(super) fn optional_duration(&self, name: &str) -> Option<Duration> {
        duration_of(&self.given(name)?.value)
    }

    /// The texts of a list; empty for an invalid item, so that the indexes of the others don't change.
    pub(super) fn texts(&self, name: &str) -> Vec<String> {
        texts_of(self.items(name))
    }

    /// The names of its keys, given or not.
    pub(super) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        self.object.names()
    }

    /// The items of a list.
    pub(super) fn items(&self, name: &str) -> &'t [Node] {
        self.given(name).map_or(&[], Node::items)
    }

    /// The texts of a mapping with user-defined keys.
    pub(super) fn text_entries(&self, name: &str) -> BTreeMap<String, String> {
        let pairs = self
            .entries(name)
            .map(|(key, node)| Some((key.to_owned(), text_of(&node.value)?)));
        pairs.flatten().collect()
    }

    /// The entries of a mapping with user-defined keys.
    pub(super) fn entries(&self, name: &str) -> impl Iterator<Item = (&'t str, &'t Node)> {
        let entries = self.given(name).map_or(&[][..], Node::entries);
        entries.iter().map(|(key, node)| (key.text.as_str(), node))
    }

    /// The fields of a mapping with known keys, even if it isn't set.
    pub(super) fn object(&self, name: &str) -> Self {
        let object = match self.object.field(name).map(|field| field.kind) {
            Some(Kind::Object(object)) => object,
            _ => self.object,
        };
        Self::new(object, self.given(name))
    }

    /// The value in the file, or else the default.
    fn scalar<T: Default>(&self, name: &str, read: impl Fn(&Value) -> Option<T>) -> T {
        let given = self.given(name).and_then(|node| read(&node.value));
        let default = || read(&scalar::resolve(self.object.field(name)?.default?));
        given.or_else(default).unwrap_or_default()
    }
}

/// The texts of items; empty for invalid ones.
pub(super) fn texts_of(items: &[Node]) -> Vec<String> {
    items
        .iter()
        .map(|item| text_of(&item.value).unwrap_or_default())
        .collect()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::Str(text) => Some(text.clone()),
        _ => None,
    }
}

fn whole_of(value: &Value) -> Option<u32> {
    match value {
        Value::Int(number) => u32::try_from(*number).ok(),
        _ => None,
    }
}

fn duration_of(value: &Value) -> Option<Duration> {
    match value {
        Value::Str(text) => duration::parse(text),
        _ => None,
    }
}
