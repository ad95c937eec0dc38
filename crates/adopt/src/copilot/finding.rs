//! The findings of an import.

use serde::Serialize;

/// Information about a manifest for the person who imports it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The manifest's key, such as `http.alias`; empty for the whole file.
    pub key: String,
    /// Its kind.
    pub kind: Kind,
    /// The information.
    pub message: String,
    /// What to do; can be empty.
    pub help: String,
    /// The service of the definition that it is about, if any.
    #[serde(skip)]
    pub(super) service: Option<String>,
}

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The format has no key for it.
    Missing,
    /// The definition has a placeholder for it.
    Incomplete,
    /// It was imported, and behaves differently.
    Different,
    /// Neither Copilot nor our format has this key.
    Unknown,
    /// The value doesn't have the key's type, and was omitted.
    Invalid,
}

/// Sorts findings by file and line, and removes duplicates.
pub(super) fn arrange(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}

impl Finding {
    /// The finding on one line, without its help.
    #[must_use]
    pub fn summary(&self) -> String {
        let (file, line, message) = (&self.file, self.line, &self.message);
        match self.key.as_str() {
            "" => format!("{file}:{line}: {message}"),
            key => format!("{file}:{line}: {key}: {message}"),
        }
    }
}
