//! The loop: refresh, show, wait.

use std::pin::pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::LiveSnapshot;
use tokio::time::{Instant, sleep};

use crate::failure::{Failure, Result};

use super::history::History;
use super::keys::Wish;
use super::view::View;

/// Why a view is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// A refresh has ended, successfully or not.
    Looked,
    /// Time has passed: only ages have changed.
    Waiting,
}

/// How often ages are updated while nothing is read.
const TICK: Duration = Duration::from_secs(1);

/// Refreshes periodically and shows the result, until `show` returns `false` because no one reads it, or until a wish of `wishes`
/// ends it. The view
/// reports a failed refresh, and keeps the data of the last successful one.
///
/// # Errors
/// If the first refresh fails, because there is nothing to show.
pub(crate) async fn watch(
    stack: &str,
    every: Duration,
    mut read: impl AsyncFnMut() -> Result<LiveSnapshot>,
    mut wishes: impl AsyncFnMut() -> Wish,
    clock: impl Fn() -> SystemTime,
    mut show: impl FnMut(&View, SystemTime, Moment) -> bool,
) -> Result<()> {
    let mut history = History::default();
    let mut view: Option<View> = None;
    loop {
        let begin = Instant::now();
        let mut reading = pin!(read());
        let mut reread = false;
        let looked = loop {
            tokio::select! {
                biased;
                looked = &mut reading => break looked,
                wish = wishes() => match wish {
                    Wish::Quit => return Ok(()),
                    Wish::Reread => reread = true,
                    Wish::Redraw => {}
                },
                () = sleep(TICK) => {}
            }
            if let Some(view) = &view {
                show(view, clock(), Moment::Waiting);
            }
        };
        let now = clock();
        let current = match looked {
            Ok(snapshot) => view.insert(View::new(stack, &snapshot, seconds(now), &mut history)),
            Err(failure) => match &mut view {
                None => return Err(failure),
                Some(view) => {
                    view.notice = Some(describe_failure(&failure));
                    view
                }
            },
        };
        if !show(current, now, Moment::Looked) {
            return Ok(());
        }
        let next = if reread { begin } else { begin + every };
        while let Some(left) = next
            .checked_duration_since(Instant::now())
            .filter(|l| !l.is_zero())
        {
            let wish = tokio::select! {
                biased;
                wish = wishes() => Some(wish),
                () = sleep(left.min(TICK)) => None,
            };
            match wish {
                Some(Wish::Quit) => return Ok(()),
                Some(Wish::Reread) => {
                    // What it is for can take long.
                    show(current, clock(), Moment::Waiting);
                    break;
                }
                None if left <= TICK => {}
                _ => {
                    show(current, clock(), Moment::Waiting);
                }
            }
        }
    }
}

/// Formats a failure in one line.
fn describe_failure(failure: &Failure) -> String {
    let message = failure.message().lines().next().unwrap_or_default();
    format!("refresh failed: {message}")
}

fn seconds(at: SystemTime) -> f64 {
    at.duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs_f64()
}
