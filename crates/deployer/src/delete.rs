//! Deletes a stack, and handles what can prevent that.

use crate::attempts::Attempts;
use crate::change_set::is_overtaken;
use crate::deploy::failure;
use crate::error::{Error, Result, aws, is_passing, text};
use crate::follow::{Follower, follow};
use crate::observe::{Observed, observe};
use crate::resource::Resource;
use crate::session::Session;
use crate::status::Status;
use crate::{stray_instances, stray_tasks};

/// Deletes the stack with the given resources, except for those `retained`, and follows the deletion until it
/// ends. If another operation is in progress, follows that one first.
///
/// # Errors
/// If CloudFormation can't delete a resource, refuses, or can't be reached.
pub(crate) async fn delete(
    session: &Session<'_>,
    name: &str,
    stack: &Observed,
    resources: &[Resource],
    retained: &[Resource],
) -> Result<()> {
    stray_tasks::stop(session, resources).await?;
    stray_instances::deregister(session, resources).await?;
    let mut attempts = Attempts::new(session);
    loop {
        let why = match try_to_delete(session, name, stack, retained).await? {
            Attempt::Gone => return Ok(()),
            Attempt::Busy(why) => why,
        };
        let Some(now) = observe(session, &stack.id).await? else {
            return Ok(());
        };
        if let Status::Busy(operation) = now.status {
            follow(session, name, &now, operation).await?;
        }
        attempts.again(session, name, &why).await?;
    }
}

enum Attempt {
    Gone,
    /// Another operation is in progress, or has just ended. The stack might be gone by now.
    Busy(String),
}

async fn try_to_delete(
    session: &Session<'_>,
    name: &str,
    stack: &Observed,
    retained: &[Resource],
) -> Result<Attempt> {
    let follower = Follower::before(session, &stack.id).await?;
    let request = session.clients.cloudformation.delete_stack();
    let retained = retained.iter().map(|one| one.logical_id.clone()).collect();
    let sent = request
        .set_retain_resources(Some(retained).filter(|ids: &Vec<String>| !ids.is_empty()))
        .stack_name(&stack.id)
        .set_role_arn(session.role_arn.clone())
        .client_request_token(session.token())
        .send()
        .await;
    let doing = format!("delete the stack {name}");
    let lost = match sent {
        Ok(_) => None,
        Err(error) if is_overtaken(text(&error)) => {
            return Ok(Attempt::Busy(text(&error).to_owned()));
        }
        Err(error) if text(&error).contains("TerminationProtection") => {
            return Err(protected(name));
        }
        // The request might have reached CloudFormation even without a reply. The status shows whether it did.
        Err(error) if is_passing(&error) => Some(aws(doing)(error)),
        Err(error) => return Err(aws(doing)(error)),
    };
    if let Some(error) = &lost {
        session.note(format!(
            "{error}; checking whether the deletion has started"
        ));
    }
    let ended = match (follower.until_settled().await, lost) {
        (Ok(ended), None) => ended,
        (Ok(ended), Some(_)) if ended.begun => ended,
        (Err(error), None) => return Err(error),
        (_, Some(error)) => {
            return Err(error.hint(
                "the deletion might have started: run the same command again to check and to follow it",
            ));
        }
    };
    match ended.stack {
        None => Ok(Attempt::Gone),
        Some(left) if left.status == Status::HalfDeleted => {
            Err(failure(name, &left, &ended.causes))
        }
        // CloudFormation ignored the request because another operation was in progress.
        Some(left) => Ok(Attempt::Busy(format!(
            "the stack is in {} instead of being deleted",
            left.status_name
        ))),
    }
}

pub(crate) fn protected(name: &str) -> Error {
    Error::refused(format!("the stack {name} is protected against termination"))
        .hint("set `termination_protection: false` in the definition and deploy, then destroy")
}
