//! What an invocation that follows demand says in its log.

use lambda_kit::{CallError, Level, Log};
use serde::Serialize;
use serde_json::json;

use super::{DemandAnswer, DemandCheck, DemandOutcome, ProcessingTime};
use crate::InvocationError;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationLine<'a> {
    looks: usize,
    failed_looks: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_time: Option<ProcessingTime>,
    needs_published: usize,
    duration_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// A line for a check and its decision.
pub(crate) fn log_check(log: &mut Log<'_>, look: &DemandCheck) {
    let level = match look.outcome {
        DemandOutcome::Failed => Level::Error,
        _ if !look.unread.is_empty() => Level::Warn,
        _ => Level::Info,
    };
    log.line(level, "look", look);
}

/// A line for deletes that CloudWatch doesn't give: the checks alone then show whether there was work.
pub(crate) fn log_unread_deletes(log: &mut Log<'_>, error: &CallError) {
    let fields = json!({"error": error.to_string()});
    log.line(Level::Warn, "deletes unknown", fields);
}

/// A line for arrivals of earlier days that CloudWatch doesn't give: the next invocation asks again, and until then warm
/// tasks depend on what this environment has seen.
pub(crate) fn log_unread_history(log: &mut Log<'_>, error: &CallError) {
    let fields = json!({"error": error.to_string()});
    log.line(Level::Warn, "earlier arrivals unknown", fields);
}

/// A line for the invocation.
pub(crate) fn log_outcome(log: &mut Log<'_>, result: &Result<DemandAnswer, InvocationError>) {
    let answer = match result {
        Ok(answer) => Some(answer),
        Err(InvocationError::LooksFailed(answer)) => Some(&**answer),
        Err(_) => None,
    };
    let fields = InvocationLine {
        looks: answer.map_or(0, |answer| answer.looks.len()),
        failed_looks: answer.map_or(0, |answer| answer.failed().len()),
        from: answer.and_then(|answer| answer.from),
        to: answer.and_then(|answer| answer.to),
        processing_time: answer.map(|answer| answer.processing_time),
        needs_published: answer.map_or(0, |answer| answer.needs_published),
        duration_ms: log.elapsed().as_millis(),
        error_type: result.as_ref().err().map(InvocationError::name),
        error: result.as_ref().err().map(ToString::to_string),
    };
    match result {
        Ok(_) => log.line(Level::Info, "invocation succeeded", fields),
        Err(_) => log.line(Level::Error, "invocation failed", fields),
    }
}
