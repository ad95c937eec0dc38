//! The differences between the resources of two templates.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use stack::{ValueChange, compare_values};

use crate::contract::types;

/// Lists the differing properties of each resource that both templates have with the same type, by logical ID. A
/// dashboard's properties are its widgets, which make no sense as text, and are omitted.
#[must_use]
pub fn compare_resources(old: &Value, new: &Value) -> BTreeMap<String, Vec<ValueChange>> {
    let Some((old, new)) = resources(old).zip(resources(new)) else {
        return BTreeMap::new();
    };
    let changes = new.iter().filter_map(|(id, new)| {
        let old = old.get(id).filter(|old| kind(old) == kind(new))?;
        if kind(new) == Some(types::DASHBOARD) {
            return None;
        }
        let properties = |resource: &Value| resource.get("Properties").cloned().unwrap_or_default();
        let changes = compare_values(&properties(old), &properties(new));
        (!changes.is_empty()).then(|| (id.clone(), changes))
    });
    changes.collect()
}

fn resources(template: &Value) -> Option<&Map<String, Value>> {
    template.get("Resources")?.as_object()
}

fn kind(resource: &Value) -> Option<&str> {
    resource.get("Type").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_resource_in_both_templates_is_compared_and_a_dashboard_is_not() {
        let template = |target: u32, kind: &str| {
            json!({ "Resources": {
                "Policy": { "Type": types::SCALING_POLICY, "Properties": { "Target": { "Value": target } } },
                "Same": { "Type": types::TOPIC, "Properties": {} },
                "Other": { "Type": kind, "Properties": { "Value": target } },
                "Dashboard": { "Type": types::DASHBOARD, "Properties": { "DashboardBody": target } },
            } })
        };
        let found = compare_resources(&template(600, types::TOPIC), &template(120, types::QUEUE));
        assert_eq!(found.keys().collect::<Vec<_>>(), ["Policy"]);
        let change = &found["Policy"][0];
        assert_eq!(change.path, "Target.Value");
        assert_eq!(
            (&change.old, &change.new),
            (&Some(json!(600)), &Some(json!(120)))
        );
        assert!(compare_resources(&json!({}), &json!(1)).is_empty());
    }
}
