//! The interface to the SDK: a call with a deadline, and its error in short form.

use std::error::Error;
use std::future::Future;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId as _;
use tokio::time::{Instant, timeout_at};

/// Why an AWS call has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It failed, including its retries.
    #[error("{operation} failed: {detail}")]
    Failed {
        /// AWS operation.
        operation: &'static str,
        /// The service's error code, if the service answered.
        code: Option<String>,
        /// Error code and message, or the connection's failure.
        detail: String,
    },
    /// It had no answer when its time in the invocation was over.
    #[error("{operation} got no response before the function's timeout")]
    Late {
        /// AWS operation.
        operation: &'static str,
    },
}

impl CallError {
    /// The service's error code, if the service answered.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Failed { code, .. } => code.as_deref(),
            Self::Late { .. } => None,
        }
    }
}

/// Waits for a call's answer, but not beyond `deadline`. A call that would start after it is not made.
///
/// # Errors
/// If the call fails or has no answer in time.
pub async fn in_time<T, E>(
    operation: &'static str,
    deadline: Instant,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, CallError>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if Instant::now() >= deadline {
        return Err(CallError::Late { operation });
    }
    match timeout_at(deadline, call).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(to_call_error(operation, &error)),
        Err(_) => Err(CallError::Late { operation }),
    }
}

/// Code, message, and request ID of a service's error; for other errors, the chain of causes.
fn to_call_error<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> CallError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(|meta| meta.code());
    let message = meta.and_then(|meta| meta.message());
    let mut detail = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => join_causes(error),
    };
    if let Some(status) = error.raw_response().filter(|_| code.is_none()) {
        detail = format!("{detail} (HTTP status {})", status.status().as_u16());
    }
    if let Some(id) = error.request_id() {
        detail = format!("{detail} (AWS request {id})");
    }
    CallError::Failed {
        operation,
        code: code.map(str::to_owned),
        detail,
    }
}

fn join_causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("refused")]
    struct Refused(ErrorMetadata);

    impl ProvideErrorMetadata for Refused {
        fn meta(&self) -> &ErrorMetadata {
            &self.0
        }
    }

    fn response(status: u16) -> HttpResponse {
        let mut response = HttpResponse::new(status.try_into().unwrap(), "".into());
        response.headers_mut().insert("x-amzn-requestid", "b2c1");
        response
    }

    async fn fail(error: SdkError<Refused, HttpResponse>) -> CallError {
        let deadline = Instant::now() + Duration::from_secs(1);
        let call = async { Err::<(), _>(error) };
        in_time("DoThis", deadline, call).await.unwrap_err()
    }

    #[tokio::test]
    async fn an_error_of_the_service_has_its_code_and_the_request() {
        let meta = ErrorMetadata::builder().code("Denied").message("not you");
        let refused = Refused(meta.build());
        let error = fail(SdkError::service_error(refused, response(400))).await;
        assert_eq!(error.code(), Some("Denied"));
        let text = "DoThis failed: Denied: not you (AWS request b2c1)";
        assert_eq!(error.to_string(), text);
    }

    #[tokio::test]
    async fn an_error_without_a_code_has_its_status_and_causes() {
        let refused = Refused(ErrorMetadata::builder().build());
        let error = fail(SdkError::service_error(refused, response(502))).await;
        assert_eq!(error.code(), None);
        let text = "DoThis failed: service error: refused (HTTP status 502) (AWS request b2c1)";
        assert_eq!(error.to_string(), text);
        let error = fail(SdkError::construction_failure("no region")).await;
        let text = "DoThis failed: failed to construct request: no region";
        assert_eq!(error.to_string(), text);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_beyond_the_deadline() {
        let started = Instant::now();
        let deadline = started + Duration::from_secs(5);
        let held = || std::future::pending::<Result<(), SdkError<Refused, HttpResponse>>>();
        let late = Err(CallError::Late {
            operation: "DoThis",
        });
        assert_eq!(in_time("DoThis", deadline, held()).await, late);
        assert_eq!(started.elapsed(), Duration::from_secs(5));
        let made = async { panic!("a call whose turn comes too late is not made") };
        let made: Result<(), CallError> = in_time::<(), Refused>("DoThis", deadline, made).await;
        assert_eq!(made, late);
    }
}
