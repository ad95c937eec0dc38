//! Publishing datapoints.

use std::time::SystemTime;

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use futures::StreamExt as _;
use scaling::METRIC_NAME;
use tokio::time::Instant;

use crate::call::in_time;
use crate::{Answer, Failed, Published, Target};

/// Datapoints that one PutMetricData call takes at most.
///
/// Source: Amazon CloudWatch API Reference, PutMetricData.
const DATAPOINTS_PER_CALL: usize = 1_000;

/// Bytes of datapoints in one call: the limit is 1 MB, and the rest is for the namespace.
///
/// Source: as [`DATAPOINTS_PER_CALL`].
const BYTES_PER_CALL: usize = 1_000_000 - 1_024;

/// What one datapoint takes beside the values of its dimensions, rounded up: keys, metric name,
/// dimension names, timestamp, value and unit come to some 190 bytes in CBOR.
const BYTES_PER_DATAPOINT: usize = 256;

/// PutMetricData calls under way at a time.
const CONCURRENCY: usize = 4;

const OPERATION: &str = "PutMetricData";

/// Publishes all datapoints with one timestamp, and says which CloudWatch took and which it did not.
pub(crate) async fn publish(
    client: &aws_sdk_cloudwatch::Client,
    namespace: &str,
    datapoints: Vec<Published>,
    timestamp: SystemTime,
    deadline: Instant,
) -> Answer {
    let putting = |chunk: Vec<Published>| async move {
        let data = chunk
            .iter()
            .map(|datapoint| datum(datapoint, timestamp))
            .collect();
        let call = client
            .put_metric_data()
            .namespace(namespace)
            .set_metric_data(Some(data))
            .send();
        (chunk, in_time(OPERATION, deadline, call).await)
    };
    let mut puts = futures::stream::iter(chunks(datapoints))
        .map(putting)
        .buffered(CONCURRENCY);
    let mut answer = Answer::default();
    while let Some((chunk, result)) = puts.next().await {
        match result {
            Ok(_) => answer.published.extend(chunk),
            Err(reason) => answer.failed.extend(chunk.into_iter().map(|one| Failed {
                target: one.target,
                reason: reason.clone(),
            })),
        }
    }
    answer
}

/// Cuts the datapoints into what single calls take.
fn chunks(datapoints: Vec<Published>) -> Vec<Vec<Published>> {
    let mut chunks: Vec<Vec<Published>> = Vec::new();
    let mut bytes = 0;
    for datapoint in datapoints {
        let size = size(&datapoint.target);
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < DATAPOINTS_PER_CALL && bytes + size <= BYTES_PER_CALL => {
                bytes += size;
                chunk.push(datapoint);
            }
            _ => {
                bytes = size;
                chunks.push(vec![datapoint]);
            }
        }
    }
    chunks
}

fn size(target: &Target) -> usize {
    BYTES_PER_DATAPOINT + target.cluster.len() + target.service.len() + target.queue.len()
}

fn datum(datapoint: &Published, timestamp: SystemTime) -> MetricDatum {
    let Target {
        cluster,
        service,
        queue,
    } = &datapoint.target;
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    MetricDatum::builder()
        .metric_name(METRIC_NAME)
        .dimensions(dimension("ClusterName", cluster))
        .dimensions(dimension("ServiceName", service))
        .dimensions(dimension("QueueName", queue))
        .timestamp(timestamp.into())
        .value(datapoint.backlog_per_task)
        .unit(StandardUnit::Count)
        .build()
}
