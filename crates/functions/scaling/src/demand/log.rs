//! The log lines of an invocation that follows demand.

use lambda_kit::{CallError, Level, Log};
use scaling::DemandPolicy;
use serde::Serialize;
use serde_json::json;

use super::{DemandAnswer, DemandCheck, DemandOutcome, FleetAnswer};
use crate::InvocationError;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationLine<'a> {
    services: usize,
    failed_services: usize,
    looks: usize,
    failed_looks: usize,
    needs_published: usize,
    duration_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct CheckLine<'a> {
    cluster: &'a str,
    service: &'a str,
    #[serde(flatten)]
    look: &'a DemandCheck,
}

/// A line for a check and its decision.
pub(crate) fn log_check(log: &mut Log<'_>, policy: &DemandPolicy, look: &DemandCheck) {
    let level = match look.outcome {
        DemandOutcome::Failed => Level::Error,
        _ if !look.unread.is_empty() => Level::Warn,
        _ => Level::Info,
    };
    let line = CheckLine {
        cluster: &policy.cluster,
        service: &policy.service,
        look,
    };
    log.line(level, "look", line);
}

/// Whether a check changed or reports something.
pub(crate) fn is_worth_a_line(look: &DemandCheck) -> bool {
    look.outcome != DemandOutcome::Kept || !look.unread.is_empty()
}

/// A line for deletes that CloudWatch doesn't return: only the checks then show whether there was work.
pub(crate) fn log_unread_deletes(log: &mut Log<'_>, service: &str, error: &CallError) {
    let fields = json!({"service": service, "error": error.to_string()});
    log.line(Level::Warn, "deletes unknown", fields);
}

/// A line for arrivals of earlier days that CloudWatch doesn't return. The next invocation requests them again;
/// until then, warm tasks depend on the arrivals that this environment has observed.
pub(crate) fn log_unread_history(log: &mut Log<'_>, service: &str, error: &CallError) {
    let fields = json!({"service": service, "error": error.to_string()});
    log.line(Level::Warn, "earlier arrivals unknown", fields);
}

/// A line for the invocation.
pub(crate) fn log_outcome(log: &mut Log<'_>, result: &Result<FleetAnswer, InvocationError>) {
    let answer = match result {
        Ok(answer) => Some(answer),
        Err(InvocationError::LooksFailed(answer)) => Some(&**answer),
        Err(_) => None,
    };
    let services: &[DemandAnswer] = answer.map_or(&[], |answer| &answer.services);
    let failed = services.iter().filter(|one| one.is_failed());
    let fields = InvocationLine {
        services: services.len(),
        failed_services: failed.count(),
        looks: services.iter().map(|one| one.looks.len()).sum(),
        failed_looks: services.iter().map(|one| one.failed().len()).sum(),
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
