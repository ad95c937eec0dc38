//! Publishing datapoints.

use std::time::SystemTime;

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use futures::StreamExt as _;
use lambda_kit::in_time;
use scaling::{METRIC_NAME, WAKE_METRIC_NAME};
use tokio::time::Instant;

use crate::{Answer, Failed, Need, Published, Target, Waking};

/// Maximum number of datapoints per PutMetricData call.
///
/// Source: Amazon CloudWatch API Reference, PutMetricData.
const DATAPOINTS_PER_CALL: usize = 1_000;

/// Bytes of datapoints in one call: the limit is 1 MB, and the rest is for the namespace.
///
/// Source: the same as for [`DATAPOINTS_PER_CALL`].
const BYTES_PER_CALL: usize = 1_000_000 - 1_024;

/// Size of one datapoint without the values of its dimensions, rounded up: keys, metric name,
/// dimension names, timestamp, value, and unit need about 190 bytes in CBOR.
const BYTES_PER_DATAPOINT: usize = 256;

/// Maximum number of concurrent PutMetricData calls.
const CONCURRENCY: usize = 4;

const OPERATION: &str = "PutMetricData";

/// One datapoint, of any metric.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datapoint {
    PerTask(Published),
    WithoutTasks(Waking),
    Need(Need),
}

/// Publishes all datapoints with one timestamp, and returns the ones that CloudWatch accepted.
pub(crate) async fn publish(
    client: &aws_sdk_cloudwatch::Client,
    namespace: &str,
    datapoints: Vec<Datapoint>,
    timestamp: SystemTime,
    deadline: Instant,
) -> Answer {
    let putting = |chunk: Vec<Datapoint>| async move {
        let data = chunk
            .iter()
            .map(|datapoint| metric_datum(datapoint, timestamp))
            .collect();
        let call = client
            .put_metric_data()
            .namespace(namespace)
            .set_metric_data(Some(data))
            .send();
        (chunk, in_time(OPERATION, deadline, call).await)
    };
    let mut puts = futures::stream::iter(split_into_calls(datapoints))
        .map(putting)
        .buffered(CONCURRENCY);
    let mut answer = Answer::default();
    while let Some((chunk, result)) = puts.next().await {
        match result {
            Ok(_) => chunk.into_iter().for_each(|one| match one {
                Datapoint::PerTask(one) => answer.published.push(one),
                Datapoint::WithoutTasks(one) => answer.waking.push(one),
                Datapoint::Need(one) => answer.needs.push(one),
            }),
            Err(reason) => answer.failed.extend(chunk.into_iter().map(|one| Failed {
                target: one.target(),
                reason: reason.clone().into(),
            })),
        }
    }
    answer
}

impl Datapoint {
    /// Its subject. The backlog without tasks and the need have no queue.
    fn target(self) -> Target {
        match self {
            Self::PerTask(one) => one.target,
            Self::WithoutTasks(one) => Target {
                cluster: one.cluster,
                service: one.service,
                queue: String::new(),
            },
            Self::Need(one) => Target {
                cluster: one.cluster,
                service: one.service,
                queue: String::new(),
            },
        }
    }

    /// Metric name and value.
    #[expect(
        clippy::cast_precision_loss,
        reason = "a backlog beyond 2^53 messages can be off by one"
    )]
    fn value(&self) -> (&'static str, f64) {
        match self {
            Self::PerTask(one) => (METRIC_NAME, one.backlog_per_task),
            Self::WithoutTasks(one) => (WAKE_METRIC_NAME, one.backlog_without_tasks as f64),
            Self::Need(one) => (one.metric, one.value),
        }
    }

    fn dimensions(&self) -> Vec<(&'static str, &str)> {
        let (cluster, service, queue) = match self {
            Self::PerTask(Published { target, .. }) => {
                (&target.cluster, &target.service, Some(&target.queue))
            }
            Self::WithoutTasks(one) => (&one.cluster, &one.service, None),
            Self::Need(one) => (&one.cluster, &one.service, None),
        };
        let mut dimensions = vec![("ClusterName", &**cluster), ("ServiceName", &**service)];
        dimensions.extend(queue.map(|queue| ("QueueName", &**queue)));
        dimensions
    }
}

/// Splits the datapoints into parts that fit single calls.
fn split_into_calls(datapoints: Vec<Datapoint>) -> Vec<Vec<Datapoint>> {
    let mut chunks: Vec<Vec<Datapoint>> = Vec::new();
    let mut bytes = 0;
    for datapoint in datapoints {
        let size = estimate_size(&datapoint);
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

fn estimate_size(datapoint: &Datapoint) -> usize {
    let values = datapoint.dimensions().into_iter();
    BYTES_PER_DATAPOINT + values.map(|(_, value)| value.len()).sum::<usize>()
}

fn metric_datum(datapoint: &Datapoint, timestamp: SystemTime) -> MetricDatum {
    let dimension = |(name, value)| Dimension::builder().name(name).value(value).build();
    let (metric, value) = datapoint.value();
    MetricDatum::builder()
        .metric_name(metric)
        .set_dimensions(Some(
            datapoint.dimensions().into_iter().map(dimension).collect(),
        ))
        .timestamp(timestamp.into())
        .value(value)
        .unit(StandardUnit::Count)
        .build()
}
