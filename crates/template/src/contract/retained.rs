//! Resources that outlive their stack: those that it imported, and those that `overrides` add with `DeletionPolicy: Retain`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// The attributes that decide what happens to a resource that leaves its stack, or is replaced.
const POLICIES: [&str; 2] = ["DeletionPolicy", "UpdateReplacePolicy"];
const RETAIN: &str = "Retain";
const METADATA: &str = "Metadata";
const IMPORTED: &str = "EcsScalerImported";

/// Properties that a stack changes to parts of its own, which are deleted with it.
const RECORDED: [&str; 2] = ["RedrivePolicy", "TaskDefinition"];

/// Marks an imported resource of a template: it stays in AWS if it leaves the stack, or if the stack is deleted. The metadata
/// keep the task definition that a service ran, and the redrive policy that a queue had.
pub fn mark_imported(resource: &mut Value) {
    let properties = resource["Properties"].as_object().into_iter().flatten();
    let recorded = properties.filter(|(name, _)| RECORDED.contains(&name.as_str()));
    let recorded: Map<String, Value> = recorded
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    mark(resource, recorded.into());
}

/// Marks a resource as imported if the deployed one is.
pub(crate) fn keep_mark(resource: &mut Value, deployed: &Value) {
    if let Some(recorded) = deployed[METADATA].get(IMPORTED) {
        mark(resource, recorded.clone());
    }
}

fn mark(resource: &mut Value, recorded: Value) {
    if let Some(map) = resource.as_object_mut() {
        map.insert(METADATA.to_owned(), json!({ IMPORTED: recorded }));
        for policy in POLICIES {
            map.insert(policy.to_owned(), RETAIN.into());
        }
    }
}

/// Lists the resources of a template that stay in AWS if they leave the stack, by logical ID.
#[must_use]
pub fn list_retained(template: &Value) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    let retained = resources.filter(|(_, resource)| resource["DeletionPolicy"] == RETAIN);
    retained.map(|(id, _)| id.clone()).collect()
}

/// A property that an imported resource had: `TaskDefinition` or `RedrivePolicy`.
#[must_use]
pub fn read_imported<'t>(resource: &'t Value, property: &str) -> Option<&'t Value> {
    resource[METADATA][IMPORTED].get(property)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_with_an_imported_resource() {
        let mut imported =
            json!({ "Properties": { "TaskDefinition": "arn:aws:ecs:task:7", "Cluster": "shop" } });
        mark_imported(&mut imported);
        let mut next = json!({ "Properties": { "TaskDefinition": { "Ref": "Task" } } });
        keep_mark(&mut next, &imported);
        let ran = json!("arn:aws:ecs:task:7");
        assert_eq!(read_imported(&next, "TaskDefinition"), Some(&ran));
        assert_eq!(read_imported(&next, "Cluster"), None);
        let template =
            json!({ "Resources": { "Service": next, "Queue": { "DeletionPolicy": "Delete" } } });
        let retained = BTreeSet::from(["Service".to_owned()]);
        assert_eq!(list_retained(&template), retained);
        let mut other = json!({});
        let deployed = json!({ "DeletionPolicy": "Retain", "Metadata": { "Team": "a" } });
        keep_mark(&mut other, &deployed);
        assert_eq!(other, json!({}));
    }
}
