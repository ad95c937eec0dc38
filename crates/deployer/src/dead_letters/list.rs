//! The number of messages in the dead-letter queues, and their age.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use aws_sdk_sqs::types::QueueAttributeName;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use super::move_task::{self, MoveTask};
use super::{DeadLetterQueue, DeadLetterSource};
use crate::error::{Result, aws, unless_denied};
use crate::inspect::oldest_messages;
use crate::session::Session;

/// A dead-letter queue and its content. SQS's numbers are approximate.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadLetters {
    /// The queue.
    #[serde(flatten)]
    pub queue: DeadLetterQueue,
    /// Messages that can be received.
    pub visible: u64,
    /// Messages that a consumer has received but not yet deleted.
    pub in_flight: u64,
    /// Messages whose delay hasn't passed yet.
    pub delayed: u64,
    /// Age of the oldest message in seconds, from CloudWatch. `None` without a datapoint in the last 15 minutes,
    /// or if it can't be read.
    pub oldest_seconds: Option<f64>,
    /// The redrive that is in progress, or the last one of the past day.
    pub redrive: Option<MoveTask>,
}

impl DeadLetters {
    /// Returns the number of messages of every kind.
    #[must_use]
    pub fn messages(&self) -> u64 {
        let sum = self.visible.saturating_add(self.in_flight);
        sum.saturating_add(self.delayed)
    }
}

/// Concurrent requests.
const AT_ONCE: usize = 8;

/// Reads the content of these dead-letter queues, in the same order.
///
/// # Errors
/// If a queue can't be read, or AWS can't be reached.
pub async fn list_dead_letters(
    session: &Session<'_>,
    queues: &[DeadLetterQueue],
    now: SystemTime,
) -> Result<Vec<DeadLetters>> {
    let names: BTreeSet<&str> = queues.iter().map(|queue| queue.queue.as_str()).collect();
    let ages = oldest_messages(session, &names, now);
    let ages = match unless_denied(ages.await)? {
        Ok(ages) => ages,
        Err(reason) => {
            session.note(reason);
            HashMap::new()
        }
    };
    stream::iter(queues)
        .map(|queue| async {
            let mut found = count(session, queue).await?;
            let age = ages.get(&queue.queue).map(|point| point.value);
            found.oldest_seconds = age.filter(|_| found.messages() > 0);
            Ok(found)
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

async fn count(session: &Session<'_>, queue: &DeadLetterQueue) -> Result<DeadLetters> {
    let wanted = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
        QueueAttributeName::QueueArn,
    ];
    let request = session.clients.sqs.get_queue_attributes();
    let request = request.queue_url(&queue.url);
    let reply = request.set_attribute_names(Some(wanted.to_vec())).send();
    let reply = reply.await;
    let reply = reply.map_err(aws(format!("count the messages in {}", queue.queue)))?;
    let value = |name: &QueueAttributeName| reply.attributes()?.get(name);
    let [visible, in_flight, delayed, _] = &wanted;
    let count = |name| value(name).and_then(|text| text.parse().ok()).unwrap_or(0);
    let redrive = match (&queue.source, value(&QueueAttributeName::QueueArn)) {
        (DeadLetterSource::Queue { .. }, Some(arn)) => {
            // Only additional information. Not every identity can read it, and not every emulator supports it.
            move_task::latest(session, arn).await.ok().flatten()
        }
        _ => None,
    };
    Ok(DeadLetters {
        queue: queue.clone(),
        visible: count(visible),
        in_flight: count(in_flight),
        delayed: count(delayed),
        oldest_seconds: None,
        redrive,
    })
}
