//! A bucket that the definition names. ecs-scaler uses it but doesn't change it.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_bucket::{HeadBucketError, HeadBucketOutput};

use super::http_status;
use crate::error::{Error, Kind, Result, aws};
use crate::session::Session;

/// Checks that the bucket exists in the account and the region of the stack, because Lambda reads code in its own
/// region.
///
/// # Errors
/// If it doesn't, if the credentials have no access, or if S3 can't be reached.
pub(super) async fn check(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    let request = session.clients.s3.head_bucket().bucket(bucket);
    let sent = request.expected_bucket_owner(account).send().await;
    judge(session.clients.region(), bucket, account, sent)
}

fn judge(
    region: &str,
    bucket: &str,
    account: &str,
    sent: Result<HeadBucketOutput, SdkError<HeadBucketError>>,
) -> Result<()> {
    let named = format!("the bucket {bucket} (`assets.bucket`)");
    let elsewhere = |found: &str| {
        Error::failed(format!("{named} is in {found}, not in {region}")).hint(format!(
            "name a bucket in {region}: Lambda reads code in its own region"
        ))
    };
    let error = match sent {
        Ok(found) => {
            let found = found.bucket_region().filter(|found| *found != region);
            return found.map_or(Ok(()), |found| Err(elsewhere(found)));
        }
        Err(error) => error,
    };
    Err(match http_status(&error) {
        Some(404) => Error::failed(format!("{named} doesn't exist"))
            .hint(format!("make it in {region}, or remove `assets`")),
        Some(301) => elsewhere("another region"),
        Some(403) => Error::new(
            Kind::Unreachable,
            format!(
                "{named} isn't in account {account}, or these credentials have no access to it"
            ),
        )
        .hint("allow s3:ListBucket on it, and s3:GetObject and s3:PutObject on its objects"),
        _ => aws(format!("look for {named}"))(error),
    })
}
