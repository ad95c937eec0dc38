//! Waits for CloudFormation as long as there is progress, and reports what it waits for.

use std::time::Duration;

use tokio::time::Instant;

use crate::error::{Error, Kind, Result};
use crate::session::Session;

/// One wait for something that makes progress from time to time.
pub(crate) struct Wait<'s, 'c> {
    session: &'s Session<'c>,
    limit: Duration,
    progressed: Instant,
    reminded: Instant,
}

impl<'s, 'c> Wait<'s, 'c> {
    /// Starts to wait, for at most `limit` without progress.
    pub(crate) fn new(session: &'s Session<'c>, limit: Duration) -> Self {
        let now = Instant::now();
        Self {
            session,
            limit,
            progressed: now,
            reminded: now,
        }
    }

    /// Records that there was progress.
    pub(crate) fn progress(&mut self) {
        self.progressed = Instant::now();
        self.reminded = self.progressed;
    }

    /// Reports from time to time what the operation waits for.
    ///
    /// # Errors
    /// If there has been no progress for too long.
    pub(crate) fn check(&mut self, what: impl FnOnce() -> String) -> Result<()> {
        let silent = self.progressed.elapsed();
        if silent < self.limit && self.reminded.elapsed() < self.session.pace.remind {
            return Ok(());
        }
        self.reminded = Instant::now();
        let minutes = silent.as_secs().div_ceil(60);
        let what = what();
        if silent >= self.limit {
            return Err(Error::new(
                Kind::Unreachable,
                format!("no progress for {minutes} minutes while waiting for {what}"),
            ));
        }
        let unit = if minutes == 1 { "minute" } else { "minutes" };
        self.session.note(format!(
            "still waiting for {what}; no progress for {minutes} {unit}"
        ));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::cloud::run;

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_without_progress_and_only_then() {
        let limit = Duration::from_hours(1);
        let (error, told) = run(&[], async |session| {
            let mut wait = Wait::new(session, limit);
            for _ in 0..3 {
                tokio::time::sleep(limit - Duration::from_secs(1)).await;
                wait.check(|| "Web".to_owned()).unwrap();
                wait.progress();
            }
            tokio::time::sleep(limit).await;
            wait.check(|| "Web".to_owned()).unwrap_err()
        })
        .await;
        assert_eq!(error.kind(), Kind::Unreachable);
        assert_eq!(
            error.to_string(),
            "no progress for 60 minutes while waiting for Web"
        );
        assert_eq!(told.lines().len(), 3, "{:?}", told.lines());
    }
}
