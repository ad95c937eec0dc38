//! Refreshes the code of the deployed functions so that it doesn't expire. A rollback of the update needs it.

use std::collections::BTreeMap;
use std::time::SystemTime;

use aws_sdk_s3::types::MetadataDirective;
use futures::future;
use template::{
    PARAMETER_ASSETS_BUCKET, PARAMETER_METRIC_FUNCTION_KEY, PARAMETER_SCALING_FUNCTION_KEY,
};

use super::{http_status, is_fresh};
use crate::error::{Error, Result, aws};
use crate::observe::Observed;
use crate::session::Session;

/// Copies old objects of the deployed stack onto themselves, which renews them: the bucket deletes objects that no
/// deploy has used for 365 days. Reports objects that no longer exist, because a rollback would fail without them.
pub(crate) async fn refresh_deployed(
    session: &Session<'_>,
    stack: &Observed,
    account: &str,
    now: SystemTime,
) {
    let code = list_code(&stack.parameters);
    let refreshes = code.map(|(bucket, key)| async move {
        // It only protects a rollback that might never be needed.
        match refresh(session, bucket, account, key, now).await {
            Ok(true) => {}
            Ok(false) => session.note(format!(
                "the code of a deployed function, {key}, is no longer in {bucket}: if this update fails, \
                 CloudFormation can't roll the function back"
            )),
            Err(error) => session.note(format!("skipped: {error}")),
        }
    });
    future::join_all(refreshes).await;
}

/// Refreshes the code of functions that are deployed again.
///
/// # Errors
/// If it is no longer in the bucket, or if S3 can't be reached.
pub(crate) async fn require_code(
    session: &Session<'_>,
    parameters: &BTreeMap<String, String>,
    account: &str,
    now: SystemTime,
) -> Result<()> {
    for (bucket, key) in list_code(parameters) {
        if !refresh(session, bucket, account, key, now).await? {
            return Err(Error::failed(format!(
                "the code of a function of that deploy, {key}, is no longer in the bucket {bucket}"
            ))
            .hint(
                "to go back all the same: check out the definition of that time, and `deploy` it",
            ));
        }
    }
    Ok(())
}

/// Bucket and key of the code of each function of a stack with these parameters.
fn list_code(parameters: &BTreeMap<String, String>) -> impl Iterator<Item = (&str, &str)> {
    let bucket = parameters.get(PARAMETER_ASSETS_BUCKET);
    let keys = [
        PARAMETER_METRIC_FUNCTION_KEY,
        PARAMETER_SCALING_FUNCTION_KEY,
    ];
    keys.into_iter()
        .filter_map(move |key| Some((bucket?.as_str(), parameters.get(key)?.as_str())))
}

/// Returns whether the object exists.
async fn refresh(
    session: &Session<'_>,
    bucket: &str,
    account: &str,
    key: &str,
    now: SystemTime,
) -> Result<bool> {
    let client = &session.clients.s3;
    let head = client.head_object().bucket(bucket).key(key);
    match head.expected_bucket_owner(account).send().await {
        Ok(object) if is_fresh(object.last_modified(), now) => return Ok(true),
        Ok(_) => {}
        // Without the permission to list the bucket, the reply for a missing object is "forbidden".
        Err(error) if matches!(http_status(&error), Some(403 | 404)) => return Ok(false),
        Err(error) => return Err(aws(format!("look for {key} in {bucket}"))(error)),
    }
    session.note(format!("refreshing {key}, which would expire"));
    let copy = client.copy_object().bucket(bucket).key(key);
    let copy = copy
        .copy_source(format!("{bucket}/{key}"))
        .expected_bucket_owner(account)
        .expected_source_bucket_owner(account)
        // S3 copies an object onto itself only if an attribute changes.
        .metadata_directive(MetadataDirective::Replace);
    let sent = copy.send().await;
    sent.map(|_| true)
        .map_err(aws(format!("refresh {key} in {bucket}")))
}
