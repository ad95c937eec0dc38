//! A function's log: one JSON object per line, with the keys of Lambda's and CloudWatch Logs' own filters
//! (`timestamp`, `level`, `requestId`).

use std::io::Write;
use std::time::{Duration, SystemTime};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;
use tokio::time::Instant;

/// The severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// Normal operation.
    Info,
    /// Someone should read it, but the invocation continues.
    Warn,
    /// Failed.
    Error,
    /// The function can't start.
    Fatal,
}

/// Writes the log lines of one invocation.
pub struct Log<'a> {
    writer: &'a mut dyn Write,
    request_id: &'a str,
    now: SystemTime,
    started: Instant,
}

#[derive(Serialize)]
struct Line<'a, T> {
    timestamp: String,
    level: Level,
    #[serde(rename = "requestId", skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    message: &'static str,
    #[serde(flatten)]
    fields: T,
}

impl<'a> Log<'a> {
    /// The log of the invocation `request_id`, which started at `now`. An empty ID is omitted.
    pub fn new(writer: &'a mut dyn Write, request_id: &'a str, now: SystemTime) -> Self {
        Self {
            writer,
            request_id,
            now,
            started: Instant::now(),
        }
    }

    /// Time since the invocation started.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Writes one line; `fields` is a struct or a map.
    pub fn line<T: Serialize>(&mut self, level: Level, message: &'static str, fields: T) {
        let at = self.now.checked_add(self.elapsed()).unwrap_or(self.now);
        let timestamp = DateTime::from(at).fmt(Format::DateTime).unwrap_or_default();
        let line = Line {
            timestamp,
            level,
            request_id: self.request_id,
            message,
            fields,
        };
        // Each line is one write, so that lines stay complete. If the log can't be written, there is no place to
        // report that, and the work continues without it.
        if let Ok(mut bytes) = serde_json::to_vec(&line) {
            bytes.push(b'\n');
            let _ = self
                .writer
                .write_all(&bytes)
                .and_then(|()| self.writer.flush());
        }
    }
}
