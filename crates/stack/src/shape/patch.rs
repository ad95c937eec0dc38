//! The JSON Schema of an environment: the keys of a definition, each of which can be missing or `null`.

use serde_json::{Map, Value, json};

use super::kind::{Form, Kind, Object};
use super::schema;
use super::tables::STACK;
use crate::select::ENVIRONMENTS;

/// The schema of a mapping that is merged into the definition. An environment contains no environments.
pub(super) fn patch() -> Value {
    let fields = STACK.fields.iter();
    let fields = fields.filter(|field| field.name != ENVIRONMENTS);
    let properties: Map<String, Value> = fields
        .map(|field| (field.name.to_owned(), described(field.kind, field.doc)))
        .collect();
    json!({ "type": "object", "properties": properties, "additionalProperties": false })
}

fn described(kind: Kind, doc: &str) -> Value {
    let mut schema = partial(kind);
    schema["description"] = json!(doc);
    schema
}

/// The schema of a value in a patch. A mapping can be incomplete, and any other value replaces the existing one.
fn partial(kind: Kind) -> Value {
    match kind {
        Kind::Object(object) => mapping(properties_of(&[object])),
        Kind::Entries(entries) => json!({
            "type": ["object", "null"],
            "propertyNames": {"pattern": entries.key.pattern, "maxLength": entries.key.longest},
            "additionalProperties": partial(entries.value),
        }),
        Kind::Either(forms) => either(forms),
        other => json!({ "anyOf": [schema::kind(other), {"type": "null"}] }),
    }
}

/// The rest of the definition decides which form a mapping has.
fn either(forms: &'static [Form]) -> Value {
    let mut objects = Vec::new();
    let mut others = vec![json!({ "type": "null" })];
    for form in forms {
        match form {
            Form::Keyed(_, object) | Form::Object(object) => objects.push(*object),
            Form::Flag | Form::Word(_) | Form::Text(_) => others.push(schema::form(form)),
        }
    }
    let whole = mapping(properties_of(&objects));
    if others.len() == 1 {
        return whole;
    }
    others.push(whole);
    json!({ "anyOf": others })
}

fn properties_of(objects: &[&'static Object]) -> Map<String, Value> {
    let fields = objects.iter().flat_map(|object| object.fields);
    fields
        .map(|field| (field.name.to_owned(), described(field.kind, field.doc)))
        .collect()
}

fn mapping(properties: Map<String, Value>) -> Value {
    json!({ "type": ["object", "null"], "properties": properties, "additionalProperties": false })
}
