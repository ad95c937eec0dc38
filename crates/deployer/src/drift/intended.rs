//! The parts of a stack as its deployed template specifies them.

use std::collections::BTreeMap;
use std::time::Duration;

use scaling::Bounds;
use serde_json::{Map, Value, json};
use template::contract::{read_schedule, types};

use crate::observe::Observed;
use crate::resource::Resource;

use super::intrinsics::Resolver;

/// A deployed stack, as CloudFormation returns it.
pub(super) struct Deployed<'a> {
    /// Whether it is on AWS, and not on an emulator.
    pub is_aws: bool,
    pub stack: &'a Observed,
    pub resources: &'a [Resource],
    pub template: &'a Value,
    /// The current time, since the Unix epoch.
    pub now: Duration,
}

/// A resource as the template specifies it, with references and functions resolved.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Intended {
    pub logical_id: String,
    pub resource_type: String,
    pub physical_id: String,
    pub properties: Map<String, Value>,
    /// For a scalable target with a schedule, the bounds of a few minutes ago, because a scheduled action can be
    /// late.
    pub lately: Option<Bounds>,
}

/// How late a scheduled action can be. AWS documents a precision of minutes.
const LATE: Duration = Duration::from_mins(5);

impl Intended {
    pub(crate) fn text(&self, property: &str) -> &str {
        let value = self.properties.get(property);
        value.and_then(Value::as_str).unwrap_or_default()
    }

    /// Returns the items of a property that is a list.
    pub(crate) fn items(&self, property: &str) -> &[Value] {
        let value = self.properties.get(property);
        value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}

/// Returns the resources that CloudFormation created, as the template specifies them. `current` contains the IDs of
/// resources that were recreated since then, by logical ID.
pub(super) fn intend(deployed: &Deployed<'_>, current: &BTreeMap<String, String>) -> Vec<Intended> {
    let id_of = |resource: &'_ Resource| {
        let newer = current.get(&resource.logical_id);
        newer.unwrap_or(&resource.physical_id).clone()
    };
    let ids: BTreeMap<&str, String> = deployed
        .resources
        .iter()
        .map(|resource| (resource.logical_id.as_str(), id_of(resource)))
        .collect();
    let kind = |resource: &'_ Resource| resource.resource_type.clone();
    let kinds: BTreeMap<&str, String> = deployed
        .resources
        .iter()
        .map(|resource| (resource.logical_id.as_str(), kind(resource)))
        .collect();
    let resolver = Resolver {
        is_aws: deployed.is_aws,
        stack_id: &deployed.stack.id,
        stack_name: &deployed.stack.name,
        parameters: parameters(deployed),
        resources: ids
            .iter()
            .filter_map(|(logical, id)| {
                Some((*logical, (kinds.get(logical)?.as_str(), id.as_str())))
            })
            .collect(),
        template: deployed.template,
    };
    let section = deployed
        .template
        .get("Resources")
        .and_then(Value::as_object);
    let described = section.into_iter().flatten();
    described
        .filter_map(|(logical_id, resource)| {
            let physical_id = ids.get(logical_id.as_str()).filter(|id| !id.is_empty())?;
            let resource_type = resource.get("Type")?.as_str()?.to_owned();
            let empty = json!({});
            let properties = resource.get("Properties").unwrap_or(&empty);
            let Some(Value::Object(mut properties)) = resolver.resolve(properties) else {
                return None;
            };
            imply(&resource_type, &mut properties);
            let lately = schedule_bounds(resource, &mut properties, deployed.now);
            Some(Intended {
                lately,
                logical_id: logical_id.clone(),
                resource_type,
                physical_id: physical_id.clone(),
                properties,
            })
        })
        .collect()
}

/// Sets the current bounds of a scalable target with a schedule, instead of the template's widest ones. Returns the
/// bounds of a few minutes ago.
fn schedule_bounds(
    resource: &Value,
    properties: &mut Map<String, Value>,
    now: Duration,
) -> Option<Bounds> {
    let schedule = read_schedule(resource)?;
    let holds = schedule.bounds_at(now);
    properties.insert("MinCapacity".to_owned(), json!(holds.min()));
    properties.insert("MaxCapacity".to_owned(), json!(holds.max()));
    Some(schedule.bounds_at(now.saturating_sub(LATE)))
}

/// Returns the stack's parameters, and the defaults of parameters that it doesn't list.
fn parameters(deployed: &Deployed<'_>) -> BTreeMap<String, String> {
    let mut all = deployed.stack.parameters.clone();
    let section = deployed
        .template
        .get("Parameters")
        .and_then(Value::as_object);
    for (name, parameter) in section.into_iter().flatten() {
        if let Some(default) = parameter.get("Default").and_then(Value::as_str) {
            all.entry(name.clone())
                .or_insert_with(|| default.to_owned());
        }
    }
    all
}

/// Adds the defaults that scaling depends on, if the template leaves them to the service.
fn imply(resource_type: &str, properties: &mut Map<String, Value>) {
    const TRACKING: &str = "TargetTrackingScalingPolicyConfiguration";
    let mut add = |property: &str, value: Value| {
        properties.entry(property).or_insert(value);
    };
    match resource_type {
        types::ALARM => add("ActionsEnabled", json!(true)),
        types::RULE => add("State", json!("ENABLED")),
        types::QUEUE => add("DelaySeconds", json!(0)),
        types::SCALING_POLICY => {
            let tracking = properties.get_mut(TRACKING).and_then(Value::as_object_mut);
            if let Some(tracking) = tracking {
                tracking.entry("DisableScaleIn").or_insert(json!(false));
            }
        }
        _ => {}
    }
}
