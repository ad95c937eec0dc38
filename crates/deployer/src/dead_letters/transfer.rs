//! Moves messages one by one. A message is deleted only after it has arrived, so no message is lost. In the worst case,
//! one arrives twice.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::types::{
    Message, MessageSystemAttributeName, MessageSystemAttributeNameForSends,
    MessageSystemAttributeValue,
};
use futures::stream::{self, StreamExt};
use serde::Serialize;
use tokio::time::Instant;

use super::message::{BATCH, id_of, receive, release, sent_at_ms, system};
use super::redrive::{RedriveOptions, RedriveState, RedriveWay, Redriven};
use super::{DeadLetterQueue, reinvoke};
use crate::error::{Error, Result, aws};
use crate::session::Session;

/// How long the messages stay hidden if this program ends unexpectedly.
const HIDDEN: Duration = Duration::from_secs(5 * 60);

/// How long SQS drops FIFO messages with the same deduplication ID after its first use. Source: Amazon SQS
/// Developer Guide, "Exactly-once processing in Amazon SQS".
const DEDUPLICATION: Duration = Duration::from_secs(5 * 60);

/// After this number of consecutive empty replies, the queue is empty.
const IDLE: u32 = 2;

/// Why a message isn't moved a second time: with `dead_letter: {after: 1}` that would never end.
const CAME_BACK: &str = "it was moved back, failed again, and is here again: fix the cause first";

/// A message that should have been moved and wasn't.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// The message's ID.
    pub id: String,
    /// Why it's still in the dead-letter queue.
    pub reason: String,
}

/// The destination of messages.
pub(super) enum Target<'a> {
    /// The queue with this URL.
    Queue(&'a str),
    /// This function.
    Function(&'a str),
}

/// One redrive, message by message.
pub(super) struct Transfer<'a> {
    pub session: &'a Session<'a>,
    pub queue: &'a DeadLetterQueue,
    pub options: &'a RedriveOptions,
    pub target: Target<'a>,
    pub now: &'a (dyn Fn() -> SystemTime + Sync),
    pub progress: &'a (dyn Fn(u64, Option<u64>) + Sync),
}

/// The state of the redrive.
#[derive(Default)]
struct Course {
    moved: u64,
    other: u64,
    kept: Vec<Kept>,
    /// Messages that stay. They are hidden until the end, so that SQS returns the others.
    held: HashMap<String, Message>,
    /// Message groups of a FIFO queue that contain a message that stays.
    blocked: HashSet<String>,
    /// IDs that the moved messages got in their queue. SQS keeps the ID of a message that fails there again.
    sent: HashSet<String>,
}

impl Course {
    fn hold(&mut self, message: Message) {
        self.held.insert(id_of(&message).to_owned(), message);
    }

    fn note_moved(&mut self, sent: Option<String>) {
        self.moved += 1;
        self.sent.extend(sent);
    }

    fn keep(&mut self, message: Message, reason: String) {
        let id = id_of(&message).to_owned();
        self.kept.push(Kept { id, reason });
        self.hold(message);
    }
}

impl Transfer<'_> {
    /// Moves the messages that the options select.
    pub(super) async fn run(&self) -> Result<Redriven> {
        let mut course = Course::default();
        let result = self.drain(&mut course).await;
        // In any case, no message stays hidden.
        let released = release(self.session, &self.queue.url, course.held.values()).await;
        result?;
        released?;
        let state = if self.session.is_interrupted() {
            RedriveState::Interrupted
        } else if course.kept.is_empty() {
            RedriveState::Completed
        } else {
            RedriveState::Partial
        };
        let way = match self.target {
            Target::Queue(_) => RedriveWay::ReceiveAndSend,
            Target::Function(_) => RedriveWay::Invoke,
        };
        Ok(Redriven {
            queue: self.queue.clone(),
            way,
            state,
            moved: course.moved,
            other: course.other,
            kept: course.kept,
            failure: None,
        })
    }

    async fn drain(&self, course: &mut Course) -> Result<()> {
        let began = Instant::now();
        let (mut idle, mut repeats) = (0, 0);
        while idle < IDLE && !self.session.is_interrupted() {
            let batch = receive(self.session, &self.queue.url, self.batch(), HIDDEN).await?;
            let received = batch.len();
            let mut fresh = Vec::new();
            for message in batch {
                let id = id_of(&message);
                if course.held.contains_key(id) {
                    // It is held and was visible again: the newer receipt counts.
                    course.hold(message);
                } else if course.sent.contains(id) {
                    course.keep(message, CAME_BACK.to_owned());
                } else {
                    fresh.push(message);
                }
            }
            if fresh.is_empty() {
                // Messages that stay become visible again after a while. Once the number of repeated ones exceeds their
                // total, all messages were seen.
                repeats += received;
                idle = match received {
                    0 => idle + 1,
                    _ if repeats > course.held.len() => IDLE,
                    _ => 0,
                };
                continue;
            }
            (idle, repeats) = (0, 0);
            self.move_batch(fresh, course).await;
            (self.progress)(course.moved, None);
            self.keep_rate(course.moved, began).await;
        }
        Ok(())
    }

    /// Maximum number of messages to receive at once.
    fn batch(&self) -> usize {
        let rate = self.options.rate.map_or(BATCH, |rate| rate as usize);
        match self.target {
            Target::Queue(_) => rate.clamp(1, BATCH),
            // An invocation can take a while, and the message must stay hidden until it ends.
            Target::Function(_) => 1,
        }
    }

    async fn keep_rate(&self, moved: u64, began: Instant) {
        if let Some(rate) = self.options.rate {
            #[expect(clippy::cast_precision_loss, reason = "a number of messages")]
            let due = moved as f64 / f64::from(rate.max(1));
            let due = Duration::try_from_secs_f64(due).unwrap_or_default();
            tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        }
    }

    async fn move_batch(&self, batch: Vec<Message>, course: &mut Course) {
        let filter = self.options.filter.as_deref().unwrap_or_default();
        let matches = |message: &Message| message.body().unwrap_or_default().contains(filter);
        let (wanted, others): (Vec<_>, Vec<_>) = batch.into_iter().partition(matches);
        course.other += others.len() as u64;
        others.into_iter().for_each(|message| course.hold(message));
        if self.queue.is_fifo() {
            return self.move_in_order(wanted, course).await;
        }
        let mut moves = stream::iter(wanted)
            .map(|message| async move {
                let moved = self.move_one(&message).await;
                (message, moved)
            })
            .buffered(BATCH);
        while let Some((message, moved)) = moves.next().await {
            match moved {
                Ok(id) => course.note_moved(id),
                Err(reason) => course.keep(message, reason),
            }
        }
    }

    /// Moves messages one after another. If a message stays, all later messages in its group stay too.
    async fn move_in_order(&self, batch: Vec<Message>, course: &mut Course) {
        for message in batch {
            let group = system(&message, MessageSystemAttributeName::MessageGroupId);
            let group = group.unwrap_or_default().to_owned();
            if course.blocked.contains(&group) {
                let reason = format!("a message before it in the group {group} stays");
                course.keep(message, reason);
                continue;
            }
            match self.move_one(&message).await {
                Ok(id) => course.note_moved(id),
                Err(reason) => {
                    course.blocked.insert(group);
                    course.keep(message, reason);
                }
            }
        }
    }

    /// Delivers a message, and then deletes it. Returns its ID in the queue that it was sent to. The error says why it is still in
    /// the dead-letter queue.
    async fn move_one(&self, message: &Message) -> Result<Option<String>, String> {
        let sent = match self.target {
            Target::Queue(url) => self.send(url, message).await?,
            Target::Function(function) => {
                reinvoke::invoke(self.session, function, message).await?;
                None
            }
        };
        let request = self.session.clients.sqs.delete_message();
        let request = request
            .queue_url(&self.queue.url)
            .receipt_handle(message.receipt_handle().unwrap_or_default());
        let deleted = request.send().await;
        let doing = "delete the message, which has arrived, so it is in both queues now";
        deleted
            .map_err(aws(doing))
            .map_err(|error| error.to_string())?;
        Ok(sent)
    }

    async fn send(&self, url: &str, message: &Message) -> Result<Option<String>, String> {
        if self.queue.is_fifo()
            && let Some(left) = self.deduplicated_for(message)
        {
            return Err(format!(
                "SQS would drop it as a duplicate for another {} s: redrive again then",
                left.as_secs().max(1)
            ));
        }
        let attribute = |name| system(message, name).map(str::to_owned);
        let mut request = self.session.clients.sqs.send_message().queue_url(url);
        if let Some(trace) = attribute(MessageSystemAttributeName::AwsTraceHeader) {
            let value = MessageSystemAttributeValue::builder();
            let value = value.data_type("String").string_value(trace).build();
            let value = value.map_err(|error| error.to_string())?;
            let name = MessageSystemAttributeNameForSends::AwsTraceHeader;
            request = request.message_system_attributes(name, value);
        }
        let sent = request
            .message_body(message.body().unwrap_or_default())
            .set_message_attributes(message.message_attributes.clone())
            .set_message_group_id(attribute(MessageSystemAttributeName::MessageGroupId))
            .set_message_deduplication_id(attribute(
                MessageSystemAttributeName::MessageDeduplicationId,
            ))
            .send()
            .await;
        let sent = sent.map_err(aws("send the message"));
        let sent = sent.map_err(|error: Error| error.to_string())?;
        Ok(sent.message_id)
    }

    /// Returns for how long SQS might still know the deduplication ID of a message from its first send. In that time,
    /// SQS would accept the message and drop it. In a dead-letter queue, the sent time of a FIFO message is when it was
    /// moved there, which was later.
    fn deduplicated_for(&self, message: &Message) -> Option<Duration> {
        let sent = UNIX_EPOCH + Duration::from_millis(sent_at_ms(message)?);
        let age = (self.now)().duration_since(sent).unwrap_or_default();
        let left = DEDUPLICATION.saturating_sub(age);
        (!left.is_zero()).then_some(left)
    }
}
