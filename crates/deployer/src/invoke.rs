//! Invokes a deployed function once, and reads its response and its log.

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

/// A function can run for 30 s, one that scales by demand for a minute, and one with a reserved concurrency
/// might have to wait for its turn in Lambda.
const REPLY: Duration = Duration::from_secs(90);
/// A function with a reserved concurrency of 1 refuses while another invocation runs. A function that scales by
/// demand runs for 50 s of each minute of its rule, so the wait covers two of the gaps between its runs.
const TURN: Duration = Duration::from_secs(130);

/// One invocation of a function, and its result.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Invocation {
    /// Name of the function.
    pub function: String,
    /// The event that it received.
    pub event: Value,
    /// Its response: JSON, or the text if it isn't JSON.
    pub answer: Value,
    /// Its error message, if it failed.
    pub error: Option<String>,
    /// The last lines of its log, up to 4 KiB. Empty if the cloud returns no log.
    pub log: Vec<String>,
}

/// The result of one attempt.
pub(crate) enum Attempt {
    /// The function ran. The invocation shows whether it succeeded.
    ScoredRun(Invocation),
    /// These credentials aren't allowed to invoke it.
    NotAllowed(Error),
    /// Other invocations use its concurrency.
    Busy(Error),
    /// Lambda couldn't run it: for example, it is still being created, or its role can't be assumed yet.
    NotRun(Error),
}

/// Invokes a function with an event and waits for its response. While other invocations use its concurrency,
/// waits for its turn.
///
/// # Errors
/// If Lambda refuses or can't be reached, or if the function's turn doesn't come within two minutes. A function
/// that fails isn't an error here: the invocation contains its failure.
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

/// Invokes once, and returns any result.
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

/// The log is encoded as base64. Its start is cut off, possibly in the middle of a line.
fn decode_log(encoded: &str) -> Vec<String> {
    let bytes = base64::decode(encoded).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// The response of a failed invocation. Source: AWS Lambda Developer Guide, error handling.
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
