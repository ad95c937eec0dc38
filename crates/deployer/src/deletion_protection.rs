//! Load balancers with deletion protection. Without this check, CloudFormation would fail halfway.

use serde_json::{Map, Value};
use template::contract::types;

use crate::action::Action;
use crate::drift::{Live, get_resource};
use crate::error::{Error, Result, unless_denied};
use crate::observe::{Observed, template_json};
use crate::plan::{Change, Plan};
use crate::resource::Resource;
use crate::session::Session;
use crate::status::Status;

/// Refuses to delete a stack with a protected load balancer among these resources.
pub(crate) async fn check(
    session: &Session<'_>,
    stack: &Observed,
    resources: &[Resource],
) -> Result<()> {
    let found = find_protected(session, &stack.id, resources).await?;
    let Some(balancer) = found else {
        return Ok(());
    };
    let refusal = refuse(&stack.name, balancer);
    let refusal = match stack.status {
        // A stuck stack can't be updated.
        Status::Ready { .. } => refusal.hint(
            "set `load_balancer.deletion_protection: false` in the definition and deploy, then destroy",
        ),
        _ => refusal,
    };
    Err(refusal.hint(turn_off(balancer)))
}

/// Refuses a plan that deletes or replaces a protected load balancer. CloudFormation would keep the old one outside the
/// stack, and it would still cost money.
pub(crate) async fn check_plan(session: &Session<'_>, stack_id: &str, plan: &Plan) -> Result<()> {
    let ended = plan.changes.iter().filter(|change| {
        matches!(change.action, Action::Remove | Action::Replace) && !change.expendable
    });
    let ended: Vec<Resource> = ended.map(Change::resource).collect();
    let found = find_protected(session, stack_id, &ended).await?;
    let Some(balancer) = found else {
        return Ok(());
    };
    Err(refuse(&plan.stack, balancer).hint(
        "first deploy with nothing changed but `load_balancer.deletion_protection: false`, then this change",
    )
    .hint(turn_off(balancer)))
}

/// Returns the first load balancer that can't be deleted.
async fn find_protected<'r>(
    session: &Session<'_>,
    stack_id: &str,
    resources: &'r [Resource],
) -> Result<Option<&'r Resource>> {
    let mut balancers = resources
        .iter()
        .filter(|one| one.resource_type == types::LOAD_BALANCER && !one.physical_id.is_empty());
    let Some(first) = balancers.next() else {
        return Ok(None);
    };
    let deployed = unless_denied(template_json(session, stack_id).await)?.unwrap_or_default();
    for one in std::iter::once(first).chain(balancers) {
        let live = get_resource(session, &one.resource_type, &one.physical_id).await?;
        let intended = deployed.pointer(&format!("/Resources/{}/Properties", one.logical_id));
        let is_protected = match live {
            Live::Missing => false,
            Live::Found(live) => is_protected(&live),
            // Cloud Control isn't available, or the credentials don't allow it.
            Live::Unchecked(_) => intended
                .and_then(Value::as_object)
                .is_some_and(is_protected),
        };
        if is_protected {
            return Ok(Some(one));
        }
    }
    Ok(None)
}

/// Source: Elastic Load Balancing API, `LoadBalancerAttribute`.
fn is_protected(balancer: &Map<String, Value>) -> bool {
    let attributes = balancer.get("LoadBalancerAttributes");
    let mut attributes = attributes.and_then(Value::as_array).into_iter().flatten();
    attributes.any(|one| {
        one.get("Key").and_then(Value::as_str) == Some("deletion_protection.enabled")
            && one.get("Value").and_then(Value::as_str) == Some("true")
    })
}

fn refuse(stack: &str, balancer: &Resource) -> Error {
    Error::refused(format!(
        "the load balancer {} of {stack} is protected against deletion",
        balancer.logical_id
    ))
}

fn turn_off(balancer: &Resource) -> String {
    format!(
        "without a deploy: aws elbv2 modify-load-balancer-attributes --load-balancer-arn {} \
         --attributes Key=deletion_protection.enabled,Value=false",
        balancer.physical_id
    )
}
