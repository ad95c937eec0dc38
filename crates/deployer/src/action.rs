//! What a plan does to a resource.

use std::fmt;

use serde::Serialize;

/// What is done to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Made.
    Add,
    /// Changed in place.
    Change,
    /// Changed; whether in place or by a new one shows only when it is done.
    MayReplace,
    /// A new one is made, then the old one removed.
    Replace,
    /// Removed.
    Remove,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "add",
            Self::Change => "change",
            Self::MayReplace => "may replace",
            Self::Replace => "replace",
            Self::Remove => "remove",
        })
    }
}
