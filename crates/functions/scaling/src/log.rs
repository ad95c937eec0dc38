//! The log lines of an invocation.

use lambda_kit::{Level, Log};
use serde::Serialize;

use crate::{Answer, InvocationError, Problem};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InvocationLine<'a> {
    #[serde(flatten)]
    answer: Option<&'a Answer>,
    duration_ms: u128,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// One line for each refused record, then one for the invocation.
pub(crate) fn log_outcome(log: &mut Log<'_>, result: &Result<Answer, InvocationError>) {
    if let Err(InvocationError::RecordsRefused { refused, .. }) = result {
        for one in refused {
            log.line(Level::Error, "record refused", one);
        }
    }
    let fields = InvocationLine {
        answer: find_answer(result),
        duration_ms: log.elapsed().as_millis(),
        error_type: result.as_ref().err().map(InvocationError::name),
        error: result.as_ref().err().map(ToString::to_string),
    };
    match result {
        Ok(_) => log.line(Level::Info, "invocation succeeded", fields),
        Err(_) => log.line(Level::Error, "invocation failed", fields),
    }
}

/// The outcome for the records that could be processed.
fn find_answer(result: &Result<Answer, InvocationError>) -> Option<&Answer> {
    let partial: Option<&Result<Answer, Problem>> = match result {
        Ok(answer) => return Some(answer),
        Err(InvocationError::RecordsRefused { answer, .. }) => answer.as_deref(),
        Err(_) => None,
    };
    partial?.as_ref().ok()
}
