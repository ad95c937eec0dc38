//! The complete templates of the shipped definitions, and of one that uses every feature.

use serde_json::{Map, Value, json};
use stack::Capacity;
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

/// Containers with sidecars, a log router, and Service Connect; and a service on named capacity providers.
#[test]
fn containers_and_providers() {
    for name in ["containers", "providers"] {
        let stack = stacks::definition(&format!("crates/template/tests/it/matrix/{name}"));
        insta::assert_json_snapshot!(name, readable(&stack));
    }
}

#[test]
fn demand() {
    insta::assert_json_snapshot!("demand", readable(&stacks::by_demand("shop")));
}

/// Every kind of service on Fargate, and the differences with other capacities.
#[test]
fn capacities() {
    let on = |capacity| readable(&stacks::every_kind("every-kind", capacity));
    let fargate = on(Capacity::Fargate);
    insta::assert_json_snapshot!("fargate", fargate);
    let spot = on(Capacity::FargateSpot { base: 1 });
    insta::assert_json_snapshot!("fargate_spot", difference(&fargate, &spot));
    let ec2 = on(stacks::on_ec2());
    insta::assert_json_snapshot!("ec2", difference(&fargate, &ec2));
}

/// The resources that another template adds or changes, and the logical IDs of the resources that it lacks.
fn difference(from: &Value, to: &Value) -> Value {
    let resources = |template: &Value| template["Resources"].as_object().unwrap().clone();
    let (from, to) = (resources(from), resources(to));
    let gone: Vec<&String> = from.keys().filter(|id| !to.contains_key(*id)).collect();
    let new: Map<String, Value> = to
        .iter()
        .filter(|(id, resource)| from.get(*id) != Some(resource))
        .map(|(id, resource)| (id.clone(), resource.clone()))
        .collect();
    json!({ "added or changed": new, "gone": gone })
}

/// The template with the JSON inside it (target inputs, dashboard) expanded, so that a change in it shows as a
/// line. It has the version of a first release, so that the next release changes no snapshot.
fn readable(stack: &stack::Stack) -> Value {
    let mut template = unfold(synthesize(stack).unwrap().to_json());
    template["Metadata"]["EcsScaler"]["Version"] = "VERSION".into();
    template
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
