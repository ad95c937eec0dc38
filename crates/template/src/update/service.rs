//! Services whose capacity, or a setting that ECS keeps, changes.

use serde_json::{Value, json};

use crate::cluster::on_demand;
use crate::error::SynthesisError;
use crate::names;
use crate::services::connect::{SERVICE_CONNECT, render_off};
use crate::services::deployment::{ALARMS, DEPLOYMENT, render_alarms};
use crate::services::{ENABLE_EXEC, MONITORING, render_monitoring};
use crate::text::hash;

use super::properties;

const STRATEGY: &str = "CapacityProviderStrategy";
const LAUNCH_TYPE: &str = "LaunchType";
const FORCE: &str = "ForceNewDeployment";

pub(super) fn adapt(id: &str, resource: &mut Value, before: &Value) -> Result<(), SynthesisError> {
    let Some(service) = properties(resource) else {
        return Ok(());
    };
    let stays = service.get("Cluster") == before.get("Cluster");
    let changes = |fact: fn(&Value) -> bool| fact(&json!(service)) != fact(before);
    if changes(is_on_fargate) || (stays && changes(is_in_vpc)) {
        return Err(SynthesisError::CapacityMoves { id: id.to_owned() });
    }
    if before.get(MONITORING).is_some() {
        let plain = render_monitoring(&["CPUUtilization", "MemoryUtilization"], 60);
        service.entry(MONITORING).or_insert(plain);
    }
    if before.get(ENABLE_EXEC).is_some() {
        service.entry(ENABLE_EXEC).or_insert(json!(false));
    }
    if before.get(SERVICE_CONNECT).is_some() {
        service.entry(SERVICE_CONNECT).or_insert_with(render_off);
    }
    if before
        .get(DEPLOYMENT)
        .is_some_and(|old| old.get(ALARMS).is_some())
        && let Some(Value::Object(deployment)) = service.get_mut(DEPLOYMENT)
    {
        let none = || render_alarms(&[], false);
        deployment.entry(ALARMS).or_insert_with(none);
    }
    // A missing strategy also means "unchanged" on an existing cluster.
    if stays && before.get(STRATEGY).is_some() && service.remove(LAUNCH_TYPE).is_some() {
        service.insert(STRATEGY.into(), on_demand());
    }
    let (new, old) = (service.get(STRATEGY), before.get(STRATEGY));
    match (new, old) {
        (Some(strategy), None) if *strategy == on_demand() => {
            if let Some(launch_type) = before.get(LAUNCH_TYPE) {
                service.insert(LAUNCH_TYPE.into(), launch_type.clone());
                service.remove(STRATEGY);
                forget_association(resource);
            }
        }
        (Some(new), Some(old)) if new == old => {
            if let Some(force) = before.get(FORCE) {
                service.insert(FORCE.into(), force.clone());
            }
        }
        (Some(new), _) => {
            let force =
                json!({ "EnableForceNewDeployment": true, "ForceNewDeploymentNonce": nonce(new) });
            service.insert(FORCE.into(), force);
        }
        (None, _) => {}
    }
    Ok(())
}

/// Whether a service runs on Fargate, and not on instances.
fn is_on_fargate(properties: &Value) -> bool {
    let launch_type = properties.get(LAUNCH_TYPE).and_then(Value::as_str);
    is_in_vpc(properties) && launch_type != Some("EC2") && !names_providers(properties)
}

/// Whether the tasks of a service have the network mode `awsvpc`. Those on the stack's own instances have `bridge`.
fn is_in_vpc(properties: &Value) -> bool {
    properties.get("NetworkConfiguration").is_some()
}

/// Whether a service runs on named capacity providers, which have instances.
fn names_providers(properties: &Value) -> bool {
    let items = properties.get(STRATEGY).and_then(Value::as_array);
    let names = items.into_iter().flatten();
    let mut names = names.filter_map(|item| item.get("CapacityProvider")?.as_str());
    names.any(|name| !name.starts_with("FARGATE"))
}

/// The strategy in short, such as `FARGATE_SPOT 1`: different for different strategies, and always the same for the
/// same one. A strategy that is too long ends in its hash. Source: AWS::ECS::Service, `ForceNewDeployment`,
/// `ForceNewDeploymentNonce`: at most 255 characters.
fn nonce(strategy: &Value) -> String {
    const LONGEST: usize = 255;
    let text = strategy.to_string();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-');
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let words = words.join(" ");
    if words.len() <= LONGEST {
        return words;
    }
    let hash = hash(&words);
    let begin: String = words.chars().take(LONGEST - 1 - hash.len()).collect();
    format!("{begin} {hash}")
}

/// A service with a launch type doesn't wait for the providers of its cluster.
fn forget_association(resource: &mut Value) {
    let Some(Value::Array(ids)) = resource.get_mut("DependsOn") else {
        return;
    };
    ids.retain(|id| id != names::CAPACITY_PROVIDERS);
    if let (true, Some(map)) = (ids.is_empty(), resource.as_object_mut()) {
        map.remove("DependsOn");
    }
}
