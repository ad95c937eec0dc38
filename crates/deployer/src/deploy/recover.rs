//! Brings a stack from any state to one that allows a plan.

use crate::attempts::Attempts;
use crate::change_set::{self, ChangeSet, Planned, Source, is_overtaken};
use crate::delete::delete;
use crate::deletion_protection;
use crate::destroy::list_doomed;
use crate::drift::find_drift;
use crate::error::{Error, Result, aws, text};
use crate::finding::Drift;
use crate::follow::{Follower, follow};
use crate::messages;
use crate::observe::{Observed, observe, resources};
use crate::ownership::require_ours;
use crate::plan::{Plan, Recovering};
use crate::released;
use crate::resource::Resource;
use crate::session::{DeployStep, Session};
use crate::status::{NextStep, Operation, Recovery, Status, next_step};
use crate::suspension::resume_all;

use super::failure::{failure, refuse_unknown_recovery};
use super::taken;

/// The next thing to decide.
pub(crate) enum Prepared {
    /// A change set, or the reason why there is none.
    Planned(Planned),
    /// The same for a stack with manual changes.
    Drifted(Planned, Drifted),
    /// A stuck stack. It must be recovered before CloudFormation accepts a change set.
    Stuck(Stuck),
}

/// A stuck stack, and the plan of its recovery.
pub(crate) struct Stuck {
    stack: Observed,
    /// What a deletion deletes, and what stays in AWS.
    doomed: Vec<Resource>,
    released: Vec<Resource>,
    /// What stays, and prevents that the stack is created again.
    taken: Vec<Resource>,
    recovery: Recovery,
    pub plan: Plan,
}

/// Takes the steps that lead to a plan. Follows an operation in progress, and changes nothing. Sets `followed`
/// if it followed a create or an update until its end.
pub(crate) async fn prepare(
    session: &Session<'_>,
    source: &Source,
    attempts: &mut Attempts,
    followed: &mut bool,
) -> Result<Prepared> {
    let name = &source.stack;
    loop {
        let stack = observe(session, name).await?;
        if let Some(stack) = &stack {
            require_ours(session, stack).await?;
        }
        let status = stack.as_ref().map_or(Status::Absent, |stack| stack.status);
        match (next_step(status), stack) {
            (NextStep::Follow(operation), Some(stack)) => {
                follow(session, name, &stack, operation).await?;
                *followed |= matches!(operation, Operation::Create | Operation::Update);
            }
            (NextStep::Recover(recovery), Some(stack)) => {
                let stuck = plan_recovery(session, source, stack, recovery).await?;
                stuck.refuse(session).await?;
                return Ok(Prepared::Stuck(stuck));
            }
            (NextStep::UpdateOr(recovery), Some(stack)) => {
                match update_stuck(session, source, stack, recovery).await? {
                    Ok(prepared) => return Ok(prepared),
                    Err(why) => attempts.again(session, name, &why).await?,
                }
            }
            (NextStep::Update, Some(stack)) => return plan_update(session, source, stack).await,
            (NextStep::Refuse, Some(stack)) => return refuse_unknown_recovery(&stack),
            // Every other step requires that the stack exists.
            (NextStep::Create, _) | (_, None) => {
                session.note(format!("planning the new stack {name}"));
                let planned = change_set::create(session, source, true).await?;
                return Ok(Prepared::Planned(planned));
            }
        }
    }
}

/// A stack with manual changes.
pub(crate) struct Drifted {
    pub stack: Observed,
    pub drift: Drift,
}

/// Plans an update. If the cloud's change sets support it, the update also reverts manual changes.
async fn plan_update(session: &Session<'_>, source: &Source, stack: Observed) -> Result<Prepared> {
    refuse_empty(session, &stack).await?;
    session.note(format!("planning the update of {}", source.stack));
    let drift = find_drift(session, &stack).await?;
    if drift.is_empty() {
        let planned = change_set::create(session, source, false).await?;
        return Ok(Prepared::Planned(planned));
    }
    let planned = change_set::create_reverting_drift(session, source).await?;
    Ok(Prepared::Drifted(planned, Drifted { stack, drift }))
}

/// Refuses a stack that a failed first import left empty: the names of the definition are taken.
async fn refuse_empty(session: &Session<'_>, stack: &Observed) -> Result<()> {
    if !stack.is_import_rolled_back() || !resources(session, stack).await?.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!(
        "the stack {} is empty, because its first import failed",
        stack.name
    ))
    .hint("to import again: import resources, which deletes the empty stack first")
    .hint("to create everything instead: destroy, and deploy with names that aren't taken"))
}

/// Plans an update of a stack whose last operation failed without a rollback. If CloudFormation refuses, the stack
/// must be recovered first. The inner error means that the stack is no longer in that state.
pub(crate) async fn update_stuck(
    session: &Session<'_>,
    source: &Source,
    stack: Observed,
    recovery: Recovery,
) -> Result<Result<Prepared, String>> {
    let (name, word) = (&source.stack, &stack.status_name);
    session.note(format!("planning the update of {name}, which is in {word}"));
    let why = match change_set::create(session, source, false).await? {
        Planned::Ready(change_set) => {
            let ready = ChangeSet {
                keeps_on_failure: true,
                ..change_set
            };
            return Ok(Ok(Prepared::Planned(Planned::Ready(ready))));
        }
        // The template is the one that failed.
        Planned::NoChange => String::new(),
        Planned::Overtaken(why) => why,
    };
    let now = observe(session, &stack.id).await?;
    if now.is_none_or(|now| now.status != stack.status) {
        return Ok(Err(why));
    }
    let stuck = plan_recovery(session, source, stack, recovery).await?;
    stuck.refuse(session).await?;
    Ok(Ok(Prepared::Stuck(stuck)))
}

/// Determines what a recovery does. A deletion lists each resource of the stack. A rollback undoes only what
/// the failed update did, and CloudFormation doesn't list that.
pub(crate) async fn plan_recovery(
    session: &Session<'_>,
    source: &Source,
    stack: Observed,
    recovery: Recovery,
) -> Result<Stuck> {
    let mut plan = Plan {
        stack: source.stack.clone(),
        recovery: Some(Recovering {
            step: recovery,
            status: stack.status_name.clone(),
            done: false,
        }),
        ..Plan::default()
    };
    let (doomed, released) = match recovery {
        Recovery::Delete => list_doomed(session, &stack).await?,
        Recovery::RollBack | Recovery::ContinueRollback => (Vec::new(), Vec::new()),
    };
    if recovery == Recovery::Delete {
        plan.creates_stack = true;
        plan.release_all(&released);
        plan.remove_all(&doomed);
        change_set::mark_expendable(session, &stack.id, &mut plan).await;
        plan.add_all(&source.resources);
    }
    let taken = taken::find(source, &released);
    plan.mark_taken(&taken);
    Ok(Stuck {
        stack,
        doomed,
        released,
        taken,
        recovery,
        plan,
    })
}

impl Stuck {
    /// Refuses a deletion that would lose data, fail halfway, or be in vain, regardless of the flags.
    async fn refuse(&self, session: &Session<'_>) -> Result<()> {
        taken::refuse(&self.stack, &self.taken)?;
        self.refuse_messages(session).await?;
        if self.recovery == Recovery::Delete {
            deletion_protection::check(session, &self.stack, &self.doomed).await?;
            released::check(session, &self.stack, (&self.doomed, &self.released)).await?;
        }
        Ok(())
    }

    /// Refuses to delete a queue that holds messages, regardless of the flags.
    async fn refuse_messages(&self, session: &Session<'_>) -> Result<()> {
        let messages = messages::count_messages(session, &self.doomed, false).await?;
        match messages::refuse_loss(&messages) {
            None => Ok(()),
            Some(refusal) => Err(refusal
                .hint(format!(
                    "the stack is in {}, and CloudFormation can only delete its remaining resources",
                    self.stack.status_name
                ))
                .hint(
                    "process or move the messages, or discard them with `destroy --force`; \
                     then deploy again",
                )),
        }
    }

    /// Recovers the stack as planned. Returns `false` without doing anything if the stack has changed since the
    /// plan.
    ///
    /// # Errors
    /// If a queue holds messages in the meantime, if CloudFormation can't recover the stack, or if AWS can't be
    /// reached.
    pub(crate) async fn recover(
        &self,
        session: &Session<'_>,
        attempts: &mut Attempts,
    ) -> Result<bool> {
        let name = &self.plan.stack;
        let Some(now) = observe(session, &self.stack.id).await? else {
            return Ok(self.recovery == Recovery::Delete);
        };
        if now.status != self.stack.status {
            return Ok(false);
        }
        let word = &self.stack.status_name;
        if self.recovery != Recovery::Delete {
            session.begin(DeployStep::Execute);
            session.note(format!("{name} is in {word}: finishing its rollback first"));
            return finish_rollback(session, name, &self.stack, attempts).await;
        }
        let (doomed, released) = list_doomed(session, &now).await?;
        if doomed != self.doomed || released != self.released {
            return Ok(false);
        }
        self.refuse(session).await?;
        session.note(format!(
            "{name} is in {word}, which blocks a deploy: deleting the remaining resources"
        ));
        session.begin(DeployStep::Execute);
        resume_all(session, &self.stack.tags).await?;
        delete(session, name, &self.stack, &self.doomed, &[]).await?;
        Ok(true)
    }
}

/// Rolls a failed update back, so that the next one can start. Returns `false` if another change came first.
async fn finish_rollback(
    session: &Session<'_>,
    name: &str,
    stack: &Observed,
    attempts: &mut Attempts,
) -> Result<bool> {
    let follower = Follower::before(session, &stack.id).await?;
    if let Some(why) = start_rollback(session, stack).await? {
        attempts.again(session, name, &why).await?;
        return Ok(false);
    }
    let ended = follower.until_settled().await?;
    match ended.stack {
        Some(left)
            if matches!(
                next_step(left.status),
                NextStep::Recover(_) | NextStep::UpdateOr(_)
            ) =>
        {
            Err(failure(name, &left, &ended.causes).hint(
                "fix the named resource manually, or skip it with `aws cloudformation \
                 continue-update-rollback --resources-to-skip`, then deploy again",
            ))
        }
        _ => Ok(true),
    }
}

/// Returns AWS's text if another change came first.
async fn start_rollback(session: &Session<'_>, stack: &Observed) -> Result<Option<String>> {
    let client = &session.clients.cloudformation;
    let token = session.token();
    let (why, error) = if stack.status == Status::HalfUpdated {
        let request = client.rollback_stack().stack_name(&stack.id);
        let request = request.set_role_arn(session.role_arn.clone());
        match request.client_request_token(token).send().await {
            Ok(_) => return Ok(None),
            Err(error) => (text(&error).to_owned(), aws("roll the stack back")(error)),
        }
    } else {
        let request = client.continue_update_rollback().stack_name(&stack.id);
        let request = request.set_role_arn(session.role_arn.clone());
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
