//! A producer: sends real messages to a queue, each at its time.

use std::collections::HashMap;
use std::iter::Peekable;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until, timeout};

/// Maximum number of messages per call.
///
/// Source: SQS API Reference, SendMessageBatch.
const BATCH: usize = 10;

/// Messages that are due within this time are sent together, at the time of the last one.
const TOGETHER: Duration = Duration::from_millis(50);

/// Concurrent calls.
const CALLS: usize = 8;

/// Timeout of a call. It is longer than any pause from which the sandbox must recover, because a repeated call
/// can send its messages twice.
const REPLY: Duration = Duration::from_secs(30);

/// How long to try to send a message.
const PATIENCE: Duration = Duration::from_secs(90);

const PAUSE: Duration = Duration::from_millis(500);

/// A message to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// When to send it, from the start of the load. Never earlier than the previous message.
    pub at: Duration,
    /// Processing time. `None` lets the worker decide. Sent in whole milliseconds.
    pub work: Option<Duration>,
}

/// A message that SQS has accepted. Its `SentTimestamp` is between the two times, which are in milliseconds
/// since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// Its number, starting with 0, in the order of the load. The body is `{"voucher": number}`.
    pub voucher: u64,
    /// SQS's ID.
    pub message_id: String,
    /// When it was due, from the start of the load.
    pub due: Duration,
    /// When the call to SQS started.
    pub asked_at_ms: u64,
    /// When SQS confirmed it.
    pub taken_at_ms: u64,
}

/// The result of sending a load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// Messages that SQS accepted.
    pub sent: u64,
    /// Messages that SQS hasn't accepted after all retries.
    pub not_sent: u64,
    /// Repeated calls. A call whose reply was lost might already have sent its messages. In that case, each of
    /// them exists twice, with the same number and a different ID.
    pub repeated_calls: u64,
    /// Maximum delay of a call after a message was due.
    pub latest: Duration,
    /// SQS's last error message.
    pub last_error: Option<String>,
    /// Whether it was stopped before all messages were sent.
    pub was_stopped: bool,
}

/// Sends a load to a queue.
#[derive(Clone, Debug)]
pub struct Producer {
    client: Client,
    queue_url: String,
}

/// A message and its number.
type Numbered = (u64, Due);

/// Batches of messages for one call. No message is sent before it is due.
struct Batches<I: Iterator<Item = Numbered>>(Peekable<I>);

impl<I: Iterator<Item = Numbered>> Iterator for Batches<I> {
    type Item = (Duration, Vec<Numbered>);

    fn next(&mut self) -> Option<Self::Item> {
        let first = self.0.next()?;
        let end = first.1.at.saturating_add(TOGETHER);
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Some(more) = self.0.next_if(|(_, due)| due.at < end)
        {
            batch.push(more);
        }
        let at = batch.iter().map(|(_, due)| due.at).max()?;
        Some((at, batch))
    }
}

impl Producer {
    /// Creates a producer for this queue.
    pub fn new(client: Client, queue_url: impl Into<String>) -> Self {
        Self {
            client,
            queue_url: queue_url.into(),
        }
    }

    /// Sends each message at its time, or up to 50 ms later, starting now. Reports each message that SQS
    /// accepted. When `stop` is ready, sends nothing more, and waits only for the calls in progress.
    pub async fn send(
        &self,
        load: impl IntoIterator<Item = Due>,
        stop: impl Future<Output = ()>,
        mut taken: impl FnMut(SentMessage),
    ) -> Sending {
        let begin = Instant::now();
        let mut stop = std::pin::pin!(stop);
        let mut calls: JoinSet<Batch> = JoinSet::new();
        let mut sending = Sending::default();
        let giving_up = Arc::new(AtomicBool::new(false));
        let numbered = (0..).zip(load).peekable();
        for (at, batch) in Batches(numbered) {
            // A time beyond the clock's range never comes.
            let moment = begin.checked_add(at);
            let due = async {
                match moment {
                    Some(moment) => sleep_until(moment).await,
                    None => std::future::pending().await,
                }
            };
            let mut due = std::pin::pin!(due);
            loop {
                tokio::select! {
                    biased;
                    () = &mut stop => sending.was_stopped = true,
                    Some(Ok(ended)) = calls.join_next() => {
                        ended.count(&mut sending, &mut taken);
                        continue;
                    }
                    () = &mut due, if calls.len() < CALLS => {}
                }
                break;
            }
            if sending.was_stopped {
                break;
            }
            let (producer, giving_up) = (self.clone(), Arc::clone(&giving_up));
            calls.spawn(async move { producer.send_batch(begin, batch, &giving_up).await });
        }
        giving_up.store(sending.was_stopped, Ordering::Relaxed);
        loop {
            tokio::select! {
                biased;
                () = &mut stop, if !sending.was_stopped => {
                    sending.was_stopped = true;
                    giving_up.store(true, Ordering::Relaxed);
                }
                ended = calls.join_next() => match ended {
                    Some(Ok(ended)) => ended.count(&mut sending, &mut taken),
                    Some(Err(_)) => {}
                    None => return sending,
                },
            }
        }
    }

    /// Sends a batch, and repeats the messages that SQS hasn't accepted until the time limit.
    async fn send_batch(
        &self,
        begin: Instant,
        mut left: Vec<Numbered>,
        giving_up: &AtomicBool,
    ) -> Batch {
        let started = Instant::now();
        let mut batch = Batch::default();
        let first = left.iter().map(|(_, due)| due.at).min();
        let since_begin = started.saturating_duration_since(begin);
        batch.late = since_begin.saturating_sub(first.unwrap_or_default());
        loop {
            let asked_at_ms = now_ms();
            match timeout(REPLY, self.call(&left)).await {
                Ok(Ok(ids)) => {
                    let taken_at_ms = now_ms();
                    left.retain(|(voucher, due)| {
                        let Some(message_id) = ids.get(&voucher.to_string()) else {
                            return true;
                        };
                        batch.taken.push(SentMessage {
                            voucher: *voucher,
                            message_id: message_id.clone(),
                            due: due.at,
                            asked_at_ms,
                            taken_at_ms,
                        });
                        false
                    });
                    if !left.is_empty() {
                        batch.error = Some("SQS took only part of a batch".to_owned());
                    }
                }
                Ok(Err(error)) => batch.error = Some(error),
                Err(_) => batch.error = Some(format!("no reply within {REPLY:?}")),
            }
            let is_over = started.elapsed() >= PATIENCE || giving_up.load(Ordering::Relaxed);
            if left.is_empty() || is_over {
                batch.not_sent = left.len();
                return batch;
            }
            batch.repeated += 1;
            sleep(PAUSE).await;
        }
    }

    /// Makes one call. Returns SQS's IDs by the numbers of the accepted messages.
    async fn call(&self, batch: &[Numbered]) -> Result<HashMap<String, String>, String> {
        let is_fifo = self.queue_url.ends_with(".fifo");
        let mut request = self.client.send_message_batch().queue_url(&self.queue_url);
        for (voucher, due) in batch {
            let mut body = json!({ "voucher": voucher });
            if let Some(work) = due.work {
                body["work_ms"] = u64::try_from(work.as_millis()).unwrap_or(u64::MAX).into();
            }
            let number = voucher.to_string();
            let entry = SendMessageBatchRequestEntry::builder()
                .id(&number)
                .message_body(body.to_string())
                .set_message_group_id(is_fifo.then(|| number.clone()))
                .set_message_deduplication_id(is_fifo.then(|| number.clone()))
                .build()
                .map_err(|error| error.to_string())?;
            request = request.entries(entry);
        }
        let reply = request.send().await;
        let reply =
            reply.map_err(|error| aws_sdk_sqs::error::DisplayErrorContext(&error).to_string())?;
        let taken = reply.successful.into_iter();
        Ok(taken.map(|entry| (entry.id, entry.message_id)).collect())
    }
}

/// The result of sending a batch.
#[derive(Debug, Default)]
struct Batch {
    taken: Vec<SentMessage>,
    not_sent: usize,
    repeated: u64,
    late: Duration,
    error: Option<String>,
}

impl Batch {
    fn count(self, sending: &mut Sending, taken: &mut impl FnMut(SentMessage)) {
        sending.sent += self.taken.len() as u64;
        sending.not_sent += self.not_sent as u64;
        sending.repeated_calls += self.repeated;
        sending.latest = sending.latest.max(self.late);
        sending.last_error = self.error.or(sending.last_error.take());
        self.taken.into_iter().for_each(taken);
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

#[cfg(test)]
mod tests;
