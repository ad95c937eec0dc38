//! How the parts hear that they are to end.

use tokio::sync::watch;

/// Tells whether the emulators are to end.
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

/// The side that says so.
#[derive(Debug)]
pub(crate) struct StopHandle(watch::Sender<bool>);

impl Stop {
    /// Both sides.
    pub(crate) fn new() -> (Self, StopHandle) {
        let (sender, receiver) = watch::channel(false);
        (Self(receiver), StopHandle(sender))
    }

    /// Ready as soon as the emulators are to end.
    pub(crate) async fn asked(&mut self) {
        // A sender that is gone asks for the end too.
        let _ = self.0.wait_for(|stop| *stop).await;
    }
}

impl StopHandle {
    /// Asks for the end.
    pub(crate) fn stop(&self) {
        self.0.send_replace(true);
    }
}
