//! A service over time, sampled five times per second.

use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::Live;

const PAUSE: Duration = Duration::from_millis(200);

/// A sample of the service and its queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    /// Time since the start of the course.
    pub(crate) at: Duration,
    /// Desired number of tasks.
    pub(crate) desired: u32,
    /// Waiting messages.
    pub(crate) visible: u32,
}

/// A course that is recorded until it ends.
pub(crate) struct Course {
    stop: oneshot::Sender<()>,
    looks: JoinHandle<Vec<Look>>,
}

impl Course {
    /// Starts to record the service.
    pub(crate) fn follow(live: &Live) -> Self {
        let eye = live.eye();
        let begin = Instant::now();
        let (stop, mut stopped) = oneshot::channel();
        let looks = tokio::spawn(async move {
            let mut looks = Vec::new();
            while stopped.try_recv().is_err() {
                let desired = eye.desired().await;
                let (visible, _) = eye.counts().await;
                let at = begin.elapsed();
                looks.push(Look {
                    at,
                    desired,
                    visible,
                });
                tokio::time::sleep(PAUSE).await;
            }
            looks
        });
        Self { stop, looks }
    }

    /// Ends it. Returns every sample.
    pub(crate) async fn end(self) -> Vec<Look> {
        let _ = self.stop.send(());
        let looks = self.looks.await.unwrap();
        assert!(!looks.is_empty());
        looks
    }
}
