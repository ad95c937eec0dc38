//! Data of a stack that is stored outside of it, mostly by its name: records of pauses and deploys, and its functions' settings.

use std::time::Duration;

use crate::deploys::forget;
use crate::error::Result;
use crate::observe::{Observed, observe};
use crate::pause::forget_pauses;
use crate::session::Session;

/// Removes the stored data of a deleted stack.
///
/// # Errors
/// If the record of a pause is still there after `patience`: a new stack of this name would be paused.
pub(crate) async fn forget_stored(
    session: &Session<'_>,
    stack: &Observed,
    patience: Duration,
) -> Result<()> {
    let is_name_taken = is_name_taken(session, stack).await;
    forget(session, stack, is_name_taken).await;
    if is_name_taken {
        return Ok(());
    }
    let forgotten = forget_pauses(session, &stack.name, patience).await;
    forgotten.map_err(|error| {
        error.hint(format!(
            "to try again, within 90 days: destroy {}",
            stack.id
        ))
    })
}

/// Whether another stack has the name of a deleted stack now. Then the data stored by that name can belong to the other stack. If that
/// can't be read, it is taken to be so.
async fn is_name_taken(session: &Session<'_>, stack: &Observed) -> bool {
    let name = &stack.name;
    let why = match observe(session, name).await {
        Ok(Some(other)) if other.id != stack.id => format!("another stack is called {name} now"),
        Ok(_) => return false,
        Err(error) => format!("another stack might be called {name} now ({error})"),
    };
    session.note(format!(
        "{why}: its pause records and its functions' settings aren't deleted"
    ));
    true
}
