//! Retries requests for a bucket that another run is changing.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::error::code;
use crate::session::Session;

/// How many times to try a step while another run changes the same bucket.
const ATTEMPTS: u32 = 6;

/// Retries while S3 reports that another run is changing the same bucket, or that the new bucket isn't
/// available everywhere yet.
pub(super) async fn retry_conflicts<T, E, F>(
    session: &Session<'_>,
    send: impl Fn() -> F,
) -> Result<T, SdkError<E>>
where
    E: ProvideErrorMetadata,
    F: Future<Output = Result<T, SdkError<E>>>,
{
    let mut delay = session.pace.first;
    for _ in 1..ATTEMPTS {
        match send().await {
            Err(error) if matches!(code(&error), "OperationAborted" | "NoSuchBucket") => {}
            other => return other,
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
    send().await
}
