//! What a plan does to a resource.

use std::fmt;

use serde::Serialize;

/// What a change set does to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Created.
    Add,
    /// It exists, and becomes the stack's, unchanged.
    Import,
    /// Changed in place.
    Change,
    /// Changed in place or replaced; only the deploy itself shows which.
    MayReplace,
    /// A new resource is created, then the old one is deleted.
    Replace,
    /// Leaves the stack, and stays in AWS unchanged: it was imported, or `overrides` retain it.
    Release,
    /// Deleted.
    Remove,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Import => "import",
            Self::Change => "change",
            Self::MayReplace => "may replace",
            Self::Replace => "replace",
            Self::Release => "release",
            Self::Remove => "remove",
        })
    }
}
