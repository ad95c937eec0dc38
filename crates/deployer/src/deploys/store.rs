//! The records of a stack's deploys as objects of the assets bucket. A key is sorted by time: `deploys/STACK/ID/TIME-HASH.json`.

use futures::stream::{self, StreamExt, TryStreamExt};
use template::contract::{deploy_records, fleet_objects};

use crate::assets::{Asset, put_object};
use crate::error::{Error, Result, aws};
use crate::observe::Observed;
use crate::session::Session;

use super::record::{self, DeployRecord, place_of};

/// Deploys that are kept of a stack.
const KEPT: usize = 10;
/// Requests at once.
const AT_ONCE: usize = 8;

/// Where the records of a stack are.
pub(super) struct Store {
    pub bucket: String,
    account: String,
    name: String,
    /// Prefix of the keys of this stack. A deleted stack of the same name had another ID.
    own: String,
}

/// Keys of records, oldest first.
pub(super) struct Keys {
    /// The keys of this stack.
    pub own: Vec<String>,
    /// The keys of a deleted stack of the same name.
    others: Vec<String>,
}

impl Store {
    pub(super) fn of(bucket: &str, stack: &Observed) -> Self {
        let id = stack.id.rsplit('/').next().unwrap_or_default();
        Self {
            bucket: bucket.to_owned(),
            account: place_of(&stack.id).0.to_owned(),
            own: format!("{}{id}/", deploy_records(&stack.name)),
            name: stack.name.clone(),
        }
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} the records of deploys in {}", self.bucket)
    }

    pub(super) async fn list(&self, session: &Session<'_>) -> Result<Keys> {
        let request = session.clients.s3.list_objects_v2().bucket(&self.bucket);
        let request = request
            .prefix(deploy_records(&self.name))
            .expected_bucket_owner(&self.account);
        let mut pages = request.into_paginator().send();
        let mut keys = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws(self.doing("list")))?;
            let found = page.contents.unwrap_or_default();
            keys.extend(found.into_iter().filter_map(|object| object.key));
        }
        keys.sort();
        let (own, others) = keys.into_iter().partition(|key| key.starts_with(&self.own));
        Ok(Keys { own, others })
    }

    /// Reads the records of these keys, in their order.
    pub(super) async fn read(
        &self,
        session: &Session<'_>,
        keys: &[String],
    ) -> Result<Vec<DeployRecord>> {
        let records = keys.iter().map(|key| self.read_one(session, key));
        stream::iter(records).buffered(AT_ONCE).try_collect().await
    }

    async fn read_one(&self, session: &Session<'_>, key: &str) -> Result<DeployRecord> {
        let request = session
            .clients
            .s3
            .get_object()
            .bucket(&self.bucket)
            .key(key);
        let reply = request.expected_bucket_owner(&self.account).send().await;
        let reply = reply.map_err(aws(self.doing("read")))?;
        let unreadable =
            |why: String| Error::failed(format!("failed to read {key} in {}: {why}", self.bucket));
        let body = reply.body.collect().await;
        let body = body
            .map_err(|error| unreadable(error.to_string()))?
            .into_bytes();
        let read: DeployRecord =
            serde_json::from_slice(&body).map_err(|error| unreadable(error.to_string()))?;
        if read.format > record::FORMAT {
            return Err(unreadable(format!(
                "ecs-scaler {} wrote it, which is newer",
                read.version
            ))
            .hint("install the newer version"));
        }
        Ok(read)
    }

    pub(super) async fn write(&self, session: &Session<'_>, record: &DeployRecord) -> Result<()> {
        let text = serde_json::to_vec(record)
            .map_err(|error| Error::failed(format!("failed to write a record: {error}")))?;
        let key = format!(
            "{}{}{}",
            self.own,
            record.at.replace(':', ""),
            record.key_end()
        );
        let asset = Asset { key, bytes: text };
        put_object(session, &self.bucket, &self.account, &asset)
            .await
            .map(drop)
    }

    /// Removes the oldest of `keys`, to which one was added, and the keys of a deleted stack of this name.
    pub(super) async fn prune(&self, session: &Session<'_>, keys: &Keys) -> Result<()> {
        let too_many = (keys.own.len() + 1).saturating_sub(KEPT);
        let old: Vec<&String> = keys.own.iter().take(too_many).chain(&keys.others).collect();
        if old.is_empty() {
            return Ok(());
        }
        let prefix = deploy_records(&self.name);
        self.delete(session, &prefix, |key| old.iter().any(|old| *old == key))
            .await
    }

    /// Removes what the bucket has of the stack. If another stack has its name now, removes only the objects with its ID.
    pub(super) async fn erase(&self, session: &Session<'_>, is_name_taken: bool) -> Result<()> {
        let prefixes = match is_name_taken {
            true => vec![self.own.clone()],
            false => vec![deploy_records(&self.name), fleet_objects(&self.name)],
        };
        for prefix in prefixes {
            self.delete(session, &prefix, |_| true).await?;
        }
        Ok(())
    }

    /// Deletes each version of the objects: in a versioned bucket, a deletion without a version keeps them.
    async fn delete(
        &self,
        session: &Session<'_>,
        prefix: &str,
        is_meant: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let s3 = &session.clients.s3;
        let mut versions = Vec::new();
        let mut marker = (None, None);
        loop {
            let request = s3
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(prefix);
            let page = request
                .expected_bucket_owner(&self.account)
                .set_key_marker(marker.0)
                .set_version_id_marker(marker.1)
                .send()
                .await
                .map_err(aws(self.doing("list")))?;
            let objects = page.versions.unwrap_or_default();
            let objects = objects.into_iter().map(|one| (one.key, one.version_id));
            let deleted = page.delete_markers.unwrap_or_default();
            let deleted = deleted.into_iter().map(|one| (one.key, one.version_id));
            versions.extend(objects.chain(deleted));
            marker = (page.next_key_marker, page.next_version_id_marker);
            if marker.0.is_none() {
                break;
            }
        }
        let meant = versions
            .into_iter()
            .filter_map(|(key, version)| Some((key.filter(|key| is_meant(key))?, version)));
        let deletions = meant.map(|(key, version)| async move {
            let request = s3.delete_object().bucket(&self.bucket).key(key);
            let request = request.set_version_id(version);
            let sent = request.expected_bucket_owner(&self.account).send().await;
            sent.map(drop).map_err(aws(self.doing("delete")))
        });
        stream::iter(deletions)
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }
}
