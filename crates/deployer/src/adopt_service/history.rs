//! Two weeks of metrics of the queues and the service, minute by minute.

use std::time::{Duration, SystemTime};

use adopt::live::{History, Minutes, Readings};

use crate::cloudwatch::{Reading, Series, Window, read as read_metrics};
use crate::error::Result;
use crate::session::Session;

/// CloudWatch keeps minutes for 15 days. Source: "Metrics retention" in its user guide.
const DAYS: u32 = 14;
const DAY: Duration = Duration::from_secs(86_400);

const DOING: &str = "read the metrics of two weeks";

/// Metrics of a queue with their statistics, in the order of [`History`]'s fields. SQS publishes one value per minute
/// of the metrics that aren't counts.
const QUEUE_METRICS: [(&str, &str); 6] = [
    ("NumberOfMessagesSent", "Sum"),
    ("NumberOfMessagesReceived", "Sum"),
    ("NumberOfMessagesDeleted", "Sum"),
    ("ApproximateNumberOfMessagesNotVisible", "Average"),
    ("ApproximateNumberOfMessagesVisible", "Average"),
    ("ApproximateAgeOfOldestMessage", "Maximum"),
];

/// Reads the history of the readings' queues and service.
///
/// # Errors
/// If CloudWatch refuses or can't be reached.
pub(super) async fn read(
    session: &Session<'_>,
    readings: &Readings,
    now: SystemTime,
) -> Result<History> {
    let wanted = list_metrics(readings);
    let window = Window::whole_minutes(now, DAY * DAYS);
    let found = read_metrics(session, DOING, &wanted, window).await?;
    let mut found = found.into_iter();
    let mut history = History {
        days: DAYS,
        ..History::default()
    };
    for _ in &readings.queues {
        for place in [
            &mut history.sent,
            &mut history.received,
            &mut history.deleted,
            &mut history.in_flight,
            &mut history.visible,
        ] {
            add(place, found.next(), |sum, value| sum + value)?;
        }
        add(&mut history.oldest, found.next(), f64::max)?;
    }
    add(&mut history.running, found.next(), f64::max)?;
    add(&mut history.cpu_samples, found.next(), f64::max)?;
    Ok(history)
}

/// The metrics of each queue, then the metrics of the service.
fn list_metrics(readings: &Readings) -> Vec<Reading> {
    let queues = readings.queues.iter().flat_map(|queue| {
        QUEUE_METRICS.map(|(name, statistic)| Reading {
            namespace: "AWS/SQS".to_owned(),
            name,
            dimensions: vec![("QueueName", queue.name.clone())],
            statistic,
        })
    });
    let service = &readings.service;
    let of_service = |namespace: &str, name, statistic| Reading {
        namespace: namespace.to_owned(),
        name,
        dimensions: vec![
            ("ClusterName", service.cluster.clone()),
            ("ServiceName", service.name.clone()),
        ],
        statistic,
    };
    queues
        .chain([
            of_service("ECS/ContainerInsights", "RunningTaskCount", "Average"),
            of_service("AWS/ECS", "CPUUtilization", "SampleCount"),
        ])
        .collect()
}

/// Joins the datapoints of several queues minute by minute.
fn add(
    minutes: &mut Minutes,
    series: Option<Series>,
    join: impl Fn(f64, f64) -> f64,
) -> Result<()> {
    for point in series.unwrap_or_default().complete(DOING)? {
        let minute = point.at.div_euclid(60) * 60;
        let value = minutes.entry(minute).or_default();
        *value = join(*value, point.value);
    }
    Ok(())
}
