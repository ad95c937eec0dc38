//! The services' data in Application Auto Scaling: bounds, policies with their alarms, and activities.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_applicationautoscaling::types::{
    ScalableTarget, ScalingActivity, ScalingPolicy, ServiceNamespace, StepAdjustment,
    TargetTrackingScalingPolicyConfiguration,
};
use futures::future::try_join3;
use futures::stream::{self, StreamExt, TryStreamExt};
use scaling::{ActivityStatus, Bounds, Parsed};
use serde::Serialize;

use crate::activities::{ActivityQuery, read_activities};
use crate::error::{Result, aws};
use crate::named::read_scalable_targets;
use crate::session::Session;
use crate::suspension::Suspended;

use super::alarms::{self, Alarm};
use super::unread::Unread;

/// A scaling policy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PolicyState {
    /// Policy name.
    pub name: String,
    /// `TargetTrackingScaling` or `StepScaling`.
    pub kind: String,
    /// The metric of target tracking: the type of a predefined metric, or the names of the metrics.
    pub metric: Option<String>,
    /// Target of a target tracking policy.
    pub target: Option<f64>,
    /// What the steps adjust, such as `ChangeInCapacity`.
    pub adjustment_type: Option<String>,
    /// The steps of a step scaling policy.
    pub steps: Vec<PolicyStep>,
    /// Seconds after a scale-out in which it doesn't scale out again, if it has a cooldown.
    pub cooldown_out_s: Option<u64>,
    /// Seconds after a scale-in in which it doesn't scale in again, if it has a cooldown.
    pub cooldown_in_s: Option<u64>,
    /// Its alarms.
    pub alarms: Vec<Alarm>,
    /// ARN of the policy.
    #[serde(skip)]
    pub arn: String,
}

/// A step of a step scaling policy.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PolicyStep {
    /// Lower bound, as the distance from the threshold. `None`: unbounded.
    pub lower: Option<f64>,
    /// Upper bound, in the same way.
    pub upper: Option<f64>,
    /// Tasks or percent to add (or to remove if negative), or the exact count.
    pub adjustment: i32,
}

/// A scaling activity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Activity {
    /// Start, in seconds since 1970.
    pub at: i64,
    /// The action.
    pub description: String,
    /// The cause.
    pub cause: String,
    /// The outcome.
    pub status: Parsed<ActivityStatus>,
}

/// A service's data in Application Auto Scaling.
#[derive(Clone, Debug, Default)]
pub(super) struct Scaled {
    pub bounds: Option<Bounds>,
    pub suspended: Suspended,
    pub policies: Vec<PolicyState>,
    pub activities: Vec<Activity>,
}

/// Up to this number of services are read one by one. For more services, it takes fewer requests to list those
/// of the whole account.
const ONE_BY_ONE: usize = 10;
/// Concurrent requests.
const AT_ONCE: usize = 4;
/// Maximum number of activities to show per service.
const ACTIVITIES: usize = 5;
/// The activities of one service to read, by pages.
const SERVICE_PAGES: (i32, usize) = (5, 1);
/// The account's activities to read, by pages: the newest hundred.
const ACCOUNT_PAGES: (i32, usize) = (50, 2);

/// Reads the services with these resource IDs (`service/CLUSTER/SERVICE`).
pub(super) async fn read(
    session: &Session<'_>,
    ids: &[String],
    unread: &Unread,
) -> Result<HashMap<String, Scaled>> {
    let mut scaled: HashMap<String, Scaled> = ids
        .iter()
        .map(|id| (id.clone(), Scaled::default()))
        .collect();
    let filters: Vec<Option<&str>> = match ids.len() {
        0 => return Ok(scaled),
        1..=ONE_BY_ONE => ids.iter().map(|id| Some(id.as_str())).collect(),
        _ => vec![None],
    };
    let (targets, (policies, alarms), activities) = try_join3(
        unread.or_nothing("scalable targets", read_targets(session, ids)),
        async {
            let policies = read_policies(session, &filters);
            let mut policies = unread.or_nothing("scaling policies", policies).await?;
            policies.retain(|policy| scaled.contains_key(policy.resource_id()));
            let alarms = tracking_alarms(session, &policies);
            let alarms = unread.or_nothing("alarms of policies", alarms).await?;
            Ok((policies, alarms))
        },
        unread.or_nothing("scaling activities", newest_activities(session, &filters)),
    )
    .await?;
    for target in &targets {
        if let Some(scaled) = scaled.get_mut(target.resource_id()) {
            let [min, max] = [target.min_capacity(), target.max_capacity()].map(task_count);
            scaled.bounds = Bounds::new(min, max).ok();
            scaled.suspended = Suspended::of(target);
        }
    }
    for policy in &policies {
        if let Some(scaled) = scaled.get_mut(policy.resource_id()) {
            scaled.policies.push(convert_policy(policy, &alarms));
        }
    }
    for found in &activities {
        if let Some(scaled) = scaled.get_mut(found.resource_id())
            && scaled.activities.len() < ACTIVITIES
        {
            scaled.activities.push(convert_activity(found));
        }
    }
    Ok(scaled)
}

/// Converts a number of tasks. AWS never returns a negative number.
pub(super) fn task_count(tasks: i32) -> u32 {
    u32::try_from(tasks).unwrap_or_default()
}

async fn read_targets(session: &Session<'_>, ids: &[String]) -> Result<Vec<ScalableTarget>> {
    let found = read_scalable_targets(session, ids).await;
    found.map_err(aws("read the scalable targets"))
}

async fn read_policies(
    session: &Session<'_>,
    filters: &[Option<&str>],
) -> Result<Vec<ScalingPolicy>> {
    let client = &session.clients.applicationautoscaling;
    let listed: Vec<Vec<ScalingPolicy>> = stream::iter(filters)
        .map(|filter| async move {
            client
                .describe_scaling_policies()
                .service_namespace(ServiceNamespace::Ecs)
                .set_resource_id(filter.map(str::to_owned))
                .into_paginator()
                .items()
                .send()
                .try_collect()
                .await
                .map_err(aws("read the scaling policies"))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(listed.into_iter().flatten().collect())
}

/// Reads the alarms of all policies by name.
async fn tracking_alarms(
    session: &Session<'_>,
    policies: &[ScalingPolicy],
) -> Result<HashMap<String, Alarm>> {
    let names: Vec<String> = policies
        .iter()
        .flat_map(|policy| policy.alarms())
        .map(|alarm| alarm.alarm_name().to_owned())
        .collect();
    let alarms = alarms::read_named(session, &names).await?;
    Ok(alarms
        .into_iter()
        .map(|alarm| (alarm.name.clone(), alarm))
        .collect())
}

fn convert_policy(policy: &ScalingPolicy, alarms: &HashMap<String, Alarm>) -> PolicyState {
    let names = policy.alarms().iter().map(|alarm| alarm.alarm_name());
    let tracking = policy.target_tracking_scaling_policy_configuration();
    let steps = policy.step_scaling_policy_configuration();
    let step = |step: &StepAdjustment| PolicyStep {
        lower: step.metric_interval_lower_bound(),
        upper: step.metric_interval_upper_bound(),
        adjustment: step.scaling_adjustment(),
    };
    let step_cooldown = steps.and_then(|steps| steps.cooldown());
    let cooldown = |tracked: Option<i32>| {
        let seconds = tracked.or(step_cooldown)?;
        u64::try_from(seconds).ok()
    };
    PolicyState {
        cooldown_out_s: cooldown(tracking.and_then(|tracking| tracking.scale_out_cooldown())),
        cooldown_in_s: cooldown(tracking.and_then(|tracking| tracking.scale_in_cooldown())),
        name: policy.policy_name().to_owned(),
        kind: policy.policy_type().as_str().to_owned(),
        metric: tracking.and_then(metric_name),
        target: tracking.map(|tracking| tracking.target_value()),
        adjustment_type: steps
            .and_then(|steps| steps.adjustment_type())
            .map(|kind| kind.as_str().to_owned()),
        steps: steps
            .map(|steps| steps.step_adjustments().iter().map(step).collect())
            .unwrap_or_default(),
        alarms: names.filter_map(|name| alarms.get(name).cloned()).collect(),
        arn: policy.policy_arn().to_owned(),
    }
}

fn metric_name(tracking: &TargetTrackingScalingPolicyConfiguration) -> Option<String> {
    if let Some(predefined) = tracking.predefined_metric_specification() {
        return Some(predefined.predefined_metric_type().as_str().to_owned());
    }
    let custom = tracking.customized_metric_specification()?;
    if let Some(name) = custom.metric_name() {
        return Some(name.to_owned());
    }
    let parts = custom.metrics().iter();
    let names = parts.filter_map(|part| part.metric_stat()?.metric()?.metric_name());
    let names: BTreeSet<&str> = names.collect();
    let names: Vec<&str> = names.into_iter().collect();
    (!names.is_empty()).then(|| format!("metric math of {}", names.join(" and ")))
}

/// Reads the newest activities of each service, or of the account.
async fn newest_activities(
    session: &Session<'_>,
    filters: &[Option<&str>],
) -> Result<Vec<ScalingActivity>> {
    let listed: Vec<Vec<ScalingActivity>> = stream::iter(filters)
        .map(|filter| async move {
            let query = ActivityQuery {
                id: *filter,
                pages: filter.map_or(ACCOUNT_PAGES, |_| SERVICE_PAGES),
                ..ActivityQuery::default()
            };
            read_activities(session, &query).await
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(listed.into_iter().flatten().collect())
}

fn convert_activity(found: &ScalingActivity) -> Activity {
    Activity {
        at: found.start_time().secs(),
        description: found.description().to_owned(),
        cause: found.cause().to_owned(),
        status: found.status_code().as_str().into(),
    }
}
