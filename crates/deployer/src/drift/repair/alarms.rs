//! Alarms and dashboards of the stack.

use aws_sdk_cloudwatch::types::{Dimension, Tag};

use crate::error::{Result, aws};
use crate::session::Session;

use super::broken::Broken;

/// Puts the alarm. An existing one keeps its tags, where a scaling function records its last step. Returns
/// `false` for an alarm on several metrics, which isn't supported here.
pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<bool> {
    let name = &broken.part.physical_id;
    let given = broken.given();
    if given.at("Metrics").is_set() {
        return Ok(false);
    }
    let dimensions = given.at("Dimensions").items().map(|dimension| {
        Dimension::builder()
            .name(dimension.at("Name").required())
            .value(dimension.at("Value").required())
            .build()
    });
    let tags = broken.tags_as(|(key, value)| Some(Tag::builder().key(key).value(value).build()));
    let comparison = given.at("ComparisonOperator").text();
    let statistic = given.at("Statistic").text();
    let sent = session
        .clients
        .cloudwatch
        .put_metric_alarm()
        .alarm_name(name)
        .set_alarm_description(given.at("AlarmDescription").text())
        .set_actions_enabled(given.at("ActionsEnabled").flag())
        .set_alarm_actions(Some(given.at("AlarmActions").texts()))
        .set_ok_actions(Some(given.at("OKActions").texts()))
        .set_insufficient_data_actions(Some(given.at("InsufficientDataActions").texts()))
        .set_comparison_operator(comparison.map(|operator| operator.as_str().into()))
        .set_statistic(statistic.map(|statistic| statistic.as_str().into()))
        .set_extended_statistic(given.at("ExtendedStatistic").text())
        .set_metric_name(given.at("MetricName").text())
        .set_namespace(given.at("Namespace").text())
        .set_dimensions(Some(dimensions.collect()))
        .set_period(given.at("Period").int())
        .set_evaluation_periods(given.at("EvaluationPeriods").int())
        .set_datapoints_to_alarm(given.at("DatapointsToAlarm").int())
        .set_threshold(given.at("Threshold").float())
        .set_treat_missing_data(given.at("TreatMissingData").text())
        // Ignored if the alarm exists.
        .set_tags(tags)
        .send()
        .await;
    sent.map(|_| true)
        .map_err(aws(format!("repair the alarm {name}")))
}

pub(super) async fn repair_dashboard(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let body = broken.given().at("DashboardBody").required();
    let request = session.clients.cloudwatch.put_dashboard();
    let sent = request
        .dashboard_name(name)
        .dashboard_body(body)
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("repair the dashboard {name}")))
}
