//! Deletes a stack: the guards, the deletion, and the check that no resources remain.

use std::time::Duration;

use serde::Serialize;
use template::contract::list_retained;
use tokio::time::Instant;

use crate::delete::{delete, protected};
use crate::deletion_protection;
use crate::drift::QUEUE_POLICY;
use crate::error::{Error, Result};
use crate::follow::follow;
use crate::messages::{self, QueueMessages};
use crate::observe::{Observed, all_resources, observe_or_deleted, resources, template_json};
use crate::ownership::require_ours;
use crate::released;
use crate::remains::{Remains, look_for_all};
use crate::resource::Resource;
use crate::retain::take_retained;
use crate::session::Session;
use crate::status::{Operation, Status};
use crate::stored::forget_stored;
use crate::suspension::{resume_all, resume_left};

/// What a deletion will remove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doomed {
    /// The stack's name.
    pub stack: String,
    /// Its resources.
    pub resources: Vec<Resource>,
    /// Its resources that stay in AWS: imported ones, and those that `overrides` retain.
    pub released: Vec<Resource>,
    /// Queues that hold messages, and their number.
    pub messages: Vec<QueueMessages>,
}

/// The result of a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Destroyed {
    /// Whether the stack existed.
    pub existed: bool,
    /// The checked resources, and the remaining ones.
    pub remains: Remains,
    /// Resources that CloudFormation couldn't delete and kept, as requested, and those that always stay.
    pub retained: Vec<Resource>,
}

/// Options of a deletion.
#[derive(Clone, Debug, Default)]
pub struct DestroyOptions {
    /// Whether to delete queues that hold messages.
    pub force: bool,
    /// Resources to keep if their deletion failed: logical IDs, or names of queues in the definition.
    pub retain: Vec<String>,
}

impl Destroyed {
    fn retaining(self, retained: Vec<Resource>) -> Self {
        Self { retained, ..self }
    }

    /// Describes, for people, which parts of the stack `name` are gone, and how that was verified.
    #[must_use]
    pub fn describe(&self, name: &str) -> String {
        if !self.existed {
            return format!("{name}: the stack doesn't exist; nothing to destroy\n");
        }
        let remains = &self.remains;
        let mut text = format!(
            "{name}: destroyed; checked {} resources through their services' APIs: none remain\n",
            remains.gone
        );
        for one in &self.retained {
            text.push_str(&format!(
                "  retained, and no longer part of a stack: {} {}\n",
                one.resource_type, one.physical_id
            ));
        }
        if !remains.unchecked.is_empty() {
            let count: usize = remains.unchecked.values().sum();
            let kinds = remains.unchecked.iter().map(|(kind, count)| match count {
                1 => kind.clone(),
                count => format!("{kind} ({count})"),
            });
            text.push_str(&format!(
                "  confirmed by CloudFormation only ({count}): {}\n",
                kinds.collect::<Vec<_>>().join(", ")
            ));
        }
        text.push_str(
            "  kept: the assets bucket, which all stacks of this account and region share\n",
        );
        text
    }
}

/// Deletes the stack after `approve` accepts it. Succeeds if the stack doesn't exist. Follows a deletion that is
/// already in progress, and checks its result in the same way. If a deleted stack is given by its ID, checks its
/// resources again.
///
/// # Errors
/// If a guard refuses (termination protection, a protected load balancer, messages without `force`, `approve`), if a
/// resource can't be retained, if CloudFormation can't delete a resource, if a resource remains, or if AWS can't be
/// reached.
pub async fn destroy(
    session: &Session<'_>,
    name: &str,
    options: &DestroyOptions,
    approve: &mut (dyn FnMut(&Doomed) -> Result<()> + Send),
) -> Result<Destroyed> {
    let stack = match settled(session, name).await? {
        Found::Settled(stack) => stack,
        Found::Absent => {
            return Ok(Destroyed {
                existed: false,
                remains: Remains::default(),
                retained: Vec::new(),
            });
        }
        Found::Deleted(stack, doomed, released) => {
            let destroyed = proved(session, &stack, &doomed).await?;
            return Ok(destroyed.retaining(released));
        }
    };
    if stack.termination_protection {
        return Err(protected(name));
    }
    let force = options.force;
    let (mut resources, released) = list_doomed(session, &stack).await?;
    let mut retained = take_retained(&stack, &mut resources, &options.retain)?;
    deletion_protection::check(session, &stack, &resources).await?;
    let doomed = Doomed {
        stack: name.to_owned(),
        messages: messages::count_messages(session, &resources, force).await?,
        resources,
        released,
    };
    if let Some(refusal) = messages::refuse_loss(&doomed.messages).filter(|_| !force) {
        return Err(refusal.hint("process or move the messages, or discard them with --force"));
    }
    released::check(session, &stack, (&doomed.resources, &doomed.released)).await?;
    approve(&doomed)?;
    resume_all(session, &stack.tags).await?;
    released::restore_policies(session, &stack, &doomed.released).await?;
    session.note(format!(
        "deleting {name} ({} resources)",
        doomed.resources.len()
    ));
    delete(session, name, &stack, &doomed.resources, &retained).await?;
    let destroyed = proved(session, &stack, &doomed.resources).await?;
    retained.extend(doomed.released);
    Ok(destroyed.retaining(retained))
}

/// CloudFormation's status of a resource that stayed when its stack was deleted.
const DELETE_SKIPPED: &str = "DELETE_SKIPPED";

/// Lists the resources that a deletion of the stack deletes, and those that stay in AWS.
pub(crate) async fn list_doomed(
    session: &Session<'_>,
    stack: &Observed,
) -> Result<(Vec<Resource>, Vec<Resource>)> {
    let resources = resources(session, stack).await?;
    // A stack in review has no template yet.
    if stack.status == Status::InReview {
        return Ok((resources, Vec::new()));
    }
    let retained = list_retained(&template_json(session, &stack.id).await?);
    let stays = |one: &Resource| retained.contains(&one.logical_id);
    Ok(divide(resources, stays))
}

/// Divides resources into those that are deleted and those that stay. The policy of an imported queue is neither: it is part of
/// the queue, which gets back the one that it had.
fn divide(
    mut resources: Vec<Resource>,
    stays: impl Fn(&Resource) -> bool,
) -> (Vec<Resource>, Vec<Resource>) {
    resources.retain(|one| one.resource_type != QUEUE_POLICY || !stays(one));
    resources.into_iter().partition(|one| !stays(one))
}

enum Found {
    Absent,
    Settled(Observed),
    /// Already deleted, or deleted while the deletion was followed. Contains the resources that were deleted, and those that stay.
    Deleted(Observed, Vec<Resource>, Vec<Resource>),
}

/// Returns the stack once no operation is in progress.
async fn settled(session: &Session<'_>, name: &str) -> Result<Found> {
    loop {
        let Some(stack) = observe_or_deleted(session, name).await? else {
            return Ok(Found::Absent);
        };
        require_ours(session, &stack).await?;
        if stack.status == Status::Absent {
            session.note(format!(
                "{} is deleted: checking for remaining resources",
                stack.name
            ));
            let resources = all_resources(session, &stack.id, true).await.map_err(|error| {
                error.hint(
                    "the stack is deleted; AWS lists its resources for 90 days, emulators might not",
                )
            })?;
            let stayed = |one: &Resource| one.status == DELETE_SKIPPED;
            let (doomed, released) = divide(resources, stayed);
            return Ok(Found::Deleted(stack, doomed, released));
        }
        let Status::Busy(operation) = stack.status else {
            return Ok(Found::Settled(stack));
        };
        let (doomed, released) = match operation {
            Operation::Delete => list_doomed(session, &stack).await?,
            _ => (Vec::new(), Vec::new()),
        };
        let ended = follow(session, name, &stack, operation).await?;
        if operation == Operation::Delete && ended.stack.is_none() {
            return Ok(Found::Deleted(stack, doomed, released));
        }
    }
}

/// Services keep returning deleted resources for a while: SQS, for example, for up to a minute.
const AFTERGLOW: Duration = Duration::from_secs(90);

/// Removes the data stored for the stack. Checks each resource, and repeats the check for resources that still exist until the
/// result can't be stale.
///
/// # Errors
/// If a resource remains, or couldn't be checked. Otherwise, if the record of a pause remains.
async fn proved(
    session: &Session<'_>,
    stack: &Observed,
    resources: &[Resource],
) -> Result<Destroyed> {
    resume_left(session, stack).await?;
    let patience = AFTERGLOW.min(session.pace.patience);
    let (proof, stored) = futures::join!(
        prove(session, stack, resources, patience),
        forget_stored(session, stack, patience)
    );
    let destroyed = proof?;
    stored?;
    Ok(destroyed)
}

async fn prove(
    session: &Session<'_>,
    stack: &Observed,
    resources: &[Resource],
    patience: Duration,
) -> Result<Destroyed> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    let (mut remains, mut failed) = look_for_all(session, resources).await;
    while let Some(left) = remains.left.first() {
        if begun.elapsed() >= patience {
            return Err(still_there(&stack.name, &remains));
        }
        if delay == session.pace.first {
            session.note(format!(
                "{} {} still exists: checking again",
                left.resource_type, left.physical_id
            ));
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
        let (again, unread) = look_for_all(session, &remains.left).await;
        remains.gone += again.gone;
        remains.left = again.left;
        failed.extend(unread);
    }
    if let Some(error) = unchecked(stack, failed) {
        return Err(error);
    }
    Ok(Destroyed {
        existed: true,
        remains,
        retained: Vec::new(),
    })
}

/// Maximum number of resources in the message. The check can be repeated.
const NAMED: usize = 10;

/// The stack is gone, but ecs-scaler couldn't verify that no resources remain. `None` if everything was
/// checked.
fn unchecked(stack: &Observed, failed: Vec<(Resource, Error)>) -> Option<Error> {
    let (name, count) = (&stack.name, failed.len());
    let names: Vec<String> = failed
        .iter()
        .take(NAMED)
        .map(|(one, _)| format!("{} {}", one.resource_type, one.physical_id))
        .collect();
    let (_, first) = failed.into_iter().next()?;
    let mut error = Error::new(
        first.kind(),
        format!("{name} is deleted, but {count} of its resources couldn't be checked: {first}"),
    );
    for hint in first.hints() {
        error = error.hint(hint);
    }
    error = error.hint(format!("not checked: {}", names.join(", ")));
    if count > NAMED {
        error = error.hint(format!("and {} more", count - NAMED));
    }
    Some(error.hint(format!(
        "to check again, within 90 days: destroy {}",
        stack.id
    )))
}

fn still_there(name: &str, remains: &Remains) -> Error {
    let told = |left: &Resource| format!("{} {}", left.resource_type, left.physical_id);
    let (first, others) = match remains.left.split_first() {
        Some((first, others)) => (told(first), others),
        None => (String::new(), [].as_slice()),
    };
    let mut error = Error::failed(format!(
        "CloudFormation deleted {name}, but {first} is still there"
    ));
    for other in others {
        error = error.hint(format!("so is {}", told(other)));
    }
    error.hint("delete it manually, or find out what created it again")
}
