//! Starts the execution of a change set, and determines whether it has started.

use aws_sdk_cloudformation::types::ExecutionStatus;

use super::{ChangeSet, describe, is_not_found, is_overtaken};
use crate::error::{Error, Result, aws, code, text};
use crate::observe::{self, reread};
use crate::session::Session;

/// Whether a change set was executed.
#[derive(Debug)]
pub(crate) enum Execution {
    /// It is in progress, or has already ended.
    Started,
    /// Another change of the stack came first, according to this text from AWS. Plan again.
    Overtaken(String),
    /// AWS refused, and nothing started.
    Refused(Error),
}

/// Starts the execution. The SDK repeats a call whose reply was lost, and then AWS responds that the
/// change set can't be executed, because it is already being executed. So after any error, the state of
/// the change set decides.
///
/// # Errors
/// If it can't be determined whether the execution has started.
pub(crate) async fn execute(session: &Session<'_>, change_set: &ChangeSet) -> Result<Execution> {
    let sent = session
        .clients
        .cloudformation
        .execute_change_set()
        .change_set_name(&change_set.id)
        .client_request_token(session.token())
        .set_disable_rollback(change_set.keeps_on_failure.then_some(true))
        .send()
        .await;
    let Err(error) = sent else {
        return Ok(Execution::Started);
    };
    let overtaken = is_not_found(&error)
        || is_overtaken(text(&error))
        || code(&error).starts_with("InvalidChangeSetStatus");
    let why = text(&error).to_owned();
    let error = aws(format!(
        "execute the change set of {}",
        change_set.plan.stack
    ))(error);
    match has_started(session, change_set).await {
        Ok(true) => Ok(Execution::Started),
        Ok(false) if overtaken => Ok(Execution::Overtaken(why)),
        Ok(false) => Ok(Execution::Refused(error)),
        Err(_) => Err(error.hint(
            "it might have started anyway: to check and to follow it, run the same command again",
        )),
    }
}

/// Whether this change set is being executed, or was.
async fn has_started(session: &Session<'_>, change_set: &ChangeSet) -> Result<bool> {
    match describe(session, &change_set.plan.stack, &change_set.id, None).await {
        Ok(page) => match page.execution_status() {
            Some(
                ExecutionStatus::ExecuteInProgress
                | ExecutionStatus::ExecuteComplete
                | ExecutionStatus::ExecuteFailed,
            ) => Ok(true),
            Some(
                ExecutionStatus::Available
                | ExecutionStatus::Unavailable
                | ExecutionStatus::Obsolete,
            ) => Ok(false),
            // Unreadable, or a value that this version doesn't know.
            _ => is_the_stack_s(session, change_set).await,
        },
        Err(error) if is_not_found(&error) => is_the_stack_s(session, change_set).await,
        Err(error) => Err(aws("read the change set")(error)),
    }
}

/// CloudFormation removes a change set when it or another one has been executed. The stack keeps the ID of the
/// last executed change set. A stack in review has the ID of the change set that created it.
async fn is_the_stack_s(session: &Session<'_>, change_set: &ChangeSet) -> Result<bool> {
    let stack = reread(session, || observe::describe(session, &change_set.stack_id)).await?;
    Ok(stack.is_some_and(|stack| {
        let status = stack.stack_status().map_or("", |status| status.as_str());
        let lives = !status.is_empty() && status != "REVIEW_IN_PROGRESS";
        lives && stack.change_set_id() == Some(change_set.id.as_str())
    }))
}
