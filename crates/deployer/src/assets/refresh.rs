//! Refreshes the code of the deployed functions, which a rollback of the update needs, so that it doesn't expire.

use std::time::SystemTime;

use aws_sdk_s3::types::MetadataDirective;
use futures::future;
use template::{
    PARAMETER_ASSETS_BUCKET, PARAMETER_METRIC_FUNCTION_KEY, PARAMETER_SCALING_FUNCTION_KEY,
};

use super::{http_status, is_fresh};
use crate::error::{Result, aws};
use crate::observe::Observed;
use crate::session::Session;

/// Copies old objects of the deployed stack onto themselves, which makes them new: the bucket deletes objects that
/// no deploy has used for 365 days. Reports objects that are gone, without which a rollback fails.
pub(crate) async fn refresh_deployed(
    session: &Session<'_>,
    stack: &Observed,
    account: &str,
    now: SystemTime,
) {
    let Some(bucket) = stack.parameters.get(PARAMETER_ASSETS_BUCKET) else {
        return;
    };
    let keys = [
        PARAMETER_METRIC_FUNCTION_KEY,
        PARAMETER_SCALING_FUNCTION_KEY,
    ];
    let keys = keys.iter().filter_map(|key| stack.parameters.get(*key));
    let refreshes = keys.map(|key| async move {
        // It only protects a rollback that might never be needed.
        if let Err(error) = refresh(session, bucket, account, key, now).await {
            session.note(format!("skipped: {error}"));
        }
    });
    future::join_all(refreshes).await;
}

async fn refresh(
    session: &Session<'_>,
    bucket: &str,
    account: &str,
    key: &str,
    now: SystemTime,
) -> Result<()> {
    let client = &session.clients.s3;
    let head = client.head_object().bucket(bucket).key(key);
    match head.expected_bucket_owner(account).send().await {
        Ok(object) if is_fresh(object.last_modified(), now) => return Ok(()),
        Ok(_) => {}
        // Without the permission to list the bucket, the reply for a missing object is "forbidden".
        Err(error) if matches!(http_status(&error), Some(403 | 404)) => {
            session.note(format!(
                "the code of a deployed function, {key}, is no longer in {bucket}: if this update fails, \
                 CloudFormation can't roll the function back"
            ));
            return Ok(());
        }
        Err(error) => return Err(aws(format!("look for {key} in {bucket}"))(error)),
    }
    session.note(format!("refreshing {key}, which would expire"));
    let copy = client.copy_object().bucket(bucket).key(key);
    let copy = copy
        .copy_source(format!("{bucket}/{key}"))
        .expected_bucket_owner(account)
        .expected_source_bucket_owner(account)
        // S3 copies an object onto itself only if something changes.
        .metadata_directive(MetadataDirective::Replace);
    let sent = copy.send().await;
    sent.map(drop)
        .map_err(aws(format!("refresh {key} in {bucket}")))
}
