//! From whatever state the stack is in to one that can be planned for.

use crate::attempts::Attempts;
use crate::change_set::{self, Planned, Source, is_overtaken};
use crate::delete::delete;
use crate::error::{Result, aws, text};
use crate::follow::{Follower, follow};
use crate::messages;
use crate::observe::{Observed, observe, resources};
use crate::ownership::require_ours;
use crate::session::Session;
use crate::status::{NextStep, Operation, Status, next_step};

use super::failure::failure;

/// Steps until there is a plan. Follows what goes on, clears away what blocks. `followed` becomes true
/// when a create or an update was followed to its end.
pub(crate) async fn prepare(
    session: &Session<'_>,
    source: &Source,
    attempts: &mut Attempts,
    followed: &mut bool,
) -> Result<Planned> {
    let name = &source.stack;
    loop {
        let stack = observe(session, name).await?;
        if let Some(stack) = &stack {
            require_ours(session, stack).await?;
        }
        let status = stack.as_ref().map_or(Status::Absent, |stack| stack.status);
        match (next_step(status), stack) {
            (NextStep::Update, _) => {
                session.note(format!("planning the update of {name}"));
                return change_set::create(session, source, false).await;
            }
            (NextStep::Follow(operation), Some(stack)) => {
                follow(session, name, &stack, operation).await?;
                *followed |= matches!(operation, Operation::Create | Operation::Update);
            }
            (NextStep::Remove, Some(stack)) => remove(session, name, &stack).await?,
            (NextStep::FinishRollback, Some(stack)) => {
                finish_rollback(session, name, &stack, attempts).await?;
            }
            // Every other step comes from a stack that is there.
            (NextStep::Create, _) | (_, None) => {
                session.note(format!("planning the new stack {name}"));
                return change_set::create(session, source, true).await;
            }
        }
    }
}

/// Deletes what a failed create or a stopped deletion has left, but no queue with messages in it.
async fn remove(session: &Session<'_>, name: &str, stack: &Observed) -> Result<()> {
    let resources = resources(session, &stack.id).await?;
    let messages = messages::count_messages(session, &resources, false).await?;
    if let Some(refusal) = messages::refuse_loss(&messages) {
        return Err(refusal.hint(format!(
            "the stack is in {}, and CloudFormation can only delete what is left of it",
            stack.status_name
        ))
        .hint(
            "let the workers finish or move the messages, or give them up with `destroy --force`; \
             then deploy again",
        ));
    }
    session.note(format!(
        "{name} is in {}, which blocks a deploy: removing what is left",
        stack.status_name
    ));
    delete(session, name, stack, &resources).await
}

/// Takes a failed update back, so that the next one can begin.
async fn finish_rollback(
    session: &Session<'_>,
    name: &str,
    stack: &Observed,
    attempts: &mut Attempts,
) -> Result<()> {
    session.note(format!(
        "{name} is in {}: finishing its rollback first",
        stack.status_name
    ));
    let follower = Follower::before(session, &stack.id).await?;
    if let Some(why) = start_rollback(session, stack).await? {
        return attempts.again(session, name, &why).await;
    }
    let ended = follower.until_settled().await?;
    match ended.stack {
        Some(left) if next_step(left.status) == NextStep::FinishRollback => {
            Err(failure(name, &left, &ended.causes).hint(
                "mend the named resource by hand, or skip it with `aws cloudformation \
                 continue-update-rollback --resources-to-skip`, then deploy again",
            ))
        }
        _ => Ok(()),
    }
}

/// `Some`: somebody else was faster, as this text of AWS's says.
async fn start_rollback(session: &Session<'_>, stack: &Observed) -> Result<Option<String>> {
    let client = &session.clients.cloudformation;
    let token = session.token();
    let (why, error) = if stack.status == Status::HalfUpdated {
        let request = client.rollback_stack().stack_name(&stack.id);
        match request.client_request_token(token).send().await {
            Ok(_) => return Ok(None),
            Err(error) => (text(&error).to_owned(), aws("roll the stack back")(error)),
        }
    } else {
        let request = client.continue_update_rollback().stack_name(&stack.id);
        match request.client_request_token(token).send().await {
            Ok(_) => return Ok(None),
            Err(error) => (text(&error).to_owned(), aws("continue the rollback")(error)),
        }
    };
    if is_overtaken(&why) {
        return Ok(Some(why));
    }
    Err(error)
}
