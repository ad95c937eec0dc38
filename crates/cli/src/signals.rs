//! The signals that request a command to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deployer::Session;

use crate::ui::Ui;

/// How long an interrupted command can clean up. A terminal that was closed sends no second signal, and a cloud that
/// doesn't respond would keep the command running for minutes.
const CLEANUP: Duration = Duration::from_secs(10);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Whether a command was interrupted. For work that blocks its thread, such as a build, and so must poll.
#[must_use]
pub fn is_interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// Records the first signal that requests this program to stop, for [`is_interrupted`]. Ignores further signals. For a
/// command that blocks its thread during its whole run.
pub fn note_interruptions() {
    std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        if let Ok(runtime) = runtime {
            runtime.block_on(wait_for_interruption());
            INTERRUPTED.store(true, Ordering::Relaxed);
        }
    });
}

/// Runs work that blocks its thread and polls [`is_interrupted`]. Afterward, a signal that nothing waits for has no
/// effect, so this is only for commands that end soon or wait for a signal.
pub(crate) fn run_blocking<T>(work: impl FnOnce() -> T) -> T {
    let signal = tokio::spawn(async {
        wait_for_interruption().await;
        INTERRUPTED.store(true, Ordering::Relaxed);
    });
    let done = tokio::task::block_in_place(work);
    signal.abort();
    done
}

/// Runs `work` until it ends or is interrupted. If it is interrupted while the account contains a draft, such as a
/// change set, it continues until the draft is deleted, for at most [`CLEANUP`]. A second signal also stops that.
/// `None` if it was interrupted.
pub(crate) async fn run_until_interrupted<T>(
    session: &Session<'_>,
    ui: &Ui,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = std::pin::pin!(work);
    // Another task notices the signal while this one is blocked.
    let mut signal = tokio::spawn(async {
        wait_for_interruption().await;
        INTERRUPTED.store(true, Ordering::Relaxed);
    });
    tokio::select! {
        biased;
        _ = &mut signal => session.interrupt(),
        result = &mut work => {
            signal.abort();
            return (!is_interrupted()).then_some(result);
        }
    }
    if session.has_drafts() {
        ui.note("interrupted: deleting the change set first; a second signal ends this at once");
        tokio::select! {
            _ = work => {}
            () = session.wait_for_drafts() => {}
            () = wait_for_interruption() => {}
            () = tokio::time::sleep(CLEANUP) => ui.note(&format!(
                "the change set was not deleted within {} s: it might still exist, unexecuted",
                CLEANUP.as_secs()
            )),
        }
    }
    None
}

/// Waits for Ctrl-C, for SIGTERM, which a pipeline sends when it is canceled, or for SIGHUP, which a terminal sends
/// when it is closed.
pub(crate) async fn wait_for_interruption() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = wait_for_termination() => {}
    }
}

#[cfg(unix)]
async fn wait_for_termination() {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler, the signal ends the process.
        Err(_) => std::future::pending().await,
    };
    let hangup = async {
        match is_hangup_ignored() {
            true => std::future::pending().await,
            false => wait(SignalKind::hangup()).await,
        }
    };
    tokio::select! {
        () = wait(SignalKind::terminate()) => {}
        () = hangup => {}
    }
}

/// Whether SIGHUP is ignored, for example under `nohup`. A handler would stop a command that should continue without
/// its terminal. `false` if the system doesn't report it.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, the lowest bit.
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
async fn wait_for_termination() {
    std::future::pending().await
}
