//! The last minutes of functions' logs: the last check of each service, and failures that persist.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::facts::{Check, Event};
use crate::error::Result;
use crate::function_logs::{LogLine, read_lines};
use crate::functions::ServiceName;
use crate::session::Session;

/// How far back to read the logs. A function runs every minute.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// The state of a function, from the last minutes of its log.
#[derive(Debug, Default)]
pub(super) struct FunctionLog {
    /// The failure of the whole function, unless it has succeeded since then.
    pub error: Option<Event>,
    /// The failure of a service, unless it has succeeded since then.
    pub failed: HashMap<ServiceName, Event>,
    /// The last check of each service that has a line in the log.
    pub checks: HashMap<ServiceName, Check>,
}

/// A line from one of our functions.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    level: String,
    message: String,
    cluster: Option<String>,
    service: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    need: Option<f64>,
    error: Option<String>,
}

pub(super) async fn read(
    session: &Session<'_>,
    group: &str,
    now: SystemTime,
) -> Result<FunctionLog> {
    let since = now.checked_sub(RECENT).unwrap_or(UNIX_EPOCH);
    Ok(parse(&read_lines(session, group, None, since).await?))
}

/// Reads lines, oldest first.
pub(super) fn parse(lines: &[LogLine]) -> FunctionLog {
    let mut log = FunctionLog::default();
    for line in lines {
        match serde_json::from_str::<Line>(&line.text) {
            Ok(parsed) => log.add(line.at, parsed),
            // Lambda itself reports a function that it stopped or couldn't start.
            Err(_) if is_lambdas_failure(&line.text) => {
                log.error = Some(Event {
                    at: line.at,
                    text: line.text.trim().to_owned(),
                });
            }
            Err(_) => {}
        }
    }
    log
}

fn is_lambdas_failure(text: &str) -> bool {
    ["Task timed out", "Runtime.ExitError", "Runtime exited"]
        .iter()
        .any(|words| text.contains(words))
}

impl FunctionLog {
    fn add(&mut self, at: u64, line: Line) {
        let failed = ["ERROR", "FATAL"].contains(&line.level.as_str());
        let said = line.error.as_ref().or(line.reason.as_ref());
        let event = Event {
            at,
            text: said.unwrap_or(&line.message).clone(),
        };
        let (Some(cluster), Some(service)) = (line.cluster, line.service) else {
            // The summary of an invocation. If only services failed, it has no error itself, or repeats
            // theirs.
            match failed {
                true if self.failed.is_empty() => self.error = Some(event),
                true => {}
                false if line.message == "invocation succeeded" => {
                    self.error = None;
                    self.failed.clear();
                }
                false => {}
            }
            return;
        };
        let name = ServiceName { cluster, service };
        if failed {
            self.failed.insert(name, event);
            return;
        }
        self.failed.remove(&name);
        self.error = None;
        if let (Some(outcome), Some(reason)) = (line.outcome, line.reason) {
            let need = line.need;
            let check = Check {
                at,
                outcome,
                reason,
                need,
            };
            self.checks.insert(name, check);
        }
    }
}
