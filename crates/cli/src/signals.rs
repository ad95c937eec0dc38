//! The signals that ask a verb to end.

/// Waits for Ctrl-C, or for SIGTERM, which a pipeline sends when it is cancelled.
pub(crate) async fn wait_for_interruption() {
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        () = wait_for_termination() => {}
    }
}

#[cfg(unix)]
async fn wait_for_termination() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut signals) => {
            signals.recv().await;
        }
        // Without a handler the signal ends the process by itself.
        Err(_) => std::future::pending().await,
    }
}

#[cfg(not(unix))]
async fn wait_for_termination() {
    std::future::pending().await
}
