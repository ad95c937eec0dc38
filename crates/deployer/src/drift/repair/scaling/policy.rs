//! A scaling policy of the template in Application Auto Scaling's form.

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, PredefinedMetricSpecification, StepAdjustment,
    StepScalingPolicyConfiguration, TargetTrackingMetric, TargetTrackingMetricDataQuery,
    TargetTrackingMetricDimension, TargetTrackingMetricStat,
    TargetTrackingScalingPolicyConfiguration,
};

use super::super::given::{Given, Properties};

/// Returns the configuration of target tracking. `None` if the policy is of another type.
pub(super) fn tracking(policy: Properties<'_>) -> Option<TargetTrackingScalingPolicyConfiguration> {
    let given = policy.at("TargetTrackingScalingPolicyConfiguration");
    TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(given.at("TargetValue").float()?)
        .set_scale_out_cooldown(given.at("ScaleOutCooldown").int())
        .set_scale_in_cooldown(given.at("ScaleInCooldown").int())
        .set_disable_scale_in(given.at("DisableScaleIn").flag())
        .set_predefined_metric_specification(predefined(given.at("PredefinedMetricSpecification")))
        .set_customized_metric_specification(customized(given.at("CustomizedMetricSpecification")))
        .build()
        .ok()
}

fn predefined(given: Given<'_>) -> Option<PredefinedMetricSpecification> {
    let kind = given.at("PredefinedMetricType").text()?;
    PredefinedMetricSpecification::builder()
        .predefined_metric_type(kind.as_str().into())
        .set_resource_label(given.at("ResourceLabel").text())
        .build()
        .ok()
}

fn customized(given: Given<'_>) -> Option<CustomizedMetricSpecification> {
    if !given.is_set() {
        return None;
    }
    let dimensions = given.at("Dimensions").items().filter_map(|dimension| {
        MetricDimension::builder()
            .name(dimension.at("Name").required())
            .value(dimension.at("Value").required())
            .build()
            .ok()
    });
    let dimensions: Vec<_> = dimensions.collect();
    let metrics: Vec<_> = given.at("Metrics").items().filter_map(query).collect();
    let statistic = given.at("Statistic").text();
    let specification = CustomizedMetricSpecification::builder()
        .set_metric_name(given.at("MetricName").text())
        .set_namespace(given.at("Namespace").text())
        .set_statistic(statistic.map(|statistic| statistic.as_str().into()))
        .set_unit(given.at("Unit").text())
        .set_dimensions((!dimensions.is_empty()).then_some(dimensions))
        .set_metrics((!metrics.is_empty()).then_some(metrics));
    Some(specification.build())
}

fn query(given: Given<'_>) -> Option<TargetTrackingMetricDataQuery> {
    TargetTrackingMetricDataQuery::builder()
        .id(given.at("Id").required())
        .set_expression(given.at("Expression").text())
        .set_label(given.at("Label").text())
        .set_metric_stat(stat(given.at("MetricStat")))
        .set_return_data(given.at("ReturnData").flag())
        .build()
        .ok()
}

fn stat(given: Given<'_>) -> Option<TargetTrackingMetricStat> {
    let metric = given.at("Metric");
    let dimensions = metric.at("Dimensions").items().filter_map(|dimension| {
        TargetTrackingMetricDimension::builder()
            .name(dimension.at("Name").required())
            .value(dimension.at("Value").required())
            .build()
            .ok()
    });
    let metric = TargetTrackingMetric::builder()
        .set_metric_name(metric.at("MetricName").text())
        .set_namespace(metric.at("Namespace").text())
        .set_dimensions(Some(dimensions.collect()))
        .build();
    TargetTrackingMetricStat::builder()
        .metric(metric)
        .stat(given.at("Stat").text()?)
        .set_unit(given.at("Unit").text())
        .build()
        .ok()
}

/// Returns the configuration of step scaling. `None` if the policy is of another type.
pub(super) fn steps(policy: Properties<'_>) -> Option<StepScalingPolicyConfiguration> {
    let given = policy.at("StepScalingPolicyConfiguration");
    let kind = given.at("AdjustmentType").text()?;
    let aggregation = given.at("MetricAggregationType").text();
    let adjustments = given.at("StepAdjustments").items().filter_map(|step| {
        StepAdjustment::builder()
            .set_metric_interval_lower_bound(step.at("MetricIntervalLowerBound").float())
            .set_metric_interval_upper_bound(step.at("MetricIntervalUpperBound").float())
            .scaling_adjustment(step.at("ScalingAdjustment").int()?)
            .build()
            .ok()
    });
    Some(
        StepScalingPolicyConfiguration::builder()
            .adjustment_type(kind.as_str().into())
            .set_cooldown(given.at("Cooldown").int())
            .set_metric_aggregation_type(aggregation.map(|kind| kind.as_str().into()))
            .set_min_adjustment_magnitude(given.at("MinAdjustmentMagnitude").int())
            .set_step_adjustments(Some(adjustments.collect()))
            .build(),
    )
}
