//! The function's log: one JSON object a line, with the keys that Lambda's and CloudWatch Logs' own
//! filters know (`timestamp`, `level`, `requestId`).

use std::io::Write;
use std::time::SystemTime;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use serde::Serialize;
use tokio::time::Instant;

use crate::{Answer, Failed, InvocationError};

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
    level: &'static str,
    #[serde(rename = "requestId")]
    request_id: &'a str,
    message: &'static str,
    #[serde(flatten)]
    fields: T,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    published: usize,
    failed: usize,
    duration_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

impl<'a> Log<'a> {
    /// The log of the invocation `request_id`, which started at `now`.
    pub fn new(writer: &'a mut dyn Write, request_id: &'a str, now: SystemTime) -> Self {
        Self {
            writer,
            request_id,
            now,
            started: Instant::now(),
        }
    }

    /// One line for each target without a datapoint, then one for the invocation.
    pub(crate) fn outcome(&mut self, result: &Result<Answer, InvocationError>) {
        let nothing = Answer::default();
        let (answer, error) = match result {
            Ok(answer) => (answer, None),
            Err(error @ InvocationError::TargetsFailed(answer)) => (answer, Some(error)),
            Err(error) => (&nothing, Some(error)),
        };
        for failed in &answer.failed {
            self.line::<&Failed>("ERROR", "target failed", failed);
        }
        // The failed targets have their own lines by now; their summary need not be stored twice.
        let text = error
            .filter(|error| !matches!(error, InvocationError::TargetsFailed(_)))
            .map(ToString::to_string);
        let outcome = Outcome {
            published: answer.published.len(),
            failed: answer.failed.len(),
            duration_ms: self.started.elapsed().as_millis(),
            error_type: error.map(InvocationError::name),
            error: text.as_deref(),
        };
        match error {
            None => self.line("INFO", "invocation succeeded", outcome),
            Some(_) => self.line("ERROR", "invocation failed", outcome),
        }
    }

    fn line<T: Serialize>(&mut self, level: &'static str, message: &'static str, fields: T) {
        let at = self
            .now
            .checked_add(self.started.elapsed())
            .unwrap_or(self.now);
        let timestamp = DateTime::from(at).fmt(Format::DateTime).unwrap_or_default();
        let line = Line {
            timestamp,
            level,
            request_id: self.request_id,
            message,
            fields,
        };
        // Whole lines in one write, so that they stay whole. A log that can't be written has nowhere
        // to say so, and measuring goes on without it.
        if let Ok(mut bytes) = serde_json::to_vec(&line) {
            bytes.push(b'\n');
            let _ = self
                .writer
                .write_all(&bytes)
                .and_then(|()| self.writer.flush());
        }
    }
}
