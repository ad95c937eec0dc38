//! The error for a failed operation, starting with the first cause.

use crate::error::{Error, Kind, Result};
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
    error.hint(aftermath(stack)).with_causes(causes)
}

/// Refuses a stack that no request of CloudFormation is known to recover.
pub(crate) fn refuse_unknown_recovery<T>(stack: &Observed) -> Result<T> {
    let (name, status) = (&stack.name, &stack.status_name);
    Err(Error::refused(format!(
        "the stack {name} is in {status}, and AWS documents no request that recovers it; nothing was changed"
    ))
    .hint(aftermath(stack)))
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

fn aftermath(stack: &Observed) -> &'static str {
    match stack.status {
        Status::Ready { .. } if stack.is_import_rolled_back() => {
            "the import was rolled back: what it named keeps running as before, and isn't the stack's"
        }
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
        Status::HalfImported => {
            "ask AWS Support to finish the rollback; or delete the stack: `destroy` lists what it would delete, and asks"
        }
        _ => "the next deploy asks before it finishes the rollback",
    }
}
