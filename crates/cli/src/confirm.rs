//! Commands that prompt before they change anything.

use crate::failure::{Code, Failure, Result};
use crate::ui;

/// Refuses to run the command `verb` without a terminal if it must prompt (without `yes`).
pub(crate) fn require_terminal(verb: &str, yes: bool) -> Result<()> {
    if yes || ui::can_ask() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Refused,
        format!("{verb} needs confirmation, but there is no terminal"),
    )
    .hint("use --yes to continue without confirmation"))
}
