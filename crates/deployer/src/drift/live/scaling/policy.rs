//! A scaling policy, in the form of CloudFormation's properties.

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, PredefinedMetricSpecification, ScalingPolicy,
    StepScalingPolicyConfiguration, TargetTrackingMetric, TargetTrackingMetricDataQuery,
    TargetTrackingScalingPolicyConfiguration,
};
use serde_json::{Value, json};

use super::super::part::{Live, Properties};

pub(super) fn convert(policy: &ScalingPolicy) -> Live {
    let tracking = policy.target_tracking_scaling_policy_configuration();
    let steps = policy.step_scaling_policy_configuration();
    Properties::default()
        .set("PolicyType", Some(policy.policy_type().as_str()))
        .set(
            "TargetTrackingScalingPolicyConfiguration",
            tracking.map(convert_tracking),
        )
        .set("StepScalingPolicyConfiguration", steps.map(convert_steps))
        .found()
}

fn convert_tracking(tracking: &TargetTrackingScalingPolicyConfiguration) -> Value {
    let predefined = tracking.predefined_metric_specification();
    let customized = tracking.customized_metric_specification();
    Properties::default()
        .set("TargetValue", Some(tracking.target_value()))
        .set("ScaleOutCooldown", tracking.scale_out_cooldown())
        .set("ScaleInCooldown", tracking.scale_in_cooldown())
        .set(
            "DisableScaleIn",
            Some(tracking.disable_scale_in().unwrap_or_default()),
        )
        .set(
            "PredefinedMetricSpecification",
            predefined.map(convert_predefined),
        )
        .set(
            "CustomizedMetricSpecification",
            customized.map(convert_customized),
        )
        .object()
}

fn convert_predefined(metric: &PredefinedMetricSpecification) -> Value {
    Properties::default()
        .set(
            "PredefinedMetricType",
            Some(metric.predefined_metric_type().as_str()),
        )
        .set("ResourceLabel", metric.resource_label())
        .object()
}

fn convert_customized(metric: &CustomizedMetricSpecification) -> Value {
    let dimensions = metric.dimensions().iter();
    let dimensions: Vec<Value> = dimensions
        .map(|dimension| json!({ "Name": dimension.name(), "Value": dimension.value() }))
        .collect();
    let queries: Vec<Value> = metric.metrics().iter().map(convert_query).collect();
    Properties::default()
        .set("MetricName", metric.metric_name())
        .set("Namespace", metric.namespace())
        .set(
            "Statistic",
            metric.statistic().map(|statistic| statistic.as_str()),
        )
        .set("Unit", metric.unit())
        .set("Dimensions", Some(dimensions))
        .set("Metrics", (!queries.is_empty()).then_some(queries))
        .object()
}

fn convert_query(query: &TargetTrackingMetricDataQuery) -> Value {
    let stat = query.metric_stat().map(|stat| {
        Properties::default()
            .set("Metric", stat.metric().map(convert_metric))
            .set("Stat", Some(stat.stat()))
            .set("Unit", stat.unit())
            .object()
    });
    Properties::default()
        .set("Id", Some(query.id()))
        .set("Expression", query.expression())
        .set("Label", query.label())
        .set("MetricStat", stat)
        .set("ReturnData", Some(query.return_data().unwrap_or(true)))
        .object()
}

fn convert_metric(metric: &TargetTrackingMetric) -> Value {
    let dimensions = metric.dimensions().iter();
    let dimensions: Vec<Value> = dimensions
        .map(|dimension| json!({ "Name": dimension.name(), "Value": dimension.value() }))
        .collect();
    Properties::default()
        .set("MetricName", metric.metric_name())
        .set("Namespace", metric.namespace())
        .set("Dimensions", Some(dimensions))
        .object()
}

fn convert_steps(steps: &StepScalingPolicyConfiguration) -> Value {
    let adjustments: Vec<Value> = steps
        .step_adjustments()
        .iter()
        .map(|step| {
            Properties::default()
                .set(
                    "MetricIntervalLowerBound",
                    step.metric_interval_lower_bound(),
                )
                .set(
                    "MetricIntervalUpperBound",
                    step.metric_interval_upper_bound(),
                )
                .set("ScalingAdjustment", Some(step.scaling_adjustment()))
                .object()
        })
        .collect();
    let adjustment_type = steps.adjustment_type().map(|kind| kind.as_str());
    let aggregation = steps.metric_aggregation_type().map(|kind| kind.as_str());
    Properties::default()
        .set("AdjustmentType", adjustment_type)
        .set("Cooldown", steps.cooldown())
        .set("MetricAggregationType", aggregation)
        .set("MinAdjustmentMagnitude", steps.min_adjustment_magnitude())
        .set("StepAdjustments", Some(adjustments))
        .object()
}
