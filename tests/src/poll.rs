//! Waiting for an event.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(250);

/// Checks repeatedly until there is a result.
///
/// # Panics
/// When `bound` has passed: `what` did not come.
pub async fn until<T>(what: &str, bound: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(
            begin.elapsed() < bound,
            "within {bound:?} there was not {what}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}
