//! Queues and their numbers of messages.

use aws_sdk_sqs::types::QueueAttributeName;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;

use crate::cloudwatch::Datapoint;
use crate::error::{Result, aws, is_denied};
use crate::messages::is_no_such_queue;
use crate::session::Session;

/// The number of messages in a queue.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QueueState {
    /// Queue name.
    pub name: String,
    /// Queue URL.
    pub url: String,
    /// Messages waiting. All three numbers are `None` if the queue can't be read.
    pub visible: Option<u64>,
    /// Messages received but not yet deleted.
    pub in_flight: Option<u64>,
    /// Messages whose delay hasn't passed yet.
    pub delayed: Option<u64>,
    /// The newest datapoint of `BacklogPerTask`.
    pub backlog_per_task: Option<Datapoint>,
}

/// Concurrent requests. SQS allows thousands per second.
const AT_ONCE: usize = 16;

/// Reads the queues with these names and URLs, in the same order.
pub(super) async fn read(
    session: &Session<'_>,
    queues: Vec<(&str, &str)>,
) -> Result<Vec<QueueState>> {
    stream::iter(queues)
        .map(|(name, url)| read_one(session, name, url))
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Reads a queue. A queue that is gone or can't be read isn't an error, because that is a case in which users
/// run `status`.
async fn read_one(session: &Session<'_>, name: &str, url: &str) -> Result<QueueState> {
    let wanted = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    ];
    let request = session.clients.sqs.get_queue_attributes().queue_url(url);
    let request = request.set_attribute_names(Some(wanted.to_vec()));
    let doing = format!("read the queue {url}");
    let reply = match request.send().await {
        Ok(reply) => Some(reply),
        Err(error) if is_no_such_queue(&error) => None,
        Err(error) if is_denied(&error) => {
            session.note(aws(doing)(error).to_string());
            None
        }
        Err(error) => return Err(aws(doing)(error)),
    };
    let count = |name| reply.as_ref()?.attributes()?.get(&name)?.parse().ok();
    let [visible, in_flight, delayed] = wanted.map(count);
    Ok(QueueState {
        name: name.to_owned(),
        url: url.to_owned(),
        visible,
        in_flight,
        delayed,
        backlog_per_task: None,
    })
}
