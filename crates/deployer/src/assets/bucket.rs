//! The assets bucket: created on first use, private, encrypted, versioned, accessible only by HTTPS, and with an
//! expiration lifecycle.

use aws_sdk_s3::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, VersioningConfiguration,
};

use template::contract::{DRAFTS, FLEETS};

use super::encrypted_transport;
use super::retry::retry_conflicts;
use crate::error::{Error, Kind, Result, aws, code, is_denied};
use crate::session::Session;

/// The bucket deletes code and templates that no deploy has used for this long. The time is long because a
/// rollback needs the code of the previous deploy.
const EXPIRE_DAYS: i32 = 365;
/// Prefixes of the objects that expire. The objects of scaling functions don't expire, because functions read
/// them as long as they are deployed.
const EXPIRING: [&str; 3] = ["functions/", "templates/", DRAFTS];
/// Days until replaced versions expire.
const EXPIRE_NONCURRENT_DAYS: i32 = 30;

/// Makes sure that the bucket exists and is secured.
///
/// # Errors
/// If S3 refuses or can't be reached, or the bucket belongs to another account.
pub(super) async fn ensure(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    match find_bucket(session, bucket, account).await? {
        Found::Complete => return encrypted_transport::require(session, bucket, account).await,
        Found::Expiring => {
            session.note(format!(
                "letting only code and templates expire in the assets bucket {bucket}, and not what functions scale"
            ));
            put_lifecycle(session, bucket, account).await?;
            return encrypted_transport::require(session, bucket, account).await;
        }
        Found::Unfinished => session.note(format!(
            "securing the assets bucket {bucket}, which an earlier run left unfinished"
        )),
        Found::Absent => {
            session.note(format!(
                "creating the assets bucket {bucket} (first use in this account and region)"
            ));
            create(session, bucket, account).await?;
        }
    }
    secure_bucket(session, bucket, account).await
}

enum Found {
    Absent,
    /// Created, but [`secure`] didn't complete.
    Unfinished,
    /// An earlier version set a lifecycle that expires every object.
    Expiring,
    Complete,
}

/// One request is enough: on a new bucket the lifecycle is set last, so if it exists, nothing is missing.
async fn find_bucket(session: &Session<'_>, bucket: &str, account: &str) -> Result<Found> {
    let request = session.clients.s3.get_bucket_lifecycle_configuration();
    let sent = request
        .bucket(bucket)
        .expected_bucket_owner(account)
        .send()
        .await;
    let error = match sent {
        Ok(found) if found.rules().iter().any(expires_all) => return Ok(Found::Expiring),
        Ok(_) => return Ok(Found::Complete),
        Err(error) => error,
    };
    match code(&error) {
        "NoSuchLifecycleConfiguration" => Ok(Found::Unfinished),
        "NoSuchBucket" => Ok(Found::Absent),
        _ => Err(not_ours(session, bucket, error)),
    }
}

async fn create(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    // us-east-1 is the only region that must not be named.
    let region = session.clients.region();
    let place = (region != "us-east-1").then(|| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(region))
            .build()
    });
    let request = session.clients.s3.create_bucket().bucket(bucket);
    let request = request.set_create_bucket_configuration(place);
    let sent = retry_conflicts(session, || request.clone().send()).await;
    match sent {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == "BucketAlreadyOwnedByYou" => Ok(()),
        // The reply to our own request might have been lost. In that case the bucket is ours.
        Err(error) if code(&error) == "BucketAlreadyExists" => {
            match find_bucket(session, bucket, account).await {
                Ok(Found::Unfinished | Found::Expiring | Found::Complete) => Ok(()),
                _ => Err(not_ours(session, bucket, error)),
            }
        }
        Err(error) => Err(aws(format!("make the assets bucket {bucket}"))(error)),
    }
}

/// Bucket names are global, so another account can own this one.
fn not_ours<E>(session: &Session<'_>, bucket: &str, error: SdkError<E>) -> Error
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let elsewhere = matches!(
        code(&error),
        "BucketAlreadyExists" | "PermanentRedirect" | "AuthorizationHeaderMalformed"
    );
    if !elsewhere && !is_denied(&error) {
        return aws(format!("look for the assets bucket {bucket}"))(error);
    }
    let region = session.clients.region();
    let text = format!(
        "the assets bucket {bucket} is not ours to use: it belongs to another account, or these \
         credentials have no access to it"
    );
    Error::new(Kind::Unreachable, text)
        .hint(format!(
            "look who owns it: `aws s3api head-bucket --bucket {bucket} --region {region}`"
        ))
        .hint("if it is yours: allow s3:GetLifecycleConfiguration, s3:GetObject and s3:PutObject on it")
        .hint("if it is not: have its owner delete it, or deploy in another region")
}

/// Makes the bucket private, encrypted, versioned, and accessible only by HTTPS, and lets unused objects
/// expire. The lifecycle comes last, as the mark that all steps succeeded: see [`find_bucket`].
async fn secure_bucket(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    let client = &session.clients.s3;
    let request = client
        .put_public_access_block()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .public_access_block_configuration(block_public_access());
    let sent = retry_conflicts(session, || request.clone().send()).await;
    sent.map_err(aws(format!("make {bucket} private")))?;

    let request = client
        .put_bucket_encryption()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .server_side_encryption_configuration(encryption_settings()?);
    let sent = retry_conflicts(session, || request.clone().send()).await;
    sent.map_err(aws(format!("encrypt {bucket}")))?;

    let versioned = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let request = client
        .put_bucket_versioning()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .versioning_configuration(versioned);
    let sent = retry_conflicts(session, || request.clone().send()).await;
    sent.map_err(aws(format!("version {bucket}")))?;

    encrypted_transport::put_policy(session, bucket, account).await?;
    put_lifecycle(session, bucket, account).await
}

/// Whether the rule expires every object of the bucket.
fn expires_all(rule: &LifecycleRule) -> bool {
    let prefix = rule.filter().and_then(|filter| filter.prefix());
    rule.expiration().is_some() && prefix.is_none_or(str::is_empty)
}

async fn put_lifecycle(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    let client = &session.clients.s3;
    let request = client
        .put_bucket_lifecycle_configuration()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .lifecycle_configuration(lifecycle_rules()?);
    let sent = retry_conflicts(session, || request.clone().send()).await;
    sent.map(drop)
        .map_err(aws(format!("let old objects of {bucket} expire")))
}

fn block_public_access() -> PublicAccessBlockConfiguration {
    PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build()
}

fn encryption_settings() -> Result<ServerSideEncryptionConfiguration> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::Aes256)
        .build()
        .map_err(incomplete_request)?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .build();
    ServerSideEncryptionConfiguration::builder()
        .rules(rule)
        .build()
        .map_err(incomplete_request)
}

fn lifecycle_rules() -> Result<BucketLifecycleConfiguration> {
    let expiring = EXPIRING.map(|prefix| lifecycle_rule(prefix, Some(EXPIRE_DAYS)));
    let rules = expiring.into_iter().chain([lifecycle_rule(FLEETS, None)]);
    BucketLifecycleConfiguration::builder()
        .set_rules(Some(rules.collect::<Result<_>>()?))
        .build()
        .map_err(incomplete_request)
}

/// Objects whose keys have this prefix expire after this number of days, and their replaced versions sooner.
fn lifecycle_rule(prefix: &str, days: Option<i32>) -> Result<LifecycleRule> {
    let replaced = NoncurrentVersionExpiration::builder()
        .noncurrent_days(EXPIRE_NONCURRENT_DAYS)
        .build();
    let expiration = days.map(|days| LifecycleExpiration::builder().days(days).build());
    LifecycleRule::builder()
        .id(format!("expire-unused-{}", prefix.trim_end_matches('/')))
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix(prefix).build())
        .set_expiration(expiration)
        .noncurrent_version_expiration(replaced)
        .build()
        .map_err(incomplete_request)
}

fn incomplete_request(error: BuildError) -> Error {
    Error::failed(format!("failed to word a request to S3: {error}"))
}
