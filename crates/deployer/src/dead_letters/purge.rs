//! Deletes all messages of a dead-letter queue.

use super::DeadLetterQueue;
use crate::error::{Error, Result, aws, code};
use crate::session::Session;

/// Deletes all messages of the queue, including those in flight. This takes SQS up to a minute.
///
/// # Errors
/// If SQS refuses (it does within a minute of another purge), or can't be reached.
pub async fn purge_dead_letters(session: &Session<'_>, queue: &DeadLetterQueue) -> Result<()> {
    let request = session.clients.sqs.purge_queue().queue_url(&queue.url);
    let doing = format!("purge {}", queue.queue);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) if code(&error).contains("PurgeQueueInProgress") => {
            let error: Error = aws(doing)(error);
            Err(error.hint("SQS allows one purge of a queue per minute: the last one was less than a minute ago"))
        }
        Err(error) => Err(aws(doing)(error)),
    }
}
