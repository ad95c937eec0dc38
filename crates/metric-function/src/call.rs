//! The edge to the SDK: a call with a deadline, and its error in a few words.

use std::error::Error;
use std::future::Future;

use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::operation::RequestId as _;
use tokio::time::{Instant, timeout_at};

use crate::Reason;

/// Waits for a call's answer, but not beyond `deadline`. A call whose turn comes after it is not made.
pub(crate) async fn in_time<T, E>(
    operation: &'static str,
    deadline: Instant,
    call: impl Future<Output = Result<T, SdkError<E, HttpResponse>>>,
) -> Result<T, Reason>
where
    E: ProvideErrorMetadata + Error + 'static,
{
    if Instant::now() >= deadline {
        return Err(Reason::Late { operation });
    }
    match timeout_at(deadline, call).await {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(error)) => Err(Reason::Call {
            operation,
            detail: detail(&error),
        }),
        Err(_) => Err(Reason::Late { operation }),
    }
}

/// Code, message and request id of a service's error; of any other, the chain of its causes.
fn detail<E>(error: &SdkError<E, HttpResponse>) -> String
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(|meta| meta.code());
    let message = meta.and_then(|meta| meta.message());
    let mut text = match (code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => causes(error),
    };
    if let Some(status) = error.raw_response().filter(|_| code.is_none()) {
        text = format!("{text} (HTTP status {})", status.status().as_u16());
    }
    match error.request_id() {
        Some(id) => format!("{text} (AWS request {id})"),
        None => text,
    }
}

fn causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(": ")
}
