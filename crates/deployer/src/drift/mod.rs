//! Drift: what was changed by hand since CloudFormation deployed it.
//!
//! A stack that CloudFormation calls complete can be dead: a rule without targets, a policy that was deleted, an alarm
//! whose actions are off. The deployed template, resolved, is compared with what the services' own APIs return.
//! Reading and comparing are apart: [`compare`](compare::compare) is pure.

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

pub(crate) use live::{Live, get_resource};
pub(crate) use repair::repair;

/// Compares a stack with its deployed template. Only a settled stack can be compared: in any other, the template and
/// the resources are those of different deploys, so the stack is reported as unchecked.
///
/// # Errors
/// If AWS can't be reached. A part that these credentials may not read is reported as unchecked.
pub async fn find_drift(session: &Session<'_>, stack: &Observed) -> Result<Drift> {
    Ok(match read::read(session, stack).await? {
        Ok(pairs) => compare::compare(&pairs),
        Err(unchecked) => unchecked,
    })
}
