//! Waits for an event.

use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_millis(250);

/// Checks repeatedly until there is a result.
///
/// # Panics
/// If `bound` has passed and `what` hasn't happened.
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
