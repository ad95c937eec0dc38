//! The templates of the shipped definitions, and of one that uses every feature, whole.

use serde_json::Value;
use template::synthesize;

use crate::stacks;

#[test]
fn shipped_definitions() {
    let folder = std::fs::read_dir(stacks::root().join("stacks")).unwrap();
    let mut found: Vec<_> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml")
        })
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    found.sort();
    assert_eq!(found, stacks::SHIPPED);
    for name in stacks::SHIPPED {
        insta::assert_json_snapshot!(name, readable(&stacks::shipped(name)));
    }
}

#[test]
fn every_feature() {
    insta::assert_json_snapshot!("everything", readable(&stacks::everything()));
}

/// The template with the JSON inside it (target inputs, dashboard) unfolded, so that a change in it
/// shows as a line.
fn readable(stack: &stack::Stack) -> Value {
    unfold(synthesize(stack).unwrap().to_json())
}

fn unfold(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), unfold(value)))
            .collect(),
        Value::Array(items) => items.iter().map(unfold).collect(),
        scalar => scalar.clone(),
    }
}
