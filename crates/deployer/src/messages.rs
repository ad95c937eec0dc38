//! Messages in queues that a deletion would remove.

use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sqs::types::QueueAttributeName;
use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Serialize;
use template::contract::types;

use crate::error::{Error, Result, aws, code, is_denied};
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;

/// Messages in a queue of every kind: waiting, in flight, and delayed. SQS's numbers are approximate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueMessages {
    /// Logical ID in the template.
    pub logical_id: String,
    /// Queue URL.
    pub url: String,
    /// Number of messages.
    pub messages: u64,
}

/// Concurrent requests.
const AT_ONCE: usize = 8;

const KINDS: [QueueAttributeName; 3] = [
    QueueAttributeName::ApproximateNumberOfMessages,
    QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    QueueAttributeName::ApproximateNumberOfMessagesDelayed,
];

/// Returns the queues among the resources that hold messages. With `force`, skips queues that the credentials
/// can't read: a user who discards the messages doesn't need their number.
///
/// Reports the dead-letter queue of a function, but doesn't return it. It holds notifications of alarms that
/// the function couldn't process. The scaling that they belong to is deleted with it, so no one can process
/// them anymore, and they contain no user's data.
///
/// # Errors
/// If a queue can't be read, because then the possible loss isn't known.
pub(crate) async fn count_messages(
    session: &Session<'_>,
    resources: &[Resource],
    force: bool,
) -> Result<Vec<QueueMessages>> {
    let queues = resources.iter().filter(|resource| {
        resource.resource_type == types::QUEUE && !resource.physical_id.is_empty()
    });
    let counted: Vec<_> = stream::iter(queues)
        .map(|queue| count_one(session, queue, force))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut full: Vec<QueueMessages> = counted
        .into_iter()
        .filter(|queue| queue.messages > 0)
        .collect();
    if !full.is_empty() {
        let of_functions = dead_letters_of_functions(session, resources).await?;
        full.retain(|queue| {
            let ours = of_functions.iter().any(|name| name == name_in(&queue.url));
            if ours {
                session.note(format!(
                    "{} holds events that a function of the stack couldn't handle (about {}): they are deleted with it",
                    queue.logical_id, queue.messages
                ));
            }
            !ours
        });
    }
    Ok(full)
}

/// Returns the names of the functions' dead-letter queues. If a function is gone or can't be read, its queue is
/// treated like every other.
async fn dead_letters_of_functions(
    session: &Session<'_>,
    resources: &[Resource],
) -> Result<Vec<String>> {
    let names: Vec<Option<String>> = stream::iter(physical_ids(resources, types::FUNCTION))
        .map(|function| dead_letters_of(session, function))
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(names.into_iter().flatten().collect())
}

async fn dead_letters_of(session: &Session<'_>, function: &str) -> Result<Option<String>> {
    let request = session.clients.lambda.get_function_configuration();
    match request.function_name(function).send().await {
        Ok(reply) => Ok(reply
            .dead_letter_config()
            .and_then(|config| config.target_arn())
            .map(|arn| name_in_arn(arn).to_owned())),
        Err(error) if error.as_service_error().is_some() => Ok(None),
        Err(error) => Err(aws(format!("read the configuration of {function}"))(error)),
    }
}

/// Returns the queue's name: the end of its URL.
pub(crate) fn name_in(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or(url)
}

/// Returns the queue's name: the end of its ARN.
pub(crate) fn name_in_arn(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}

async fn count_one(session: &Session<'_>, queue: &Resource, force: bool) -> Result<QueueMessages> {
    let url = &queue.physical_id;
    let doing = format!("count the messages in {url}");
    let request = session.clients.sqs.get_queue_attributes().queue_url(url);
    let sent = request
        .set_attribute_names(Some(KINDS.to_vec()))
        .send()
        .await;
    let messages = match sent {
        Ok(reply) => {
            let mut sum = 0u64;
            for kind in &KINDS {
                let text = reply.attributes().and_then(|all| all.get(kind));
                let count = text.and_then(|text| text.parse::<u64>().ok());
                let count = count.ok_or_else(|| {
                    let kind = kind.as_str();
                    Error::failed(format!("failed to {doing}: the reply has no {kind}"))
                })?;
                sum = sum.saturating_add(count);
            }
            sum
        }
        // Deleted by an earlier run that was interrupted.
        Err(error) if is_no_such_queue(&error) => 0,
        Err(error) if is_denied(&error) && force => {
            session.note(format!("skipped: {}", aws(doing)(error)));
            0
        }
        Err(error) if is_denied(&error) => {
            return Err(aws(doing)(error).hint(
                "without sqs:GetQueueAttributes, ecs-scaler can't count the messages that would be lost; `destroy --force` discards them without counting",
            ));
        }
        Err(error) => return Err(aws(doing)(error)),
    };
    Ok(QueueMessages {
        logical_id: queue.logical_id.clone(),
        url: url.clone(),
        messages,
    })
}

/// Whether SQS reports that the queue doesn't exist. The error code has two names, depending on the protocol.
pub(crate) fn is_no_such_queue<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> bool {
    let code = code(error);
    code.contains("NonExistentQueue") || code.contains("QueueDoesNotExist")
}

/// Returns the URL of a queue of this name. `None` if it doesn't exist. `doing` describes the purpose in the error.
///
/// # Errors
/// If SQS refuses or can't be reached.
pub(crate) async fn find_queue_url(
    session: &Session<'_>,
    name: &str,
    doing: &str,
) -> Result<Option<String>> {
    let request = session.clients.sqs.get_queue_url().queue_name(name);
    match request.send().await {
        Ok(reply) => Ok(Some(reply.queue_url.unwrap_or_default())),
        Err(error) if is_no_such_queue(&error) => Ok(None),
        Err(error) => Err(aws(doing)(error)),
    }
}

/// Returns the error for losing these messages. `None` if there are none. The caller adds hints.
pub(crate) fn refuse_loss(queues: &[QueueMessages]) -> Option<Error> {
    let (first, others) = queues.split_first()?;
    let mut error = Error::refused(format!(
        "{} ({}) still holds about {} messages, which would be lost",
        first.logical_id, first.url, first.messages
    ));
    for queue in others {
        error = error.hint(format!(
            "so does {}: about {} messages",
            queue.logical_id, queue.messages
        ));
    }
    Some(error)
}
