//! Assets: Lambda code and large templates in a bucket of their own, named by what they hold.

use std::io::{Cursor, Write};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, BucketVersioningStatus,
    CreateBucketConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule,
    LifecycleRuleFilter, NoncurrentVersionExpiration, PublicAccessBlockConfiguration,
    ServerSideEncryption, ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration,
    ServerSideEncryptionRule, VersioningConfiguration,
};
use aws_smithy_types::error::metadata::ErrorMetadata;
use sha2::{Digest, Sha256};

use crate::clients::Clients;
use crate::error::{Error, Result, aws};
use crate::session::Session;

/// An object of the assets bucket, named by the SHA-256 of its content.
#[derive(Clone, PartialEq, Eq)]
pub struct Asset {
    /// Object key.
    pub key: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Objects that no deploy has used for this long are removed by the bucket itself. A rollback needs the
/// code of the deploy before it, so this is long.
const EXPIRE_DAYS: i32 = 365;
/// A deploy writes an object again that is older than this, so that what is in use never expires.
const REFRESH_AFTER: Duration = Duration::from_hours(90 * 24);
/// Template bodies up to this size travel in the request. Source: AWS CloudFormation quotas.
pub const INLINE_TEMPLATE_BYTES: usize = 51_200;

impl Asset {
    /// A Lambda function's code: a zip that holds `bootstrap`. The same bytes give the same zip: no time
    /// of day, no host, no order of a directory gets into it.
    ///
    /// # Errors
    /// When the zip can't be written (over 4 GiB).
    pub fn function(name: &str, bootstrap: &[u8]) -> Result<Self> {
        let bytes = pack(bootstrap).map_err(|error| {
            Error::failed(format!("failed to pack the function {name}: {error}")).because(error)
        })?;
        Ok(Self {
            key: format!("functions/{name}/{}.zip", digest(&bytes)),
            bytes,
        })
    }

    /// A template that is too large for a request.
    #[must_use]
    pub fn template(body: &str) -> Self {
        let bytes = body.as_bytes().to_vec();
        Self {
            key: format!("templates/{}.json", digest(&bytes)),
            bytes,
        }
    }
}

fn pack(bootstrap: &[u8]) -> zip::result::ZipResult<Vec<u8>> {
    let options = zip::write::SimpleFileOptions::default()
        .compression_method(zip::CompressionMethod::Deflated)
        .compression_level(Some(6))
        .last_modified_time(zip::DateTime::default())
        .unix_permissions(0o755);
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    archive.start_file("bootstrap", options)?;
    archive.write_all(bootstrap)?;
    Ok(archive.finish()?.into_inner())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// The bucket's name: one for each account and region.
#[must_use]
pub fn bucket_name(account: &str, region: &str) -> String {
    format!("ecs-scaler-assets-{account}-{region}")
}

/// The URL at which CloudFormation reads an object of the bucket.
#[must_use]
pub fn object_url(clients: &Clients, bucket: &str, key: &str) -> String {
    let region = clients.region();
    let suffix = if region.starts_with("cn-") {
        "amazonaws.com.cn"
    } else {
        "amazonaws.com"
    };
    match clients.endpoint_url() {
        Some(endpoint) => format!("{}/{bucket}/{key}", endpoint.trim_end_matches('/')),
        None => format!("https://{bucket}.s3.{region}.{suffix}/{key}"),
    }
}

/// Makes sure that the assets are in the bucket; makes the bucket on first use. Uploads only what is not
/// there, or has been there so long that it would soon expire.
///
/// # Errors
/// When S3 refuses or can't be reached, or the bucket belongs to another account.
pub async fn upload(
    session: &Session<'_>,
    account: &str,
    assets: &[Asset],
    now: SystemTime,
) -> Result<String> {
    let bucket = bucket_name(account, session.clients.region());
    ensure_bucket(session, &bucket, account).await?;
    let uploads = assets
        .iter()
        .map(|asset| ensure_object(session, &bucket, account, asset, now));
    futures::future::try_join_all(uploads).await?;
    Ok(bucket)
}

async fn ensure_bucket(session: &Session<'_>, bucket: &str, account: &str) -> Result<()> {
    let client = &session.clients.s3;
    let head = client
        .head_bucket()
        .bucket(bucket)
        .expected_bucket_owner(account)
        .send()
        .await;
    match head {
        Ok(_) => return Ok(()),
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_not_found()) => {}
        Err(error) => return Err(aws(format!("look for the assets bucket {bucket}"))(error)),
    }
    session.note(format!(
        "making the assets bucket {bucket} (first use in this account and region)"
    ));
    let mut request = client.create_bucket().bucket(bucket);
    // us-east-1 is the one region that must not be named.
    if session.clients.region() != "us-east-1" {
        let region = BucketLocationConstraint::from(session.clients.region());
        let place = CreateBucketConfiguration::builder()
            .location_constraint(region)
            .build();
        request = request.create_bucket_configuration(place);
    }
    match request.send().await {
        Ok(_) => {}
        Err(error) if is_code(error.as_service_error(), "BucketAlreadyOwnedByYou") => {}
        Err(error) => return Err(aws(format!("make the assets bucket {bucket}"))(error)),
    }
    secure_bucket(session, bucket).await
}

fn is_code<E: ProvideErrorMetadata>(error: Option<&E>, code: &str) -> bool {
    error
        .map(ProvideErrorMetadata::meta)
        .and_then(ErrorMetadata::code)
        == Some(code)
}

/// Private, encrypted, versioned; what nobody uses any more expires.
async fn secure_bucket(session: &Session<'_>, bucket: &str) -> Result<()> {
    let client = &session.clients.s3;
    let private = PublicAccessBlockConfiguration::builder()
        .block_public_acls(true)
        .block_public_policy(true)
        .ignore_public_acls(true)
        .restrict_public_buckets(true)
        .build();
    let request = client.put_public_access_block().bucket(bucket);
    let sent = request
        .public_access_block_configuration(private)
        .send()
        .await;
    sent.map_err(aws(format!("make {bucket} private")))?;

    let request = client.put_bucket_encryption().bucket(bucket);
    let sent = request
        .server_side_encryption_configuration(encryption()?)
        .send()
        .await;
    sent.map_err(aws(format!("encrypt {bucket}")))?;

    let versioned = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    let request = client
        .put_bucket_versioning()
        .bucket(bucket)
        .versioning_configuration(versioned);
    request
        .send()
        .await
        .map_err(aws(format!("version {bucket}")))?;

    let request = client.put_bucket_lifecycle_configuration().bucket(bucket);
    let sent = request.lifecycle_configuration(lifecycle()?).send().await;
    sent.map(drop)
        .map_err(aws(format!("let old objects of {bucket} expire")))
}

fn encryption() -> Result<ServerSideEncryptionConfiguration> {
    let default = ServerSideEncryptionByDefault::builder()
        .sse_algorithm(ServerSideEncryption::Aes256)
        .build()
        .map_err(incomplete)?;
    let rule = ServerSideEncryptionRule::builder()
        .apply_server_side_encryption_by_default(default)
        .build();
    ServerSideEncryptionConfiguration::builder()
        .rules(rule)
        .build()
        .map_err(incomplete)
}

fn lifecycle() -> Result<BucketLifecycleConfiguration> {
    let rule = LifecycleRule::builder()
        .id("expire-unused")
        .status(ExpirationStatus::Enabled)
        .filter(LifecycleRuleFilter::builder().prefix("").build())
        .expiration(LifecycleExpiration::builder().days(EXPIRE_DAYS).build())
        .noncurrent_version_expiration(
            NoncurrentVersionExpiration::builder()
                .noncurrent_days(30)
                .build(),
        )
        .build()
        .map_err(incomplete)?;
    BucketLifecycleConfiguration::builder()
        .rules(rule)
        .build()
        .map_err(incomplete)
}

fn incomplete(error: aws_sdk_s3::error::BuildError) -> Error {
    Error::failed("failed to word a request to S3").because(error)
}

async fn ensure_object(
    session: &Session<'_>,
    bucket: &str,
    account: &str,
    asset: &Asset,
    now: SystemTime,
) -> Result<()> {
    let client = &session.clients.s3;
    let head = client
        .head_object()
        .bucket(bucket)
        .key(&asset.key)
        .expected_bucket_owner(account);
    match head.send().await {
        Ok(object) if is_fresh(object.last_modified(), now) => return Ok(()),
        Ok(_) => {}
        Err(error)
            if error
                .as_service_error()
                .is_some_and(|error| error.is_not_found()) => {}
        Err(error) => return Err(aws(format!("look for {} in {bucket}", asset.key))(error)),
    }
    session.note(format!(
        "uploading {} ({} KiB)",
        asset.key,
        asset.bytes.len().div_ceil(1024)
    ));
    client
        .put_object()
        .bucket(bucket)
        .key(&asset.key)
        .expected_bucket_owner(account)
        .body(ByteStream::from(asset.bytes.clone()))
        .send()
        .await
        .map(drop)
        .map_err(aws(format!("upload {} to {bucket}", asset.key)))
}

fn is_fresh(modified: Option<&aws_smithy_types::DateTime>, now: SystemTime) -> bool {
    modified
        .and_then(|time| SystemTime::try_from(*time).ok())
        .is_some_and(|time| {
            now.duration_since(time)
                .is_ok_and(|age| age < REFRESH_AFTER)
                || time > now
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_code_gives_the_same_zip() {
        let one = Asset::function("metric-function", b"code").unwrap();
        let two = Asset::function("metric-function", b"code").unwrap();
        assert!(one == two);
        let other = Asset::function("metric-function", b"other code").unwrap();
        assert_ne!(one.key, other.key);
    }

    #[test]
    fn the_zip_holds_an_executable_bootstrap() {
        let asset = Asset::function("metric-function", b"code").unwrap();
        let mut archive = zip::ZipArchive::new(Cursor::new(asset.bytes)).unwrap();
        assert_eq!(archive.len(), 1);
        let mut file = archive.by_name("bootstrap").unwrap();
        assert_eq!(file.unix_mode().unwrap() & 0o777, 0o755);
        let mut code = Vec::new();
        std::io::copy(&mut file, &mut code).unwrap();
        assert_eq!(code, b"code");
    }

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn a_key_is_the_content_s_sha_256() {
        assert_eq!(
            digest(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    #[test]
    fn an_object_in_use_is_written_again_before_it_expires() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_hours(24 * 20_000);
        let aged =
            |days: u64| aws_smithy_types::DateTime::from(now - Duration::from_hours(24 * days));
        assert!(is_fresh(Some(&aged(1)), now));
        assert!(!is_fresh(Some(&aged(91)), now));
        assert!(!is_fresh(None, now));
    }
}
