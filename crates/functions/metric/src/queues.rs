//! Reads queues: the number of messages in each.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_sqs::types::QueueAttributeName;
use futures::StreamExt as _;
use lambda_kit::{CallError, in_time};
use scaling::{Count, QueueCounts};
use tokio::time::Instant;

use crate::Reason;
use crate::plan::Measure;

/// Maximum number of concurrent GetQueueAttributes calls. SQS has no quota for them; the limit protects the
/// function's memory and sockets.
const CONCURRENCY: usize = 64;

const OPERATION: &str = "GetQueueAttributes";

/// The attributes of one queue, or why they could not be read.
pub(crate) type Reading = Result<HashMap<QueueAttributeName, String>, Reason>;

/// Reads every queue, by its URL, with only the needed attributes.
pub(crate) async fn read(
    client: &aws_sdk_sqs::Client,
    queues: BTreeMap<String, BTreeSet<Count>>,
    deadline: Instant,
) -> HashMap<String, Reading> {
    let reading = |(url, count): (String, BTreeSet<Count>)| async move {
        let call = client
            .get_queue_attributes()
            .queue_url(&url)
            .set_attribute_names(Some(count.into_iter().map(to_attribute).collect()))
            .send();
        let output = in_time(OPERATION, deadline, call).await;
        let attributes = output.map(|output| output.attributes.unwrap_or_default());
        (url, attributes.map_err(Reason::from))
    };
    futures::stream::iter(queues)
        .map(reading)
        .buffer_unordered(CONCURRENCY)
        .collect()
        .await
}

/// The messages that a target counts.
pub(crate) fn count_backlog(
    queues: &HashMap<String, Reading>,
    measure: &Measure,
) -> Result<u64, Reason> {
    match queues.get(&measure.queue.url) {
        Some(Ok(attributes)) => sum_messages(attributes, &measure.count),
        Some(Err(reason)) => Err(reason.clone()),
        None => Err(Reason::Call(CallError::Late {
            operation: OPERATION,
        })),
    }
}

/// Reads the counts of a queue that the demand algorithm needs.
pub(crate) fn read_counts(
    queues: &HashMap<String, Reading>,
    measure: &Measure,
) -> Result<QueueCounts, Reason> {
    let one = |count: Count| {
        let measure = Measure {
            count: [count].into(),
            ..measure.clone()
        };
        count_backlog(queues, &measure)
    };
    Ok(QueueCounts {
        visible: one(Count::Visible)?,
        in_flight: one(Count::InFlight)?,
    })
}

/// The sum of the counted attributes.
fn sum_messages(
    attributes: &HashMap<QueueAttributeName, String>,
    count: &BTreeSet<Count>,
) -> Result<u64, Reason> {
    count.iter().try_fold(0u64, |sum, kind| {
        let (name, attribute) = (attribute_name(*kind), to_attribute(*kind));
        let value = attributes
            .get(&attribute)
            .ok_or(Reason::AttributeAbsent(name))?;
        let number: u64 = value.parse().map_err(|_| Reason::AttributeValue {
            attribute: name,
            value: value.clone(),
        })?;
        sum.checked_add(number).ok_or(Reason::TooManyMessages)
    })
}

fn to_attribute(count: Count) -> QueueAttributeName {
    match count {
        Count::Visible => QueueAttributeName::ApproximateNumberOfMessages,
        Count::InFlight => QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
        Count::Delayed => QueueAttributeName::ApproximateNumberOfMessagesDelayed,
    }
}

fn attribute_name(count: Count) -> &'static str {
    match count {
        Count::Visible => "ApproximateNumberOfMessages",
        Count::InFlight => "ApproximateNumberOfMessagesNotVisible",
        Count::Delayed => "ApproximateNumberOfMessagesDelayed",
    }
}
