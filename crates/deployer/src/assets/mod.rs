//! Assets: Lambda code and large templates in a dedicated bucket, named by the hash of their content.

mod bucket;
mod draft;
mod encrypted_transport;
mod existing;
mod refresh;
mod retry;

pub(crate) use draft::DraftTemplate;

use std::io::{Cursor, Write};
use std::time::{Duration, SystemTime};

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ChecksumMode;
use aws_smithy_types::base64;
use sha2::{Digest, Sha256};
use stack::Stack;
use template::contract::assets_bucket;

use crate::clients::Clients;
use crate::error::{Error, Result, aws};
use crate::session::Session;

pub(crate) use refresh::{refresh_deployed, require_code};

/// An object of the assets bucket, named by the SHA-256 of its content.
#[derive(Clone, PartialEq, Eq)]
pub struct Asset {
    /// Object key.
    pub key: String,
    /// Content.
    pub bytes: Vec<u8>,
}

/// Key of the object's metadata that contains the SHA-256 of its content, in hexadecimal digits.
const DIGEST: &str = "sha256";

/// A deploy writes an object again if it is older than this, so that used objects never expire.
const REFRESH_AFTER: Duration = Duration::from_hours(90 * 24);

impl Asset {
    /// Packs a Lambda function's code: a zip that contains `bootstrap`. The same bytes always result in the same
    /// zip, because it contains no time, host name, or directory order.
    ///
    /// # Errors
    /// If the zip can't be written (over 4 GiB).
    pub fn function(name: &str, bootstrap: &[u8]) -> Result<Self> {
        let bytes = pack(bootstrap).map_err(|error| {
            Error::failed(format!("failed to pack the function {name}: {error}"))
        })?;
        Ok(Self::packed_function(name, bytes))
    }

    /// A Lambda function's code that was already packed by [`Asset::function`].
    #[must_use]
    pub fn packed_function(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            key: format!("functions/{name}/{}.zip", digest(&bytes)),
            bytes,
        }
    }

    /// An object that a template refers to.
    pub(crate) fn of_template(object: &template::Object) -> Self {
        Self {
            key: object.key.clone(),
            bytes: object.body.as_bytes().to_vec(),
        }
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

/// SHA-256 in hexadecimal digits.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Returns the URL of an object of the bucket, for CloudFormation.
#[must_use]
pub(crate) fn object_url(clients: &Clients, bucket: &str, key: &str) -> String {
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

/// The bucket of a stack's assets.
pub(crate) struct Bucket {
    pub(crate) name: String,
    /// Account that it belongs to.
    pub(crate) account: String,
    /// Whether the definition names it, and it so isn't ecs-scaler's to make.
    exists: bool,
}

impl Bucket {
    /// Returns the bucket that the definition names, or the account's default bucket.
    pub(crate) fn of(stack: &Stack, account: &str, region: &str) -> Self {
        let given = stack.assets_bucket.clone();
        Self {
            exists: given.is_some(),
            name: given.unwrap_or_else(|| assets_bucket(account, region)),
            account: account.to_owned(),
        }
    }

    /// Makes sure that the bucket exists. Creates it on first use, unless the definition names it.
    ///
    /// # Errors
    /// If S3 refuses or can't be reached, or the bucket belongs to another account.
    async fn ensure(&self, session: &Session<'_>) -> Result<()> {
        match self.exists {
            true => existing::check(session, &self.name, &self.account).await,
            false => bucket::ensure(session, &self.name, &self.account).await,
        }
    }
}

/// Makes sure that the assets are in the bucket, which is created on first use. Uploads only assets that are missing
/// or would soon expire.
///
/// # Errors
/// If S3 refuses or can't be reached, or the bucket belongs to another account.
pub(crate) async fn upload(
    session: &Session<'_>,
    bucket: &Bucket,
    assets: &[Asset],
    now: SystemTime,
) -> Result<()> {
    bucket.ensure(session).await?;
    let (name, account) = (&bucket.name, &bucket.account);
    let uploads = assets
        .iter()
        .map(|asset| ensure_object(session, name, account, asset, now));
    futures::future::try_join_all(uploads).await?;
    Ok(())
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
        .expected_bucket_owner(account)
        .checksum_mode(ChecksumMode::Enabled);
    match head.send().await {
        Ok(object) if !is_same(&object, asset) => session.note(format!(
            "{} in {bucket} isn't what its name says, or can't be verified: uploading it again",
            asset.key
        )),
        Ok(object) if is_fresh(object.last_modified(), now) => return Ok(()),
        Ok(_) => {}
        // Without the permission to list the bucket, the reply for a missing object is "forbidden".
        Err(error) if matches!(http_status(&error), Some(403 | 404)) => {}
        Err(error) => return Err(aws(format!("look for {} in {bucket}", asset.key))(error)),
    }
    note_upload(session, asset);
    put_object(session, bucket, account, asset).await.map(drop)
}

fn note_upload(session: &Session<'_>, asset: &Asset) {
    session.note(format!(
        "uploading {} ({} KiB)",
        asset.key,
        asset.bytes.len().div_ceil(1024)
    ));
}

pub(crate) async fn put_object(
    session: &Session<'_>,
    bucket: &str,
    account: &str,
    asset: &Asset,
) -> Result<PutObjectOutput> {
    let request = session
        .clients
        .s3
        .put_object()
        .bucket(bucket)
        .key(&asset.key)
        .expected_bucket_owner(account)
        // S3 compares the checksum with the received bytes.
        .checksum_sha256(base64::encode(Sha256::digest(&asset.bytes)))
        .metadata(DIGEST, digest(&asset.bytes))
        .body(ByteStream::from(asset.bytes.clone()));
    let sent = request.send().await;
    sent.map_err(aws(format!("upload {} to {bucket}", asset.key)))
}

/// Whether the object has the asset's content, by its size and S3's checksum. Emulators without checksums return the
/// digest in the object's metadata.
fn is_same(object: &HeadObjectOutput, asset: &Asset) -> bool {
    let size = i64::try_from(asset.bytes.len()).ok();
    if object.content_length() != size {
        return false;
    }
    match object.checksum_sha256() {
        Some(found) => found == base64::encode(Sha256::digest(&asset.bytes)),
        None => {
            let written = object.metadata().and_then(|metadata| metadata.get(DIGEST));
            written.is_some_and(|written| *written == digest(&asset.bytes))
        }
    }
}

/// A reply to HEAD has no body, so its status is its only information.
fn http_status<E>(error: &SdkError<E>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

fn is_fresh(modified: Option<&DateTime>, now: SystemTime) -> bool {
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
        let aged = |days: u64| DateTime::from(now - Duration::from_hours(24 * days));
        assert!(is_fresh(Some(&aged(1)), now));
        assert!(!is_fresh(Some(&aged(91)), now));
        assert!(!is_fresh(None, now));
    }
}
