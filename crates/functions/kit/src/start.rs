//! How a function starts, and how it reports that it can't.

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, Error, LambdaEvent, run, service_fn};
use lambda_runtime_api_client::body::Body;
use lambda_runtime_api_client::{PooledClient, build_request};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{Invocation, Level, Log};

/// Set by Lambda: host and port of its Runtime API.
const RUNTIME_API: &str = "AWS_LAMBDA_RUNTIME_API";

/// Passes one event after the other to `handler`, until Lambda ends the process.
///
/// # Errors
/// If the program doesn't run in Lambda, or its Runtime API fails.
pub async fn serve<A, E>(
    handler: impl AsyncFn(Value, &Invocation, &mut Log<'_>) -> Result<A, E>,
) -> Result<(), Error>
where
    A: Serialize,
    E: Into<Diagnostic> + Debug,
{
    if std::env::var_os(RUNTIME_API).is_none() {
        return Err(format!("this program runs in AWS Lambda: {RUNTIME_API} is not set").into());
    }
    let handler = &handler;
    run(service_fn(move |event: LambdaEvent<Value>| async move {
        let LambdaEvent { payload, context } = event;
        let now = SystemTime::now();
        let deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline);
        let invocation = Invocation {
            request_id: context.request_id,
            now,
            time_left: deadline.duration_since(now).unwrap_or_default(),
        };
        let mut stdout = std::io::stdout();
        let mut log = Log::new(&mut stdout, &invocation.request_id, now);
        handler(payload, &invocation, &mut log).await
    }))
    .await
}

/// Reports to the log and to Lambda that the function can't start. Lambda then answers every invocation with the
/// error. Returns the error with which `main` ends.
pub async fn init_failed(problem: Diagnostic) -> Error {
    let mut stdout = std::io::stdout();
    let mut log = Log::new(&mut stdout, "", SystemTime::now());
    let fields = json!({"errorType": problem.error_type, "error": problem.error_message});
    log.line(Level::Fatal, "initialization failed", fields);
    if std::env::var_os(RUNTIME_API).is_some()
        && let Err(error) = report_problem(&problem).await
    {
        let fields = json!({"error": error.to_string()});
        log.line(Level::Error, "report to Lambda failed", fields);
    }
    problem.error_message.into()
}

/// Source: AWS Lambda Developer Guide, Lambda runtime API, initialization error.
async fn report_problem(problem: &Diagnostic) -> Result<(), Error> {
    let request = build_request()
        .method("POST")
        .uri("/2018-06-01/runtime/init/error")
        .header("lambda-runtime-function-error-type", &problem.error_type)
        .body(Body::from(serde_json::to_vec(problem)?))?;
    PooledClient::builder().build().call(request).await?;
    Ok(())
}
