//! The newest datapoints of `BacklogPerTask`.

use std::collections::HashMap;
use std::time::SystemTime;

use scaling::{METRIC_NAME, MetricRequest};

use crate::cloudwatch::{Datapoint, Reading, read_newest};
use crate::error::Result;
use crate::session::Session;

/// The subject of a metric: names of cluster, service, and queue.
pub(super) type Key = (String, String, String);

/// Reads the newest datapoint of each measured service and queue, if there is one.
pub(super) async fn read_latest(
    session: &Session<'_>,
    requests: &[MetricRequest],
    now: SystemTime,
) -> Result<HashMap<Key, Datapoint>> {
    let wanted: Vec<(&str, Key)> = requests.iter().flat_map(list_keys).collect();
    let reading = |(namespace, (cluster, service, queue)): &(&str, Key)| Reading {
        namespace: (*namespace).to_owned(),
        name: METRIC_NAME,
        dimensions: vec![
            ("ClusterName", cluster.clone()),
            ("ServiceName", service.clone()),
            ("QueueName", queue.clone()),
        ],
        statistic: "Average",
    };
    let readings: Vec<Reading> = wanted.iter().map(reading).collect();
    let found = read_newest(session, "read the metric BacklogPerTask", &readings, now).await?;
    let keys = wanted.into_iter().map(|(_, key)| key);
    Ok(keys
        .zip(found)
        .filter_map(|(key, point)| Some((key, point?)))
        .collect())
}

fn list_keys(request: &MetricRequest) -> impl Iterator<Item = (&str, Key)> {
    // For a service that scales by demand, another metric is published.
    let by_backlog = request.services.iter().filter(|s| s.demand.is_none());
    by_backlog.flat_map(move |service| {
        service.queues.iter().map(move |queue| {
            let key = (
                service.cluster.clone(),
                service.service.clone(),
                queue.name.clone(),
            );
            (request.namespace.as_str(), key)
        })
    })
}
