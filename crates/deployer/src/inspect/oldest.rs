//! How long a queue's oldest message has waited, as SQS publishes it.

use std::collections::{BTreeSet, HashMap};
use std::time::SystemTime;

use crate::cloudwatch::{Datapoint, Reading, read_newest};
use crate::error::Result;
use crate::session::Session;

/// Reads the newest `ApproximateAgeOfOldestMessage` of each of these queues, in seconds, by the queue's name.
/// Omits a queue without a datapoint in the last 15 minutes: SQS doesn't measure a queue that has been idle for
/// six hours, and some emulators don't measure any.
///
/// # Errors
/// If CloudWatch can't be reached.
pub async fn oldest_messages(
    session: &Session<'_>,
    queues: &BTreeSet<&str>,
    now: SystemTime,
) -> Result<HashMap<String, Datapoint>> {
    let reading = |queue: &&str| Reading {
        namespace: "AWS/SQS".to_owned(),
        name: "ApproximateAgeOfOldestMessage",
        dimensions: vec![("QueueName", (*queue).to_owned())],
        statistic: "Maximum",
    };
    let readings: Vec<Reading> = queues.iter().map(reading).collect();
    let found = read_newest(
        session,
        "read how long messages have waited",
        &readings,
        now,
    )
    .await?;
    let named = queues.iter().zip(found);
    Ok(named
        .filter_map(|(queue, point)| Some(((*queue).to_owned(), point?)))
        .collect())
}
