//! Reads the queues of a service that follows demand.

use std::collections::HashMap;
use std::pin::pin;
use std::time::Duration;

use aws_sdk_sqs::types::QueueAttributeName;
use futures::future::join_all;
use lambda_kit::{CallError, in_time};
use scaling::{DemandPolicy, QueueCounts, QueueRequest};
use tokio::time::{Instant, timeout, timeout_at};

use super::fleet::Fleet;
use crate::demand::DemandCheck;
use crate::{Clients, Problem};

const OPERATION: &str = "GetQueueAttributes";

/// How long a call can use one of the few permits. A longer call continues without it, so that queues that don't
/// answer don't prevent others from being read.
const SLOW: Duration = Duration::from_secs(1);

/// The two counts of each queue of the policy, in its order, or why they could not be read. All queues are read at
/// once.
pub(super) async fn read(
    fleet: &Fleet<'_>,
    policy: &DemandPolicy,
    deadline: Instant,
) -> Vec<Result<QueueCounts, Problem>> {
    let queues = policy.queues.iter();
    join_all(queues.map(|queue| read_in_turn(fleet, queue, deadline))).await
}

async fn read_in_turn(
    fleet: &Fleet<'_>,
    queue: &QueueRequest,
    deadline: Instant,
) -> Result<QueueCounts, Problem> {
    let turn = timeout_at(deadline, fleet.permits.acquire()).await;
    let Ok(permit) = turn else {
        let operation = OPERATION;
        return Err(CallError::Late { operation }.into());
    };
    let mut reading = pin!(read_queue(fleet.clients, queue, deadline));
    if let Ok(counts) = timeout(SLOW, &mut reading).await {
        return counts;
    }
    drop(permit);
    reading.await
}

/// The queues that no check could read. With several queues, nothing else reports them.
pub(crate) fn never_read(policy: &DemandPolicy, looks: &[DemandCheck]) -> Vec<String> {
    let unread = |look: &DemandCheck, name: &str| look.unread.iter().any(|one| one.queue == name);
    let never = |queue: &&QueueRequest| looks.iter().all(|look| unread(look, &queue.name));
    let text = |queue: &QueueRequest| format!("no check could read queue {}", queue.name);
    let queues = policy.queues.iter().filter(never);
    queues.filter(|_| !looks.is_empty()).map(text).collect()
}

async fn read_queue(
    clients: &Clients,
    queue: &QueueRequest,
    deadline: Instant,
) -> Result<QueueCounts, Problem> {
    let call = clients
        .sqs
        .get_queue_attributes()
        .queue_url(&queue.url)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessages)
        .attribute_names(QueueAttributeName::ApproximateNumberOfMessagesNotVisible)
        .send();
    let output = in_time(OPERATION, deadline, call).await?;
    let attributes = output.attributes.unwrap_or_default();
    Ok(QueueCounts {
        visible: read_count(
            &attributes,
            &QueueAttributeName::ApproximateNumberOfMessages,
        )?,
        in_flight: read_count(
            &attributes,
            &QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        )?,
    })
}

/// A missing attribute doesn't count as zero.
fn read_count(
    attributes: &HashMap<QueueAttributeName, String>,
    name: &QueueAttributeName,
) -> Result<u64, Problem> {
    let value = attributes.get(name);
    let number = value.and_then(|value| value.parse().ok());
    number.ok_or_else(|| Problem::QueueCount {
        attribute: name.as_str().to_owned(),
        value: value.cloned(),
    })
}
