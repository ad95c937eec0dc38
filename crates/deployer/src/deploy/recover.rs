//! From whatever state the stack is in to one that can be planned for.

use crate::attempts::Attempts;
use crate::change_set::{self, ChangeSet, Planned, Source, is_overtaken};
use crate::delete::delete;
use crate::deletion_protection;
use crate::drift::find_drift;
use crate::error::{Result, aws, text};
use crate::finding::Drift;
use crate::follow::{Follower, follow};
use crate::messages;
use crate::observe::{Observed, observe, resources};
use crate::ownership::require_ours;
use crate::plan::{Plan, Recovering};
use crate::resource::Resource;
use crate::session::{DeployStep, Session};
use crate::status::{NextStep, Operation, Recovery, Status, next_step};
use crate::suspension::resume_all;

use super::failure::failure;

/// The next thing to decide about.
pub(crate) enum Prepared {
    /// A change set, or the reason why there is none.
    Planned(Planned),
    /// The same for a stack in which something was changed by hand.
    Drifted(Planned, Drifted),
    /// A stuck stack, which has to be recovered before CloudFormation takes a change set.
    Stuck(Stuck),
}

/// A stuck stack, and the plan of its recovery.
pub(crate) struct Stuck {
    stack: Observed,
    resources: Vec<Resource>,
    recovery: Recovery,
    pub plan: Plan,
}

/// Steps until there is a plan. Follows an operation in progress, and changes nothing. `followed` becomes true
/// when a create or an update was followed to its end.
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
            // Every other step comes from a stack that is there.
            (NextStep::Create, _) | (_, None) => {
                session.note(format!("planning the new stack {name}"));
                let planned = change_set::create(session, source, true).await?;
                return Ok(Prepared::Planned(planned));
            }
        }
    }
}

/// A stack in which something was changed by hand.
pub(crate) struct Drifted {
    pub stack: Observed,
    pub drift: Drift,
}

/// Plans an update, which also repairs what was changed by hand if the cloud's change sets can.
async fn plan_update(session: &Session<'_>, source: &Source, stack: Observed) -> Result<Prepared> {
    session.note(format!("planning the update of {}", source.stack));
    let drift = find_drift(session, &stack).await?;
    if drift.is_empty() {
        let planned = change_set::create(session, source, false).await?;
        return Ok(Prepared::Planned(planned));
    }
    let planned = change_set::create_reverting_drift(session, source).await?;
    Ok(Prepared::Drifted(planned, Drifted { stack, drift }))
}

/// Plans an update of a stack whose last operation failed and was left as it was. If CloudFormation takes none, the
/// stack is recovered first. The inner error says that the stack isn't in that state any more.
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
        // The template is the one that failed half-way.
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

/// Works out what a recovery does. A deletion names each resource of the stack; a rollback only undoes what the
/// failed update did, and CloudFormation doesn't list that.
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
    let resources = match recovery {
        Recovery::Delete => resources(session, &stack).await?,
        Recovery::RollBack | Recovery::ContinueRollback => Vec::new(),
    };
    if recovery == Recovery::Delete {
        plan.creates_stack = true;
        plan.remove_all(&resources);
        change_set::mark_expendable(session, &stack.id, &mut plan).await;
        plan.add_all(&source.resources);
    }
    Ok(Stuck {
        stack,
        resources,
        recovery,
        plan,
    })
}

impl Stuck {
    /// Refuses what a deletion would lose, and one that would fail half-way, whatever the flags.
    async fn refuse(&self, session: &Session<'_>) -> Result<()> {
        self.refuse_messages(session).await?;
        if self.recovery == Recovery::Delete {
            deletion_protection::check(session, &self.stack, &self.resources).await?;
        }
        Ok(())
    }

    /// Refuses to delete a queue with messages in it, whatever the flags.
    async fn refuse_messages(&self, session: &Session<'_>) -> Result<()> {
        let messages = messages::count_messages(session, &self.resources, false).await?;
        match messages::refuse_loss(&messages) {
            None => Ok(()),
            Some(refusal) => Err(refusal
                .hint(format!(
                    "the stack is in {}, and CloudFormation can only delete what is left of it",
                    self.stack.status_name
                ))
                .hint(
                    "let the workers finish or move the messages, or give them up with `destroy --force`; \
                     then deploy again",
                )),
        }
    }

    /// Recovers the stack as planned. False if the stack isn't as it was planned for any more: nothing is done then.
    ///
    /// # Errors
    /// If a queue holds messages by now, if CloudFormation can't recover the stack, or if AWS can't be reached.
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
        if resources(session, &now).await? != self.resources {
            return Ok(false);
        }
        self.refuse(session).await?;
        session.note(format!(
            "{name} is in {word}, which blocks a deploy: deleting what is left"
        ));
        session.begin(DeployStep::Execute);
        resume_all(session, &self.stack.tags).await?;
        delete(session, name, &self.stack, &self.resources, &[]).await?;
        Ok(true)
    }
}

/// Takes a failed update back, so that the next one can begin. False if somebody else was faster.
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
                "mend the named resource by hand, or skip it with `aws cloudformation \
                 continue-update-rollback --resources-to-skip`, then deploy again",
            ))
        }
        _ => Ok(true),
    }
}

/// `Some`: somebody else was faster, as this text of AWS's says.
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
