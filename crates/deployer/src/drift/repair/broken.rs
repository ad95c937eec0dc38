//! A part to repair.

use crate::finding::Problem;
use crate::session::Session;

use super::super::intended::Intended;
use super::given::Properties;

/// A part to repair.
pub(super) struct Broken<'a> {
    pub part: &'a Intended,
    pub problems: Vec<&'a Problem>,
    /// Whether an earlier attempt of this run didn't help.
    pub again: bool,
    /// Whether the problem is one of the alarms that Application Auto Scaling made for this policy.
    pub of_alarm: bool,
}

impl<'a> Broken<'a> {
    /// The properties that it should have.
    pub(super) fn given(&self) -> Properties<'a> {
        Properties(&self.part.properties)
    }

    /// Says what is done, at the first attempt.
    pub(super) fn note(&self, session: &Session<'_>, text: String) {
        if !self.again {
            session.note(text);
        }
    }

    pub(super) fn is_missing(&self) -> bool {
        self.problems.contains(&&Problem::Missing)
    }

    /// Whether a property, or a part of it, is to be put back.
    pub(super) fn is_different(&self, property: &str) -> bool {
        self.problems.iter().any(|problem| match problem {
            Problem::Missing => true,
            Problem::Disabled { property: path } | Problem::Different { property: path, .. } => {
                path.split('.').next() == Some(property)
            }
        })
    }
}
