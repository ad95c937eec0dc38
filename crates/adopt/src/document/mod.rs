//! Definitions with comments: ordered values, each with comments above it and beside it, as YAML.
//!
//! ```
//! use adopt::document::Map;
//!
//! let mut definition = Map::new();
//! definition.set("name", "orders").above("Written by hand.");
//! let service = definition.map("services").map("worker");
//! service.set("cpu", 256).beside("p95 of 14 days: 61 units");
//! service.set("version", "1.10");
//! assert_eq!(
//!     definition.render(),
//!     "# Written by hand.\nname: orders\nservices:\n  worker:\n    cpu: 256  # p95 of 14 days: 61 units\n    version: \"1.10\"\n",
//! );
//! ```

mod quote;
mod render;

use std::collections::HashMap;

/// A value of a definition.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text, quoted if YAML would read it as another type.
    Text(String),
    /// A list.
    List(Vec<Item>),
    /// A mapping.
    Map(Map),
}

/// A value with its comments.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    value: Value,
    /// Lines above it.
    above: Vec<String>,
    /// Text at the end of its first line.
    beside: Option<String>,
}

/// A mapping in the order in which its keys were first set.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: Vec<(String, Item)>,
    /// The index of each key in `entries`.
    places: HashMap<String, usize>,
    /// Comments after the last entry.
    notes: Vec<String>,
    inline: bool,
}

impl Item {
    /// A value without comments.
    #[must_use]
    pub fn new(value: impl Into<Value>) -> Self {
        Self {
            value: value.into(),
            above: Vec::new(),
            beside: None,
        }
    }

    /// Adds a comment above the value; a line break starts another line, and long lines are wrapped.
    pub fn above(&mut self, text: impl Into<String>) -> &mut Self {
        self.above.push(text.into());
        self
    }

    /// Adds a comment at the end of the value's first line. If it is too long for the line, it is written above.
    pub fn beside(&mut self, text: impl Into<String>) -> &mut Self {
        let text = text.into();
        self.beside = Some(match self.beside.take() {
            Some(first) => format!("{first}; {text}"),
            None => text,
        });
        self
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    fn has_comments(&self) -> bool {
        !self.above.is_empty() || self.beside.is_some()
    }
}

impl Map {
    /// An empty mapping.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the value of a key, and returns it for comments. The comments of a former value stay.
    pub fn set(&mut self, key: impl Into<String>, value: impl Into<Value>) -> &mut Item {
        let item = self.item(&key.into());
        item.value = value.into();
        item
    }

    /// The mapping at a key, which is added at the end if there is none. Replaces any other value.
    pub fn map(&mut self, key: &str) -> &mut Self {
        let item = self.item(key);
        if !matches!(item.value, Value::Map(_)) {
            item.value = Value::Map(Self::new());
        }
        match &mut item.value {
            Value::Map(map) => map,
            _ => unreachable!("it was made a mapping"),
        }
    }

    /// The list at a key, which is added at the end if there is none. Replaces any other value.
    pub fn list(&mut self, key: &str) -> &mut Vec<Item> {
        let item = self.item(key);
        if !matches!(item.value, Value::List(_)) {
            item.value = Value::List(Vec::new());
        }
        match &mut item.value {
            Value::List(items) => items,
            _ => unreachable!("it was made a list"),
        }
    }

    /// The value at a key with its comments; null, added at the end, if there is none.
    pub fn item(&mut self, key: &str) -> &mut Item {
        let end = self.entries.len();
        let index = *self.places.entry(key.to_owned()).or_insert(end);
        if index == end {
            self.entries.push((key.to_owned(), Item::new(Value::Null)));
        }
        &mut self.entries[index].1
    }

    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.get_item(key).map(Item::value)
    }

    /// The value of a key with its comments.
    #[must_use]
    pub fn get_item(&self, key: &str) -> Option<&Item> {
        let index = *self.places.get(key)?;
        self.entries.get(index).map(|(_, item)| item)
    }

    /// Sets the value of a key with its comments.
    pub fn insert(&mut self, key: &str, item: Item) {
        *self.item(key) = item;
    }

    /// Removes an entry.
    pub fn remove(&mut self, key: &str) -> Option<Item> {
        let index = self.places.remove(key)?;
        let (_, item) = self.entries.remove(index);
        for place in self.places.values_mut().filter(|place| **place > index) {
            *place -= 1;
        }
        Some(item)
    }

    /// The comments after the last entry.
    #[must_use]
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Adds a comment after the last entry.
    pub fn note(&mut self, text: impl Into<String>) -> &mut Self {
        self.notes.push(text.into());
        self
    }

    /// Writes the mapping on one line, as `{after: 5}`, if it fits and nothing in it has a comment.
    pub fn inline(&mut self) -> &mut Self {
        self.inline = true;
        self
    }

    /// Whether it is written on one line if possible.
    #[must_use]
    pub fn is_inline(&self) -> bool {
        self.inline
    }

    /// Whether there are no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries in their order.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.entries.iter().map(|(key, item)| (key.as_str(), item))
    }

    /// The mapping as a YAML document.
    #[must_use]
    pub fn render(&self) -> String {
        render::render(self)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Int(value.into())
    }
}

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Map> for Value {
    fn from(value: Map) -> Self {
        Self::Map(value)
    }
}

impl<T: Into<Value>> From<Vec<T>> for Value {
    fn from(values: Vec<T>) -> Self {
        Self::List(values.into_iter().map(Item::new).collect())
    }
}
