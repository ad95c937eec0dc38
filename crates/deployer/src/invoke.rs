//! Invoking a deployed function once, by its own log and answer.

use std::time::Duration;

use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use aws_smithy_types::base64;
use aws_smithy_types::timeout::TimeoutConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::error::{Error, Result, aws, code, is_denied};
use crate::session::Session;

/// A function may run for 30 s, one that follows demand for a minute, and one that is serialised may wait for
/// its turn in Lambda.
const REPLY: Duration = Duration::from_secs(90);
/// A function with a reserved concurrency of one refuses while another call runs. One that follows demand looks
/// for 50 s of each minute of its rule: two of the gaps between are worth waiting for.
const TURN: Duration = Duration::from_secs(130);

/// One invocation of a function, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invocation {
    /// Name of the function.
    pub function: String,
    /// The event that it was given.
    pub event: Value,
    /// What it answered: JSON, or the text when it is none.
    pub answer: Value,
    /// Its message when it failed.
    pub error: Option<String>,
    /// The last lines of its log, up to 4 KiB; none when the cloud hands out no log.
    pub log: Vec<String>,
}

/// What came of one attempt.
pub(crate) enum Attempt {
    /// The function ran; whether well, its invocation says.
    ScoredRun(Invocation),
    /// These credentials may not invoke it.
    NotAllowed(Error),
    /// Other calls have its concurrency.
    Busy(Error),
    /// Lambda could not run it: it is still being made, say, or its role can't be assumed yet.
    NotRun(Error),
}

/// Invokes a function with an event, waits for its answer, and for its turn while other calls run.
///
/// # Errors
/// When Lambda refuses or can't be reached, or when the function's turn does not come within two minutes.
/// A function that fails is no error here: its invocation says so.
pub async fn invoke(session: &Session<'_>, function: &str, event: &str) -> Result<Invocation> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    loop {
        let busy = match invoke_once(session, function, event).await? {
            Attempt::ScoredRun(invocation) => return Ok(invocation),
            Attempt::NotAllowed(error) | Attempt::NotRun(error) => return Err(error),
            Attempt::Busy(error) => error,
        };
        if begun.elapsed() + delay > TURN {
            return Err(busy.hint(
                "other calls of the function have used its concurrency for two minutes: try again later",
            ));
        }
        if delay == session.pace.first {
            session.note(format!(
                "{} is busy with another call: waiting for its turn",
                function_name(function)
            ));
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

/// Invokes once, whatever comes of it.
pub(crate) async fn invoke_once(
    session: &Session<'_>,
    function: &str,
    event: &str,
) -> Result<Attempt> {
    let timeouts = TimeoutConfig::builder()
        .read_timeout(REPLY)
        .operation_attempt_timeout(REPLY)
        .build();
    let sent = session
        .clients
        .lambda
        .invoke()
        .function_name(function)
        .log_type(LogType::Tail)
        .payload(Blob::new(event.as_bytes()))
        .customize()
        .config_override(aws_sdk_lambda::config::Builder::new().timeout_config(timeouts))
        .send()
        .await;
    let doing = format!("invoke {}", function_name(function));
    Ok(match sent {
        Ok(reply) => Attempt::ScoredRun(read_reply(function, event, &reply)),
        Err(error) if is_denied(&error) => Attempt::NotAllowed(aws(doing)(error)),
        Err(error) if code(&error) == "TooManyRequestsException" => {
            Attempt::Busy(aws(doing)(error))
        }
        Err(error) if error.as_service_error().is_some() => Attempt::NotRun(aws(doing)(error)),
        Err(error) => return Err(aws(doing)(error)),
    })
}

fn read_reply(function: &str, event: &str, reply: &InvokeOutput) -> Invocation {
    let payload = reply.payload().map(Blob::as_ref).unwrap_or_default();
    Invocation {
        function: function_name(function).to_owned(),
        event: parse_payload(event.as_bytes()),
        answer: parse_payload(payload),
        error: reply.function_error().map(|_| error_message(payload)),
        log: reply.log_result().map(decode_log).unwrap_or_default(),
    }
}

fn parse_payload(bytes: &[u8]) -> Value {
    match bytes {
        [] => Value::Null,
        bytes => serde_json::from_slice(bytes)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(bytes).into_owned())),
    }
}

/// The log comes as base64, cut off at its begin, in the middle of a line perhaps.
fn decode_log(encoded: &str) -> Vec<String> {
    let bytes = base64::decode(encoded).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// What a failed invocation answers. Source: AWS Lambda Developer Guide, error handling.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

fn error_message(payload: &[u8]) -> String {
    match serde_json::from_slice::<FunctionError>(payload) {
        Ok(error) => error.error_message,
        Err(_) => String::from_utf8_lossy(payload).into_owned(),
    }
}

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`, or the name itself.
pub(crate) fn function_name(function: &str) -> &str {
    function.split(':').nth(6).unwrap_or(function)
}
