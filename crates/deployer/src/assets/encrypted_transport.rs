//! The bucket policy that denies plain HTTP.

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::put_bucket_policy::{PutBucketPolicyError, PutBucketPolicyOutput};
use template::policy::{policy_document, refuse_plain_http};

use super::retry::retry_conflicts;
use crate::error::{Error, Result, aws, code, is_denied};
use crate::session::Session;

/// Sets the policy of a bucket that an earlier version created without one. Doesn't change an existing policy.
/// Credentials without the permission can still deploy, because they could use the bucket before.
///
/// # Errors
/// If S3 can't be reached.
pub(super) async fn require(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    let request = session.clients.s3.get_bucket_policy();
    let sent = request
        .bucket(bucket)
        .expected_bucket_owner(account)
        .send()
        .await;
    let Err(error) = sent else {
        return Ok(());
    };
    match code(&error) {
        "NoSuchBucketPolicy" => {}
        _ if is_denied(&error) => return Ok(()),
        _ => return Err(aws(format!("read the policy of {bucket}"))(error)),
    }
    match send_policy(session, bucket, account).await {
        Err(error) if is_denied(&error) => {
            session.note(format!(
                "the assets bucket {bucket} also accepts plain HTTP; allow s3:PutBucketPolicy on it once"
            ));
            Ok(())
        }
        sent => sent.map(drop).map_err(refused(bucket)),
    }
}

/// Denies each request that isn't encrypted in transit.
///
/// # Errors
/// If S3 refuses or can't be reached.
pub(super) async fn put_policy(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    let sent = send_policy(session, bucket, account).await;
    sent.map(drop).map_err(refused(bucket))
}

fn refused(bucket: &str) -> impl FnOnce(SdkError<PutBucketPolicyError>) -> Error {
    aws(format!("refuse plain HTTP to {bucket}"))
}

async fn send_policy(
    session: &Session<'_>,
    bucket: &str,
    account: &str,
) -> Result<PutBucketPolicyOutput, SdkError<PutBucketPolicyError>> {
    let partition = stack::partition_of(session.clients.region());
    let request = session.clients.s3.put_bucket_policy();
    let request = request
        .bucket(bucket)
        .expected_bucket_owner(account)
        .policy(policy(partition, bucket));
    retry_conflicts(session, || request.clone().send()).await
}

/// Source: Amazon S3 User Guide, "Enforcing encryption of data in transit".
fn policy(partition: &str, bucket: &str) -> String {
    let all = format!("arn:{partition}:s3:::{bucket}");
    let objects = format!("{all}/*");
    let statement = refuse_plain_http("s3:*", vec![all, objects]);
    policy_document(vec![statement]).to_string()
}
