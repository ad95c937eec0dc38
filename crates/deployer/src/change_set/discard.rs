//! Deletes change sets.

use aws_sdk_cloudformation::types::ExecutionStatus;
use tokio::time::Instant;

use super::{ChangeSet, is_not_found, list};
use crate::error::{Error, Result, aws};
use crate::observe::{observe, read};
use crate::run::is_over;
use crate::session::Session;
use crate::status::Status;

/// Deletes a change set. A failure is harmless, because CloudFormation doesn't execute it.
pub(crate) async fn discard(session: &Session<'_>, id: &str) {
    let client = &session.clients.cloudformation;
    match client.delete_change_set().change_set_name(id).send().await {
        Ok(_) => {}
        Err(error) if is_not_found(&error) => {}
        Err(error) => session.note(format!(
            "the change set {id} wasn't deleted: {}",
            aws("delete it")(error)
        )),
    }
}

/// Deletes a change set that won't be executed, the change sets of interrupted runs, and the empty stack that
/// they were made for.
pub(crate) async fn abandon(session: &Session<'_>, change_set: &ChangeSet) {
    discard(session, &change_set.id).await;
    let stack = &change_set.stack_id;
    let removed = match discard_left_behind(session, stack).await {
        Ok(()) if change_set.plan.creates_stack => remove_empty_stack(session, change_set).await,
        other => other,
    };
    if let Err(error) = removed {
        session.note(format!(
            "the plan wasn't completely removed from {stack}: {error}"
        ));
    }
}

/// Deletes the change sets of interrupted runs.
async fn discard_left_behind(session: &Session<'_>, stack: &str) -> Result<()> {
    for one in list(session, stack).await? {
        let name = one.change_set_name().unwrap_or_default();
        // An executed change set isn't a plan.
        let is_plan = matches!(
            one.execution_status(),
            Some(ExecutionStatus::Available | ExecutionStatus::Unavailable)
        );
        if is_plan && is_over(name, &session.run_id) {
            session.note(format!(
                "deleting the change set {name}, which an interrupted run left behind"
            ));
            discard(session, one.change_set_id().unwrap_or_default()).await;
        }
    }
    Ok(())
}

/// Deletes an empty stack if it has no other run's plan, and waits until it is gone, so that the next command
/// doesn't find a deletion in progress.
async fn remove_empty_stack(session: &Session<'_>, change_set: &ChangeSet) -> Result<()> {
    let stack = &change_set.stack_id;
    // The order matters. Another run's plan is in the list from its creation until its execution, and then the stack
    // has left REVIEW_IN_PROGRESS. In the opposite order, a plan that is executed between both calls would be
    // missed, and a real stack deleted.
    if has_other_plans(session, change_set).await? {
        return Ok(());
    }
    let in_review = |status| status == Status::InReview;
    if !observe(session, stack)
        .await?
        .is_some_and(|stack| in_review(stack.status))
    {
        return Ok(());
    }
    let request = session.clients.cloudformation.delete_stack();
    let sent = request
        .stack_name(stack)
        .set_role_arn(session.role_arn.clone())
        .client_request_token(session.token())
        .send()
        .await;
    sent.map_err(aws("delete it"))?;
    wait_until_gone(session, stack).await
}

async fn has_other_plans(session: &Session<'_>, change_set: &ChangeSet) -> Result<bool> {
    let all = list(session, &change_set.stack_id).await?;
    let is_other = |id: Option<&str>| id != Some(&change_set.id);
    Ok(all.iter().any(|one| is_other(one.change_set_id())))
}

async fn wait_until_gone(session: &Session<'_>, stack: &str) -> Result<()> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    loop {
        match read(session, stack).await {
            Ok(None) => return Ok(()),
            Ok(Some(stack)) if stack.status == Status::Absent => return Ok(()),
            // Still there, or temporarily unreadable.
            Ok(_) | Err(_) => {}
        }
        if begun.elapsed() >= session.pace.patience {
            return Err(Error::failed("its deletion takes long"));
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}
