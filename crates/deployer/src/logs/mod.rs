//! Log lines of a stack's tasks and functions.

mod read;
mod source;

use std::time::SystemTime;

use serde::{Deserialize, Serialize};

pub use read::{follow_logs, read_logs};
pub use source::LogSource;

/// A line of a log group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written, in milliseconds since 1970.
    pub at_ms: i64,
    /// Name of its log stream.
    pub stream: String,
    /// ID of the task. `None` for a function.
    pub task: Option<String>,
    /// Name of the container. `None` for a function.
    pub container: Option<String>,
    /// Its text, without the line break.
    pub message: String,
    /// CloudWatch's ID of the line.
    #[serde(skip)]
    pub(crate) id: String,
}

/// Selects lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// Start time.
    pub since: SystemTime,
    /// Only lines that match this filter pattern of CloudWatch Logs.
    pub filter: Option<String>,
}

impl LogLine {
    /// Returns the start of the task's ID, or of the function's execution environment. That is enough to
    /// distinguish them.
    #[must_use]
    pub fn short_id(&self) -> &str {
        // A function's stream is `2026/11/30/[$LATEST]0a1b2c…`.
        let environment = self.stream.rsplit(']').next().unwrap_or_default();
        let id = self.task.as_deref().unwrap_or(environment);
        id.get(..SHORT).unwrap_or(id)
    }
}

/// Characters of a short ID.
const SHORT: usize = 8;
