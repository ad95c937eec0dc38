//! Retries after concurrent changes to a stack: a limited number of times, with a delay.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::session::Session;

/// How many times a deploy or a deletion starts over because another change was faster.
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

    /// Waits before the next attempt. `why` is AWS's text.
    ///
    /// # Errors
    /// If all attempts are used.
    pub(crate) async fn again(
        &mut self,
        session: &Session<'_>,
        stack: &str,
        why: &str,
    ) -> Result<()> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            return Err(Error::failed(format!(
                "another command or user keeps changing the stack {stack}; stopped after {ATTEMPTS} attempts: {why}"
            ))
            .hint("wait until no other command changes the stack, then run this one again"));
        }
        tokio::time::sleep(self.delay).await;
        self.delay = session.pace.next(self.delay);
        Ok(())
    }
}
