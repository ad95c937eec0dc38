//! Shows messages without consuming them.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use serde::Serialize;

use super::message::{BATCH, id_of, receive, release};
use super::{DeadLetter, DeadLetterQueue};
use crate::error::Result;
use crate::session::Session;

/// Maximum number of messages to show.
pub const LONGEST_LOOK: usize = 100;

/// How long the messages stay hidden if this program ends unexpectedly. 100 messages take ten receive calls of at most
/// a second each.
const HIDDEN: Duration = Duration::from_secs(30);

/// Messages to show.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// The queue.
    #[serde(flatten)]
    pub queue: DeadLetterQueue,
    /// Its messages in the order in which SQS returned them. Only a FIFO queue has a defined order.
    pub messages: Vec<DeadLetter>,
}

/// Receives up to `limit` messages, and at most [`LONGEST_LOOK`]. They are hidden from other consumers in the meantime,
/// and visible again at the end. SQS counts this as a receive of each message.
///
/// # Errors
/// If SQS can't be reached, or refuses.
pub async fn show_dead_letters(
    session: &Session<'_>,
    queue: &DeadLetterQueue,
    limit: usize,
) -> Result<Look> {
    let mut found = Vec::new();
    let received = collect(session, queue, limit.min(LONGEST_LOOK), &mut found).await;
    // In any case, no message stays hidden.
    let released = release(session, &queue.url, &found).await;
    received?;
    released?;
    Ok(Look {
        queue: queue.clone(),
        messages: found.iter().map(DeadLetter::from).collect(),
    })
}

/// Receives until the limit is reached or no new messages arrive.
async fn collect(
    session: &Session<'_>,
    queue: &DeadLetterQueue,
    limit: usize,
    found: &mut Vec<Message>,
) -> Result<()> {
    let mut seen = HashSet::new();
    while found.len() < limit {
        let most = BATCH.min(limit - found.len());
        let batch = receive(session, &queue.url, most, HIDDEN).await?;
        let before = found.len();
        for message in batch {
            if seen.insert(id_of(&message).to_owned()) {
                found.push(message);
            }
        }
        if found.len() == before {
            break;
        }
    }
    Ok(())
}
