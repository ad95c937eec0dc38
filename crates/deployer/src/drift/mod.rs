//! Drift: what was changed by hand since CloudFormation deployed it.
//!
//! A stack that CloudFormation calls complete can be dead: a rule without targets, a policy that was deleted, an alarm
//! whose actions are off. The deployed template, resolved, is compared with what the services' own APIs return.
//! Reading and comparing are apart: [`compare`](compare::compare) is pure.

mod compare;
mod finding;
mod intended;
mod intrinsics;
mod live;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::error::Result;
use crate::observe::{Observed, resources, template};
use crate::session::Session;
use crate::status::Status;

use intended::Deployed;

pub use finding::{Drift, Finding, Problem, Unchecked};

/// Compares a stack with its deployed template. Only a settled stack can be compared: in any other, the template and
/// the resources are those of different deploys, so the stack is reported as unchecked.
///
/// # Errors
/// If AWS can't be reached. A part that these credentials may not read is reported as unchecked.
pub async fn find_drift(session: &Session<'_>, stack: &Observed) -> Result<Drift> {
    if !matches!(stack.status, Status::Ready { .. }) {
        return Ok(unchecked(
            stack,
            format!("the stack is in {}", stack.status_name),
        ));
    }
    let (resources, text) = futures::future::try_join(
        resources(session, stack),
        template(session, &stack.id, None),
    )
    .await?;
    let parsed = text.and_then(|text| serde_json::from_str::<Value>(&text).ok());
    let Some(template) = parsed else {
        let reason = "its template isn't JSON, so ecs-scaler didn't write it";
        return Ok(unchecked(stack, reason.to_owned()));
    };
    let deployed = Deployed {
        stack,
        resources: &resources,
        template: &template,
    };
    let pairs = live::read(session, &deployed).await?;
    Ok(compare::compare(&pairs))
}

fn unchecked(stack: &Observed, reason: String) -> Drift {
    Drift {
        findings: Vec::new(),
        unchecked: vec![Unchecked {
            name: stack.name.clone(),
            reason,
        }],
    }
}
