//! Describes the alarms: the state of each, and the metric that it evaluates.

use std::time::Duration;

use aws_sdk_cloudwatch::types::{Metric, MetricAlarm, MetricDataQuery, MetricStat, StateValue};
use lambda_kit::in_time;
use scaling::{AlarmStepsPolicy, Comparison, PerSide, Side, StateChange};
use tokio::time::Instant;

use crate::{Problem, moment};

/// Period of an alarm that sets none, which is an alarm on metric math.
const USUAL_PERIOD: Duration = Duration::from_secs(60);

/// An alarm of the policy, as CloudWatch describes it.
#[derive(Clone, Debug)]
pub(crate) struct Alarm {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) change: StateChange,
    pub(crate) period: Duration,
    /// Number of evaluation periods.
    pub(crate) evaluation_periods: u32,
    /// The comparison and its threshold, if the threshold is fixed.
    pub(crate) threshold: Option<(Comparison, f64)>,
    /// Its metric.
    pub(crate) queries: Vec<MetricDataQuery>,
}

/// Describes the policy's alarms. Alarms that don't exist are omitted.
pub(crate) async fn describe(
    client: &aws_sdk_cloudwatch::Client,
    policy: &AlarmStepsPolicy,
    deadline: Instant,
) -> Result<PerSide<Option<Alarm>>, Problem> {
    let sides = policy.sides();
    let names = [sides.scale_out, sides.scale_in].into_iter().flatten();
    let names = names.map(|steps| steps.alarm.clone()).collect();
    let call = client.describe_alarms().set_alarm_names(Some(names)).send();
    let output = in_time("DescribeAlarms", deadline, call).await?;
    let mut alarms = PerSide {
        scale_out: None,
        scale_in: None,
    };
    for described in output.metric_alarms() {
        let name = described.alarm_name().unwrap_or_default();
        if let Some(side) = policy.side_of(name) {
            *alarms.get_mut(side) = Some(convert_alarm(name, described)?);
        }
    }
    Ok(alarms)
}

fn convert_alarm(name: &str, described: &MetricAlarm) -> Result<Alarm, Problem> {
    let state = described.state_value().map(StateValue::as_str);
    let known = state.and_then(|state| state.parse().ok());
    let state = known.ok_or_else(|| Problem::state(name, state))?;
    // The updated time also changes if something other than the state changes.
    let at = described
        .state_transitioned_timestamp()
        .or(described.state_updated_timestamp())
        .and_then(moment::from)
        .ok_or_else(|| Problem::alarm(name, "without the time of its change"))?;
    let arn = described
        .alarm_arn()
        .ok_or_else(|| Problem::alarm(name, "without an ARN"))?;
    let evaluation_periods = described.evaluation_periods().unwrap_or_default();
    Ok(Alarm {
        name: name.to_owned(),
        arn: arn.to_owned(),
        change: StateChange { state, at },
        period: find_period(described),
        evaluation_periods: u32::try_from(evaluation_periods).unwrap_or_default(),
        threshold: find_comparison(described).zip(described.threshold()),
        queries: metric_queries(described),
    })
}

/// The alarm's period, or the longest of its metric math.
fn find_period(described: &MetricAlarm) -> Duration {
    let statistics = described.metrics().iter().filter_map(|m| m.metric_stat());
    let periods = statistics.filter_map(MetricStat::period);
    let seconds = periods.chain(described.period()).max().unwrap_or_default();
    match u64::try_from(seconds) {
        Ok(seconds @ 1..) => Duration::from_secs(seconds),
        _ => USUAL_PERIOD,
    }
}

/// `None` for operators that compare with a moving band.
fn find_comparison(described: &MetricAlarm) -> Option<Comparison> {
    described.comparison_operator()?.as_str().parse().ok()
}

/// The alarm's metric, or its metric math unchanged.
fn metric_queries(described: &MetricAlarm) -> Vec<MetricDataQuery> {
    if !described.metrics().is_empty() {
        return described.metrics().to_vec();
    }
    let metric = Metric::builder()
        .set_namespace(described.namespace.clone())
        .set_metric_name(described.metric_name.clone())
        .set_dimensions(described.dimensions.clone())
        .build();
    let plain = described.statistic().map(|one| one.as_str().to_owned());
    let statistic = MetricStat::builder()
        .metric(metric)
        .set_period(described.period)
        .set_stat(plain.or_else(|| described.extended_statistic.clone()))
        .set_unit(described.unit.clone())
        .build();
    let query = MetricDataQuery::builder()
        .id("metric")
        .metric_stat(statistic)
        .return_data(true)
        .build();
    vec![query]
}

/// The side's name in a stack definition.
pub(crate) fn side_key(side: Side) -> &'static str {
    match side {
        Side::Out => "scale_out",
        Side::In => "scale_in",
    }
}
