//! The reads that only `--why` makes: refusals of Application Auto Scaling, and the state of alarms.

use std::collections::HashMap;
use std::time::SystemTime;

use aws_sdk_applicationautoscaling::types::ScalingActivity;
use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricAlarm, MetricDataQuery, MetricStat};
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Service};
use futures::stream::{self, StreamExt, TryStreamExt};
use template::names::NAME_TAG;

use super::facts::{Event, NotScaled};
use crate::activities::{ActivityQuery, read_activities};
use crate::cloudwatch::{Window, read_queries};
use crate::error::{Error, Result, aws};
use crate::inspect::Unread;
use crate::named::read_alarms;
use crate::session::Session;

/// Concurrent requests.
const AT_ONCE: usize = 4;
/// Additional datapoints to read beyond the evaluation periods, because the newest can be late.
const SPARE: i64 = 3;

/// ECS's data about a service in addition to its counts.
#[derive(Default)]
pub(crate) struct Told {
    /// Its name in the definition.
    pub name: Option<String>,
    /// Start of the deployment in progress.
    pub deployment: Option<u64>,
    /// Its events, newest first.
    pub events: Vec<Event>,
}

impl From<&Service> for Told {
    fn from(service: &Service) -> Self {
        let mut tags = service.tags().iter();
        let name = tags.find(|tag| tag.key() == Some(NAME_TAG));
        let mut events: Vec<Event> = service
            .events()
            .iter()
            .filter_map(|event| {
                Some(Event {
                    at: seconds(event.created_at()?.secs()),
                    text: event.message()?.to_owned(),
                })
            })
            .collect();
        events.sort_by_key(|event| std::cmp::Reverse(event.at));
        Self {
            name: name.and_then(|tag| tag.value().map(str::to_owned)),
            deployment: deployment_since(service.deployments()),
            events,
        }
    }
}

/// A deployment is in progress if ECS reports it, or if tasks of an earlier one are still running.
fn deployment_since(deployments: &[Deployment]) -> Option<u64> {
    let mut all = deployments.iter();
    let newest = all.find(|one| one.status() == Some("PRIMARY"))?;
    let rolls = newest.rollout_state() == Some(&DeploymentRolloutState::InProgress);
    (rolls || deployments.len() > 1).then(|| seconds(newest.created_at().map_or(0, |at| at.secs())))
}

pub(super) fn seconds(at: i64) -> u64 {
    u64::try_from(at).unwrap_or_default()
}

/// Activities per page: the newest of a service.
const ACTIVITIES: i32 = 10;
/// Maximum number of services to read one by one. For a stack with more, the reasons of Application Auto
/// Scaling aren't read.
const ONE_BY_ONE: usize = 10;

/// Reads why Application Auto Scaling changed nothing recently, newest first, by `service/CLUSTER/SERVICE`.
pub(super) async fn not_scaled(
    session: &Session<'_>,
    ids: &[String],
) -> Result<HashMap<String, Vec<NotScaled>>> {
    stream::iter(ids.iter().take(ONE_BY_ONE))
        .map(|id| async move {
            let query = ActivityQuery {
                id: Some(id),
                not_scaled: true,
                pages: (ACTIVITIES, 1),
                since: None,
            };
            let activities = read_activities(session, &query).await?;
            Ok((id.clone(), newest_refusals(&activities)))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Returns the refusals since the last change.
fn newest_refusals(activities: &[ScalingActivity]) -> Vec<NotScaled> {
    let refused = activities.iter().map_while(|activity| {
        let reason = activity.not_scaled_reasons().first()?;
        Some(NotScaled {
            at: seconds(activity.start_time().secs()),
            code: reason.code().to_owned(),
        })
    });
    refused.collect()
}

/// An alarm, and the datapoints of its last periods, newest first.
pub(super) struct Watched {
    pub alarm: MetricAlarm,
    /// `None` if they can't be read.
    pub values: Option<Vec<f64>>,
}

/// Reads the alarms of these names. An alarm can belong to others, with metric math that CloudWatch refuses by now. So a metric that
/// can't be read hides only the causes that need it.
pub(super) async fn watched(
    session: &Session<'_>,
    names: &[String],
    unread: &Unread,
    now: SystemTime,
) -> Result<HashMap<String, Watched>> {
    let alarms = read_alarms(session, names).await;
    let alarms = alarms.map_err(aws("read the alarms"))?;
    stream::iter(alarms)
        .map(|alarm| async move {
            let name = alarm.alarm_name().unwrap_or_default().to_owned();
            let values = match read_values(session, &alarm, now).await {
                Ok(values) => Some(values),
                Err(error) => {
                    if !error.is_denied() {
                        unread.add(&format!("the metric of {name}"), error.to_string());
                    }
                    None
                }
            };
            Ok::<_, Error>((name, Watched { alarm, values }))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Returns an alarm's period in seconds. For metric math, that is the period of its metrics.
pub(crate) fn period_of(alarm: &MetricAlarm) -> i32 {
    let parts = alarm.metrics().iter();
    let longest = parts
        .filter_map(|part| part.metric_stat()?.period().or(part.period()))
        .max();
    alarm.period().or(longest).unwrap_or(60).max(1)
}

async fn read_values(
    session: &Session<'_>,
    alarm: &MetricAlarm,
    now: SystemTime,
) -> Result<Vec<f64>> {
    let period = period_of(alarm);
    let now = aws_smithy_types::DateTime::from(now).secs();
    // The current period counts: a datapoint that a function publishes once a minute is complete as soon as it
    // exists.
    let end = now - now.rem_euclid(i64::from(period)) + i64::from(period);
    let periods = i64::from(alarm.evaluation_periods().unwrap_or(1)) + SPARE;
    let window = Window {
        begin: end - periods * i64::from(period),
        end,
        period,
    };
    let name = alarm.alarm_name().unwrap_or_default();
    let doing = format!("read the metric of the alarm {name}");
    let mut points = read_queries(session, &doing, queries_of(alarm, period), window)
        .await?
        .complete(&doing)?;
    points.sort_by_key(|point| std::cmp::Reverse(point.at));
    Ok(points.into_iter().map(|point| point.value).collect())
}

fn queries_of(alarm: &MetricAlarm, period: i32) -> Vec<MetricDataQuery> {
    if !alarm.metrics().is_empty() {
        return alarm.metrics().to_vec();
    }
    let dimension = |one: &Dimension| one.clone();
    let metric = Metric::builder()
        .set_namespace(alarm.namespace().map(str::to_owned))
        .set_metric_name(alarm.metric_name().map(str::to_owned))
        .set_dimensions(Some(alarm.dimensions().iter().map(dimension).collect()))
        .build();
    let statistic = alarm.statistic().map(|statistic| statistic.as_str());
    let stat = MetricStat::builder()
        .metric(metric)
        .period(period)
        .stat(
            statistic
                .or(alarm.extended_statistic())
                .unwrap_or("Average"),
        )
        .build();
    let query = MetricDataQuery::builder().id("m").metric_stat(stat);
    vec![query.return_data(true).build()]
}
