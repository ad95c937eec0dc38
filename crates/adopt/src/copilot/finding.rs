//! What an import reports.

use serde::Serialize;

/// Something about a manifest that whoever imports it must know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The manifest's key, such as `http.alias`; empty for the whole file.
    pub key: String,
    /// What it is about.
    pub kind: Kind,
    /// What there is to know.
    pub message: String,
    /// What to do; may be empty.
    pub help: String,
    /// The service of the definition that it is about, if any.
    #[serde(skip)]
    pub(super) service: Option<String>,
}

/// What a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There is no key for it.
    Missing,
    /// The definition has a placeholder for it.
    Incomplete,
    /// It was imported, and behaves differently.
    Different,
    /// Copilot doesn't have such a key, and neither do we.
    Unknown,
    /// The value isn't of the key's type, and was left out.
    Invalid,
}

/// Sorts findings by file and line, each once.
pub(super) fn arrange(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.sort();
    findings.dedup();
    findings
}

impl Finding {
    /// The finding in a line, without its help.
    #[must_use]
    pub fn summary(&self) -> String {
        let (file, line, message) = (&self.file, self.line, &self.message);
        match self.key.as_str() {
            "" => format!("{file}:{line}: {message}"),
            key => format!("{file}:{line}: {key}: {message}"),
        }
    }
}
