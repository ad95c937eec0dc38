//! A change of one value or key.

use std::fmt;
use std::time::Duration;

use crate::select::ENVIRONMENTS;
use crate::yaml::{Node, Value};
use crate::{duration, path};

/// A change at one path of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub(super) path: Vec<String>,
    pub(super) to: NewValue,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewValue {
    Text(String),
    Number(u32),
    Key(&'static str),
    Gone,
}

impl Edit {
    /// Sets the value at a path to a duration; adds the key if it is missing.
    #[must_use]
    pub fn duration(path: &[&str], value: Duration) -> Self {
        Self::new(path, NewValue::Text(duration::format(value)))
    }

    /// Sets the value at a path to a number; adds the key if it is missing.
    #[must_use]
    pub fn number(path: &[&str], value: u32) -> Self {
        Self::new(path, NewValue::Number(value))
    }

    /// Renames a key without moving its value.
    #[must_use]
    pub fn rename(path: &[&str], key: &'static str) -> Self {
        Self::new(path, NewValue::Key(key))
    }

    /// Removes a key and its value, if it exists.
    #[must_use]
    pub fn remove(path: &[&str]) -> Self {
        Self::new(path, NewValue::Gone)
    }

    fn new(path: &[&str], to: NewValue) -> Self {
        Self {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            to,
        }
    }

    /// The same edit in an environment, if the value comes from there, or if nothing defines it yet: other environments
    /// keep what they have.
    pub(super) fn within(mut self, environment: Option<&str>, root: &Node) -> Self {
        let Some(environment) = environment else {
            return self;
        };
        let outer = [ENVIRONMENTS, environment].map(str::to_owned);
        let inside = [outer.as_slice(), &self.path].concat();
        let has = |path: &[String]| {
            let found = path.iter().try_fold(root, |node, key| node.get(key));
            found.is_some()
        };
        if has(&inside) || !has(&self.path) {
            self.path = inside;
        }
        self
    }

    /// The new value in the tree.
    pub(super) fn value(&self) -> Option<Value> {
        match &self.to {
            NewValue::Text(text) => Some(Value::Str(text.clone())),
            NewValue::Number(number) => Some(Value::Int(i128::from(*number))),
            NewValue::Key(_) | NewValue::Gone => None,
        }
    }

    /// The path of the value, such as `services.worker.tasks.min`.
    #[must_use]
    pub fn path(&self) -> String {
        path::join(&self.path)
    }

    /// The result: the value or the key; empty if it is removed.
    #[must_use]
    pub fn written(&self) -> String {
        match &self.to {
            NewValue::Text(text) => text.clone(),
            NewValue::Number(number) => number.to_string(),
            NewValue::Key(key) => (*key).to_owned(),
            NewValue::Gone => String::new(),
        }
    }
}

/// The edit as an instruction, such as `services.worker.tasks.min: 3`.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        match &self.to {
            NewValue::Text(_) | NewValue::Number(_) => write!(f, "{path}: {}", self.written()),
            NewValue::Key(key) => write!(f, "{path}: rename it to `{key}`"),
            NewValue::Gone => write!(f, "{path}: remove it"),
        }
    }
}
