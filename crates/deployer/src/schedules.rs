//! The bounds of schedules. CloudFormation registers a scalable target with the widest bounds of its schedule, and
//! the scheduled actions narrow them from their next time on. This module registers the bounds that hold until then.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget, ServiceNamespace, SuspendedState,
};
use scaling::Bounds;
use serde_json::Value;
use template::contract::{read_schedule, types};

use crate::error::{Result, aws, unless_denied};
use crate::named::read_scalable_targets;
use crate::observe::deployed_resources;
use crate::resource::Resource;
use crate::session::Session;
use crate::suspension::Suspended;

/// Registers the bounds that hold `now` (since the Unix epoch) of each scalable target with a schedule, and of each
/// target whose schedule this deploy removed. `before` is the template that was deployed until now.
///
/// # Errors
/// If AWS can't be reached. Without the permission, it only reports that the bounds take effect with the next
/// scheduled action.
pub(crate) async fn hold_bounds(
    session: &Session<'_>,
    resources: &[Resource],
    (deployed, before): (&Value, Option<&str>),
    now: Duration,
) -> Result<()> {
    let expected = list_bounds(resources, deployed, before, now);
    if expected.is_empty() {
        return Ok(());
    }
    match unless_denied(register_all(session, &expected).await)? {
        Ok(()) => {}
        Err(denied) => session.note(format!(
            "the bounds of a schedule take effect only at its next scheduled action: {denied}"
        )),
    }
    Ok(())
}

/// Lists the bounds to register, by `service/CLUSTER/SERVICE`.
fn list_bounds(
    resources: &[Resource],
    deployed: &Value,
    before: Option<&str>,
    now: Duration,
) -> BTreeMap<String, Bounds> {
    let scheduled = list_resources(deployed);
    let mut by_id: BTreeMap<String, Bounds> = scheduled
        .filter_map(|(id, resource)| Some((id.clone(), read_schedule(resource)?.bounds_at(now))))
        .collect();
    let before: Option<Value> = before.and_then(|text| serde_json::from_str(text).ok());
    for (id, resource) in before.iter().flat_map(list_resources) {
        let ended = read_schedule(resource).is_some() && !by_id.contains_key(id);
        if let Some(bounds) = ended.then(|| plain_bounds(deployed, id)).flatten() {
            by_id.insert(id.clone(), bounds);
        }
    }
    let named = resources.iter().filter_map(|resource| {
        let bounds = by_id.get(&resource.logical_id)?;
        // `service/CLUSTER/SERVICE|DIMENSION|NAMESPACE`
        let (id, _) = resource.physical_id.split_once('|')?;
        (resource.resource_type == types::SCALABLE_TARGET).then(|| (id.to_owned(), *bounds))
    });
    named.collect()
}

/// Returns the resources of a template, by logical ID.
fn list_resources(template: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let resources = template.get("Resources").and_then(Value::as_object);
    resources.into_iter().flatten()
}

/// Returns the bounds of a scalable target without a schedule.
fn plain_bounds(template: &Value, id: &str) -> Option<Bounds> {
    let properties = template.get("Resources")?.get(id)?.get("Properties")?;
    let bound = |name: &str| u32::try_from(properties.get(name)?.as_u64()?).ok();
    Bounds::new(bound("MinCapacity")?, bound("MaxCapacity")?).ok()
}

/// Like [`hold_bounds`], after a rollback. The rollback deployed `before` again, and registered the widest bounds
/// of its schedules. Only reports problems, because the failure of the update is more important.
pub(crate) async fn hold_bounds_again(
    session: &Session<'_>,
    stack: &str,
    before: Option<&str>,
    now: Duration,
) {
    let before: Option<Value> = before.and_then(|text| serde_json::from_str(text).ok());
    let Some(before) = before else {
        return;
    };
    let held = async {
        let resources = deployed_resources(session, stack).await?;
        hold_bounds(session, &resources, (&before, None), now).await
    };
    if let Err(error) = held.await {
        session.note(format!(
            "the bounds of a schedule might take effect only at its next scheduled action: {error}"
        ));
    }
}

async fn register_all(session: &Session<'_>, expected: &BTreeMap<String, Bounds>) -> Result<()> {
    let ids: Vec<String> = expected.keys().cloned().collect();
    let found = read_scalable_targets(session, &ids).await;
    let found = found.map_err(aws("read the scalable targets"))?;
    for (id, bounds) in expected {
        let is_it = |target: &&ScalableTarget| target.resource_id() == id;
        let Some(target) = found.iter().find(is_it) else {
            continue;
        };
        if Suspended::of(target).schedule {
            session.note(format!(
                "the schedule of {id} is suspended: its bounds aren't changed"
            ));
            continue;
        }
        let has = |bound: u32, found: i32| i64::from(bound) == i64::from(found);
        if !has(bounds.min(), target.min_capacity()) || !has(bounds.max(), target.max_capacity()) {
            register(session, id, *bounds).await?;
        }
    }
    Ok(())
}

async fn register(session: &Session<'_>, id: &str, bounds: Bounds) -> Result<()> {
    let (min, max) = (bounds.min(), bounds.max());
    session.note(format!(
        "registering the bounds of {id} that its schedule holds now: {min} to {max} tasks"
    ));
    let int = |bound: u32| Some(i32::try_from(bound).unwrap_or(i32::MAX));
    let bounds = Registration {
        min: int(min),
        max: int(max),
        ..Registration::default()
    };
    register_target(session, id, bounds).await
}

/// The properties of a scalable target to register. Properties that are `None` don't change.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(crate) min: Option<i32>,
    pub(crate) max: Option<i32>,
    /// Tags of a new target.
    pub(crate) tags: Option<HashMap<String, String>>,
    pub(crate) suspended: Option<SuspendedState>,
}

/// Registers a service's scalable target.
///
/// # Errors
/// If Application Auto Scaling refuses or can't be reached.
pub(crate) async fn register_target(
    session: &Session<'_>,
    id: &str,
    what: Registration,
) -> Result<()> {
    let request = session
        .clients
        .applicationautoscaling
        .register_scalable_target();
    let sent = request
        .service_namespace(ServiceNamespace::Ecs)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .resource_id(id)
        .set_min_capacity(what.min)
        .set_max_capacity(what.max)
        .set_tags(what.tags)
        .set_suspended_state(what.suspended)
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("register the scalable target {id}")))
}
