//! Going back to an earlier deploy.

use std::collections::{BTreeMap, BTreeSet};
use std::time::SystemTime;

use serde::Serialize;
use stack::{ServiceSource, Stack, ValueChange, compare_records};
use template::contract::read_definition;

use crate::deploy_stack::{DeployRequest, Deployment, deploy};
use crate::error::{Error, Result};
use crate::observe::Observed;
use crate::ownership::observe_ours_with_template;
use crate::plan::Plan;
use crate::preflight::Identity;
use crate::prepare::Origin;
use crate::session::{Progress, Session};
use crate::status::Status;

use super::choose::{Choice, RollbackTo, choose};
use super::images::list_tagged;
use super::record::{DeployRecord, find_bucket, key_end};
use super::store::Store;

/// The deploy to go back to, and the changes that its plan is allowed to make.
#[derive(Clone, Debug)]
pub struct RollbackRequest {
    /// The stack's name.
    pub stack: String,
    /// The deploy; `None`: the last good one.
    pub to: Option<RollbackTo>,
    /// See [`DeployRequest::in_sandbox`].
    pub in_sandbox: bool,
    /// See [`DeployRequest::allow_loss`].
    pub allow_loss: bool,
    /// See [`DeployRequest::allow_downgrade`].
    pub allow_downgrade: bool,
    /// The current time.
    pub now: SystemTime,
}

/// A deploy that is recorded.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PastDeploy {
    /// Its number in the list: 0 is the newest.
    pub number: usize,
    /// When it was complete, such as `2026-11-30T14:40:09Z`.
    pub at: String,
    /// ARN of who deployed it.
    pub caller: String,
    /// Version of ecs-scaler that deployed it.
    pub version: String,
    /// Whether it is what the stack has now.
    pub deployed: bool,
    /// The deploy that it went back to, by its time.
    pub rolled_back_to: Option<String>,
    /// What it changed in the definition. Empty for the oldest.
    pub words: Vec<ValueChange>,
    /// Images that it named by a tag, and whose digest isn't known: going back to it runs what the tag is now.
    pub unpinned: Vec<String>,
    /// Hash of the deployed template.
    pub content: String,
}

impl PastDeploy {
    pub(super) fn origin(&self) -> &str {
        self.rolled_back_to.as_deref().unwrap_or(&self.at)
    }
}

/// The result of a rollback.
#[derive(Clone, Debug, Serialize)]
pub struct RolledBack {
    /// The stack's name.
    pub stack: String,
    /// The deploy that was gone back to. `None` if there was nothing to roll back.
    pub to: Option<PastDeploy>,
    /// Why there was nothing to roll back.
    pub reason: Option<String>,
    /// Images that are named by digest now, by how the earlier deploy named them.
    pub pinned: BTreeMap<String, String>,
    /// The result of the deploy.
    pub deployment: Option<Deployment>,
}

/// Lists the recorded deploys of a stack, newest first. `None` if the stack doesn't exist.
///
/// # Errors
/// If the stack isn't ours, if a record can't be read, or if AWS can't be reached.
pub async fn list_deploys(session: &Session<'_>, name: &str) -> Result<Option<Vec<PastDeploy>>> {
    let Some((stack, template)) = observe_ours_with_template(session, name).await? else {
        return Ok(None);
    };
    let (past, _) = read_history(session, &stack, template.as_deref()).await?;
    Ok(Some(past))
}

/// Goes back to an earlier deploy of a stack: its template, its parameters, and its images. The guards and the plan are those of
/// [`deploy_stack`](crate::deploy_stack()).
///
/// # Errors
/// As `deploy_stack`; if the stack doesn't exist, or something is in progress in it; or if the deploy isn't recorded.
pub async fn roll_back(
    session: &Session<'_>,
    request: &RollbackRequest,
    identity: &Identity,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<RolledBack> {
    let name = &request.stack;
    let found = observe_ours_with_template(session, name).await?;
    let (stack, template) = found.ok_or_else(|| identity.no_such_stack(name))?;
    if let Status::Busy(operation) = stack.status {
        let error = format!("a {} of the stack {name} is in progress", operation.name());
        return Err(Error::refused(error).hint("wait for its end: `status` shows it"));
    }
    let (past, records) = read_history(session, &stack, template.as_deref()).await?;
    let chosen = match choose(&past, stack.status, request.to)? {
        Choice::To(number) => number,
        Choice::Nothing(reason) => {
            return Ok(RolledBack {
                stack: name.clone(),
                to: None,
                reason: Some(reason),
                pinned: BTreeMap::new(),
                deployment: None,
            });
        }
    };
    let chosen = past.into_iter().zip(records).nth(chosen);
    let (to, record) = chosen.ok_or_else(|| Error::failed("no such deploy"))?;
    let (record, pinned) = record.pin();
    (session.progress)(Progress::GoingBack { to: to.at.clone() });
    note_target(session, name, &to, &pinned);
    let deploy_request = DeployRequest {
        stack: pin_images(record.definition()?, &pinned),
        in_sandbox: request.in_sandbox,
        allow_loss: request.allow_loss,
        allow_downgrade: request.allow_downgrade,
        reviewed: None,
        now: request.now,
    };
    let origin = Origin::<Error>::Record(&record);
    let deployment = deploy(session, &deploy_request, &origin, confirm).await?;
    Ok(RolledBack {
        stack: name.clone(),
        to: Some(to),
        reason: None,
        pinned,
        deployment: Some(deployment),
    })
}

/// The definition with the pinned images, which are checked before the deploy: their tags can be gone.
fn pin_images(mut stack: Stack, pinned: &BTreeMap<String, String>) -> Stack {
    for service in stack.services.values_mut() {
        let ServiceSource::Create(spec) = &mut service.source else {
            continue;
        };
        let sidecars = spec.sidecars.values_mut().map(|one| &mut one.image);
        for image in sidecars.chain([&mut spec.image]) {
            if let Some(pinned) = pinned.get(image) {
                image.clone_from(pinned);
            }
        }
    }
    stack
}

fn note_target(
    session: &Session<'_>,
    name: &str,
    to: &PastDeploy,
    pinned: &BTreeMap<String, String>,
) {
    session.note(format!(
        "going back to the deploy of {name} of {} by {}",
        to.at,
        crate::name_caller(&to.caller)
    ));
    for (image, digest) in pinned {
        session.note(format!("{image} ran as {digest} then, so that is deployed"));
    }
    for image in &to.unpinned {
        session.note(format!(
            "no digest of {image} is recorded: tasks pull the tag's current image"
        ));
    }
}

/// The recorded deploys and their records, newest first.
async fn read_history(
    session: &Session<'_>,
    stack: &Observed,
    template: Option<&str>,
) -> Result<(Vec<PastDeploy>, Vec<DeployRecord>)> {
    let store = Store::of(&find_bucket(stack, template), stack);
    let mut keys = store.list(session).await?.own;
    keys.reverse();
    let records = store.read(session, &keys).await?;
    // A stack in a stuck state isn't what it was deployed as, whatever its template.
    let now = match (stack.status, template) {
        (Status::Ready { .. }, Some(template)) => Some(key_end(template, &stack.parameters)),
        _ => None,
    };
    let current = now.and_then(|now| records.iter().position(|record| record.is(&now)));
    let past = records
        .iter()
        .enumerate()
        .map(|(number, record)| PastDeploy {
            number,
            at: record.at.clone(),
            caller: record.caller.clone(),
            version: record.version.clone(),
            deployed: current == Some(number),
            rolled_back_to: record.rolled_back_to.clone(),
            words: records
                .get(number + 1)
                .map(|before| list_words(before, record))
                .unwrap_or_default(),
            unpinned: list_unpinned(record),
            content: record.key_end(),
        });
    let past = past.collect();
    Ok((past, records))
}

fn list_words(before: &DeployRecord, after: &DeployRecord) -> Vec<ValueChange> {
    let (before, after) = (before.document(), after.document());
    let records = read_definition(&before).zip(read_definition(&after));
    let words = records.and_then(|(before, after)| compare_records(before, after));
    words.unwrap_or_default()
}

fn list_unpinned(record: &DeployRecord) -> Vec<String> {
    let tagged: BTreeSet<String> = list_tagged(&record.document());
    let unknown = tagged.into_iter();
    unknown
        .filter(|image| !record.images.contains_key(image))
        .collect()
}
