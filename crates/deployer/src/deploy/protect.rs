//! The stack's termination protection.

use crate::error::{Result, aws};
use crate::observe::observe;
use crate::session::Session;

/// Sets the stack's termination protection to `wanted`, when it is not so already.
///
/// # Errors
/// When CloudFormation refuses or can't be reached.
pub(crate) async fn protect(session: &Session<'_>, name: &str, wanted: bool) -> Result<()> {
    let is = observe(session, name)
        .await?
        .is_some_and(|stack| stack.termination_protection);
    if is == wanted {
        return Ok(());
    }
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
