//! The edge to SQS: one queue's operations, in the worker's own types.

use std::collections::HashSet;
use std::error::Error;
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::Config as SdkConfig;
use aws_sdk_sqs::types::{
    DeleteMessageBatchRequestEntry, Message as SdkMessage, MessageSystemAttributeName,
    QueueAttributeName,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_smithy_types::retry::RetryConfig;

use crate::check::Message;
use crate::client::poll_timeouts;
use crate::config::QueueAddress;

/// Most messages that one call receives or deletes.
///
/// Source: SQS API Reference, ReceiveMessage and DeleteMessageBatch.
pub(crate) const BATCH: usize = 10;

/// A queue.
#[derive(Clone, Debug)]
pub(crate) struct Queue {
    client: Client,
    pub(crate) address: QueueAddress,
}

/// A received message and its receipt for the deletion.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) message: Message,
    pub(crate) receipt: String,
}

/// Why SQS gave no answer, or not the wanted one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {detail}")]
pub(crate) struct SqsError {
    operation: &'static str,
    code: Option<String>,
    detail: String,
}

/// An entry of a batch that wasn't deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotDeleted {
    /// Its place in the batch.
    pub(crate) index: usize,
    pub(crate) error: SqsError,
}

/// Codes, with or without the older prefix, of an expired receipt: the message is visible
/// again, received by another worker, deleted, or hidden for the longest time.
const LOST: [&str; 4] = [
    "MessageNotInflight",
    "ReceiptHandleIsInvalid",
    "InvalidParameterValue",
    "InvalidParameterValueException",
];

impl SqsError {
    /// Whether the message no longer belongs to this worker, so that a retry can't succeed.
    pub(crate) fn is_lost(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default();
        LOST.contains(&code.rsplit('.').next().unwrap_or_default())
    }
}

impl Queue {
    pub(crate) fn new(client: Client, address: QueueAddress) -> Self {
        Self { client, address }
    }

    /// Maximum number of messages per poll. For a FIFO queue it is one: SQS gives the next message of a
    /// group only when the previous one is deleted or visible again, but can put several into one batch,
    /// whose order would be lost when they are processed in parallel.
    pub(crate) fn batch(&self) -> usize {
        if self.address.url.ends_with(".fifo") {
            1
        } else {
            BATCH
        }
    }

    /// The queue's visibility timeout.
    pub(crate) async fn visibility(&self) -> Result<Duration, SqsError> {
        const OPERATION: &str = "GetQueueAttributes";
        let request = self.client.get_queue_attributes();
        let reply = request
            .queue_url(&self.address.url)
            .attribute_names(QueueAttributeName::VisibilityTimeout)
            .send()
            .await
            .map_err(|error| failed(OPERATION, &error))?;
        let attributes = reply.attributes();
        let value = attributes.and_then(|all| all.get(&QueueAttributeName::VisibilityTimeout));
        let seconds = value.and_then(|value| value.parse().ok());
        seconds.map(Duration::from_secs).ok_or_else(|| SqsError {
            operation: OPERATION,
            code: None,
            detail: format!("the visibility timeout is {value:?}"),
        })
    }

    /// Waits up to `wait` for up to `most` messages, and hides them for `visibility`.
    pub(crate) async fn receive(
        &self,
        most: usize,
        wait: Duration,
        visibility: Duration,
    ) -> Result<Vec<Received>, SqsError> {
        let patience = SdkConfig::builder()
            .timeout_config(poll_timeouts(wait))
            .retry_config(RetryConfig::disabled());
        let reply = self
            .client
            .receive_message()
            .queue_url(&self.address.url)
            .max_number_of_messages(i32::try_from(most.min(self.batch())).unwrap_or(1))
            .wait_time_seconds(whole_seconds(wait))
            .visibility_timeout(whole_seconds(visibility))
            .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .customize()
            .config_override(patience)
            .send()
            .await
            .map_err(|error| failed("ReceiveMessage", &error))?;
        let messages = reply.messages.unwrap_or_default();
        Ok(messages.into_iter().map(received).collect())
    }

    /// Sets how long from now a message stays hidden; zero makes it visible immediately.
    pub(crate) async fn hide(&self, receipt: &str, length: Duration) -> Result<(), SqsError> {
        let request = self.client.change_message_visibility();
        let sent = request
            .queue_url(&self.address.url)
            .receipt_handle(receipt)
            .visibility_timeout(whole_seconds(length))
            .send()
            .await;
        sent.map(drop)
            .map_err(|error| failed("ChangeMessageVisibility", &error))
    }

    /// Deletes up to ten messages; returns the ones that weren't deleted.
    pub(crate) async fn delete(&self, receipts: &[&str]) -> Result<Vec<NotDeleted>, SqsError> {
        const OPERATION: &str = "DeleteMessageBatch";
        let mut request = self.client.delete_message_batch();
        for (index, receipt) in receipts.iter().enumerate() {
            let entry = DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(*receipt)
                .build()
                .map_err(|error| SqsError {
                    operation: OPERATION,
                    code: None,
                    detail: error.to_string(),
                })?;
            request = request.entries(entry);
        }
        let reply = request
            .queue_url(&self.address.url)
            .send()
            .await
            .map_err(|error| failed(OPERATION, &error))?;
        let deleted: HashSet<&str> = reply.successful().iter().map(|entry| entry.id()).collect();
        let left = (0..receipts.len()).filter(|index| !deleted.contains(&*index.to_string()));
        Ok(left
            .map(|index| {
                let id = index.to_string();
                let entry = reply.failed().iter().find(|entry| entry.id() == id);
                let code = entry.map(|entry| entry.code().to_owned());
                let message = entry.and_then(|entry| entry.message());
                let said = [code.as_deref(), message];
                let said: Vec<&str> = said.into_iter().flatten().collect();
                NotDeleted {
                    index,
                    error: SqsError {
                        operation: OPERATION,
                        detail: if said.is_empty() {
                            "the reply doesn't name the message".to_owned()
                        } else {
                            said.join(": ")
                        },
                        code,
                    },
                }
            })
            .collect())
    }
}

/// Converts a message. Missing fields become `None` or empty, so that no message is lost.
fn received(message: SdkMessage) -> Received {
    let number = |name| {
        let attributes = message.attributes.as_ref()?;
        attributes.get(&name)?.parse::<u64>().ok()
    };
    let sent_at_ms = number(MessageSystemAttributeName::SentTimestamp);
    let count = number(MessageSystemAttributeName::ApproximateReceiveCount);
    Received {
        message: Message {
            id: message.message_id.unwrap_or_default(),
            body: message.body.unwrap_or_default(),
            sent_at_ms,
            receive_count: count.and_then(|count| u32::try_from(count).ok()),
        },
        receipt: message.receipt_handle.unwrap_or_default(),
    }
}

fn whole_seconds(length: Duration) -> i32 {
    i32::try_from(length.as_secs()).unwrap_or(i32::MAX)
}

/// Code and message of a service's error; of any other, the chain of its causes.
fn failed<E>(operation: &'static str, error: &SdkError<E, HttpResponse>) -> SqsError
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(|meta| meta.code()).map(str::to_owned);
    let message = meta.and_then(|meta| meta.message());
    let mut detail = match (&code, message) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.clone(),
        (None, Some(message)) => message.to_owned(),
        (None, None) => causes(error),
    };
    if let Some(reply) = error.raw_response().filter(|_| code.is_none()) {
        detail = format!("{detail} (HTTP status {})", reply.status().as_u16());
    }
    SqsError {
        operation,
        code,
        detail,
    }
}

fn causes(error: &dyn Error) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let words: Vec<String> = chain.map(ToString::to_string).collect();
    words.join(": ")
}
