//! The causes of a failed operation, from its events.

use aws_sdk_cloudformation::types::StackEvent;
use serde::Serialize;
use stack::Place;

/// The first resource that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// Logical ID in the template.
    pub logical_id: String,
    /// CloudFormation's type.
    pub resource_type: String,
    /// AWS's reason.
    pub reason: String,
    /// The place in the definition that the resource comes from, if it is known.
    pub definition: Option<Place>,
}

/// The stack is also a resource in its own events.
pub(super) fn is_of_stack(event: &StackEvent) -> bool {
    event.physical_resource_id() == event.stack_id()
}

/// Returns a failed resource's own reason. A resource that was canceled only because of another failure
/// (without a reason in LocalStack), and the stack's summary, aren't causes.
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
