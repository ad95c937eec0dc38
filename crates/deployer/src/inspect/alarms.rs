//! CloudWatch alarms.

use std::collections::BTreeMap;

use aws_sdk_cloudwatch::types::MetricAlarm;
use scaling::{AlarmState, Comparison, Parsed};
use serde::Serialize;
use template::contract::types;

use crate::error::{Result, aws};
use crate::named::read_alarms;
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;
use crate::why::readers::period_of;

/// An alarm and its state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alarm {
    /// Alarm name.
    pub name: String,
    /// Its meaning, in one sentence.
    pub description: String,
    /// Its state.
    pub state: Parsed<AlarmState>,
    /// CloudWatch's reason for the state.
    pub reason: String,
    /// The metric that it watches. `None` for metric math.
    pub metric: Option<AlarmMetric>,
    /// How it compares the metric with the threshold.
    pub comparison: Parsed<Comparison>,
    /// Threshold, in the metric's unit.
    pub threshold: Option<f64>,
    /// Datapoints to alarm.
    pub datapoints: i32,
    /// Evaluation periods.
    pub periods: i32,
    /// Length of a period in seconds.
    pub period_s: i32,
    /// When it was created or changed, in seconds since 1970.
    pub configured: Option<u64>,
    /// Whether missing data puts it into ALARM.
    #[serde(skip)]
    pub misses_data: bool,
    /// ARN of the alarm.
    #[serde(skip)]
    pub arn: String,
    /// ARNs of its actions in ALARM.
    #[serde(skip)]
    pub actions: Vec<String>,
}

impl Alarm {
    /// Whether it is in ALARM only because no data can have been published in its evaluation periods. CloudWatch
    /// evaluates a new alarm immediately, for a time before the stack existed.
    #[must_use]
    pub fn waits_for_data(&self, now: u64) -> bool {
        let window = i64::from(self.periods) * i64::from(self.period_s);
        let is_new = |at: u64| now < at.saturating_add(u64::try_from(window).unwrap_or_default());
        self.misses_data && self.state.is(AlarmState::Alarm) && self.configured.is_some_and(is_new)
    }
}

/// The metric of an alarm.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlarmMetric {
    /// Namespace.
    pub namespace: String,
    /// Metric name.
    pub name: String,
    /// Statistic, such as `Sum` or `p99`.
    pub statistic: String,
    /// Dimensions.
    pub dimensions: BTreeMap<String, String>,
}

/// Returns the alarms among the stack's resources.
pub(super) async fn of_stack(session: &Session<'_>, resources: &[Resource]) -> Result<Vec<Alarm>> {
    let names: Vec<String> = physical_ids(resources, types::ALARM)
        .map(str::to_owned)
        .collect();
    read_named(session, &names).await
}

/// Reads the alarms with these names. Omits alarms that don't exist.
pub(super) async fn read_named(session: &Session<'_>, names: &[String]) -> Result<Vec<Alarm>> {
    let found = read_alarms(session, names).await;
    let found = found.map_err(aws("read the alarms"))?;
    Ok(found.iter().map(convert_alarm).collect())
}

fn convert_alarm(alarm: &MetricAlarm) -> Alarm {
    let periods = alarm.evaluation_periods().unwrap_or_default();
    Alarm {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        description: alarm.alarm_description().unwrap_or_default().to_owned(),
        state: alarm.state_value().map_or("", |s| s.as_str()).into(),
        reason: alarm.state_reason().unwrap_or_default().to_owned(),
        metric: convert_metric(alarm),
        comparison: alarm
            .comparison_operator()
            .map_or("", |c| c.as_str())
            .into(),
        threshold: alarm.threshold(),
        datapoints: alarm.datapoints_to_alarm().unwrap_or(periods),
        periods,
        period_s: period_of(alarm),
        configured: alarm
            .alarm_configuration_updated_timestamp()
            .and_then(|at| u64::try_from(at.secs()).ok()),
        misses_data: alarm.treat_missing_data() == Some("breaching"),
        arn: alarm.alarm_arn().unwrap_or_default().to_owned(),
        actions: alarm.alarm_actions().to_vec(),
    }
}

fn convert_metric(alarm: &MetricAlarm) -> Option<AlarmMetric> {
    let dimensions = alarm.dimensions().iter();
    let plain = alarm.statistic().map(|statistic| statistic.as_str());
    Some(AlarmMetric {
        name: alarm.metric_name()?.to_owned(),
        namespace: alarm.namespace().unwrap_or_default().to_owned(),
        statistic: plain
            .or(alarm.extended_statistic())
            .unwrap_or_default()
            .to_owned(),
        dimensions: dimensions
            .filter_map(|d| Some((d.name()?.to_owned(), d.value()?.to_owned())))
            .collect(),
    })
}
