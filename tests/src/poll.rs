//! Waiting for something that comes by itself.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(250);

/// Looks again and again until there is something to see.
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
