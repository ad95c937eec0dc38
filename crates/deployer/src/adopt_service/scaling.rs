//! The service's current scaling: its scalable target, policies, and their alarms.

use std::collections::BTreeMap;
use std::time::Duration;

use ::scaling::{Comparison, MissingData};
use adopt::live::{
    AlarmReading, MetricReading, PolicyKind, PolicyReading, Readings, TargetReading, TermReading,
    TrackedReading,
};
use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, ScalingPolicy, ServiceNamespace, StepScalingPolicyConfiguration,
    TargetTrackingMetricDataQuery, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::types::MetricAlarm;

use crate::error::{Result, aws, unless_denied};
use crate::named::{read_alarms, read_scalable_targets};
use crate::session::Session;
use crate::suspension::Suspended;

/// Reads the scaling of a service. If access is denied, the readings mark it as unknown.
pub(super) async fn read(session: &Session<'_>, readings: &mut Readings) -> Result<()> {
    let service = &readings.service;
    let id = format!("service/{}/{}", service.cluster, service.name);
    match unless_denied(read_all(session, &id).await)? {
        Ok(Some((target, policies))) => {
            readings.target = Some(target);
            readings.policies = policies;
        }
        Ok(None) => {}
        Err(why) => {
            readings.unread.push(why.clone());
            readings.scaling_unread = Some(why);
        }
    }
    Ok(())
}

async fn read_all(
    session: &Session<'_>,
    id: &str,
) -> Result<Option<(TargetReading, Vec<PolicyReading>)>> {
    let found = read_scalable_targets(session, &[id.to_owned()]).await;
    let found = found.map_err(aws("read the scalable target"))?;
    let Some(target) = found.first() else {
        return Ok(None);
    };
    let client = &session.clients.applicationautoscaling;
    let request = client.describe_scheduled_actions().resource_id(id);
    let request = request.service_namespace(ServiceNamespace::Ecs);
    let scheduled: Vec<_> = request
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(aws("read the scheduled actions"))?;
    let request = client.describe_scaling_policies().resource_id(id);
    let request = request.service_namespace(ServiceNamespace::Ecs);
    let policies: Vec<ScalingPolicy> = request
        .into_paginator()
        .items()
        .send()
        .try_collect()
        .await
        .map_err(aws("read the scaling policies"))?;
    let count = |tasks: i32| u32::try_from(tasks).unwrap_or_default();
    let suspended = Suspended::of(target);
    let target = TargetReading {
        min: count(target.min_capacity()),
        max: count(target.max_capacity()),
        scheduled: scheduled.len(),
        suspended: (suspended.scale_out, suspended.scale_in),
    };
    let alarms = read_policy_alarms(session, &policies).await?;
    let policies = policies.iter().map(|policy| convert(policy, &alarms));
    Ok(Some((target, policies.collect())))
}

/// Reads the alarms of step policies, by name. The alarms of target tracking follow from the policy.
async fn read_policy_alarms(
    session: &Session<'_>,
    policies: &[ScalingPolicy],
) -> Result<BTreeMap<String, MetricAlarm>> {
    let steps = policies
        .iter()
        .filter(|policy| policy.step_scaling_policy_configuration().is_some());
    let names: Vec<String> = steps
        .flat_map(|policy| policy.alarms())
        .map(|alarm| alarm.alarm_name().to_owned())
        .collect();
    let found = read_alarms(session, &names).await;
    let found = found.map_err(aws("read the alarms of the scaling policies"))?;
    let named = found.into_iter();
    Ok(named
        .filter_map(|alarm| Some((alarm.alarm_name()?.to_owned(), alarm)))
        .collect())
}

fn convert(policy: &ScalingPolicy, alarms: &BTreeMap<String, MetricAlarm>) -> PolicyReading {
    let tracking = policy.target_tracking_scaling_policy_configuration();
    let steps = policy.step_scaling_policy_configuration();
    let kind = match (tracking, steps) {
        (Some(tracking), _) => convert_tracking(tracking),
        (None, Some(steps)) => convert_steps(steps),
        (None, None) => PolicyKind::Other(policy.policy_type().as_str().to_owned()),
    };
    let named = policy.alarms().iter();
    let named = named.filter_map(|alarm| alarms.get(alarm.alarm_name()));
    PolicyReading {
        name: policy.policy_name().to_owned(),
        kind,
        alarms: named.map(convert_alarm).collect(),
    }
}

fn seconds(value: Option<i32>) -> Option<Duration> {
    Some(Duration::from_secs(u64::try_from(value?).ok()?))
}

fn convert_tracking(tracking: &TargetTrackingScalingPolicyConfiguration) -> PolicyKind {
    let predefined = tracking.predefined_metric_specification();
    let customized = tracking.customized_metric_specification();
    let metric = match (predefined, customized) {
        (Some(predefined), _) => {
            TrackedReading::Predefined(predefined.predefined_metric_type().as_str().to_owned())
        }
        (None, Some(metric)) => convert_metric(metric),
        (None, None) => TrackedReading::Predefined("an unknown metric".to_owned()),
    };
    PolicyKind::Tracking {
        target: tracking.target_value(),
        metric,
        cooldown_out: seconds(tracking.scale_out_cooldown()),
        cooldown_in: seconds(tracking.scale_in_cooldown()),
        only_out: tracking.disable_scale_in() == Some(true),
    }
}

fn convert_metric(metric: &CustomizedMetricSpecification) -> TrackedReading {
    if metric.metrics().is_empty() {
        let dimensions = metric.dimensions().iter();
        return TrackedReading::Metric(MetricReading {
            namespace: metric.namespace().unwrap_or_default().to_owned(),
            name: metric.metric_name().unwrap_or_default().to_owned(),
            dimensions: dimensions
                .map(|one| (one.name().to_owned(), one.value().to_owned()))
                .collect(),
            statistic: metric
                .statistic()
                .map_or("", |statistic| statistic.as_str())
                .to_owned(),
        });
    }
    let terms: BTreeMap<String, TermReading> =
        metric.metrics().iter().filter_map(convert_term).collect();
    // ReturnData is true by default.
    let mut returned = metric.metrics().iter();
    let returned = returned.find(|query| query.return_data() != Some(false));
    match returned.map(|query| (query.expression(), terms.get(query.id()))) {
        Some((None, Some(TermReading::Metric(metric)))) => TrackedReading::Metric(metric.clone()),
        Some((Some(expression), _)) => TrackedReading::Math {
            expression: expression.to_owned(),
            terms,
        },
        _ => TrackedReading::Math {
            expression: String::new(),
            terms,
        },
    }
}

fn convert_term(query: &TargetTrackingMetricDataQuery) -> Option<(String, TermReading)> {
    let id = query.id().to_owned();
    if let Some(expression) = query.expression() {
        return Some((id, TermReading::Expression(expression.to_owned())));
    }
    let stat = query.metric_stat()?;
    let metric = stat.metric()?;
    let dimensions = metric.dimensions().iter();
    let reading = MetricReading {
        namespace: metric.namespace().unwrap_or_default().to_owned(),
        name: metric.metric_name().unwrap_or_default().to_owned(),
        dimensions: dimensions
            .map(|one| (one.name().to_owned(), one.value().to_owned()))
            .collect(),
        statistic: stat.stat().to_owned(),
    };
    Some((id, TermReading::Metric(reading)))
}

fn convert_steps(steps: &StepScalingPolicyConfiguration) -> PolicyKind {
    let adjustments = steps.step_adjustments().iter();
    PolicyKind::Steps {
        adjustment: steps
            .adjustment_type()
            .map_or("", |kind| kind.as_str())
            .to_owned(),
        cooldown: seconds(steps.cooldown()),
        at_least: steps
            .min_adjustment_magnitude()
            .and_then(|least| u32::try_from(least).ok()),
        steps: adjustments
            .map(|step| {
                (
                    step.metric_interval_lower_bound(),
                    step.metric_interval_upper_bound(),
                    step.scaling_adjustment(),
                )
            })
            .collect(),
    }
}

fn convert_alarm(alarm: &MetricAlarm) -> AlarmReading {
    let whole = |number: Option<i32>| number.and_then(|number| u32::try_from(number).ok());
    let periods = whole(alarm.evaluation_periods()).unwrap_or(1);
    let dimensions = alarm.dimensions().iter();
    let statistic = alarm.statistic().map(|statistic| statistic.as_str());
    let metric = alarm.metric_name().map(|name| MetricReading {
        namespace: alarm.namespace().unwrap_or_default().to_owned(),
        name: name.to_owned(),
        dimensions: dimensions
            .filter_map(|one| Some((one.name()?.to_owned(), one.value()?.to_owned())))
            .collect(),
        statistic: statistic
            .or(alarm.extended_statistic())
            .unwrap_or_default()
            .to_owned(),
    });
    AlarmReading {
        name: alarm.alarm_name().unwrap_or_default().to_owned(),
        metric,
        period: seconds(alarm.period()).unwrap_or_default(),
        comparison: match alarm
            .comparison_operator()
            .map(|operator| operator.as_str())
        {
            Some("GreaterThanOrEqualToThreshold") => Some(Comparison::AtOrAbove),
            Some("GreaterThanThreshold") => Some(Comparison::Above),
            Some("LessThanThreshold") => Some(Comparison::Below),
            Some("LessThanOrEqualToThreshold") => Some(Comparison::AtOrBelow),
            _ => None,
        },
        threshold: alarm.threshold().unwrap_or_default(),
        datapoints: whole(alarm.datapoints_to_alarm()).unwrap_or(periods),
        periods,
        missing: missing_data(alarm.treat_missing_data()),
    }
}

fn missing_data(name: Option<&str>) -> MissingData {
    match name {
        Some("ignore") => MissingData::Ignore,
        Some("breaching") => MissingData::Breaching,
        Some("notBreaching") => MissingData::NotBreaching,
        _ => MissingData::Missing,
    }
}
