//! The log lines of an invocation.

use lambda_kit::{Level, Log};
use serde::Serialize;

use crate::{Answer, InvocationError};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationLine<'a> {
    published: usize,
    failed: usize,
    duration_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
}

/// One line for each target without a datapoint, then one for the invocation.
pub(crate) fn log_outcome(log: &mut Log<'_>, result: &Result<Answer, InvocationError>) {
    let nothing = Answer::default();
    let (answer, error) = match result {
        Ok(answer) => (answer, None),
        Err(error @ InvocationError::TargetsFailed(answer)) => (answer, Some(error)),
        Err(error) => (&nothing, Some(error)),
    };
    for failed in &answer.failed {
        log.line(Level::Error, "target failed", failed);
    }
    // The failed targets already have their own lines, so their summary doesn't need to be stored twice.
    let text = error
        .filter(|error| !matches!(error, InvocationError::TargetsFailed(_)))
        .map(ToString::to_string);
    let outcome = InvocationLine {
        published: answer.published.len() + answer.waking.len() + answer.needs.len(),
        failed: answer.failed.len(),
        duration_ms: log.elapsed().as_millis(),
        error_type: error.map(InvocationError::name),
        error: text.as_deref(),
    };
    match error {
        None => log.line(Level::Info, "invocation succeeded", outcome),
        Some(_) => log.line(Level::Error, "invocation failed", outcome),
    }
}
