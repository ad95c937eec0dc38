//! The signal that stops the emulators.

use tokio::sync::watch;

/// The receiving side: whether the emulators must stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// The sending side.
#[derive(Debug)]
pub(crate) struct StopHandle(watch::Sender<bool>);

impl Stop {
    /// Both sides.
    pub(crate) fn new() -> (Self, StopHandle) {
        let (sender, receiver) = watch::channel(false);
        (Self(receiver), StopHandle(sender))
    }

    /// Waits until the emulators must stop.
    pub(crate) async fn wait(&mut self) {
        // A dropped sender also means to stop.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl StopHandle {
    /// Requests the stop.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}
