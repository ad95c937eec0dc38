//! Deploys a template: from any state of the stack to the one that the template describes.

mod failure;
mod protect;
mod recover;
mod taken;
mod unchanged;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::attempts::Attempts;
use crate::change_set::{self, ChangeSet, Execution, Planned, Source};
use crate::deletion_protection;
use crate::drift::repair;
use crate::error::{Error, Kind, Result};
use crate::follow::{Ended, Follower};
use crate::ownership::observe_ours;
use crate::plan::{Plan, Recovering};
use crate::released;
use crate::session::{DeployStep, Session};
use crate::status::{NextStep, Recovery, Status, next_step};

use recover::{Drifted, Prepared, plan_recovery, update_stuck};

use unchanged::repair_unchanged;

pub(crate) use failure::{failure, refuse_unknown_recovery};
pub(crate) use protect::protect;
pub(crate) use taken::is_importable;

/// The result of a deploy.
#[derive(Clone, Debug, Serialize)]
pub struct Deployed {
    /// Stack ID (ARN).
    pub stack_id: String,
    /// Whether anything was changed.
    pub changed: bool,
    /// Whether this run followed a create or an update that another run had started, such as one that was
    /// interrupted. In that case the deployed stack might be new, although this run itself changed nothing.
    pub followed: bool,
    /// The changes.
    pub plan: Plan,
    /// Outputs by key.
    pub outputs: BTreeMap<String, String>,
}

/// Decides whether to execute a plan. An error refuses it.
pub type Approve<'a> = dyn FnMut(&Plan) -> Result<()> + Send + 'a;

/// Changes the stack to match `source`. Follows an operation that is already in progress, recovers a stuck stack
/// after `approve` accepts the deletions, and plans again if the stack changed in the meantime. Succeeds if
/// nothing changes.
///
/// # Errors
/// If `approve` refuses, if a recovery would delete messages, if CloudFormation fails (it has rolled back then,
/// and the first cause comes first), or if AWS can't be reached.
pub async fn deploy_template(
    session: &Session<'_>,
    source: &Source,
    approve: &mut Approve<'_>,
) -> Result<Deployed> {
    let mut recovered = None;
    let deployed = bring_to(session, source, approve, &mut recovered).await;
    let Some(recovered) = recovered else {
        return deployed;
    };
    let deployed = deployed.map_err(|error| match recovered.recovery {
        Some(Recovering {
            step: Recovery::Delete,
            ..
        }) => error.hint("the remaining resources of the stack were deleted first, as planned"),
        _ => error.hint("the rollback of the failed update was finished first, as planned"),
    })?;
    let changes = recovered.removals().cloned().chain(deployed.plan.changes);
    let plan = Plan {
        recovery: recovered.recovering(),
        changes: changes.collect(),
        ..deployed.plan
    };
    Ok(Deployed { plan, ..deployed })
}

/// Sets `recovered` to the plan of a recovery once it is done.
async fn bring_to(
    session: &Session<'_>,
    source: &Source,
    approve: &mut Approve<'_>,
    recovered: &mut Option<Plan>,
) -> Result<Deployed> {
    let mut attempts = Attempts::new(session);
    let mut followed = false;
    loop {
        session.begin(DeployStep::Plan);
        let prepared = recover::prepare(session, source, &mut attempts, &mut followed).await?;
        let (planned, drifted) = match prepared {
            Prepared::Planned(planned) => (planned, None),
            Prepared::Drifted(planned, drifted) => (planned, Some(drifted)),
            Prepared::Stuck(stuck) => {
                approve(&stuck.plan)?;
                if stuck.recover(session, &mut attempts).await? {
                    *recovered = Some(stuck.plan);
                } else {
                    let why = "the stack is in another state";
                    overtaken(session, &mut attempts, &source.stack, why).await?;
                }
                continue;
            }
        };
        let why = match planned {
            Planned::Ready(mut change_set) => {
                let plan = &mut change_set.plan;
                plan.recovery = recovered.as_ref().and_then(Plan::recovering);
                if let Some(drifted) = &drifted {
                    plan.revert(&drifted.drift.findings);
                }
                let known = recovered
                    .as_ref()
                    .is_some_and(|done| plan.is_included_in(done));
                let mut approved = |_: &Plan| Ok(());
                let approve: &mut Approve<'_> = if known { &mut approved } else { &mut *approve };
                let drifted = drifted.as_ref();
                match carry_out(session, change_set, (drifted, source), approve).await? {
                    Ok(deployed) => {
                        return Ok(Deployed {
                            followed,
                            ..deployed
                        });
                    }
                    Err(overtaken) => overtaken,
                }
            }
            Planned::NoChange => match repair_unchanged(session, source, drifted, approve).await? {
                Some(deployed) => {
                    return Ok(Deployed {
                        followed,
                        ..deployed
                    });
                }
                None => "the stack was deleted while it was planned for".to_owned(),
            },
            Planned::Overtaken(why) => why,
        };
        overtaken(session, &mut attempts, &source.stack, &why).await?;
    }
}

async fn overtaken(
    session: &Session<'_>,
    attempts: &mut Attempts,
    stack: &str,
    why: &str,
) -> Result<()> {
    session.note(format!(
        "the stack changed in the meantime ({why}): planning again"
    ));
    attempts.again(session, stack, why).await
}

/// Requests approval of the plan, executes it, and follows it. The inner error is AWS's text that another
/// change came first.
pub(crate) async fn carry_out(
    session: &Session<'_>,
    change_set: ChangeSet,
    (drifted, source): (Option<&Drifted>, &Source),
    approve: &mut Approve<'_>,
) -> Result<Result<Deployed, String>> {
    // Without a drift-aware change set, repair first, because CloudFormation can't update a part that is
    // missing.
    let first = drifted.filter(|_| !change_set.reverts_drift);
    let plan = &change_set.plan;
    let possible = deletion_protection::check_plan(session, &change_set.stack_id, plan).await;
    let possible = possible.and_then(|()| released::check_plan(plan));
    let approved = possible.and_then(|()| approve(plan));
    // The change set exists already, so CloudFormation won't execute it if the stack changes after this.
    let approved = match (approved, &source.reviewed) {
        (Ok(()), Some(reviewed)) => reviewed.require_state(session).await,
        (approved, _) => approved,
    };
    let approved = match (approved, first) {
        (Ok(()), Some(drifted)) => repair(session, &drifted.stack).await,
        (approved, _) => approved,
    };
    let started = match approved {
        Ok(()) => start(session, &change_set).await,
        Err(refusal) => Ok(Err(Unstarted::Refused(refusal))),
    };
    match started? {
        Ok(follower) => {
            let ChangeSet { plan, hold, .. } = change_set;
            // From here on, it isn't a draft anymore.
            drop(hold);
            let mut ended = follower.until_settled().await?;
            let stack = ended.stack.take();
            let done = Status::Ready { rolled_back: false };
            if let (Some(_), Some(stack)) =
                (drifted, stack.as_ref().filter(|stack| stack.status == done))
            {
                // Not every type supports drift detection. Direct calls repair the rest.
                repair(session, stack).await?;
            }
            source.explanation.locate_causes(&mut ended.causes);
            finish(plan, Ended { stack, ..ended }).map(Ok)
        }
        Err(Unstarted::Overtaken(why)) => {
            change_set::discard(session, &change_set.id).await;
            Ok(Err(why))
        }
        Err(Unstarted::Refused(error)) => {
            change_set::abandon(session, &change_set).await;
            Err(error)
        }
    }
}

/// Why a change set is definitely not being executed.
enum Unstarted {
    Overtaken(String),
    Refused(Error),
}

async fn start<'s, 'c>(
    session: &'s Session<'c>,
    change_set: &ChangeSet,
) -> Result<Result<Follower<'s, 'c>, Unstarted>> {
    let follower = match Follower::before(session, &change_set.stack_id).await {
        Ok(follower) => follower,
        Err(error) => return Ok(Err(Unstarted::Refused(error))),
    };
    if let Err(interrupted) = session.require_uninterrupted() {
        return Ok(Err(Unstarted::Refused(interrupted)));
    }
    session.begin(DeployStep::Execute);
    Ok(match change_set::execute(session, change_set).await? {
        Execution::Started => Ok(follower),
        Execution::Overtaken(why) => Err(Unstarted::Overtaken(why)),
        Execution::Refused(error) => Err(Unstarted::Refused(error)),
    })
}

/// Returns only the plan: what a deploy would do to the stack in its current state. For a stuck stack, that is its
/// recovery. Leaves nothing behind. `None` if nothing changes.
///
/// # Errors
/// If the stack is busy, if CloudFormation refuses the template, or if AWS can't be reached.
pub async fn plan(session: &Session<'_>, source: &Source) -> Result<Option<Plan>> {
    let mut attempts = Attempts::new(session);
    loop {
        let stack = observe_ours(session, &source.stack).await?;
        let status = stack.as_ref().map_or(Status::Absent, |stack| stack.status);
        let creates = match (next_step(status), stack) {
            (NextStep::Create, _) => true,
            (NextStep::Update, _) => false,
            (NextStep::Recover(recovery), Some(stack)) => {
                let stuck = plan_recovery(session, source, stack, recovery).await?;
                return Ok(Some(stuck.plan));
            }
            (NextStep::UpdateOr(recovery), Some(stack)) => {
                match update_stuck(session, source, stack, recovery).await? {
                    Ok(Prepared::Stuck(stuck)) => return Ok(Some(stuck.plan)),
                    Ok(Prepared::Planned(Planned::Ready(change_set))) => {
                        change_set::abandon(session, &change_set).await;
                        return Ok(Some(change_set.plan));
                    }
                    Ok(Prepared::Planned(_) | Prepared::Drifted(..)) => continue,
                    Err(why) => {
                        overtaken(session, &mut attempts, &source.stack, &why).await?;
                        continue;
                    }
                }
            }
            (NextStep::Refuse, Some(stack)) => return refuse_unknown_recovery(&stack),
            (_, stack) => {
                let word = stack.map(|stack| stack.status_name).unwrap_or_default();
                return Err(Error::failed(format!(
                    "the stack {} is in {word}: nothing can be planned for it now",
                    source.stack
                ))
                .hint("`deploy` follows it; `status` shows it"));
            }
        };
        match change_set::create(session, source, creates).await? {
            Planned::NoChange => return Ok(None),
            Planned::Ready(change_set) => {
                change_set::abandon(session, &change_set).await;
                return Ok(Some(change_set.plan));
            }
            Planned::Overtaken(why) => {
                overtaken(session, &mut attempts, &source.stack, &why).await?;
            }
        }
    }
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
        followed: false,
        plan,
        outputs: stack.outputs,
    })
}
