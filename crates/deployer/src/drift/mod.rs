//! Drift: manual changes since CloudFormation deployed the stack.
//!
//! CloudFormation can report a stack as complete that doesn't work: a rule without targets, a deleted policy, an alarm
//! whose actions are disabled. This module resolves the deployed template and compares it with the data of the
//! services' own APIs. Reading and comparing are separate: [`compare`](compare::compare) is pure.

mod compare;
mod intended;
mod intrinsics;
mod live;
mod read;
mod repair;
#[cfg(test)]
mod tests;

use crate::error::Result;
use crate::finding::Drift;
use crate::observe::Observed;
use crate::session::Session;

pub(crate) use live::{Live, QUEUE_POLICY, convert_service, get_resource, read_queue};
pub(crate) use repair::repair;

/// Compares a stack with its deployed template. Only a settled stack can be compared, because otherwise the template
/// and the resources belong to different deploys. Any other stack is reported as unchecked.
///
/// # Errors
/// If AWS can't be reached. A part that these credentials can't read is reported as unchecked.
pub async fn find_drift(session: &Session<'_>, stack: &Observed) -> Result<Drift> {
    Ok(match read::read(session, stack).await? {
        Ok(pairs) => compare::compare(&pairs),
        Err(unchecked) => unchecked,
    })
}
