//! Resources that stay when their stack is deleted, under a name that the stack needs to be created again.

use template::contract::types;

use crate::change_set::Source;
use crate::error::{Error, Result};
use crate::observe::Observed;
use crate::resource::Resource;

/// Whether `import resources` can take over a resource of this type.
pub(crate) fn is_importable(resource_type: &str) -> bool {
    matches!(resource_type, types::QUEUE | types::SERVICE)
}

/// Returns the released resources whose names the template gives again.
pub(super) fn find(source: &Source, released: &[Resource]) -> Vec<Resource> {
    let is_taken = |one: &&Resource| {
        let id = &one.physical_id;
        // The end of a queue's URL or of a service's ARN. Of other types, the ID itself is the name.
        let end = id.rsplit('/').next().unwrap_or_default();
        let names = source.names.get(&one.logical_id);
        names.is_some_and(|names| names.contains(id) || names.contains(end))
    };
    released.iter().filter(is_taken).cloned().collect()
}

/// Refuses to delete a stack that couldn't be created again afterward.
pub(super) fn refuse(stack: &Observed, taken: &[Resource]) -> Result<()> {
    let Some((first, others)) = taken.split_first() else {
        return Ok(());
    };
    let (name, status) = (&stack.name, &stack.status_name);
    let refusal = Error::refused(format!(
        "{name} is in {status} and can only be deleted, but {} ({}) stays in AWS, so creating the stack again would fail: \
         its name is taken",
        first.logical_id, first.physical_id
    ));
    let others = others.iter();
    let also = others.map(|one| format!("so does {} ({})", one.logical_id, one.physical_id));
    let imports = taken.iter().all(|one| is_importable(&one.resource_type));
    let then = match imports {
        true => "then take what stayed into a new stack: import resources; and deploy",
        false => "then give it another name in the definition, or delete it; and deploy",
    };
    let refusal = also.fold(refusal, Error::hint);
    Err(refusal
        .hint(format!("to delete the rest of the stack: destroy {name}"))
        .hint(then))
}
