//! Requests to a load balancer that doesn't exist: publishes the metrics that it would publish.

use std::time::{Duration, SystemTime};

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use aws_smithy_types::DateTime;
use deployer::{AlarmMetric, Clients, Inspection, aws};
use sandbox::{Due, Sending};
use tokio::time::{Instant, sleep_until};

use crate::error::{Error, Result};

/// Each datapoint covers the requests of this period.
const EVERY: Duration = Duration::from_millis(500);

/// Publishes the count of requests as a load balancer does, without datapoints for periods without requests.
/// When `stop` is ready, skips the remaining requests.
///
/// # Errors
/// If the stack doesn't scale by such a metric, or CloudWatch rejects it.
pub(crate) async fn publish(
    clients: &Clients,
    inspection: &Inspection,
    requests: Vec<Due>,
    stop: impl Future<Output = ()>,
) -> Result<Sending> {
    let metric = find_counted_metric(inspection).ok_or(Error::NoRequestCount)?;
    let begin = Instant::now();
    let mut sending = Sending::default();
    let mut left = requests.as_slice();
    let mut stop = std::pin::pin!(stop);
    let mut until = Duration::ZERO;
    while !left.is_empty() {
        until += EVERY;
        tokio::select! {
            () = &mut stop => {
                sending.was_stopped = true;
                return Ok(sending);
            }
            () = sleep_until(begin + until) => {}
        }
        let come = left.partition_point(|due| due.at <= until);
        let (now, later) = left.split_at(come);
        left = later;
        if !now.is_empty() {
            put_requests(clients, metric, now.len()).await?;
            sending.sent += now.len() as u64;
        }
    }
    Ok(sending)
}

/// Returns the metric of the alarm that adds tasks.
fn find_counted_metric(inspection: &Inspection) -> Option<&AlarmMetric> {
    let mut steps = inspection
        .services
        .iter()
        .filter_map(|s| s.alarm_steps.as_ref());
    let alarm = steps.next()?.scale_out.as_ref()?.alarm.as_ref()?;
    alarm.metric.as_ref()
}

async fn put_requests(clients: &Clients, metric: &AlarmMetric, requests: usize) -> Result<()> {
    let dimensions = metric.dimensions.iter();
    let dimensions =
        dimensions.map(|(name, value)| Dimension::builder().name(name).value(value).build());
    #[expect(clippy::cast_precision_loss, reason = "requests of half a second")]
    let datum = MetricDatum::builder()
        .metric_name(&metric.name)
        .set_dimensions(Some(dimensions.collect()))
        .timestamp(DateTime::from(SystemTime::now()))
        .value(requests as f64)
        .unit(StandardUnit::Count)
        .build();
    let request = clients.cloudwatch.put_metric_data();
    let sent = request
        .namespace(&metric.namespace)
        .metric_data(datum)
        .send()
        .await;
    sent.map_err(aws(format!("publish {}", metric.name)))?;
    Ok(())
}
