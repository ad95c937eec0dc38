//! Looking at messages without taking them from anyone.

use std::collections::HashSet;
use std::time::Duration;

use aws_sdk_sqs::types::Message;
use serde::Serialize;

use super::message::{BATCH, id_of, receive, release};
use super::{DeadLetter, DeadLetterQueue};
use crate::error::Result;
use crate::session::Session;

/// Maximum number of messages of one look.
pub const LONGEST_LOOK: usize = 100;

/// How long the messages are hidden if this program ends in the middle of a look. A look of 100 messages is ten receives
/// of at most a second each.
const HIDDEN: Duration = Duration::from_secs(30);

/// Messages that were looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Look {
    /// The queue.
    #[serde(flatten)]
    pub queue: DeadLetterQueue,
    /// Its messages, as SQS returned them: in no particular order, unless it is a FIFO queue.
    pub messages: Vec<DeadLetter>,
}

/// Looks at up to `limit` messages, and at most [`LONGEST_LOOK`]. They are hidden from others meanwhile, and visible again
/// at the end. SQS counts the look as a receive of each message.
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
    // Whatever came of it: nothing stays hidden.
    let released = release(session, &queue.url, &found).await;
    received?;
    released?;
    Ok(Look {
        queue: queue.clone(),
        messages: found.iter().map(DeadLetter::from).collect(),
    })
}

/// Until the limit is reached, or nothing new comes.
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
