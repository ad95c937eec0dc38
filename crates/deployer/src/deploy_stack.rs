//! The deploy use case: from a stack definition to a stack that is verified and measured once.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use serde::Serialize;
use stack::Stack;
use template::Template;

use crate::assets::{Bucket, refresh_deployed};
use crate::change_set::Source;
use crate::deploy::{Deployed, deploy_template, protect};
use crate::deploys::{GoodDeploy, keep_record};
use crate::error::{Error, Kind, Result};
use crate::fixed_counts::set_fixed_counts;
use crate::flips::note_other_build;
use crate::ignored::note_ignored;
use crate::measure::measure_once;
use crate::observe::{deployed_resources, observe};
use crate::ownership::admit;
use crate::pause::hold_pauses;
use crate::plan::Plan;
use crate::preflight::{Identity, check, identify_for};
use crate::prepare::{BuildFunctions, Origin, prepare_stack};
use crate::region::require_partition;
use crate::released::{restore_released, restore_rolled_back};
use crate::reviewed::{Inputs, Reviewed};
use crate::schedules::{hold_bounds, hold_bounds_again};
use crate::session::{DeployStep, Progress, Session};
use crate::suspension::{carry_out, plan_suspensions};
use crate::verify::verify;

/// A deploy: its stack, and the changes that its plan is allowed to make.
#[derive(Clone, Debug)]
pub struct DeployRequest {
    /// The stack definition.
    pub stack: Stack,
    /// Whether the target is the sandbox. Its account isn't real, so it isn't compared with the definition's.
    pub in_sandbox: bool,
    /// Whether a plan that deletes or replaces a queue or a service can be executed.
    pub allow_loss: bool,
    /// Whether a stack that a newer version deployed can be updated.
    pub allow_downgrade: bool,
    /// The reviewed plan. No other plan is executed.
    pub reviewed: Option<Arc<Reviewed>>,
    /// The current time.
    pub now: SystemTime,
}

/// The result of a deploy.
#[derive(Clone, Debug, Serialize)]
pub struct Deployment {
    /// The stack's name.
    pub stack: String,
    /// Account and region of the deployed stack.
    #[serde(flatten)]
    pub identity: Identity,
    /// The result of the deploy.
    #[serde(flatten)]
    pub deployed: Deployed,
}

/// Deploys a stack definition. `build` builds the functions, and `confirm` decides whether to execute a plan.
/// The session's `progress` receives each [`DeployStep`] when it starts, and the plan before `confirm` does.
///
/// # Errors
/// If the account or region isn't the definition's, if the stack isn't ours, if something that the stack needs is missing, if `build`
/// fails, if the plan loses something or isn't confirmed, if CloudFormation fails, if the deployed stack
/// doesn't work, or if AWS can't be reached.
pub async fn deploy_stack<E: From<Error>>(
    session: &Session<'_>,
    request: &DeployRequest,
    build: &BuildFunctions<'_, E>,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<Deployment, E> {
    deploy(session, request, &Origin::Definition(build), confirm).await
}

/// Deploys a definition, or an earlier deploy of one.
pub(crate) async fn deploy<E: From<Error>>(
    session: &Session<'_>,
    request: &DeployRequest,
    origin: &Origin<'_, E>,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<Deployment, E> {
    let stack = &request.stack;
    let begun = Instant::now();
    session.begin(DeployStep::Identify);
    require_partition(stack, session.clients.region())?;
    let account = stack.account.as_deref().filter(|_| !request.in_sandbox);
    let identity = identify_for(session, account, stack.region.as_deref()).await?;
    if let Some(reviewed) = &request.reviewed {
        reviewed.require_target(&stack.name, &identity)?;
    }
    session.begin(DeployStep::Check);
    let admitted = admit(session, &stack.name, request.allow_downgrade).await?;
    check(session, stack).await?;
    if request.in_sandbox {
        note_ignored(session, stack);
    }
    let tags = admitted.as_ref().map(|(deployed, _)| deployed.tags.clone());
    let stack = &plan_suspensions(session, stack, &tags.unwrap_or_default()).await?;
    session.begin(DeployStep::Prepare);
    let before = admitted.as_ref();
    let before = before.and_then(|(_, template)| template.as_deref());
    let prepared = prepare_stack(session, stack, before, &identity, request.now, origin).await?;
    if let (Some((deployed, template)), Origin::Definition(_)) = (&admitted, origin) {
        note_other_build(session, deployed, template.as_deref(), &prepared.source);
    }
    let source = require_reviewed(session, request, prepared.source, &prepared.template).await?;
    if let Some((deployed, _)) = &admitted {
        refresh_deployed(session, deployed, &identity.account, request.now).await;
    }
    let mut approved = false;
    let mut approve = |plan: &Plan| {
        (session.progress)(Progress::Planned { plan: plan.clone() });
        approve_once(plan, request, &mut approved, confirm)
    };
    let now = || {
        let now = request.now.duration_since(SystemTime::UNIX_EPOCH);
        now.unwrap_or_default().saturating_add(begun.elapsed())
    };
    let deployed = deploy_template(session, &source, &mut approve).await;
    if let Err(error) = &deployed
        && error.kind() == Kind::DeploymentFailed
    {
        hold_bounds_again(session, &stack.name, before, now()).await;
        restore_rolled_back(session, &stack.name, before).await;
    }
    let deployed = deployed?;
    session.begin(DeployStep::Protect);
    let counts = prepared.template.list_fixed_counts();
    let resources = deployed_resources(session, &stack.name).await?;
    set_fixed_counts(session, &resources, counts, &deployed.plan).await?;
    let template = prepared.template.to_json();
    hold_bounds(session, &resources, (template, before), now()).await?;
    let observed = observe(session, &stack.name).await?;
    let observed = observed.ok_or_else(|| identity.no_such_stack(&stack.name))?;
    protect(session, &observed, stack.termination_protection).await?;
    carry_out(session, stack, &observed.tags).await?;
    restore_released(session, before, &deployed.plan).await?;
    hold_pauses(session, &stack.name, now()).await?;
    session.begin(DeployStep::Verify);
    verify(session, &resources).await?;
    // Also without a change, because an earlier deploy might have been interrupted before this step.
    session.begin(DeployStep::Measure);
    measure_once(session, &resources).await?;
    let good = GoodDeploy {
        identity: &identity,
        stack: &observed,
        resources: &resources,
        template: deployed.changed.then(|| prepared.template.body()),
        changed: !deployed.plan.changes.is_empty(),
        rolled_back_to: origin.rolled_back_to(),
        at: now(),
    };
    let bucket = Bucket::of(stack, &identity.account, &identity.region);
    keep_record(session, &bucket, &good).await;
    Ok(Deployment {
        stack: stack.name.clone(),
        identity,
        deployed,
    })
}

/// With a reviewed plan, refuses to deploy any other plan, or to deploy onto a stack that has changed.
async fn require_reviewed(
    session: &Session<'_>,
    request: &DeployRequest,
    mut source: Source,
    template: &Template,
) -> Result<Source> {
    if let Some(reviewed) = &request.reviewed {
        reviewed.require_state(session).await?;
        let inputs = Inputs::of(&source, template.body());
        reviewed.require_inputs(session, &request.stack, &inputs)?;
        source.reviewed = Some(Arc::clone(reviewed));
    }
    Ok(source)
}

/// The review of a plan is also its approval, but only once. After a concurrent change or a completed rollback, the
/// next plan is a different one.
fn approve_once(
    plan: &Plan,
    request: &DeployRequest,
    approved: &mut bool,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<()> {
    let Some(reviewed) = &request.reviewed else {
        return approve(plan, request.allow_loss, confirm);
    };
    if std::mem::replace(approved, true) {
        return Err(Error::refused(
            "the reviewed plan was started, but now another plan is needed that wasn't reviewed",
        )
        .hint("review it again: `diff --out FILE`, then `deploy --plan FILE`"));
    }
    reviewed.require_plan(plan)?;
    let allow_loss = request.allow_loss || reviewed.allow_loss;
    approve(plan, allow_loss, confirm)
}

/// Refuses a loss that isn't allowed, or a plan that isn't confirmed.
fn approve(
    plan: &Plan,
    allow_loss: bool,
    confirm: &mut (dyn FnMut(&Plan) -> bool + Send),
) -> Result<()> {
    if let Some(loss) = plan.losses().next().filter(|_| !allow_loss) {
        let does = loss.consequence.map(|found| found.text).unwrap_or_default();
        let mut error = Error::refused(format!(
            "the plan would {} {} ({}), which {does}",
            loss.action, loss.logical_id, loss.resource_type
        ));
        for other in plan.losses().skip(1) {
            error = error.hint(format!(
                "it would also {} {} ({})",
                other.action, other.logical_id, other.resource_type
            ));
        }
        return Err(error.hint("to execute it anyway: --allow-loss"));
    }
    if confirm(plan) {
        return Ok(());
    }
    let changed = plan.recovery.as_ref().is_some_and(|before| before.done);
    Err(Error::refused(if changed {
        "the plan was not confirmed"
    } else {
        "canceled: the plan wasn't confirmed; nothing changed"
    }))
}
