//! The causes of a failed operation, from its events.

use aws_sdk_cloudformation::types::StackEvent;
use serde::Serialize;
use stack::Place;

/// The first resource that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Logical id in the template.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// AWS's reason.
    pub reason: String,
    /// Where the definition has what the resource comes from, if that is known.
    pub definition: Option<Place>,
}

/// In its events, the stack is also a resource.
pub(super) fn is_of_stack(event: &StackEvent) -> bool {
    event.physical_resource_id() == event.stack_id()
}

/// A failed resource's own reason. Resources that were stopped only because of another's failure (for
/// which LocalStack has no reason), and the stack's own summary, aren't causes.
pub(super) fn find_cause(event: &StackEvent) -> Option<Cause> {
    let failed = event.resource_status()?.as_str().ends_with("_FAILED");
    let reason = event.resource_status_reason()?;
    let stopped = reason.starts_with("Resource ") && reason.contains("cancelled");
    (failed && !is_of_stack(event) && !stopped).then(|| Cause {
        logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        reason: without_request_token(reason).to_owned(),
        definition: None,
    })
}

/// Removes `(RequestToken: …, HandlerErrorCode: …)`, which helps only AWS.
fn without_request_token(reason: &str) -> &str {
    reason
        .split_once(" (RequestToken:")
        .map_or(reason, |(reason, _)| reason)
}
