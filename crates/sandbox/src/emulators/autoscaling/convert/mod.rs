//! Converts the SDK's types to the emulator's. Unknown values are refused, never guessed.

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{
    AdjustmentType as SdkAdjustmentType, ScalableTarget, ScalingPolicy,
    StepScalingPolicyConfiguration, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::types::MetricAlarm;
use aws_sdk_ecs::types::{DeploymentRolloutState, Service};
use scaling::{AdjustmentType, Bounds, PerSide, ServiceCounts, TrackingPolicy};

use super::decide::convert_suspension;
use super::model::{Adjustment, Alarm, Law, Policy, StepPolicy};

/// Default cooldown of a policy of an ECS service, in seconds.
const DEFAULT_COOLDOWN: i32 = 300;

/// Converts an alarm, with the scaling policies in its actions. `None` if there are none, if its actions are
/// disabled, or if it has no fixed threshold.
pub(super) fn convert_alarm(found: &MetricAlarm) -> Option<Alarm> {
    if found.actions_enabled() == Some(false) {
        return None;
    }
    let policies: Vec<String> = found
        .alarm_actions()
        .iter()
        .filter(|action| action.contains(":scalingPolicy:"))
        .cloned()
        .collect();
    if policies.is_empty() {
        return None;
    }
    let since = found
        .state_transitioned_timestamp()
        .or(found.state_updated_timestamp());
    let since = since.and_then(|since| u64::try_from(since.as_nanos()).ok());
    Some(Alarm {
        arn: found.alarm_arn()?.to_owned(),
        name: found.alarm_name()?.to_owned(),
        comparison: found.comparison_operator()?.as_str().parse().ok()?,
        threshold: found.threshold()?,
        since: Duration::from_nanos(since.unwrap_or_default()),
        policies,
        value: None,
    })
}

/// Converts a policy. The error is the reason why it isn't supported.
pub(super) fn convert_policy(found: &ScalingPolicy) -> Result<Policy, String> {
    let law = if let Some(tracking) = found.target_tracking_scaling_policy_configuration() {
        Law::Tracking(convert_tracking_policy(tracking))
    } else if let Some(steps) = found.step_scaling_policy_configuration() {
        Law::Steps(convert_step_policy(steps)?)
    } else {
        return Err(format!(
            "policies of type {} are not followed",
            found.policy_type()
        ));
    };
    Ok(Policy {
        arn: found.policy_arn().to_owned(),
        name: found.policy_name().to_owned(),
        law,
    })
}

fn convert_tracking_policy(found: &TargetTrackingScalingPolicyConfiguration) -> TrackingPolicy {
    TrackingPolicy {
        target: found.target_value(),
        cooldown_out: convert_cooldown(found.scale_out_cooldown()),
        cooldown_in: convert_cooldown(found.scale_in_cooldown()),
        scale_in: !found.disable_scale_in().unwrap_or_default(),
    }
}

fn convert_step_policy(found: &StepScalingPolicyConfiguration) -> Result<StepPolicy, String> {
    let adjustment_type = match found.adjustment_type() {
        Some(SdkAdjustmentType::ChangeInCapacity) => AdjustmentType::ChangeInCapacity,
        Some(SdkAdjustmentType::PercentChangeInCapacity) => AdjustmentType::PercentChangeInCapacity,
        Some(SdkAdjustmentType::ExactCapacity) => AdjustmentType::ExactCapacity,
        other => return Err(format!("the adjustment type {other:?} is not known")),
    };
    // AWS accepts a minimum magnitude with every type, but uses it only with percentages.
    let at_least = found
        .min_adjustment_magnitude()
        .and_then(|least| u32::try_from(least).ok())
        .filter(|_| adjustment_type == AdjustmentType::PercentChangeInCapacity);
    let adjustments = found.step_adjustments().iter().map(|step| Adjustment {
        lower: step.metric_interval_lower_bound(),
        upper: step.metric_interval_upper_bound(),
        adjustment: step.scaling_adjustment(),
    });
    Ok(StepPolicy {
        adjustment_type,
        at_least,
        adjustments: adjustments.collect(),
        cooldown: convert_cooldown(found.cooldown()),
    })
}

fn convert_cooldown(seconds: Option<i32>) -> Duration {
    let seconds = seconds.unwrap_or(DEFAULT_COOLDOWN);
    Duration::from_secs(u64::try_from(seconds).unwrap_or_default())
}

/// Returns a scalable target's bounds and suspended sides. The error is the reason why its bounds are invalid.
pub(super) fn convert_target(found: &ScalableTarget) -> Result<(Bounds, PerSide<bool>), String> {
    let count = |count| u32::try_from(count).unwrap_or_default();
    let (min, max) = (count(found.min_capacity()), count(found.max_capacity()));
    let bounds = Bounds::new(min, max).map_err(|error| error.to_string())?;
    let sides = match found.suspended_state() {
        Some(state) => convert_suspension(
            state.dynamic_scaling_out_suspended(),
            state.dynamic_scaling_in_suspended(),
        ),
        None => convert_suspension(None, None),
    };
    Ok((bounds, sides))
}

/// Converts the counts of a service. `None` if it is deleted or being deleted.
pub(super) fn convert_service(found: &Service) -> Option<ServiceCounts> {
    if found.status() != Some("ACTIVE") {
        return None;
    }
    let count = |count| u32::try_from(count).unwrap_or_default();
    let rolling = |state: &DeploymentRolloutState| *state == DeploymentRolloutState::InProgress;
    let deployments = found.deployments();
    let mut states = deployments
        .iter()
        .filter_map(|deployment| deployment.rollout_state());
    Some(ServiceCounts {
        running: count(found.running_count()),
        desired: count(found.desired_count()),
        deploying: deployments.len() > 1 || states.any(rolling),
    })
}

#[cfg(test)]
mod tests;
