//! A change of one value or key.

use std::fmt;
use std::time::Duration;

use crate::select::ENVIRONMENTS;
use crate::yaml::{Node, Value};
use crate::{duration, path};

/// A change of one place of a definition.
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
    /// Gives the value of a path a duration; the key is added when it isn't there.
    #[must_use]
    pub fn duration(path: &[&str], value: Duration) -> Self {
        Self::new(path, NewValue::Text(duration::format(value)))
    }

    /// Gives the value of a path a number; the key is added when it isn't there.
    #[must_use]
    pub fn number(path: &[&str], value: u32) -> Self {
        Self::new(path, NewValue::Number(value))
    }

    /// Gives a value another key, in the same place.
    #[must_use]
    pub fn rename(path: &[&str], key: &'static str) -> Self {
        Self::new(path, NewValue::Key(key))
    }

    /// Takes a key with its value away, if it is there.
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

    /// The edit in an environment, if that is where the value comes from.
    pub(super) fn within(mut self, environment: Option<&str>, root: &Node) -> Self {
        let Some(environment) = environment else {
            return self;
        };
        let outer = [ENVIRONMENTS, environment].map(str::to_owned);
        let inside = [outer.as_slice(), &self.path].concat();
        let mut keys = inside.iter();
        if keys.try_fold(root, |node, key| node.get(key)).is_some() {
            self.path = inside;
        }
        self
    }

    /// The value that the tree is to have.
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

    /// What stands there afterwards: the value, or the key; nothing where it is taken away.
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

/// What to do by hand, such as `services.worker.tasks.min: 3`.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        match &self.to {
            NewValue::Text(_) | NewValue::Number(_) => write!(f, "{path}: {}", self.written()),
            NewValue::Key(key) => write!(f, "{path}: call it `{key}`"),
            NewValue::Gone => write!(f, "{path}: take it away"),
        }
    }
}
