//! Keeping a message hidden from the other workers for as long as the work on it lasts.

use std::convert::Infallible;
use std::future::pending;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::backoff::Backoff;
use crate::log::{Event, Log};
use crate::sqs::{Queue, Received};

const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

const SHORTEST_PAUSE: Duration = Duration::from_millis(500);

const DOING: &str = "keeping a message hidden";

/// Hides the message again whenever half of its visibility timeout is over. Ends only by being dropped.
///
/// If SQS doesn't respond, the call is soon repeated, and the work continues. If SQS reports that the
/// message no longer belongs to this worker, the work continues too, because it might already have had
/// its effect; but another worker might have started it as well. That is why a check must be
/// idempotent.
pub(crate) async fn keep_hidden(
    queue: &Queue,
    received: &Received,
    visibility: Duration,
    log: &Log,
) -> Infallible {
    let mut backoff = Backoff::up_to(LONGEST_BACKOFF);
    let mut hidden_until = Instant::now() + visibility;
    let mut next = visibility / 2;
    loop {
        sleep(next).await;
        let asked = Instant::now();
        let Err(error) = queue.hide(&received.receipt, visibility).await else {
            backoff.reset();
            hidden_until = asked + visibility;
            next = visibility / 2;
            continue;
        };
        log.write_line(&Event::Problem {
            doing: DOING,
            error: error.to_string(),
            queue: Some(&queue.address.name),
            message_id: Some(&received.message.id),
        });
        if error.is_lost() {
            return pending().await;
        }
        // While the message still belongs to this worker, early enough to keep it.
        let left = hidden_until.saturating_duration_since(Instant::now());
        next = backoff.next(fastrand::f64());
        if !left.is_zero() {
            next = next.min((left / 2).max(SHORTEST_PAUSE));
        }
    }
}
