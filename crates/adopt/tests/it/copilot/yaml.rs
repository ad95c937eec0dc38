//! Manifests as trees that tests change.

use adopt::document::{Item, Map, Value};
use stack::{YamlEntry, YamlNode, YamlValue};

/// A step into a tree.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    Key(String),
    Item(usize),
}

/// The ways to all keys.
pub(super) fn keys(root: &YamlNode) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    collect(root, &mut Vec::new(), &mut found);
    found
}

fn collect(node: &YamlNode, way: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    for entry in node.entries() {
        way.push(Step::Key(entry.key.clone()));
        found.push(way.clone());
        collect(&entry.value, way, found);
        way.pop();
    }
    for (index, item) in node.items().iter().enumerate() {
        way.push(Step::Item(index));
        collect(item, way, found);
        way.pop();
    }
}

/// A way as a path, such as `subscribe.topics[].name`.
pub(super) fn path(way: &[Step]) -> String {
    let mut text = String::new();
    for step in way {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
            Step::Item(_) => text.push_str("[]"),
        }
    }
    text
}

fn step<'n>(node: &'n mut YamlNode, step: &Step) -> &'n mut YamlNode {
    match (&mut node.value, step) {
        (YamlValue::Map(entries), Step::Key(key)) => {
            &mut entries
                .iter_mut()
                .find(|entry| entry.key == *key)
                .unwrap()
                .value
        }
        (YamlValue::List(items), Step::Item(index)) => &mut items[*index],
        _ => panic!("the tree has no such way"),
    }
}

pub(super) fn at(root: &YamlNode, way: &[Step]) -> YamlNode {
    let mut root = root.clone();
    way.iter().fold(&mut root, step).clone()
}

/// The tree without a key.
pub(super) fn without(root: &YamlNode, way: &[Step]) -> YamlNode {
    let mut root = root.clone();
    let (last, outer) = way.split_last().unwrap();
    let node = outer.iter().fold(&mut root, step);
    if let (YamlValue::Map(entries), Step::Key(key)) = (&mut node.value, last) {
        entries.retain(|entry| entry.key != *key);
    }
    root
}

/// The tree with one more key in a mapping.
pub(super) fn with_key(root: &YamlNode, way: &[Step], key: &str) -> YamlNode {
    let mut root = root.clone();
    let node = way.iter().fold(&mut root, step);
    if let YamlValue::Map(entries) = &mut node.value {
        entries.push(YamlEntry {
            key: key.to_owned(),
            line: 1,
            value: YamlNode {
                line: 1,
                value: YamlValue::Text("value".to_owned()),
            },
        });
    }
    root
}

/// The tree as YAML.
pub(super) fn write(root: &YamlNode) -> String {
    match convert(root) {
        Value::Map(map) => map.render(),
        _ => panic!("a manifest is a mapping"),
    }
}

fn convert(node: &YamlNode) -> Value {
    match &node.value {
        YamlValue::Null => Value::Null,
        YamlValue::Bool(value, _) => Value::Bool(*value),
        YamlValue::Number(text) => text
            .parse()
            .map_or_else(|_| Value::Float(text.parse().unwrap()), Value::Int),
        YamlValue::Text(text) => Value::Text(text.clone()),
        YamlValue::List(items) => {
            Value::List(items.iter().map(|item| Item::new(convert(item))).collect())
        }
        YamlValue::Map(entries) => {
            let mut map = Map::new();
            for entry in entries {
                map.set(&entry.key, convert(&entry.value));
            }
            Value::Map(map)
        }
    }
}

/// The tree without its lines.
pub(super) fn show(node: &YamlNode) -> String {
    match convert(node) {
        Value::Map(map) => map.render(),
        other => format!("{other:?}"),
    }
}

/// The tree as JSON.
pub(super) fn to_json(node: &YamlNode) -> serde_json::Value {
    match &node.value {
        YamlValue::Null => serde_json::Value::Null,
        YamlValue::Bool(value, _) => (*value).into(),
        YamlValue::Number(text) => text
            .parse::<i64>()
            .map_or_else(|_| text.parse::<f64>().unwrap().into(), Into::into),
        YamlValue::Text(text) => text.clone().into(),
        YamlValue::List(items) => items.iter().map(to_json).collect::<Vec<_>>().into(),
        YamlValue::Map(entries) => {
            let pairs = entries
                .iter()
                .map(|entry| (entry.key.clone(), to_json(&entry.value)));
            serde_json::Value::Object(pairs.collect())
        }
    }
}
