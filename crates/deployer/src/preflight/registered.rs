//! Existing services that are already scaled. A second policy of Application Auto Scaling would overwrite the
//! registration of the first one's owner, and delete it in the end. A function sets the count itself, so the other
//! scaling can be suspended instead.

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::ScalableTarget;
use stack::Stack;
use template::contract::types;

use crate::error::{Error, Result, aws, is_denied};
use crate::named::read_scalable_targets;
use crate::observe::{observe, resources};
use crate::session::Session;
use crate::targets::{name_scalable_target, physical_ids};

/// Refuses to register an existing service that is already a scalable target, unless the target is this stack's
/// own.
pub(super) async fn check(session: &Session<'_>, stack: &Stack) -> Result<()> {
    let wanted = list_wanted(stack);
    let ids: Vec<String> = wanted.keys().cloned().collect();
    let found = read_registered(session, &ids).await?;
    if found.is_empty() {
        return Ok(());
    }
    let own = list_own(session, &stack.name).await?;
    let foreign = |target: &&ScalableTarget| !own.iter().any(|id| id == target.resource_id());
    match found.iter().find(foreign) {
        None => Ok(()),
        Some(target) => Err(refuse_takeover(stack, &wanted, target)),
    }
}

/// Returns the resource ID (`service/CLUSTER/SERVICE`) and short name of each service that the stack registers, and that
/// can have been registered before.
fn list_wanted(stack: &Stack) -> BTreeMap<String, &str> {
    let scaled = stack
        .services
        .iter()
        .filter(|(_, s)| s.has_scalable_target());
    scaled
        .filter_map(|(short, scaled)| Some((name_scalable_target(stack, scaled)?, short.as_str())))
        .collect()
}

async fn read_registered(session: &Session<'_>, ids: &[String]) -> Result<Vec<ScalableTarget>> {
    let doing = "look for scalable targets of the existing services";
    match read_scalable_targets(session, ids).await {
        // Without the permission to read, a deploy is still possible. In the worst case, two policies conflict.
        Err(error) if is_denied(&error) => {
            session.note(format!("skipped: {}", aws(doing)(error)));
            Ok(Vec::new())
        }
        read => read.map_err(aws(doing)),
    }
}

/// Returns the resource IDs of the scalable targets that the deployed stack created.
pub(crate) async fn list_own(session: &Session<'_>, name: &str) -> Result<Vec<String>> {
    let Some(stack) = observe(session, name).await? else {
        return Ok(Vec::new());
    };
    let resources = resources(session, &stack).await?;
    // `RESOURCE-ID|DIMENSION|NAMESPACE`.
    let targets = physical_ids(&resources, types::SCALABLE_TARGET);
    Ok(targets
        .filter_map(|id| id.split('|').next().map(str::to_owned))
        .collect())
}

fn refuse_takeover(
    stack: &Stack,
    wanted: &BTreeMap<String, &str>,
    target: &ScalableTarget,
) -> Error {
    let id = target.resource_id();
    let short = wanted.get(id).copied().unwrap_or(id);
    Error::refused(format!(
        "service {short} ({id}) is already a scalable target (min {}, max {}) that the stack {} didn't create: another stack or a user scales it",
        target.min_capacity(),
        target.max_capacity(),
        stack.name
    ))
    .hint("two stacks that scale one service undo each other's changes: remove the service from one of the two definitions")
    .hint("`scaling: {demand: {…}}` can take over: it suspends the other scaling, and resumes it when this stack no longer scales the service")
    .hint(format!(
        "if the old scaling is no longer needed: `aws application-autoscaling \
         deregister-scalable-target --service-namespace ecs --scalable-dimension \
         ecs:service:DesiredCount --resource-id {id}`"
    ))
}
