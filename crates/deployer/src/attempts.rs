//! Trying again when somebody else got in the way: a few times, and never at once.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::session::Session;

/// How often a deploy or a deletion begins again because somebody else was faster.
const ATTEMPTS: u32 = 10;

/// Attempts at changing one stack.
pub(crate) struct Attempts {
    left: u32,
    delay: Duration,
}

impl Attempts {
    pub(crate) fn new(session: &Session<'_>) -> Self {
        Self {
            left: ATTEMPTS,
            delay: session.pace.first,
        }
    }

    /// Waits a little; `why` is AWS's text.
    ///
    /// # Errors
    /// When it has been tried often enough.
    pub(crate) async fn again(
        &mut self,
        session: &Session<'_>,
        stack: &str,
        why: &str,
    ) -> Result<()> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(Error::failed(format!(
                "somebody else keeps changing the stack {stack}; gave up after {ATTEMPTS} attempts: {why}"
            ))
            .hint("let one command at a time work on a stack, then run this one again"));
        }
        tokio::time::sleep(self.delay).await;
        self.delay = session.pace.next(self.delay);
        Ok(())
    }
}
