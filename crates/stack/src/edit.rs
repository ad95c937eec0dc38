//! Changing values in a definition's text, with every other byte left as it is.
//!
//! The text is cut where the marked parser says that a value stands; nothing is printed anew. A cut counts
//! only when the changed text, read again, is the tree that was meant; and the whole only when it is the very
//! stack that was meant.

mod cut;
mod tree;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::findings::Findings;
use crate::model::Stack;
use crate::problem::Report;
use crate::source::Source;
use crate::yaml::{self, Node, Value};
use crate::{duration, parse, path};

/// A change of one place of a definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    path: Vec<String>,
    to: To,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum To {
    Text(String),
    Number(u32),
    Key(&'static str),
    Gone,
}

/// Why a definition can't be changed in its text.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The text is no definition.
    #[error(transparent)]
    Invalid(Report),
    /// A place that can't be changed without touching others.
    #[error("{path} can't be changed without touching what is around it")]
    Place {
        /// Path of the value.
        path: String,
    },
    /// What came out is no definition.
    #[error("the changed definition would be invalid: {0}")]
    Outcome(Report),
    /// What came out means something else than was meant.
    #[error("the changed definition would mean something else than was meant")]
    Meaning,
}

impl Edit {
    /// Gives the value of a path a duration; the key is added when it isn't there.
    #[must_use]
    pub fn duration(path: &[&str], value: Duration) -> Self {
        Self::new(path, To::Text(duration::format(value)))
    }

    /// Gives the value of a path a number; the key is added when it isn't there.
    #[must_use]
    pub fn number(path: &[&str], value: u32) -> Self {
        Self::new(path, To::Number(value))
    }

    /// Gives a value another key, in the same place.
    #[must_use]
    pub fn rename(path: &[&str], key: &'static str) -> Self {
        Self::new(path, To::Key(key))
    }

    /// Takes a key with its value away, if it is there.
    #[must_use]
    pub fn remove(path: &[&str]) -> Self {
        Self::new(path, To::Gone)
    }

    fn new(path: &[&str], to: To) -> Self {
        Self {
            path: path.iter().map(|key| (*key).to_owned()).collect(),
            to,
        }
    }

    /// The value that the tree is to have.
    fn value(&self) -> Option<Value> {
        match &self.to {
            To::Text(text) => Some(Value::Str(text.clone())),
            To::Number(number) => Some(Value::Int(i128::from(*number))),
            To::Key(_) | To::Gone => None,
        }
    }

    /// The path of the value, such as `services.worker.tasks.min`.
    #[must_use]
    pub fn path(&self) -> String {
        self.path
            .iter()
            .fold(String::new(), |outer, key| path::key(&outer, key))
    }

    /// What stands there afterwards: the value, or the key; nothing where it is taken away.
    #[must_use]
    pub fn written(&self) -> String {
        match &self.to {
            To::Text(text) => text.clone(),
            To::Number(number) => number.to_string(),
            To::Key(key) => (*key).to_owned(),
            To::Gone => String::new(),
        }
    }
}

/// What to do by hand, such as `services.worker.tasks.min: 3`.
impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path();
        match &self.to {
            To::Text(_) | To::Number(_) => write!(f, "{path}: {}", self.written()),
            To::Key(key) => write!(f, "{path}: call it `{key}`"),
            To::Gone => write!(f, "{path}: take it away"),
        }
    }
}

/// Changes a definition's text, edit by edit, into one that means exactly the stack `intended`.
///
/// # Errors
/// When the text is no definition, when a place can't be changed without touching others, or when what comes
/// out would mean anything else.
pub fn edit(text: &str, edits: &[Edit], intended: &Stack) -> Result<String, EditError> {
    let mut changed = text.to_owned();
    for edit in edits {
        changed = one(&changed, edit)?;
    }
    let outcome = parse("", &changed).map_err(EditError::Outcome)?;
    if outcome.stack == *intended {
        Ok(changed)
    } else {
        Err(EditError::Meaning)
    }
}

/// The text after one edit.
fn one(text: &str, edit: &Edit) -> Result<String, EditError> {
    let before = read(text)?;
    let Some(wanted) = tree::after(&before, edit) else {
        return Err(EditError::Place { path: edit.path() });
    };
    if tree::same(&before, &wanted) {
        return Ok(text.to_owned());
    }
    cut::cuts(text, &before, edit)
        .into_iter()
        .filter_map(|cut| cut.apply(text))
        .find(|changed| read(changed).is_ok_and(|found| tree::same(&found, &wanted)))
        .ok_or_else(|| EditError::Place { path: edit.path() })
}

fn read(text: &str) -> Result<Node, EditError> {
    let mut findings = Findings::new(Arc::new(Source::new("", text)));
    let root = yaml::parse(&mut findings);
    match root {
        Some(root) if !findings.has_errors() => Ok(root),
        _ => Err(EditError::Invalid(findings.into_report())),
    }
}
