//! The properties of the resource types in stacks. Source: CloudFormation's resource schemas; a test compares them
//! with the schemas that cfn-lint ships.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Properties by type. A property without nested names accepts any value.
const TABLE: &str = include_str!("properties.json");

/// The properties of a type; `None` for a type that is in a stack only through overrides.
pub(super) fn of_type(kind: &str) -> Option<&'static Map<String, Value>> {
    static READ: OnceLock<Value> = OnceLock::new();
    let table = READ.get_or_init(|| serde_json::from_str(TABLE).unwrap_or_default());
    table.get(kind)?.as_object()
}
