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
mod repair;
#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::error::Result;
use crate::observe::{Observed, resources, template};
use crate::session::Session;
use crate::status::Status;

use intended::{Deployed, Intended};
use live::Live;

pub use finding::{Drift, Finding, Problem, Unchecked};
pub(crate) use repair::repair;

/// Compares a stack with its deployed template. Only a settled stack can be compared: in any other, the template and
/// the resources are those of different deploys, so the stack is reported as unchecked.
///
/// # Errors
/// If AWS can't be reached. A part that these credentials may not read is reported as unchecked.
pub async fn find_drift(session: &Session<'_>, stack: &Observed) -> Result<Drift> {
    Ok(match read(session, stack).await? {
        Ok(pairs) => compare::compare(&pairs),
        Err(unchecked) => unchecked,
    })
}

/// The parts of a stack as its template has them, each next to what its service returns. The inner error is why the
/// stack can't be compared.
async fn read(
    session: &Session<'_>,
    stack: &Observed,
) -> Result<Result<Vec<(Intended, Live)>, Drift>> {
    if !matches!(stack.status, Status::Ready { .. }) {
        let reason = format!("the stack is in {}", stack.status_name);
        return Ok(Err(unchecked(stack, reason)));
    }
    let text = match template(session, &stack.id, None).await {
        Ok(text) => text.unwrap_or_default(),
        Err(error) => return Ok(Err(unchecked(stack, error.to_string()))),
    };
    let Ok(template) = serde_json::from_str::<Value>(&text) else {
        let reason = "its template isn't JSON, so ecs-scaler didn't write it";
        return Ok(Err(unchecked(stack, reason.to_owned())));
    };
    if template.get("Resources").is_none() {
        return Ok(Ok(Vec::new()));
    }
    let resources = resources(session, stack).await?;
    let deployed = Deployed {
        stack,
        resources: &resources,
        template: &template,
    };
    live::read(session, &deployed).await.map(Ok)
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
