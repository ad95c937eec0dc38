//! Scalable targets and scaling policies of Application Auto Scaling, and the alarms that it created for the
//! policies.

mod policy;

use std::collections::BTreeMap;

use aws_sdk_applicationautoscaling::types::{
    ScalableTarget, ScalableTargetAction, ScalingPolicy, ScheduledAction, ServiceNamespace,
};
use scaling::{TrackingAlarms, tracking_alarms};
use serde_json::{Map, Value, json};
use template::contract::types;

use crate::error::{Result, aws, is_denied, text, unless_denied};
use crate::named::{HIGH_ALARM, LOW_ALARM, read_scalable_targets};
use crate::session::Session;
use crate::suspension::Suspended;

use super::super::intended::Intended;
use super::part::Live;

/// Application Auto Scaling's data on a stack.
#[derive(Default)]
pub(super) struct Scaled {
    /// Scalable targets and policies.
    pub pairs: Vec<(Intended, Live)>,
    /// ARNs of policies by logical ID. A recreated policy has another ARN than the one that CloudFormation
    /// lists.
    pub current: BTreeMap<String, String>,
    /// The alarms of target tracking as they should be.
    pub alarms: Vec<Intended>,
}

/// DescribeScalingPolicies accepts 50 names.
const NAMES: usize = 50;

pub(super) async fn read(session: &Session<'_>, all: &[Intended]) -> Result<Scaled> {
    let of = |kind: &'static str| all.iter().filter(move |one| one.resource_type == kind);
    let targets: Vec<&Intended> = of(types::SCALABLE_TARGET).collect();
    let policies: Vec<&Intended> = of(types::SCALING_POLICY).collect();
    let ids = distinct(&targets, "ResourceId");
    let found_targets = async {
        let found = read_scalable_targets(session, &ids).await;
        found.map_err(aws("read the scalable targets"))
    };
    let (found_targets, found_policies) =
        futures::future::join(found_targets, read_policies(session, &policies)).await;
    let found_targets = unless_denied(found_targets)?;
    let found_policies = unless_denied(found_policies)?;
    let mut scaled = Scaled::default();
    for target in targets {
        let is_it = |found: &&ScalableTarget| found.resource_id() == target.text("ResourceId");
        let live = match found_targets.as_ref().map(|all| all.iter().find(is_it)) {
            Ok(Some(found)) => Live::of(read_target(session, target, found).await)?,
            Ok(None) => Live::Missing,
            Err(denied) => Live::Unchecked(denied.clone()),
        };
        scaled.pairs.push((target.clone(), live));
    }
    for policy in policies {
        let is_it = |found: &&ScalingPolicy| {
            found.resource_id() == policy.text("ResourceId")
                && found.policy_name() == policy.text("PolicyName")
        };
        let found = found_policies.as_ref().map(|all| all.iter().find(is_it));
        let live = match found {
            Ok(found) => found.map_or(Live::Missing, policy::convert),
            Err(denied) => Live::Unchecked(denied.clone()),
        };
        if let Ok(Some(found)) = found {
            let id = policy.logical_id.clone();
            scaled.current.insert(id, found.policy_arn().to_owned());
            let is_aws = session.clients.is_aws();
            scaled.alarms.extend(list_alarms(policy, found, is_aws));
        }
        scaled.pairs.push((policy.clone(), live));
    }
    Ok(scaled)
}

async fn read_policies(
    session: &Session<'_>,
    policies: &[&Intended],
) -> Result<Vec<ScalingPolicy>> {
    let names: Vec<String> = distinct(policies, "PolicyName");
    let mut found = Vec::new();
    for names in names.chunks(NAMES) {
        let mut pages = session
            .clients
            .applicationautoscaling
            .describe_scaling_policies()
            .service_namespace(ServiceNamespace::Ecs)
            .set_policy_names(Some(names.to_vec()))
            .into_paginator()
            .send();
        while let Some(page) = pages.next().await {
            let page = page.map_err(aws("read the scaling policies"))?;
            found.extend(page.scaling_policies.unwrap_or_default());
        }
    }
    Ok(found)
}

fn distinct(all: &[&Intended], property: &str) -> Vec<String> {
    let mut values: Vec<String> = all
        .iter()
        .map(|one| one.text(property).to_owned())
        .collect();
    values.sort();
    values.dedup();
    values
}

/// Reads the bounds of a target, and its scheduled actions.
async fn read_target(
    session: &Session<'_>,
    target: &Intended,
    found: &ScalableTarget,
) -> Result<Live> {
    let bounds = [
        ("MinCapacity", found.min_capacity()),
        ("MaxCapacity", found.max_capacity()),
    ];
    let expected = |name: &str| target.properties.get(name).and_then(Value::as_i64);
    let differs = |(name, value): &(&str, i32)| {
        expected(name).is_some_and(|expected| expected != i64::from(*value))
    };
    let mut properties: Map<String, Value> = bounds
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect();
    let named = !target.items(ACTIONS).is_empty();
    if !named && !bounds.iter().any(differs) {
        return Ok(Live::Found(properties));
    }
    let scheduled = match read_actions(session, found.resource_id()).await? {
        Ok(scheduled) => scheduled,
        Err(denied) => {
            return Ok(Live::Unchecked(format!(
                "its scheduled actions can't be compared with the template: {denied}"
            )));
        }
    };
    if named {
        let own = convert_actions(target, &scheduled);
        properties.insert(ACTIONS.to_owned(), own.into());
    }
    for (name, value) in bounds {
        let late = target.lately.is_some_and(|lately| {
            let lately = if name == "MinCapacity" {
                lately.min()
            } else {
                lately.max()
            };
            i64::from(lately) == i64::from(value)
        });
        let by_others = || scheduled.iter().any(|action| sets(action, name, value));
        let fine = late || Suspended::of(found).schedule || (!named && by_others());
        if let (true, Some(expected)) = (fine, expected(name)) {
            properties.insert(name.to_owned(), json!(expected));
        }
    }
    Ok(Live::Found(properties))
}

const ACTIONS: &str = "ScheduledActions";

/// Whether any action sets a bound to this value. If so, and the target has no schedule in the stack, the value
/// counts as the template's.
fn sets(action: &ScheduledAction, name: &str, value: i32) -> bool {
    let bounds = action.scalable_target_action();
    bounds.is_some_and(|bounds| match name {
        "MinCapacity" => bounds.min_capacity() == Some(value),
        _ => bounds.max_capacity() == Some(value),
    })
}

/// Reads the scheduled actions of an ECS service. The inner error is the reason why they can't be read.
async fn read_actions(
    session: &Session<'_>,
    resource_id: &str,
) -> Result<std::result::Result<Vec<ScheduledAction>, String>> {
    let client = &session.clients.applicationautoscaling;
    let mut pages = client
        .describe_scheduled_actions()
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(resource_id)
        .into_paginator()
        .items()
        .send();
    let mut found = Vec::new();
    while let Some(action) = pages.next().await {
        match action {
            Ok(action) => found.push(action),
            Err(error) if is_denied(&error) => return Ok(Err(text(&error).to_owned())),
            // An emulator that doesn't support scheduled actions has none.
            Err(error) if error.as_service_error().is_some() => return Ok(Ok(Vec::new())),
            Err(error) => return Err(aws("read the scheduled actions")(error)),
        }
    }
    Ok(Ok(found))
}

/// Converts the actions that the template contains to its form. Other actions aren't part of the stack.
fn convert_actions(target: &Intended, scheduled: &[ScheduledAction]) -> Vec<Value> {
    let names: Vec<&str> = target
        .items(ACTIONS)
        .iter()
        .filter_map(|action| action.get("ScheduledActionName")?.as_str())
        .collect();
    let own = scheduled
        .iter()
        .filter(|action| names.contains(&action.scheduled_action_name()));
    let converted = own.map(|action| {
        let bounds = action.scalable_target_action();
        json!({
            "ScheduledActionName": action.scheduled_action_name(),
            "Schedule": action.schedule(),
            "Timezone": action.timezone().unwrap_or("UTC"),
            "ScalableTargetAction": {
                "MinCapacity": bounds.and_then(ScalableTargetAction::min_capacity),
                "MaxCapacity": bounds.and_then(ScalableTargetAction::max_capacity),
            },
        })
    });
    converted.collect()
}

/// Returns the alarms of a target tracking policy. Application Auto Scaling creates them, and AWS always lists them.
/// Emulators might not, so only if `is_aws` does an empty list mean that the alarms are missing.
fn list_alarms(policy: &Intended, found: &ScalingPolicy, is_aws: bool) -> Vec<Intended> {
    let Some(tracking) = found.target_tracking_scaling_policy_configuration() else {
        return Vec::new();
    };
    let mut names: Vec<&str> = found
        .alarms()
        .iter()
        .map(|alarm| alarm.alarm_name())
        .collect();
    let unnamed = format!("TargetTracking-{}-AlarmHigh", policy.text("ResourceId"));
    if names.is_empty() && is_aws {
        names.push(&unnamed);
    }
    names
        .into_iter()
        .map(|name| Intended {
            lately: None,
            logical_id: policy.logical_id.clone(),
            resource_type: types::ALARM.to_owned(),
            physical_id: name.to_owned(),
            properties: describe_alarm(name, found.policy_arn(), tracking.target_value()),
        })
        .collect()
}

/// Returns the known properties of an alarm that Application Auto Scaling creates for a policy with this
/// target.
pub(super) fn describe_alarm(name: &str, policy: &str, target: f64) -> Map<String, Value> {
    let TrackingAlarms { high, low } = tracking_alarms(target);
    let side = [
        (HIGH_ALARM, "GreaterThanThreshold", high.threshold),
        (LOW_ALARM, "LessThanThreshold", low.threshold),
    ];
    let side = side.into_iter().find(|(part, ..)| name.contains(part));
    let mut properties = Map::from_iter([
        ("ActionsEnabled".to_owned(), json!(true)),
        ("AlarmActions".to_owned(), json!([policy])),
    ]);
    if let Some((_, comparison, threshold)) = side {
        properties.insert("ComparisonOperator".to_owned(), json!(comparison));
        properties.insert("Threshold".to_owned(), json!(threshold));
    }
    properties
}
