//! Good deploys of a stack, which the assets bucket remembers because CloudFormation keeps no history, and going back to one.

mod choose;
mod images;
mod record;
mod roll_back;
mod store;

use std::collections::BTreeMap;
use std::time::Duration;

use template::PARAMETER_ASSETS_BUCKET;
use template::contract::VERSION;

use crate::assets::Bucket;
use crate::error::Result;
use crate::observe::{self, Observed};
use crate::preflight::Identity;
use crate::resource::Resource;
use crate::session::Session;

use store::Store;

pub use choose::RollbackTo;
pub(crate) use record::DeployRecord;
pub use roll_back::{PastDeploy, RollbackRequest, RolledBack, list_deploys, roll_back};

/// A deploy that is complete and verified.
pub(crate) struct GoodDeploy<'a> {
    pub identity: &'a Identity,
    pub stack: &'a Observed,
    pub resources: &'a [Resource],
    /// The deployed template. `None` if this deploy changed nothing, so that it is an earlier one's.
    pub template: Option<&'a str>,
    /// Whether CloudFormation changed anything, which can be a tag.
    pub changed: bool,
    /// See [`DeployRecord::rolled_back_to`].
    pub rolled_back_to: Option<&'a str>,
    /// When it was complete, since the Unix epoch.
    pub at: Duration,
}

/// Keeps the record of a good deploy, and removes the oldest records beyond the limit. The deploy is good without its record, so a failure is
/// only a note.
pub(crate) async fn keep_record(session: &Session<'_>, bucket: &Bucket, good: &GoodDeploy<'_>) {
    if let Err(error) = try_keep(session, bucket, good).await {
        session.note(format!("`rollback` won't know this deploy: {error}"));
    }
}

async fn try_keep(session: &Session<'_>, bucket: &Bucket, good: &GoodDeploy<'_>) -> Result<()> {
    let stack = good.stack;
    let store = Store::of(&bucket.name, stack);
    let template = match good.template {
        Some(template) => Some(template.to_owned()),
        None => observe::template(session, &stack.id, None).await?,
    };
    let mut record = DeployRecord {
        format: record::FORMAT,
        at: scaling::format_timestamp(Duration::from_secs(good.at.as_secs())),
        caller: good.identity.caller.clone(),
        version: VERSION.to_owned(),
        template: template.unwrap_or_default(),
        parameters: stack.parameters.clone(),
        images: BTreeMap::new(),
        rolled_back_to: good.rolled_back_to.map(str::to_owned),
    };
    let keys = store.list(session).await?;
    let newest = keys.own.last();
    if !good.changed && newest.is_some_and(|key| key.ends_with(&record.key_end())) {
        return Ok(());
    }
    session.note("keeping a record of this deploy for `rollback`");
    record.images = images::read_digests(session, good.resources, &record.template).await;
    store.write(session, &record).await?;
    store.prune(session, &keys).await
}

/// Removes what the assets bucket has of a stack that is deleted: the records of its deploys, and what its functions read,
/// unless another stack has its name now. A failure is only a note, because nothing of it runs or costs more than its storage.
pub(crate) async fn forget(session: &Session<'_>, stack: &Observed, is_name_taken: bool) {
    // Of a deleted stack, CloudFormation has the template for 90 days. Most name the bucket in a parameter.
    let template = match stack.parameters.contains_key(PARAMETER_ASSETS_BUCKET) {
        true => None,
        false => observe::template(session, &stack.id, None)
            .await
            .ok()
            .flatten(),
    };
    let store = Store::of(&record::find_bucket(stack, template.as_deref()), stack);
    if let Err(error) = store.erase(session, is_name_taken).await {
        session.note(format!(
            "the records of the deploys of {} stay in the bucket {}: {error}",
            stack.name, store.bucket
        ));
    }
}
