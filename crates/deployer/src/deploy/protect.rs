//! The stack's termination protection.

use crate::error::{Result, aws};
use crate::observe::Observed;
use crate::session::Session;

/// Sets the stack's termination protection to `wanted`, if it differs.
///
/// # Errors
/// When CloudFormation refuses or can't be reached.
pub(crate) async fn protect(session: &Session<'_>, stack: &Observed, wanted: bool) -> Result<()> {
    if stack.termination_protection == wanted {
        return Ok(());
    }
    let name = &stack.name;
    session.note(format!(
        "turning termination protection {}",
        if wanted { "on" } else { "off" }
    ));
    let request = session
        .clients
        .cloudformation
        .update_termination_protection();
    let sent = request
        .stack_name(name)
        .enable_termination_protection(wanted)
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("change the termination protection of {name}")))
}
