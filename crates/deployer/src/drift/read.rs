//! A deployed stack: its template and its live parts.

use std::time::SystemTime;

use serde_json::Value;

use crate::error::{Result, unless_denied};
use crate::finding::{Drift, Unchecked};
use crate::observe::{Observed, resources, template};
use crate::session::Session;
use crate::status::Status;

use super::intended::{Deployed, Intended};
use super::live::{self, Live};

/// Reads the parts of a stack as its template specifies them, each with its service's data. The inner error is
/// the reason why the stack can't be compared.
pub(super) async fn read(
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
    let resources = match unless_denied(resources(session, stack).await)? {
        Ok(resources) => resources,
        Err(denied) => return Ok(Err(unchecked(stack, denied))),
    };
    let deployed = Deployed {
        is_aws: session.clients.is_aws(),
        stack,
        resources: &resources,
        template: &template,
        now: SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
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
