//! Reads AWS resources by name, in batches.

use aws_sdk_applicationautoscaling::config::http::HttpResponse;
use aws_sdk_applicationautoscaling::error::SdkError;
use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsError;
use aws_sdk_applicationautoscaling::types::{ScalableTarget, ServiceNamespace};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsError;
use aws_sdk_cloudwatch::operation::list_dashboards::ListDashboardsError;
use aws_sdk_cloudwatch::types::{DashboardEntry, MetricAlarm};
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleError;
use aws_sdk_eventbridge::types::Target;

use crate::session::Session;

/// DescribeScalableTargets accepts 50 IDs.
const TARGETS: usize = 50;
/// DescribeAlarms accepts 100 names, and returns 50 alarms per page.
const ALARMS: usize = 100;

/// Part of the name of the alarms that make target tracking scale out.
pub(crate) const HIGH_ALARM: &str = "-AlarmHigh-";
/// Part of the name of the alarms that make it scale in.
pub(crate) const LOW_ALARM: &str = "-AlarmLow-";

/// Reads the scalable targets of these ECS services (`service/CLUSTER/SERVICE`). Omits targets that don't
/// exist.
///
/// # Errors
/// If Application Auto Scaling refuses or can't be reached.
pub(crate) async fn read_scalable_targets(
    session: &Session<'_>,
    ids: &[String],
) -> Result<Vec<ScalableTarget>, SdkError<DescribeScalableTargetsError, HttpResponse>> {
    let mut found = Vec::new();
    for ids in ids.chunks(TARGETS) {
        let mut pages = session
            .clients
            .applicationautoscaling
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs)
            .set_resource_ids(Some(ids.to_vec()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            found.extend(page?.scalable_targets.unwrap_or_default());
        }
    }
    Ok(found)
}

/// Reads the alarms with these names. Omits alarms that don't exist.
///
/// # Errors
/// If CloudWatch refuses or can't be reached.
pub(crate) async fn read_alarms(
    session: &Session<'_>,
    names: &[String],
) -> Result<Vec<MetricAlarm>, SdkError<DescribeAlarmsError, HttpResponse>> {
    let mut found = Vec::new();
    for names in names.chunks(ALARMS) {
        let mut pages = session
            .clients
            .cloudwatch
            .describe_alarms()
            .set_alarm_names(Some(names.to_vec()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            found.extend(page?.metric_alarms.unwrap_or_default());
        }
    }
    Ok(found)
}

/// Lists the targets of a rule.
///
/// # Errors
/// If the rule doesn't exist, or if EventBridge refuses or can't be reached.
pub(crate) async fn list_rule_targets(
    session: &Session<'_>,
    rule: &str,
) -> Result<Vec<Target>, SdkError<ListTargetsByRuleError, HttpResponse>> {
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let request = session.clients.eventbridge.list_targets_by_rule();
        let reply = request.rule(rule).set_next_token(next).send().await?;
        found.extend(reply.targets.unwrap_or_default());
        next = reply.next_token;
        if next.is_none() {
            return Ok(found);
        }
    }
}

/// Whether a dashboard of this name exists. GetDashboard reports a missing one in several ways; a list is
/// unambiguous.
///
/// # Errors
/// If CloudWatch refuses or can't be reached.
pub(crate) async fn dashboard_exists(
    session: &Session<'_>,
    name: &str,
) -> Result<bool, SdkError<ListDashboardsError, HttpResponse>> {
    let client = &session.clients.cloudwatch;
    let request = client.list_dashboards().dashboard_name_prefix(name);
    let mut pages = request.into_paginator().send();
    let is_it = |entry: &DashboardEntry| entry.dashboard_name() == Some(name);
    while let Some(page) = pages.next().await {
        if page?.dashboard_entries().iter().any(is_it) {
            return Ok(true);
        }
    }
    Ok(false)
}
