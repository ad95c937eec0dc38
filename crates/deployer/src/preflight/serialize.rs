//! Whether the invocations of the scaling functions can be serialized. This requires a reserved concurrency of
//! 1 for each function, and AWS refuses a reservation that leaves too little of the account's concurrency
//! unreserved.

use std::collections::BTreeMap;
use template::contract::types;

use crate::error::{Result, aws, is_denied, is_not_emulated};
use crate::observe::{Observed, observe, resources};
use crate::session::Session;
use crate::status::Status;

/// Lambda keeps this much of an account's concurrency unreserved. Source: AWS Lambda Developer Guide,
/// "Configuring reserved concurrency for a function".
const UNRESERVED: i64 = 100;

/// Whether each of `functions` (logical IDs in the template of `stack`) can have a reserved concurrency of 1. A
/// function keeps the reservation from the deployed stack, even if the account's quota has changed, so that
/// deploying the same stack again gives the same result. `parameter` is the template's parameter for the
/// result.
///
/// # Errors
/// If a request to AWS fails. Without the permission, the result is `false`, with a note.
pub(crate) async fn can_serialize(
    session: &Session<'_>,
    stack: &str,
    parameter: &str,
    functions: &[String],
) -> Result<bool> {
    let without = without_reservation(session, stack, parameter, functions).await?;
    if without == 0 {
        return Ok(true);
    }
    let doing = "read the account's Lambda quotas";
    let reply = match session.clients.lambda.get_account_settings().send().await {
        Ok(reply) => reply,
        Err(error) if is_denied(&error) => {
            note_skipped(session, &aws(doing)(error).to_string());
            return Ok(false);
        }
        // Some emulators have no quotas.
        Err(error) if is_not_emulated(&error) => {
            note_skipped(session, &aws(doing)(error).to_string());
            return Ok(false);
        }
        Err(error) => return Err(aws(doing)(error)),
    };
    let unreserved = reply
        .account_limit()
        .and_then(|limit| limit.unreserved_concurrent_executions())
        .map_or(0, i64::from);
    let wanted = i64::try_from(without).unwrap_or(i64::MAX);
    if unreserved.saturating_sub(wanted) >= UNRESERVED {
        return Ok(true);
    }
    note_skipped(
        session,
        &format!(
            "Lambda keeps {UNRESERVED} of the account's concurrency unreserved, and of {unreserved} that \
             are left {without} would be reserved"
        ),
    );
    Ok(false)
}

fn note_skipped(session: &Session<'_>, why: &str) {
    session.note(format!(
        "the scaling functions get no reserved concurrency: {why}. Two invocations can then run at the same time. A repeated message still never applies a step twice, because each step is recorded on its alarm before it is applied, and demand scaling sets an absolute count"
    ));
}

/// Returns the number of functions without a reservation.
async fn without_reservation(
    session: &Session<'_>,
    name: &str,
    parameter: &str,
    functions: &[String],
) -> Result<usize> {
    let Some(stack) = observe(session, name).await? else {
        return Ok(functions.len());
    };
    if !will_last(&stack) || stack.parameters.get(parameter).map(String::as_str) != Some("true") {
        return Ok(functions.len());
    }
    let resources = resources(session, &stack).await?;
    let made: BTreeMap<&str, &str> = resources
        .iter()
        .filter(|resource| resource.resource_type == types::FUNCTION)
        .map(|resource| (resource.logical_id.as_str(), resource.physical_id.as_str()))
        .collect();
    let has_one = |id: &String| made.get(id.as_str()).is_some_and(|made| !made.is_empty());
    Ok(functions.iter().filter(|id| !has_one(id)).count())
}

/// Whether the stack's current resources will still exist after a deploy.
fn will_last(stack: &Observed) -> bool {
    !matches!(
        stack.status,
        Status::Absent | Status::InReview | Status::NeverCreated | Status::HalfDeleted
    )
}
