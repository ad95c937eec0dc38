//! The object from which CloudFormation reads a large template when it plans without a deploy.

use template::contract::DRAFTS;

use super::{Asset, Bucket, note_upload, object_url, put_object};
use crate::error::{Result, aws};
use crate::session::{DraftHold, Session};

/// An uploaded template that no deployed stack needs. Its key is unique for this run, so no other run relies on it.
pub(crate) struct DraftTemplate {
    /// The URL for CloudFormation.
    pub url: String,
    bucket: String,
    account: String,
    key: String,
    version: Option<String>,
    _hold: DraftHold,
}

impl DraftTemplate {
    /// Uploads it. Creates the bucket on first use.
    ///
    /// # Errors
    /// If S3 refuses or can't be reached, or the bucket belongs to another account.
    pub(crate) async fn upload(session: &Session<'_>, bucket: &Bucket, body: &str) -> Result<Self> {
        bucket.ensure(session).await?;
        let asset = Asset {
            key: format!("{DRAFTS}{}.json", session.run_id),
            bytes: body.as_bytes().to_vec(),
        };
        let hold = session.hold_draft();
        note_upload(session, &asset);
        let reply = put_object(session, &bucket.name, &bucket.account, &asset).await?;
        Ok(Self {
            url: object_url(session.clients, &bucket.name, &asset.key),
            bucket: bucket.name.clone(),
            account: bucket.account.clone(),
            key: asset.key,
            version: reply.version_id,
            _hold: hold,
        })
    }

    /// Deletes it. Without the permission, it stays unused until the bucket's lifecycle deletes it.
    pub(crate) async fn delete(self, session: &Session<'_>) {
        let request = session
            .clients
            .s3
            .delete_object()
            .bucket(&self.bucket)
            .key(&self.key)
            .expected_bucket_owner(&self.account)
            // In a versioned bucket, a deletion without a version ID keeps the object.
            .set_version_id(self.version.clone());
        if let Err(error) = request.send().await {
            let error = aws(format!("delete {} from {}", self.key, self.bucket))(error);
            session.note(format!(
                "the template of the plan stays in the bucket: {error}"
            ));
        }
    }
}
