//! The log: one JSON object a line.

use std::fmt;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::worker::Summary;

/// The worker's log lines. Moments are milliseconds since 1970.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event<'a> {
    /// It starts, with this configuration.
    Start {
        /// Names of its queues.
        queues: Vec<&'a str>,
        /// Maximum number of messages in parallel.
        concurrency: usize,
        /// How long a poll waits for messages, in milliseconds.
        wait_ms: u64,
        /// Stop timeout in milliseconds.
        stop_timeout_ms: u64,
        /// Whether there is an ECS agent for task protection.
        protection: bool,
    },
    /// Work on a message has ended.
    Message {
        /// SQS's id.
        message_id: &'a str,
        /// When it was sent, according to SQS.
        sent_at_ms: Option<u64>,
        /// When the work on it started.
        began_at_ms: u64,
        /// When the work on it ended.
        ended_at_ms: u64,
        /// How.
        outcome: MessageOutcome,
        /// Which delivery this was.
        receive_count: Option<u32>,
        /// Its queue.
        queue: &'a str,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An operation failed; the worker continues.
    Problem {
        /// The operation that failed.
        doing: &'static str,
        /// What happened.
        error: String,
        /// The queue that it happened with.
        #[serde(skip_serializing_if = "Option::is_none")]
        queue: Option<&'a str>,
        /// The message that it happened to.
        #[serde(skip_serializing_if = "Option::is_none")]
        message_id: Option<&'a str>,
    },
    /// The task is protected from scale-in and deployments, or no longer.
    Protection {
        /// Which of both.
        enabled: bool,
    },
    /// A stop was requested.
    Stop {
        /// By which signal.
        signal: &'static str,
    },
    /// It has ended.
    End(Summary),
}

/// How work on a message has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum MessageOutcome {
    /// It is done, and will be deleted.
    Done,
    /// It isn't done, and will be delivered again.
    Failed,
}

/// Writes lines, from any task.
#[derive(Clone)]
pub struct Log {
    writer: Arc<Mutex<dyn Write + Send>>,
    clock: Arc<dyn Fn() -> SystemTime + Send + Sync>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(flatten)]
    event: &'a Event<'a>,
    at_ms: u64,
}

impl Log {
    /// A log that is written to `writer`, with this clock.
    pub fn new(
        writer: impl Write + Send + 'static,
        clock: impl Fn() -> SystemTime + Send + Sync + 'static,
    ) -> Self {
        Self {
            writer: Arc::new(Mutex::new(writer)),
            clock: Arc::new(clock),
        }
    }

    /// Writes one line.
    pub fn write_line(&self, event: &Event<'_>) {
        let at_ms = self.now_ms();
        let Ok(mut bytes) = serde_json::to_vec(&Line { at_ms, event }) else {
            return;
        };
        bytes.push(b'\n');
        // Whole lines in one write, so that they stay whole. If the log can't be written, there is
        // no place to report that, and the work continues without it.
        let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writer.write_all(&bytes).and_then(|()| writer.flush());
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> u64 {
        let since = (self.clock)().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| {
            u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
        })
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Log").finish_non_exhaustive()
    }
}
