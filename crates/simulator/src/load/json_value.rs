//! Values of a JSON document.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::timestamp;

/// Returns the text of a value that is neither a list nor an object.
pub(super) fn read_scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(value) => Some(value.to_string()),
        Value::Number(value) => Some(value.to_string()),
        Value::String(value) => Some(value.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// Returns the values of an object and of the objects in it. `None` if it contains rows itself.
pub(super) fn flatten(value: &Value) -> Option<BTreeMap<String, String>> {
    let mut row = BTreeMap::new();
    for (key, value) in value.as_object()? {
        match value {
            // The results of a bucket of New Relic's time series.
            Value::Array(items) if key == "results" && items.len() == 1 => {
                let inner = items.first().and_then(flatten).unwrap_or_default();
                row.extend(inner);
            }
            Value::Array(items) if items.iter().any(|item| item.is_array() || item.is_object()) => {
                return None;
            }
            Value::Object(_) => {
                for (inner, value) in flatten(value).unwrap_or_default() {
                    row.insert(format!("{key}.{inner}"), value);
                }
            }
            other => {
                if let Some(text) = read_scalar(other) {
                    row.insert(key.clone(), text);
                }
            }
        }
    }
    Some(row)
}

pub(super) fn is_moment(text: &str) -> bool {
    timestamp::is_date(text.as_bytes()) || timestamp::is_epoch(text.as_bytes())
}

/// Returns an object's name for its values.
pub(super) fn find_label(map: &Map<String, Value>) -> Option<String> {
    const KEYS: [&str; 9] = [
        "Label",
        "label",
        "metric",
        "target",
        "scope",
        "display_name",
        "expression",
        "name",
        "Id",
    ];
    KEYS.into_iter().find_map(|key| match map.get(key)? {
        Value::String(label) => Some(label.clone()),
        Value::Object(labels) => Some(join_labels(labels)),
        _ => None,
    })
}

/// Joins a metric's name and labels in Prometheus's format.
pub(super) fn join_labels(labels: &Map<String, Value>) -> String {
    let name = labels.get("__name__").and_then(Value::as_str).unwrap_or("");
    let rest: Vec<String> = labels
        .iter()
        .filter(|(key, _)| *key != "__name__")
        .filter_map(|(key, value)| Some(format!("{key}=\"{}\"", value.as_str()?)))
        .collect();
    match rest.as_slice() {
        [] => name.to_owned(),
        rest => format!("{name}{{{}}}", rest.join(", ")),
    }
}
