//! Stopping: requested by a signal, with a deadline for the work.

use std::future::pending;
use std::io;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::log::{Event, Log};

/// Longest part of the stop timeout that is kept for giving back and deleting.
const RESERVE: Duration = Duration::from_secs(3);

/// How the time between SIGTERM and SIGKILL is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StopTimes {
    /// Until then, work in progress can finish.
    pub work: Duration,
    /// Until then, unfinished messages are released, and finished ones are deleted. Then the process
    /// ends.
    pub end: Duration,
}

impl StopTimes {
    /// Three quarters for the work, or all but 3 s if that is more; a third of the rest stays unused.
    #[must_use]
    pub fn within(stop_timeout: Duration) -> Self {
        let reserve = (stop_timeout / 4).min(RESERVE);
        Self {
            work: stop_timeout.saturating_sub(reserve),
            end: stop_timeout.saturating_sub(reserve / 3),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Deadlines {
    work: Instant,
    end: Instant,
}

/// Asks for the stop.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Option<Deadlines>>);

/// Knows whether the worker should stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<Deadlines>>);

/// The two ends of a stop.
#[must_use]
pub fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(None);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Requests the stop. The first call sets the deadlines; each later call shortens them: unfinished
    /// messages are released now.
    pub fn stop(&self, times: StopTimes) {
        let now = Instant::now();
        self.0.send_modify(|deadlines| match deadlines {
            Some(deadlines) => deadlines.work = deadlines.work.min(now),
            None => {
                *deadlines = Some(Deadlines {
                    work: now + times.work,
                    end: now + times.end,
                });
            }
        });
    }
}

impl Stop {
    /// Waits for the request to stop: no new work starts.
    pub(crate) async fn wait_for_stop(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(Option::is_some).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Waits until the work must have ended.
    pub(crate) async fn work_is_over(&self) {
        self.wait_for_deadline(|deadlines| deadlines.work).await;
    }

    /// Waits until the process must end.
    pub(crate) async fn end(&self) {
        self.wait_for_deadline(|deadlines| deadlines.end).await;
    }

    /// Waits for a moment that a later call of [`Stopper::stop`] can bring forward.
    async fn wait_for_deadline(&self, which: impl Fn(&Deadlines) -> Instant) {
        let mut receiver = self.0.clone();
        loop {
            let moment = receiver.borrow_and_update().as_ref().map(&which);
            tokio::select! {
                () = wait_until(moment) => return,
                changed = receiver.changed() => if changed.is_err() {
                    // No stopper is left to change it.
                    return wait_until(moment).await;
                },
            }
        }
    }
}

async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => pending().await,
    }
}

/// Stops on SIGTERM, which ECS sends, and on SIGINT (Ctrl-C).
///
/// # Errors
/// When the handlers can't be set.
pub fn stop_on_signals(stopper: Stopper, times: StopTimes, log: Log) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        loop {
            let signal = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            stopper.stop(times);
            log.write_line(&Event::Stop { signal });
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn the_stop_timeout_is_never_used_up() {
        let times = |seconds| {
            let times = StopTimes::within(seconds * SECOND);
            (times.work.as_millis(), times.end.as_millis())
        };
        assert_eq!(times(30), (27_000, 29_000));
        assert_eq!(times(120), (117_000, 119_000));
        assert_eq!(times(4), (3_000, 3_666));
        assert_eq!(times(0), (0, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_stop_hurries_the_work_and_leaves_the_end() {
        let begin = Instant::now();
        let (stopper, stop) = stopper();
        let times = StopTimes::within(30 * SECOND);
        let (over, end) = (stop.clone(), stop.clone());
        let over = tokio::spawn(async move {
            over.work_is_over().await;
            begin.elapsed()
        });
        let end = tokio::spawn(async move {
            end.end().await;
            begin.elapsed()
        });
        tokio::time::sleep(SECOND).await;
        stopper.stop(times);
        stop.wait_for_stop().await;
        tokio::time::sleep(SECOND).await;
        stopper.stop(times);
        assert_eq!(over.await.unwrap(), 2 * SECOND);
        assert_eq!(end.await.unwrap(), 30 * SECOND);
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_hold_when_the_one_who_asked_is_gone() {
        let begin = Instant::now();
        let (stopper, stop) = stopper();
        stopper.stop(StopTimes::within(10 * SECOND));
        drop(stopper);
        stop.wait_for_stop().await;
        stop.work_is_over().await;
        assert_eq!(begin.elapsed(), Duration::from_millis(7_500));
    }
}
