//! Commands that ask before they change anything.

use crate::failure::{Code, Failure, Result};
use crate::ui;

/// Refuses to run the command `verb` if it has to ask (without `yes`) and there is no terminal to ask on.
pub(crate) fn require_terminal(verb: &str, yes: bool) -> Result<()> {
    if yes || ui::can_ask() {
        return Ok(());
    }
    Err(Failure::new(
        Code::Refused,
        format!("{verb} asks before it changes anything, and there is no terminal to ask on"),
    )
    .hint("give --yes to go ahead without asking"))
}
