//! The differences between two JSON values, path by path: between definitions, and between the properties of
//! resources.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::path;
use crate::secret::{hides, recognize};

/// A value that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// Its path, such as `services.worker.tasks.max` or `Environment[LEVEL]`.
    pub path: String,
    /// The value before; `None` if it wasn't set.
    pub old: Option<Value>,
    /// The value after; `None` if it isn't set.
    pub new: Option<Value>,
    /// The default value, if the format documents one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
}

/// Replaces a value that looks like a secret.
const HIDDEN: &str = "(hidden)";

/// Keys that identify the items of a list: the first one that all items have.
const IDENTITIES: [&str; 6] = ["Name", "Key", "Id", "Sid", "name", "id"];

/// Lists the values that differ. Items of a list are matched by their name or key, or else by their index. JSON
/// texts are compared as JSON. Values that look like secrets are hidden.
#[must_use]
pub fn compare_values(old: &Value, new: &Value) -> Vec<ValueChange> {
    let mut changes = Vec::new();
    compare(&Spot::default(), old, new, &mut changes);
    changes
}

/// A path, and the name that shows whether its value is a secret.
#[derive(Default)]
struct Spot {
    path: String,
    name: String,
}

impl Spot {
    fn key(&self, key: &str) -> Self {
        Self {
            path: path::key(&self.path, key),
            name: key.to_owned(),
        }
    }

    fn index(&self, index: usize) -> Self {
        Self {
            path: path::item(&self.path, index),
            name: self.name.clone(),
        }
    }

    fn item(&self, identity: &str) -> Self {
        Self {
            path: format!("{}[{identity}]", self.path),
            name: identity.to_owned(),
        }
    }

    fn without_secrets(&self, value: &Value) -> Value {
        let parts = self.path.split(['.', '[']);
        let is_hidden: Hides = match parts
            .into_iter()
            .any(|part| part.eq_ignore_ascii_case("environment"))
        {
            true => hides_variable,
            false => hides,
        };
        without_secrets(&self.name, value, is_hidden)
    }

    fn change(&self, old: Option<&Value>, new: Option<&Value>) -> ValueChange {
        ValueChange {
            path: self.path.clone(),
            old: old.map(|value| self.without_secrets(value)),
            new: new.map(|value| self.without_secrets(value)),
            default: None,
        }
    }
}

fn compare(spot: &Spot, old: &Value, new: &Value, changes: &mut Vec<ValueChange>) {
    if is_same(old, new) {
        return;
    }
    if let (Some(old), Some(new)) = (parse_inner(old), parse_inner(new)) {
        return compare(spot, &old, &new, changes);
    }
    match (old, new) {
        (Value::Object(old), Value::Object(new)) if !is_reference(old) && !is_reference(new) => {
            compare_maps(spot, old, new, changes);
        }
        (Value::Array(old_items), Value::Array(new_items)) => {
            if let (Some(old), Some(new)) = (by_identity(old_items), by_identity(new_items)) {
                compare_items(spot, &old, &new, changes);
            } else if old_items.len() == new_items.len()
                && old_items.iter().chain(new_items).all(Value::is_object)
            {
                for (index, (old, new)) in old_items.iter().zip(new_items).enumerate() {
                    compare(&spot.index(index), old, new, changes);
                }
            } else {
                changes.push(spot.change(Some(old), Some(new)));
            }
        }
        _ => changes.push(spot.change(Some(old), Some(new))),
    }
}

fn compare_maps(
    spot: &Spot,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    changes: &mut Vec<ValueChange>,
) {
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for key in keys {
        compare_entry(&spot.key(key), old.get(key), new.get(key), changes);
    }
}

type Items<'v> = BTreeMap<&'v str, &'v Value>;

fn compare_items(spot: &Spot, old: &Items<'_>, new: &Items<'_>, changes: &mut Vec<ValueChange>) {
    let names: BTreeSet<&&str> = old.keys().chain(new.keys()).collect();
    for name in names {
        let (old, new) = (old.get(*name), new.get(*name));
        compare_entry(
            &spot.item(name),
            old.map(|item| content(item)),
            new.map(|item| content(item)),
            changes,
        );
    }
}

fn compare_entry(
    spot: &Spot,
    old: Option<&Value>,
    new: Option<&Value>,
    changes: &mut Vec<ValueChange>,
) {
    match (old, new) {
        (Some(old), Some(new)) => compare(spot, old, new, changes),
        (None, None) => {}
        (old, new) => changes.push(spot.change(old, new)),
    }
}

/// The items of a list by their identity; `None` if they have none. An empty list has no items to identify.
fn by_identity(items: &[Value]) -> Option<Items<'_>> {
    IDENTITIES.iter().find_map(|key| {
        let mut found = Items::new();
        for item in items {
            let identity = item.get(key)?.as_str()?;
            if found.insert(identity, item).is_some() {
                return None;
            }
        }
        Some(found)
    })
}

/// Only the value of an item that is a name and a value.
fn content(item: &Value) -> &Value {
    let value = item.as_object().filter(|map| map.len() == 2);
    value.and_then(|map| map.get("Value")).unwrap_or(item)
}

/// A CloudFormation reference is one value.
fn is_reference(map: &Map<String, Value>) -> bool {
    map.len() == 1
        && map
            .keys()
            .all(|key| key == "Ref" || key.starts_with("Fn::"))
}

/// The value of a text that is itself JSON, also inside `Fn::Sub`.
fn parse_inner(value: &Value) -> Option<Value> {
    let text = match value {
        Value::String(text) => text,
        Value::Object(map) if map.len() == 1 => map.get("Fn::Sub")?.as_str()?,
        _ => return None,
    };
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    serde_json::from_str(text).ok()
}

/// Whether two values are the same: 60 equals 60.0.
fn is_same(old: &Value, new: &Value) -> bool {
    match (old, new) {
        (Value::Number(old), Value::Number(new)) => old == new || old.as_f64() == new.as_f64(),
        _ => old == new,
    }
}

/// Whether a value must be hidden, by its name and its content. In variables, a random value is a secret;
/// elsewhere, it is a hash or an ID.
type Hides = fn(&str, &str) -> bool;

fn hides_variable(name: &str, value: &str) -> bool {
    recognize(name, value).is_some()
}

fn without_secrets(name: &str, value: &Value, is_hidden: Hides) -> Value {
    match value {
        Value::String(text) if is_hidden(name, text) => HIDDEN.into(),
        Value::Object(map) => {
            let named = map.get("Name").and_then(Value::as_str);
            let entry = |(key, value): (&String, &Value)| {
                let name = named.filter(|_| key == "Value").unwrap_or(key);
                let is_hidden: Hides = match key.eq_ignore_ascii_case("environment") {
                    true => hides_variable,
                    false => is_hidden,
                };
                (key.clone(), without_secrets(name, value, is_hidden))
            };
            Value::Object(map.iter().map(entry).collect())
        }
        Value::Array(items) => items
            .iter()
            .map(|item| without_secrets(name, item, is_hidden))
            .collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn list(old: &Value, new: &Value) -> Vec<String> {
        let text = |value: Option<Value>| value.map_or("-".to_owned(), |value| value.to_string());
        compare_values(old, new)
            .into_iter()
            .map(|one| format!("{} {} {}", one.path, text(one.old), text(one.new)))
            .collect()
    }

    #[test]
    fn values_differ_by_path_and_items_by_name() {
        let old = json!({"a": {"b": 1, "c": 60}, "d": [1, 2], "gone": {"x": 1},
            "env": [{"Name": "LEVEL", "Value": "info"}, {"Name": "MODE", "Value": "a"}]});
        let new = json!({"a": {"b": 2, "c": 60.0}, "d": [1], "new": true,
            "env": [{"Name": "MODE", "Value": "a"}, {"Name": "LEVEL", "Value": "debug"}]});
        assert_eq!(
            list(&old, &new),
            [
                "a.b 1 2",
                "d [1,2] [1]",
                r#"env[LEVEL] "info" "debug""#,
                r#"gone {"x":1} -"#,
                "new - true"
            ]
        );
        assert!(list(&old, &old).is_empty());
    }

    #[test]
    fn texts_of_json_are_compared_and_references_are_one_value() {
        let old = json!({"Input": "{\"targets\": {\"web\": 3}}", "Role": {"Ref": "A"}});
        let new = json!({"Input": {"Fn::Sub": "{\"targets\": {\"web\": 4}}"}, "Role": {"Fn::GetAtt": ["B", "Arn"]}});
        assert_eq!(
            list(&old, &new),
            [
                "Input.targets.web 3 4",
                r#"Role {"Ref":"A"} {"Fn::GetAtt":["B","Arn"]}"#
            ]
        );
    }

    #[test]
    fn what_looks_like_a_secret_is_hidden() {
        let old = json!({"environment": {"API_TOKEN": "correct horse"}});
        let new = json!({"environment": {"API_TOKEN": "battery staple", "KEEP": "me"}});
        assert_eq!(
            list(&old, &new),
            [
                r#"environment.API_TOKEN "(hidden)" "(hidden)""#,
                r#"environment.KEEP - "me""#
            ]
        );
        // A random value in a variable is also a secret; elsewhere, it is a hash.
        let random = "9f3c1b7e5a2d4c6088e1f0b3d7a95c24";
        let new = json!({"environment": {"STRIPE_HOOK": random}, "key": random});
        assert_eq!(
            list(&json!({}), &new),
            [
                r#"environment - {"STRIPE_HOOK":"(hidden)"}"#.to_owned(),
                format!(r#"key - "{random}""#)
            ]
        );
        let new = json!({"Environment": [{"Name": "DB_PASSWORD", "Value": "hunter2"}]});
        assert_eq!(
            list(&json!({}), &new),
            [r#"Environment - [{"Name":"DB_PASSWORD","Value":"(hidden)"}]"#]
        );
    }
}
