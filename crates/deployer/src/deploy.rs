//! Deploying a template: from whatever state the stack is in to the one that the template describes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::change_set::{self, ChangeSet, Execution, Source};
use crate::error::{Error, Kind, Result, aws};
use crate::follow::{Cause, Ended, Follower};
use crate::observe::{Observed, observe};
use crate::plan::Plan;
use crate::session::Session;
use crate::status::{NextStep, Operation, Status, next_step};

/// What a deploy came to.
#[derive(Clone, Debug, Serialize)]
pub struct Deployed {
    /// Stack id (ARN).
    pub stack_id: String,
    /// Whether anything was changed.
    pub changed: bool,
    /// What was changed.
    pub plan: Plan,
    /// Outputs by key.
    pub outputs: BTreeMap<String, String>,
}

/// Decides whether a plan may be executed; an error refuses it.
pub type Approve<'a> = dyn FnMut(&Plan) -> Result<()> + Send + 'a;

/// Brings the stack to what `source` describes. Follows an operation that is already in progress,
/// clears away what blocks, and plans again when somebody else was faster. No change is success.
///
/// # Errors
/// When `approve` refuses, when CloudFormation fails (then it has rolled back, and the first cause
/// comes first), or when AWS can't be reached.
pub async fn deploy(
    session: &Session<'_>,
    source: &Source,
    approve: &mut Approve<'_>,
) -> Result<Deployed> {
    loop {
        let Some(change_set) = prepare(session, source).await? else {
            return unchanged(session, &source.stack).await;
        };
        if let Err(refusal) = approve(&change_set.plan) {
            change_set::abandon(session, &change_set).await;
            return Err(refusal);
        }
        let follower = Follower::start(session, &change_set.stack_id).await?;
        match change_set::execute(session, &change_set).await? {
            Execution::Started => {
                let ended = follower.until_settled().await?;
                return finish(change_set.plan, ended);
            }
            Execution::Overtaken => {
                session.note("somebody else changed the stack in the meantime: planning again");
                change_set::discard(session, &change_set.id).await;
            }
        }
    }
}

/// The plan alone: what a deploy would do to the stack as it is. Leaves nothing behind. `None`: nothing.
///
/// # Errors
/// When the stack is busy or stuck, or AWS can't be reached.
pub async fn plan(session: &Session<'_>, source: &Source) -> Result<Option<Plan>> {
    let status = observe(session, &source.stack)
        .await?
        .map_or(Status::Absent, |s| s.status);
    let creates = match next_step(status) {
        NextStep::Create => true,
        NextStep::Update => false,
        _ => {
            return Err(Error::failed(format!(
                "the stack {} can't be planned for now",
                source.stack
            ))
            .hint("`deploy` follows or clears away what blocks it; `status` shows it"));
        }
    };
    let Some(change_set) = change_set::create(session, source, creates).await? else {
        return Ok(None);
    };
    change_set::abandon(session, &change_set).await;
    Ok(Some(change_set.plan))
}

/// Steps until a change set is ready. `None`: nothing changes.
async fn prepare(session: &Session<'_>, source: &Source) -> Result<Option<ChangeSet>> {
    loop {
        let stack = observe(session, &source.stack).await?;
        let status = stack.as_ref().map_or(Status::Absent, |stack| stack.status);
        match (next_step(status), stack) {
            (NextStep::Create, _) => {
                session.note(format!("planning the new stack {}", source.stack));
                return change_set::create(session, source, true).await;
            }
            (NextStep::Update, _) => {
                session.note(format!("planning the update of {}", source.stack));
                return change_set::create(session, source, false).await;
            }
            (NextStep::Follow(operation), Some(stack)) => {
                follow(session, &stack, operation).await?
            }
            (NextStep::Remove, Some(stack)) => remove(session, &source.stack, &stack).await?,
            (NextStep::FinishRollback, Some(stack)) => finish_rollback(session, &stack).await?,
            (_, None) => {}
        }
    }
}

async fn follow(session: &Session<'_>, stack: &Observed, operation: Operation) -> Result<()> {
    let word = operation.name();
    session.note(format!(
        "a {word} of {} is already in progress: following it",
        stack.id
    ));
    Follower::start(session, &stack.id)
        .await?
        .until_settled()
        .await
        .map(drop)
}

/// Deletes what a failed create or a stopped deletion has left.
async fn remove(session: &Session<'_>, name: &str, stack: &Observed) -> Result<()> {
    session.note(format!(
        "{name} is in {}, which blocks a deploy: removing what is left",
        stack.status_name
    ));
    let follower = Follower::start(session, &stack.id).await?;
    session
        .clients
        .cloudformation
        .delete_stack()
        .stack_name(&stack.id)
        .client_request_token(session.token())
        .send()
        .await
        .map_err(aws(format!("delete the stack {name}")))?;
    let ended = follower.until_settled().await?;
    match ended.stack {
        None => Ok(()),
        Some(left) => Err(failure(name, &left, &ended.causes)),
    }
}

/// Takes a failed update back, so that the next one can begin.
async fn finish_rollback(session: &Session<'_>, stack: &Observed) -> Result<()> {
    session.note(format!(
        "the stack is in {}: finishing its rollback first",
        stack.status_name
    ));
    let follower = Follower::start(session, &stack.id).await?;
    let client = &session.clients.cloudformation;
    if stack.status == Status::HalfUpdated {
        let request = client.rollback_stack().stack_name(&stack.id);
        let sent = request.client_request_token(session.token()).send().await;
        sent.map_err(aws("roll the stack back"))?;
    } else {
        let request = client.continue_update_rollback().stack_name(&stack.id);
        let sent = request.client_request_token(session.token()).send().await;
        sent.map_err(aws("continue the rollback"))?;
    }
    let ended = follower.until_settled().await?;
    match ended.stack {
        Some(left) if next_step(left.status) == NextStep::FinishRollback => {
            Err(failure(&left.id, &left, &ended.causes).hint(
                "mend the named resource by hand, or skip it with `aws cloudformation \
                 continue-update-rollback --resources-to-skip`, then deploy again",
            ))
        }
        _ => Ok(()),
    }
}

async fn unchanged(session: &Session<'_>, name: &str) -> Result<Deployed> {
    let Some(stack) = observe(session, name).await? else {
        return Err(Error::failed(format!(
            "the stack {name} vanished while it was planned for"
        ))
        .hint("somebody else deletes it; run the command again"));
    };
    Ok(Deployed {
        stack_id: stack.id,
        changed: false,
        plan: Plan {
            stack: name.to_owned(),
            ..Plan::default()
        },
        outputs: stack.outputs,
    })
}

fn finish(plan: Plan, ended: Ended) -> Result<Deployed> {
    let Some(stack) = ended.stack else {
        return Err(Error::new(
            Kind::DeploymentFailed,
            format!("the stack {} was deleted", plan.stack),
        ));
    };
    if stack.status != (Status::Ready { rolled_back: false }) {
        return Err(failure(&plan.stack, &stack, &ended.causes));
    }
    Ok(Deployed {
        stack_id: stack.id,
        changed: true,
        plan,
        outputs: stack.outputs,
    })
}

/// The first cause first; then what state that left.
pub(crate) fn failure(name: &str, stack: &Observed, causes: &[Cause]) -> Error {
    let first = match causes.first() {
        Some(cause) => format!(
            "{} ({}): {}",
            cause.logical_id, cause.resource_type, cause.reason
        ),
        None => stack
            .reason
            .clone()
            .unwrap_or_else(|| "CloudFormation gave no reason".to_owned()),
    };
    let mut error = Error::new(
        Kind::DeploymentFailed,
        format!("{first}\nthe stack {name} is in {}", stack.status_name),
    );
    for other in causes.iter().skip(1) {
        error = error.hint(format!(
            "also failed: {} ({}): {}",
            other.logical_id, other.resource_type, other.reason
        ));
    }
    error.hint(aftermath(stack.status))
}

fn aftermath(status: Status) -> &'static str {
    match status {
        Status::Ready { .. } => {
            "the update was rolled back: what was deployed before goes on as it was"
        }
        Status::NeverCreated => {
            "nothing of it is in service; the next deploy removes what is left and starts afresh"
        }
        Status::HalfDeleted => "mend the named resource and run `destroy` again",
        _ => "the next deploy finishes the rollback first",
    }
}

/// Sets the stack's termination protection to `wanted`, when it is not so already.
///
/// # Errors
/// When CloudFormation refuses or can't be reached.
pub async fn protect(session: &Session<'_>, name: &str, wanted: bool) -> Result<()> {
    let is = observe(session, name)
        .await?
        .is_some_and(|stack| stack.termination_protection);
    if is == wanted {
        return Ok(());
    }
    session.note(format!(
        "turning termination protection {}",
        if wanted { "on" } else { "off" }
    ));
    let request = session
        .clients
        .cloudformation
        .update_termination_protection();
    let sent = request
        .stack_name(name)
        .enable_termination_protection(wanted)
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("change the termination protection of {name}")))
}
