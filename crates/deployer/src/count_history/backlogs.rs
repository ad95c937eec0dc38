//! The number of waiting messages when a count changed, if its record doesn't contain it.

use crate::cloudwatch::{Reading, Window, read};
use crate::error::Result;
use crate::inspect::ServiceState;
use crate::session::Session;

use super::CountChange;

const DOING: &str = "read how many messages waited";
/// CloudWatch keeps minutes for 15 days, and 5 minutes for 63 days.
const MINUTES: u64 = 15 * 86_400;
/// SQS publishes its metrics late. A change is assigned a backlog from at most this many seconds before it.
const LATE: u64 = 600;

/// Adds the backlogs from SQS's metric to the changes without one.
pub(super) async fn add(
    session: &Session<'_>,
    services: &[ServiceState],
    changes: &mut [CountChange],
    (since, now): (u64, u64),
) -> Result<()> {
    let lacks = |service: &&ServiceState| {
        let mut own = changes.iter().filter(|change| is_of(change, service));
        own.any(|change| change.backlog.is_none()) && !service.queues.is_empty()
    };
    let period = if now.saturating_sub(since) <= MINUTES {
        60
    } else {
        300
    };
    let signed = |at: u64| i64::try_from(at - at % period).unwrap_or(i64::MAX);
    let window = Window {
        begin: signed(since.saturating_sub(LATE)),
        end: signed(now),
        period: i32::try_from(period).unwrap_or(60),
    };
    let lacking: Vec<&ServiceState> = services.iter().filter(lacks).collect();
    let readings: Vec<Reading> = lacking
        .iter()
        .flat_map(|service| &service.queues)
        .map(|queue| Reading {
            namespace: "AWS/SQS".to_owned(),
            name: "ApproximateNumberOfMessagesVisible",
            dimensions: vec![("QueueName", queue.name.clone())],
            statistic: "Maximum",
        })
        .collect();
    if readings.is_empty() {
        return Ok(());
    }
    let mut series = read(session, DOING, &readings, window).await?.into_iter();
    for service in lacking {
        let queues: Vec<_> = series.by_ref().take(service.queues.len()).collect();
        for change in changes.iter_mut().filter(|change| is_of(change, service)) {
            let waited: Vec<f64> = queues
                .iter()
                .filter_map(|queue| {
                    let before = queue.points.iter().filter(|point| {
                        u64::try_from(point.at)
                            .is_ok_and(|at| at <= change.at && change.at - at <= LATE)
                    });
                    before.max_by_key(|point| point.at).map(|point| point.value)
                })
                .collect();
            if change.backlog.is_none() && !waited.is_empty() {
                change.backlog = Some(whole(waited.iter().sum()));
            }
        }
    }
    Ok(())
}

fn is_of(change: &CountChange, service: &ServiceState) -> bool {
    change.cluster == service.cluster && change.service == service.service
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a float outside of the range saturates"
)]
fn whole(sum: f64) -> u64 {
    sum.round() as u64
}
