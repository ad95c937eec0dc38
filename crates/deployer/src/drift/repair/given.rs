//! Properties in a service's form. CloudFormation also accepts numbers and Booleans as text.

use serde_json::{Map, Value};

/// A value of the template.
#[derive(Clone, Copy)]
pub(super) struct Given<'a>(pub &'a Value);

/// The properties of a part.
#[derive(Clone, Copy)]
pub(super) struct Properties<'a>(pub &'a Map<String, Value>);

impl<'a> Properties<'a> {
    /// Returns a property. `null` if it isn't set.
    pub(super) fn at(self, property: &str) -> Given<'a> {
        Given(self.0.get(property).unwrap_or(&Value::Null))
    }
}

impl<'a> Given<'a> {
    /// Returns a property of an object. `null` if it isn't set.
    pub(super) fn at(self, property: &str) -> Self {
        Self(self.0.get(property).unwrap_or(&Value::Null))
    }

    pub(super) fn is_set(self) -> bool {
        !self.0.is_null()
    }

    /// Returns text, or a number or Boolean as text. An object becomes JSON text.
    pub(super) fn text(self) -> Option<String> {
        match self.0 {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }

    /// Returns text that a service requires.
    pub(super) fn required(self) -> String {
        self.text().unwrap_or_default()
    }

    pub(super) fn int(self) -> Option<i32> {
        self.text()?.parse().ok()
    }

    pub(super) fn float(self) -> Option<f64> {
        self.text()?.parse().ok()
    }

    pub(super) fn flag(self) -> Option<bool> {
        self.text()?.parse().ok()
    }

    pub(super) fn items(self) -> impl Iterator<Item = Given<'a>> {
        self.0.as_array().into_iter().flatten().map(Given)
    }

    pub(super) fn texts(self) -> Vec<String> {
        self.items().filter_map(Given::text).collect()
    }

    /// Returns the key and value of each entry of an object.
    pub(super) fn entries(self) -> impl Iterator<Item = (&'a String, Given<'a>)> {
        let entries = self.0.as_object().into_iter().flatten();
        entries.map(|(key, value)| (key, Given(value)))
    }
}
