//! The error for a failed operation, starting with the first cause.

use crate::error::{Error, Kind};
use crate::follow::Cause;
use crate::observe::Observed;
use crate::status::Status;

/// Maximum number of causes in the error. The events contain all of them.
const TOLD: usize = 10;

/// The first cause comes first, and then the state that the failure left.
pub(crate) fn failure(name: &str, stack: &Observed, causes: &[Cause]) -> Error {
    let first = match causes.first() {
        Some(cause) => told(cause),
        None => stack
            .reason
            .clone()
            .unwrap_or_else(|| "CloudFormation gave no reason".to_owned()),
    };
    let mut error = Error::new(
        Kind::DeploymentFailed,
        format!("{first}\nthe stack {name} is in {}", stack.status_name),
    );
    for other in causes.iter().skip(1).take(TOLD) {
        error = error.hint(format!("also failed: {}", told(other)));
    }
    let rest = causes.len().saturating_sub(TOLD + 1);
    if rest > 0 {
        error = error.hint(format!("and {rest} more, see the stack's events"));
    }
    error.hint(aftermath(stack.status)).with_causes(causes)
}

fn told(cause: &Cause) -> String {
    let told = format!(
        "{} ({}): {}",
        cause.logical_id, cause.resource_type, cause.reason
    );
    match &cause.definition {
        Some(place) => format!("{told} ({place})"),
        None => told,
    }
}

fn aftermath(status: Status) -> &'static str {
    match status {
        Status::Ready { .. } => "the update was rolled back: the previous deployment keeps running",
        Status::NeverCreated => {
            "the stack was never in service; the next deploy asks before it deletes the remaining resources and creates it again"
        }
        Status::HalfDeleted => {
            "CloudFormation could not delete the named resource: fix or remove it, then run the same command again; \
             or keep it: destroy with --retain and its logical ID"
        }
        Status::HalfCreated | Status::HalfUpdated => {
            "the successful changes were kept; the next deploy continues from there"
        }
        _ => "the next deploy asks before it finishes the rollback",
    }
}
