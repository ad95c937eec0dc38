//! Resources to keep when the rest of a stack is deleted.

use template::names;

use crate::error::{Error, Result};
use crate::observe::Observed;
use crate::resource::Resource;
use crate::status::Status;

const DELETE_FAILED: &str = "DELETE_FAILED";

/// Removes the wanted ones from `resources` and returns them: those with these logical IDs, or queues with these
/// names in the definition.
///
/// # Errors
/// If the resource doesn't exist, or if CloudFormation wouldn't retain it. It retains a resource only if the deletion of
/// both the stack and the resource failed. Source: CloudFormation API, `DeleteStack$RetainResources`.
pub(crate) fn take_retained(
    stack: &Observed,
    resources: &mut Vec<Resource>,
    wanted: &[String],
) -> Result<Vec<Resource>> {
    if !wanted.is_empty() && stack.status != Status::HalfDeleted {
        let text = format!(
            "CloudFormation can retain a resource only after its deletion failed, but {} is in {}",
            stack.name, stack.status_name
        );
        return Err(Error::refused(text).hint(
            "destroy without --retain; if a resource can't be deleted, run it again with --retain",
        ));
    }
    let mut retained = Vec::new();
    for name in wanted {
        let is_it =
            |one: &Resource| one.logical_id == *name || one.logical_id == names::queue(name);
        let Some(at) = resources.iter().position(is_it) else {
            return Err(not_failed(&stack.name, name, resources));
        };
        if resources[at].status != DELETE_FAILED {
            return Err(not_failed(&stack.name, name, resources));
        }
        retained.push(resources.remove(at));
    }
    Ok(retained)
}

fn not_failed(stack: &str, name: &str, resources: &[Resource]) -> Error {
    let failed = resources.iter().filter(|one| one.status == DELETE_FAILED);
    let failed: Vec<&str> = failed.map(|one| one.logical_id.as_str()).collect();
    Error::refused(format!(
        "{stack} has no resource {name} whose deletion failed; CloudFormation can't retain other resources"
    ))
    .hint(match failed[..] {
        [] => "no deletion of a resource failed: destroy without --retain".to_owned(),
        _ => format!("it can retain: {}", failed.join(", ")),
    })
}
