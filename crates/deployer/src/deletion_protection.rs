//! Load balancers that can't be deleted until their own protection is off. CloudFormation would find out half-way.

use serde_json::{Map, Value};
use template::contract::types;

use crate::drift::{Live, get_resource};
use crate::error::{Error, Result, unless_denied};
use crate::observe::{Observed, template};
use crate::resource::Resource;
use crate::session::Session;

/// Refuses to delete a stack with a protected load balancer among these resources.
pub(crate) async fn check(
    session: &Session<'_>,
    stack: &Observed,
    resources: &[Resource],
) -> Result<()> {
    let mut balancers = resources
        .iter()
        .filter(|one| one.resource_type == types::LOAD_BALANCER && !one.physical_id.is_empty());
    let Some(first) = balancers.next() else {
        return Ok(());
    };
    let deployed = read_template(session, stack).await?;
    for one in std::iter::once(first).chain(balancers) {
        let live = get_resource(session, &one.resource_type, &one.physical_id).await?;
        let intended = deployed.pointer(&format!("/Resources/{}/Properties", one.logical_id));
        let is_protected = match live {
            Live::Missing => false,
            Live::Found(live) => is_protected(&live),
            // A cloud without Cloud Control, or credentials without it.
            Live::Unchecked(_) => intended
                .and_then(Value::as_object)
                .is_some_and(is_protected),
        };
        if is_protected {
            return Err(refuse(stack, one));
        }
    }
    Ok(())
}

/// The deployed template; `null` if it can't be read.
async fn read_template(session: &Session<'_>, stack: &Observed) -> Result<Value> {
    let text = unless_denied(template(session, &stack.id, None).await)?;
    let text = text.ok().flatten().unwrap_or_default();
    Ok(serde_json::from_str(&text).unwrap_or_default())
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

fn refuse(stack: &Observed, balancer: &Resource) -> Error {
    let (name, arn) = (&stack.name, &balancer.physical_id);
    Error::refused(format!(
        "the load balancer {} of {name} is protected against deletion",
        balancer.logical_id
    ))
    .hint("set `load_balancer.deletion_protection: false` in the definition and deploy, then destroy")
    .hint(format!(
        "if it was turned on by hand: aws elbv2 modify-load-balancer-attributes --load-balancer-arn {arn} \
         --attributes Key=deletion_protection.enabled,Value=false"
    ))
}
