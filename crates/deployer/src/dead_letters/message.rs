//! Receives, shows, and releases messages of a dead-letter queue.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, Message, MessageAttributeValue,
    MessageSystemAttributeName,
};
use serde::Serialize;

use crate::error::{Error, Result, aws};
use crate::messages::name_in;
use crate::session::Session;

/// Maximum number of messages of a receive call, and of a batch. Source: Amazon SQS API, `ReceiveMessage`.
pub(super) const BATCH: usize = 10;
/// How long a receive call waits for a message, in seconds. With a wait, SQS queries all of its servers; without
/// one, it can miss messages. Source: Amazon SQS Developer Guide, "Short and long polling".
const WAIT_SECONDS: i32 = 1;

/// A message of a dead-letter queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Its ID.
    pub id: String,
    /// When it was sent, in milliseconds since 1970: to the source queue, or for FIFO queues to the dead-letter queue.
    pub sent_at_ms: Option<u64>,
    /// How many times it was received, including this time.
    pub receive_count: Option<u32>,
    /// Message group, in FIFO queues.
    pub group_id: Option<String>,
    /// Deduplication ID, in FIFO queues.
    pub deduplication_id: Option<String>,
    /// Message attributes, as text. Binary attributes are shown as their size.
    pub attributes: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

impl From<&Message> for DeadLetter {
    fn from(message: &Message) -> Self {
        let attributes = message.message_attributes().into_iter().flatten();
        let attributes = attributes.map(|(name, value)| (name.clone(), describe(value)));
        Self {
            id: id_of(message).to_owned(),
            sent_at_ms: sent_at_ms(message),
            receive_count: system(message, MessageSystemAttributeName::ApproximateReceiveCount)
                .and_then(|count| count.parse().ok()),
            group_id: system(message, MessageSystemAttributeName::MessageGroupId)
                .map(str::to_owned),
            deduplication_id: system(message, MessageSystemAttributeName::MessageDeduplicationId)
                .map(str::to_owned),
            attributes: attributes.collect(),
            body: message.body().unwrap_or_default().to_owned(),
        }
    }
}

fn describe(value: &MessageAttributeValue) -> String {
    match (value.string_value(), value.binary_value()) {
        (Some(text), _) => text.to_owned(),
        (None, Some(bytes)) => format!("{} bytes", bytes.as_ref().len()),
        (None, None) => String::new(),
    }
}

pub(super) fn system(message: &Message, name: MessageSystemAttributeName) -> Option<&str> {
    message.attributes()?.get(&name).map(String::as_str)
}

/// Returns when the message was sent, in milliseconds since 1970.
pub(super) fn sent_at_ms(message: &Message) -> Option<u64> {
    system(message, MessageSystemAttributeName::SentTimestamp)?
        .parse()
        .ok()
}

/// Returns the message's ID.
pub(super) fn id_of(message: &Message) -> &str {
    message.message_id().unwrap_or_default()
}

/// Receives at most ten messages. No one else can receive them while they are hidden.
pub(super) async fn receive(
    session: &Session<'_>,
    url: &str,
    most: usize,
    hidden: Duration,
) -> Result<Vec<Message>> {
    let request = session.clients.sqs.receive_message().queue_url(url);
    let reply = request
        .max_number_of_messages(i32::try_from(most.clamp(1, BATCH)).unwrap_or(1))
        .visibility_timeout(i32::try_from(hidden.as_secs()).unwrap_or(i32::MAX))
        .wait_time_seconds(WAIT_SECONDS)
        .message_system_attribute_names(MessageSystemAttributeName::All)
        .message_attribute_names("All")
        .send()
        .await;
    let doing = format!("receive messages from {}", name_in(url));
    Ok(reply.map_err(aws(doing))?.messages.unwrap_or_default())
}

/// Makes the messages visible again immediately.
///
/// # Errors
/// If SQS can't be reached, or refuses some messages. Those stay hidden until their visibility timeout ends.
pub(super) async fn release<'a>(
    session: &Session<'_>,
    url: &str,
    messages: impl IntoIterator<Item = &'a Message>,
) -> Result<()> {
    let doing = format!("make messages of {} visible again", name_in(url));
    let messages: Vec<&Message> = messages.into_iter().collect();
    for batch in messages.chunks(BATCH) {
        let mut entries = Vec::with_capacity(batch.len());
        for (number, message) in batch.iter().enumerate() {
            let entry = ChangeMessageVisibilityBatchRequestEntry::builder()
                .id(number.to_string())
                .receipt_handle(message.receipt_handle().unwrap_or_default())
                .visibility_timeout(0)
                .build();
            entries.push(entry.map_err(|error| Error::failed(error.to_string()))?);
        }
        let request = session.clients.sqs.change_message_visibility_batch();
        let reply = request.queue_url(url).set_entries(Some(entries)).send();
        let reply = reply.await.map_err(aws(&*doing))?;
        // A message whose timeout has ended is already visible.
        let mut failed = reply.failed().iter();
        if let Some(entry) = failed.find(|entry| !entry.code().contains("NotInflight")) {
            let reason = entry.message().unwrap_or(entry.code());
            return Err(Error::failed(format!("failed to {doing}: {reason}")));
        }
    }
    Ok(())
}
