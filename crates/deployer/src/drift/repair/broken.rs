//! A part to repair.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::finding::Problem;
use crate::session::Session;

use super::super::intended::Intended;
use super::given::Properties;

/// A part to repair.
pub(super) struct Broken<'a> {
    pub part: &'a Intended,
    pub problems: Vec<&'a Problem>,
    /// Whether an earlier attempt of this run failed.
    pub again: bool,
    /// Whether the problem is in one of the alarms that Application Auto Scaling created for this policy.
    pub of_alarm: bool,
    /// The stack's tags.
    pub stack_tags: &'a BTreeMap<String, String>,
}

impl<'a> Broken<'a> {
    /// Returns the properties that it should have.
    pub(super) fn given(&self) -> Properties<'a> {
        Properties(&self.part.properties)
    }

    /// Returns the tags for its recreation: the stack's tags and its own, which take precedence, as in
    /// CloudFormation. Tags with the prefix `aws:cloudformation:` are lost, because only CloudFormation can set
    /// them. Source: CloudFormation User Guide, "Resource tag".
    pub(super) fn tags(&self) -> impl Iterator<Item = (String, String)> {
        let mut tags = self.stack_tags.clone();
        let own = self.part.items("Tags").iter();
        let text = |tag: &Value, name: &str| Some(tag.get(name)?.as_str()?.to_owned());
        tags.extend(own.filter_map(|tag| Some((text(tag, "Key")?, text(tag, "Value")?))));
        tags.into_iter()
    }

    /// Returns the tags in a request's form.
    pub(super) fn tags_as<T>(&self, tag: impl Fn((String, String)) -> Option<T>) -> Option<Vec<T>> {
        Some(self.tags().filter_map(tag).collect())
    }

    /// Refuses a part that can't be recreated identically because it has properties other than these.
    pub(super) fn require_known(&self, properties: &[&str]) -> Result<()> {
        let set = self.part.properties.keys();
        let unknown: Vec<&str> = set
            .map(String::as_str)
            .filter(|property| !properties.contains(property))
            .collect();
        if unknown.is_empty() {
            return Ok(());
        }
        Err(Error::failed(format!(
            "{} can't be recreated by direct calls, because its template sets {}",
            self.part.physical_id,
            unknown.join(", ")
        )))
    }

    /// Reports the repair on the first attempt.
    pub(super) fn note(&self, session: &Session<'_>, text: String) {
        if !self.again {
            session.note(text);
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.problems.contains(&&Problem::Missing)
    }

    /// Whether a property, or a part of it, must be restored.
    pub(super) fn is_different(&self, property: &str) -> bool {
        self.problems.iter().any(|problem| match problem {
            Problem::Missing => true,
            Problem::Disabled { property: path } | Problem::Different { property: path, .. } => {
                path.split('.').next() == Some(property)
            }
        })
    }
}
