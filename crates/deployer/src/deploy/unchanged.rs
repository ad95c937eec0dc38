//! A deploy whose template is already deployed.

use super::recover::Drifted;
use super::{Approve, Deployed};
use crate::change_set::Source;
use crate::drift::repair;
use crate::error::Result;
use crate::observe::observe;
use crate::plan::Plan;
use crate::session::Session;

/// Handles a deploy without a change of the template: reverts manual changes, if that is approved. `None` if the
/// stack is gone.
pub(super) async fn repair_unchanged(
    session: &Session<'_>,
    source: &Source,
    drifted: Option<Drifted>,
    approve: &mut Approve<'_>,
) -> Result<Option<Deployed>> {
    let Some(Drifted { stack, drift }) = drifted else {
        return unchanged(session, &source.stack).await;
    };
    let plan = Plan {
        stack: source.stack.clone(),
        drift: drift.findings,
        ..Plan::default()
    };
    approve(&plan)?;
    repair(session, &stack).await?;
    let deployed = unchanged(session, &source.stack).await?;
    Ok(deployed.map(|deployed| Deployed {
        changed: true,
        plan,
        ..deployed
    }))
}

/// Returns `None` if the stack is gone.
async fn unchanged(session: &Session<'_>, name: &str) -> Result<Option<Deployed>> {
    let stack = observe(session, name).await?;
    Ok(stack.map(|stack| Deployed {
        stack_id: stack.id,
        changed: false,
        followed: false,
        plan: Plan {
            stack: name.to_owned(),
            ..Plan::default()
        },
        outputs: stack.outputs,
    }))
}
