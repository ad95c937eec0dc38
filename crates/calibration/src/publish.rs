//! The metrics of the experiments.

use std::time::SystemTime;

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_smithy_types::DateTime;
use deployer::{Clients, Result, aws};

use crate::stage::{METRIC, NAMESPACE};

/// A datapoint of an experiment.
pub(crate) struct Datum<'a> {
    pub experiment: &'a str,
    pub at: SystemTime,
    pub value: f64,
}

/// Returns the dimensions of an experiment's metric.
pub(crate) fn dimensions(experiment: &str, run: &str) -> Vec<Dimension> {
    let dimension = |name: &str, value: &str| Dimension::builder().name(name).value(value).build();
    vec![dimension("Experiment", experiment), dimension("Run", run)]
}

/// Publishes datapoints.
pub(crate) async fn publish(clients: &Clients, run: &str, data: &[Datum<'_>]) -> Result<()> {
    let datum = |one: &Datum<'_>| {
        MetricDatum::builder()
            .metric_name(METRIC)
            .set_dimensions(Some(dimensions(one.experiment, run)))
            .timestamp(DateTime::from(one.at))
            .value(one.value)
            .build()
    };
    // PutMetricData accepts 1,000 metrics per request.
    for data in data.chunks(500) {
        let request = clients.cloudwatch.put_metric_data().namespace(NAMESPACE);
        let data = data.iter().map(datum).collect();
        let sent = request.set_metric_data(Some(data)).send().await;
        sent.map_err(aws("publish the metrics of the experiments"))?;
    }
    Ok(())
}
