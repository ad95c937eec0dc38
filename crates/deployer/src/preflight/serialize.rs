//! Whether the scaling functions' calls can be serialised: that takes a reserved concurrency of one each,
//! and AWS refuses a reservation that would leave an account too little unreserved.

use std::collections::BTreeMap;
use template::contract::types;

use crate::error::{Result, aws, is_denied};
use crate::observe::{Observed, observe, resources};
use crate::session::Session;
use crate::status::Status;

/// Lambda keeps so much of an account's concurrency unreserved. Source: AWS Lambda Developer Guide,
/// "Configuring reserved concurrency for a function".
const UNRESERVED: i64 = 100;

/// Whether each of `functions` (logical ids in the template of `stack`) can have a reserved concurrency
/// of one. A function that the deployed stack has given its reservation to keeps it, whatever the
/// account's quota has become: the same stack deployed again gives the same answer. `parameter` is the
/// template's parameter that carries the answer.
///
/// # Errors
/// When AWS can't be asked. Who may not ask gets "no", with a note.
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
    let doing = "ask for the account's Lambda quotas";
    let reply = match session.clients.lambda.get_account_settings().send().await {
        Ok(reply) => reply,
        Err(error) if is_denied(&error) => {
            note_skipped(session, &aws(doing)(error).to_string());
            return Ok(false);
        }
        // Some emulators have no quotas.
        Err(error)
            if error
                .raw_response()
                .is_some_and(|reply| reply.status().as_u16() == 501) =>
        {
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
        "the scaling functions get no reserved concurrency: {why}. Two calls may then run at once; a \
         repeated message still never steps twice, because each step is recorded on its alarm before it \
         is made, and who follows demand sets the count that is needed, not one more or less"
    ));
}

/// How many of the functions have no reservation yet.
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

/// Whether what the stack holds now is still there after a deploy.
fn will_last(stack: &Observed) -> bool {
    !matches!(
        stack.status,
        Status::Absent | Status::InReview | Status::NeverCreated | Status::HalfDeleted
    )
}
