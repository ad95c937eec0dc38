//! Deleting finished messages: one immediately, several together.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::backoff::Backoff;
use crate::log::{Event, Log};
use crate::sqs::{BATCH, Queue};
use crate::worker::Tally;

/// Maximum number of pending deletions. Beyond it, the workers wait: undeleted messages are delivered and
/// processed again, so more work would be wasted.
pub(crate) const WAITING: usize = 100;

const LONGEST_BACKOFF: Duration = Duration::from_secs(10);

const DOING: &str = "deleting a message";

/// A message that is done.
#[derive(Clone, Debug)]
pub(crate) struct Deletion {
    pub(crate) receipt: String,
    pub(crate) message_id: String,
    /// Until then it is tried again; later another worker will have it.
    pub(crate) until: Instant,
}

/// Deletes until all senders are gone. The first message is deleted alone and immediately; messages that
/// finish during its call are deleted together in the next one, so nothing ever waits for a batch to fill.
pub(crate) async fn delete_all(
    queue: Arc<Queue>,
    mut asked: mpsc::Receiver<Deletion>,
    tally: Arc<Tally>,
    log: Log,
) {
    let mut batch: Vec<Deletion> = Vec::new();
    let mut backoff = Backoff::up_to(LONGEST_BACKOFF);
    loop {
        if batch.is_empty() {
            match asked.recv().await {
                Some(first) => batch.push(first),
                None => return,
            }
        }
        while batch.len() < BATCH
            && let Ok(more) = asked.try_recv()
        {
            batch.push(more);
        }
        let before = batch.len();
        batch = delete(&queue, batch, &tally, &log).await;
        if batch.is_empty() {
            backoff.reset();
        } else if batch.len() == before {
            sleep(backoff.next(fastrand::f64())).await;
        }
    }
}

/// Deletes a batch; returns the deletions to retry.
async fn delete(queue: &Queue, batch: Vec<Deletion>, tally: &Tally, log: &Log) -> Vec<Deletion> {
    let name = &*queue.address.name;
    let given_up = |deletion: &Deletion, error: String| {
        tally.not_deleted();
        log.write_line(&Event::Problem {
            doing: DOING,
            error: format!("{error}; it will be delivered again"),
            queue: Some(name),
            message_id: Some(&deletion.message_id),
        });
    };
    let receipts: Vec<&str> = batch.iter().map(|message| &*message.receipt).collect();
    let not_deleted = match queue.delete(&receipts).await {
        Ok(not_deleted) => not_deleted,
        Err(error) => {
            log.write_line(&Event::Problem {
                doing: DOING,
                error: error.to_string(),
                queue: Some(name),
                message_id: None,
            });
            let now = Instant::now();
            let (again, over) = batch.into_iter().partition(|message| message.until > now);
            let over: Vec<Deletion> = over;
            over.iter()
                .for_each(|message| given_up(message, error.to_string()));
            return again;
        }
    };
    let now = Instant::now();
    let mut again = Vec::new();
    for left in not_deleted {
        let Some(deletion) = batch.get(left.index) else {
            continue;
        };
        if left.error.is_lost() || deletion.until <= now {
            given_up(deletion, left.error.to_string());
        } else {
            again.push(deletion.clone());
        }
    }
    again
}
