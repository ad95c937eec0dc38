use aws_sdk_applicationautoscaling::types::{
    MetricAggregationType, PolicyType, ScalableDimension, ServiceNamespace, StepAdjustment,
    SuspendedState,
};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::ComparisonOperator;
use aws_sdk_ecs::types::Deployment;
use scaling::Comparison;

use super::*;

const POLICY: &str = "arn:aws:autoscaling:us-east-1:000000000000:scalingPolicy:1:resource/ecs/\
                      service/c/s:policyName/p";

fn metric_alarm() -> MetricAlarm {
    MetricAlarm::builder()
        .alarm_name("high")
        .alarm_arn("arn:aws:cloudwatch:us-east-1:000000000000:alarm:high")
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .threshold(100.0)
        .state_transitioned_timestamp(DateTime::from_millis(1_500))
        .alarm_actions("arn:aws:sns:us-east-1:000000000000:people")
        .alarm_actions(POLICY)
        .build()
}

#[test]
fn an_alarm_with_a_policy_is_one_of_ours() {
    let found = convert_alarm(&metric_alarm()).unwrap();
    assert_eq!(found.comparison, Comparison::Above);
    assert_eq!(found.since, Duration::from_millis(1_500));
    assert_eq!(found.policies, [POLICY]);
    assert!(found.is_high());
}

#[test]
fn other_alarms_are_left_alone() {
    let mut off = metric_alarm();
    off.actions_enabled = Some(false);
    let mut people = metric_alarm();
    people.alarm_actions = Some(vec!["arn:aws:sns:us-east-1:000000000000:people".to_owned()]);
    let mut band = metric_alarm();
    band.comparison_operator = Some(ComparisonOperator::GreaterThanUpperThreshold);
    for other in [off, people, band, MetricAlarm::builder().build()] {
        assert_eq!(convert_alarm(&other), None);
    }
}

fn scaling_policy() -> aws_sdk_applicationautoscaling::types::builders::ScalingPolicyBuilder {
    ScalingPolicy::builder()
        .policy_arn(POLICY)
        .policy_name("p")
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id("service/c/s")
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .creation_time(DateTime::from_secs(0))
}

#[test]
fn cooldowns_that_are_not_named_are_those_of_ecs() {
    let tracking = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(100.0)
        .scale_out_cooldown(0)
        .disable_scale_in(true)
        .build()
        .unwrap();
    let found = scaling_policy()
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(tracking)
        .build()
        .unwrap();
    let expected = TrackingPolicy {
        target: 100.0,
        cooldown_out: Duration::ZERO,
        cooldown_in: Duration::from_secs(300),
        scale_in: false,
    };
    assert_eq!(convert_policy(&found).unwrap().law, Law::Tracking(expected));
}

#[test]
fn a_least_magnitude_counts_with_percentages_alone() {
    let configuration = |kind| {
        let step = StepAdjustment::builder()
            .metric_interval_lower_bound(0.0)
            .scaling_adjustment(10)
            .build()
            .unwrap();
        StepScalingPolicyConfiguration::builder()
            .adjustment_type(kind)
            .min_adjustment_magnitude(2)
            .metric_aggregation_type(MetricAggregationType::Average)
            .step_adjustments(step)
            .cooldown(60)
            .build()
    };
    let steps = |kind| {
        let found = scaling_policy()
            .policy_type(PolicyType::StepScaling)
            .step_scaling_policy_configuration(configuration(kind))
            .build()
            .unwrap();
        match convert_policy(&found).map(|policy| policy.law) {
            Ok(Law::Steps(steps)) => Ok(steps),
            Ok(other) => Err(format!("{other:?}")),
            Err(why) => Err(why),
        }
    };
    let percent = steps(SdkAdjustmentType::PercentChangeInCapacity).unwrap();
    assert_eq!(
        (percent.at_least, percent.cooldown),
        (Some(2), Duration::from_secs(60))
    );
    assert_eq!(
        percent.towards(Comparison::AtOrAbove).unwrap().at_least(),
        Some(2)
    );
    let change = steps(SdkAdjustmentType::ChangeInCapacity).unwrap();
    assert_eq!(change.at_least, None);
    assert!(change.towards(Comparison::AtOrAbove).is_ok());
    assert!(
        steps(SdkAdjustmentType::from("Doubling"))
            .unwrap_err()
            .contains("Doubling")
    );
}

#[test]
fn a_policy_of_another_type_is_refused_by_its_name() {
    let found = scaling_policy()
        .policy_type(PolicyType::PredictiveScaling)
        .build()
        .unwrap();
    assert_eq!(
        convert_policy(&found).unwrap_err(),
        "policies of type PredictiveScaling are not followed"
    );
}

#[test]
fn a_target_has_bounds_and_suspended_sides() {
    let found = |min, max| {
        ScalableTarget::builder()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id("service/c/s")
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(min)
            .max_capacity(max)
            .role_arn("role")
            .creation_time(DateTime::from_secs(0))
            .suspended_state(
                SuspendedState::builder()
                    .dynamic_scaling_in_suspended(true)
                    .build(),
            )
            .build()
            .unwrap()
    };
    let (bounds, sides) = convert_target(&found(1, 20)).unwrap();
    assert_eq!((bounds.min(), bounds.max()), (1, 20));
    assert_eq!((sides.scale_out, sides.scale_in), (false, true));
    assert!(convert_target(&found(3, 2)).is_err());
}

#[test]
fn a_service_deploys_while_a_deployment_is_not_over() {
    let deployment = |state| Deployment::builder().rollout_state(state).build();
    let counts = |deployments, status: &str| {
        let found = Service::builder()
            .status(status)
            .desired_count(3)
            .running_count(2)
            .set_deployments(Some(deployments))
            .build();
        convert_service(&found)
    };
    let done = deployment(DeploymentRolloutState::Completed);
    let going = deployment(DeploymentRolloutState::InProgress);
    let settled = counts(vec![done.clone()], "ACTIVE").unwrap();
    assert_eq!(
        (settled.desired, settled.running, settled.deploying),
        (3, 2, false)
    );
    assert!(counts(vec![going], "ACTIVE").unwrap().deploying);
    assert!(
        counts(vec![done.clone(), done.clone()], "ACTIVE")
            .unwrap()
            .deploying
    );
    assert_eq!(counts(vec![done], "DRAINING"), None);
}
