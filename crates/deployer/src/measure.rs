//! The first measurement of a deployed stack: the rules would begin within a minute, but then nobody looks.

use std::time::Duration;

use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_smithy_types::timeout::TimeoutConfig;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;
use tokio::time::Instant;

use crate::error::{Error, Kind, Result, aws, is_denied};
use crate::observe::resources;
use crate::session::Session;
use crate::targets::{Target, targets};

/// New roles work some seconds after they are made: IAM spreads them over its servers.
const PATIENCE: Duration = Duration::from_secs(30);
/// The function itself may run for 30 s.
const REPLY: Duration = Duration::from_secs(60);
/// Invocations at once.
const AT_ONCE: usize = 4;

/// Invokes the functions that the stack's rules target, once for each target with the target's own
/// input, so that the first datapoints exist when the deploy ends. Returns the number of targets that
/// were measured.
///
/// # Errors
/// When a function fails for as long as a new role may take to work; or when AWS can't be asked. Who may
/// not invoke functions has still deployed: that is noted, no error.
pub async fn measure_once(session: &Session<'_>, stack: &str) -> Result<usize> {
    let resources = resources(session, stack).await?;
    let targets: Vec<Target> = targets(session, &resources)
        .await?
        .into_iter()
        .filter(|target| target.arn.contains(":lambda:") && !target.input.is_empty())
        .collect();
    if targets.is_empty() {
        return Ok(0);
    }
    session.note("measuring once, before the rules begin to");
    let measured: Vec<bool> = stream::iter(&targets)
        .map(|target| measure(session, target))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(measured.into_iter().filter(|measured| *measured).count())
}

/// Whether the target was measured; not so without the permission.
async fn measure(session: &Session<'_>, target: &Target) -> Result<bool> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    let mut noted = false;
    loop {
        let why = match invoke(session, target).await? {
            Outcome::Done => return Ok(true),
            Outcome::NotAllowed(error) => {
                session.note(format!("not measured: {error}"));
                return Ok(false);
            }
            Outcome::Failed(why) => why,
        };
        if begun.elapsed() + delay > PATIENCE {
            return Err(failed(session, target, &why).await);
        }
        if !noted {
            session.note(format!(
                "{} failed; new roles need some seconds to work, trying again: {why}",
                name(&target.arn)
            ));
            noted = true;
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

enum Outcome {
    Done,
    NotAllowed(Error),
    Failed(String),
}

async fn invoke(session: &Session<'_>, target: &Target) -> Result<Outcome> {
    let timeouts = TimeoutConfig::builder()
        .read_timeout(REPLY)
        .operation_attempt_timeout(REPLY)
        .build();
    let sent = session
        .clients
        .lambda
        .invoke()
        .function_name(&target.arn)
        .payload(Blob::new(target.input.as_bytes()))
        .customize()
        .config_override(aws_sdk_lambda::config::Builder::new().timeout_config(timeouts))
        .send()
        .await;
    let doing = format!("invoke {}", name(&target.arn));
    Ok(match sent {
        Ok(reply) if reply.function_error().is_none() => Outcome::Done,
        Ok(reply) => Outcome::Failed(error_message(&reply)),
        Err(error) if is_denied(&error) => Outcome::NotAllowed(aws(doing)(error)),
        // Still being made, or its role can't be assumed yet.
        Err(error) if error.as_service_error().is_some() => {
            Outcome::Failed(aws(doing)(error).to_string())
        }
        Err(error) => return Err(aws(doing)(error)),
    })
}

/// What a failed invocation answers. Source: AWS Lambda Developer Guide, error handling.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FunctionError {
    error_message: String,
}

fn error_message(reply: &InvokeOutput) -> String {
    let payload = reply.payload().map(Blob::as_ref).unwrap_or_default();
    match serde_json::from_slice::<FunctionError>(payload) {
        Ok(error) => error.error_message,
        Err(_) => String::from_utf8_lossy(payload).into_owned(),
    }
}

async fn failed(session: &Session<'_>, target: &Target, why: &str) -> Error {
    let function = name(&target.arn);
    Error::new(
        Kind::DeploymentFailed,
        format!("deployed, but the function {function} can't measure: {why}"),
    )
    .hint(format!(
        "its log: {} in CloudWatch Logs",
        log_group(session, &target.arn).await
    ))
    .hint(format!(
        "the rule {} goes on to invoke it; deploy again once the cause is mended",
        target.rule
    ))
}

async fn log_group(session: &Session<'_>, arn: &str) -> String {
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(arn).send().await.ok();
    let named = reply.as_ref().and_then(|reply| {
        let logging = reply.logging_config()?;
        logging.log_group().map(str::to_owned)
    });
    named.unwrap_or_else(|| format!("/aws/lambda/{}", name(arn)))
}

/// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
fn name(arn: &str) -> &str {
    arn.split(':').nth(6).unwrap_or(arn)
}
