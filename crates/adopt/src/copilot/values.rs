//! Converts complete values of a manifest.

use stack::{YamlNode, YamlValue};

use super::context::Context;
use crate::document::{Item, Map, Value};

/// A value unchanged, except that the variables in its texts are replaced.
pub(super) fn convert(node: &YamlNode, cx: &Context<'_>) -> Value {
    match &node.value {
        YamlValue::Null => Value::Null,
        YamlValue::Bool(value, _) => (*value).into(),
        YamlValue::Number(text) => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(number), _) => number.into(),
            (_, Ok(number)) if number.is_finite() => number.into(),
            _ => text.clone().into(),
        },
        YamlValue::Text(text) => cx.free_text(text),
        YamlValue::List(items) => Value::List(
            items
                .iter()
                .map(|item| Item::new(convert(item, cx)))
                .collect(),
        ),
        YamlValue::Map(entries) => {
            let mut map = Map::new();
            map.inline();
            for entry in entries {
                map.set(&entry.key, convert(&entry.value, cx));
            }
            map.into()
        }
    }
}

/// The paths of all scalars in a value.
pub(super) fn leaves(node: &YamlNode) -> Vec<String> {
    let mut found = Vec::new();
    collect(node, "", &mut found);
    found
}

fn collect(node: &YamlNode, path: &str, found: &mut Vec<String>) {
    match &node.value {
        YamlValue::Map(entries) if !entries.is_empty() => {
            for entry in entries {
                let inner = if path.is_empty() {
                    entry.key.clone()
                } else {
                    format!("{path}.{}", entry.key)
                };
                collect(&entry.value, &inner, found);
            }
        }
        YamlValue::List(items)
            if items
                .iter()
                .any(|item| matches!(item.value, YamlValue::Map(_))) =>
        {
            for item in items {
                collect(item, path, found);
            }
        }
        _ if path.is_empty() => {}
        _ => {
            if !found.iter().any(|known| known == path) {
                found.push(path.to_owned());
            }
        }
    }
}
