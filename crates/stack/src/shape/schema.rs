//! The format as a JSON Schema (draft-07, which `yaml-language-server` supports best).

use serde_json::{Map, Value, json};

use super::amount;
use super::kind::{
    Amount, Entries, Field, Form, Kind, List, Number, Object, Rule, Text, Time, Whole,
};
use super::objective::OBJECTIVE_HELP;
use super::overrides;
use super::patch::patch;
use super::tables::STACK;
use super::times::{TIME_HELP, time_range};
use crate::duration;
use crate::slo;
use crate::yaml;
use crate::yaml::scalar;

/// The JSON Schema of a definition.
pub(crate) fn schema() -> Value {
    let mut root = Map::new();
    root.insert(
        "$schema".to_owned(),
        json!("http://json-schema.org/draft-07/schema#"),
    );
    root.insert("title".to_owned(), json!("Stack definition of ecs-scaler"));
    root.insert("description".to_owned(), json!(INTRODUCTION));
    if let Value::Object(object) = object(&STACK) {
        root.extend(object);
    }
    sorted(Value::Object(root))
}

/// The description that an editor shows for the whole file.
const INTRODUCTION: &str = "Queues, the ECS services that consume them, and their latency objectives: one file, one CloudFormation stack.";

/// The keys of every object in alphabetical order, so that the text doesn't depend on the `serde_json` features of
/// a build.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|(a, _), (b, _)| a.cmp(b));
            let entries = entries.into_iter().map(|(key, value)| (key, sorted(value)));
            Value::Object(entries.collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        scalar => scalar,
    }
}

/// The schema of a mapping with known keys.
pub(crate) fn object(object: &Object) -> Value {
    let properties = object
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), property(field)));
    let properties: Map<String, Value> = properties.collect();
    let required = object
        .fields
        .iter()
        .filter(|field| field.required)
        .map(|field| field.name);
    let required: Vec<&str> = required.collect();
    let mut schema = json!({
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    let rules: Vec<Value> = object.rules.iter().filter_map(rule).collect();
    if !rules.is_empty() {
        schema["allOf"] = json!(rules);
    }
    schema
}

/// A rule among the keys of a mapping, as far as a schema can express it.
fn rule(rule: &Rule) -> Option<Value> {
    let each = |keys: &[&str]| -> Vec<Value> {
        keys.iter().map(|key| json!({"required": [key]})).collect()
    };
    match rule {
        Rule::OneOf(keys) => Some(json!({"oneOf": each(keys)})),
        Rule::AnyOf(keys) => Some(json!({"anyOf": each(keys)})),
        Rule::Needs(key, other) => Some(json!({"dependencies": {*key: [other]}})),
        Rule::Elsewhere(..) | Rule::Also(_) => None,
    }
}

fn property(field: &Field) -> Value {
    let mut schema = kind(field.kind);
    schema["description"] = json!(match field.kind {
        Kind::Time(time) | Kind::TimeOr(time, _) | Kind::Objective(time) =>
            format!("{} A duration, {}.", field.doc, time_range(time)),
        _ => field.doc.to_owned(),
    });
    if let Some(default) = field.default {
        schema["default"] = default_value(default);
    }
    schema
}

/// The default as JSON: the tables contain scalars, `{}`, and lists of words.
fn default_value(text: &str) -> Value {
    if text == "{}" {
        return json!({});
    }
    if let Some(items) = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        let items = items
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty());
        return json!(items.collect::<Vec<_>>());
    }
    match scalar::resolve(text) {
        yaml::Value::Bool(flag) => json!(flag),
        yaml::Value::Int(number) => i64::try_from(number).map_or(Value::Null, Value::from),
        _ => json!(text),
    }
}

pub(super) fn kind(kind: Kind) -> Value {
    match kind {
        Kind::Text(found) => text(found),
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Whole(found) => whole(found),
        Kind::WholeOr(found, words) => json!({"oneOf": [whole(found), {"enum": words}]}),
        Kind::Number(found) => number(found),
        Kind::Amount(found) => tasks_or_percent(found),
        Kind::Time(found) => time(found),
        Kind::TimeOr(found, word) => json!({"oneOf": [time(found), {"const": word}]}),
        Kind::Objective(_) => json!({
            "type": "string",
            "pattern": slo::PATTERN,
            "patternErrorMessage": OBJECTIVE_HELP,
            "examples": ["99% within 10s"],
        }),
        Kind::Word(words) => json!({"type": "string", "enum": words}),
        Kind::List(found) => list(found),
        Kind::Entries(found) => entries(found),
        Kind::Object(found) => object(found),
        Kind::Either(forms) => json!({"oneOf": forms.iter().map(form).collect::<Vec<_>>()}),
        Kind::Patch => patch(),
        Kind::Overrides => overrides(),
        Kind::Filter => json!({
            "type": "object",
            "minProperties": 1,
            "maxProperties": 5,
            "additionalProperties": {"type": ["array", "object"], "minItems": 1, "minProperties": 1},
        }),
    }
}

fn overrides() -> Value {
    let section = json!({"type": "object", "additionalProperties": {"type": ["object", "null"]}});
    let sections = overrides::SECTIONS.iter();
    let properties: Map<String, Value> = sections
        .map(|name| ((*name).to_owned(), section.clone()))
        .collect();
    json!({"type": "object", "properties": properties, "additionalProperties": false})
}

pub(super) fn form(form: &Form) -> Value {
    match form {
        Form::Flag => kind(Kind::Flag),
        Form::Word(word) => json!({"const": word}),
        Form::Text(found) => text(found),
        Form::Keyed(_, found) | Form::Object(found) => {
            let mut schema = object(found);
            schema["title"] = json!(found.what);
            schema
        }
    }
}

fn text(text: &Text) -> Value {
    json!({
        "type": "string",
        "pattern": text.pattern,
        "patternErrorMessage": format!("expected {}: {}", text.what, text.hint),
        "maxLength": text.longest,
        "examples": [text.example.trim_matches('"')],
    })
}

fn whole(whole: &Whole) -> Value {
    if whole.offered.is_empty() {
        json!({"type": "integer", "minimum": whole.least, "maximum": whole.most})
    } else {
        json!({"type": "integer", "enum": whole.offered})
    }
}

/// Editors don't need to know the largest number.
fn number(number: &Number) -> Value {
    if number.least == 0.0 {
        json!({"type": "number", "minimum": 0})
    } else {
        json!({"type": "number"})
    }
}

fn tasks_or_percent(most: &Amount) -> Value {
    json!({"oneOf": [
        {"type": "integer", "minimum": 1, "maximum": most.tasks},
        {"type": "string", "pattern": amount::PATTERN},
    ]})
}

/// A schema can't express the bounds, so the key's description contains them. The language servers of editors show
/// `patternErrorMessage` instead of the pattern.
fn time(time: &Time) -> Value {
    let offered = time
        .offered
        .iter()
        .map(|offer| std::time::Duration::from_millis(*offer));
    let offered: Vec<String> = offered.map(duration::format).collect();
    let mut schema = json!({
        "type": "string",
        "pattern": duration::PATTERN,
        "patternErrorMessage": TIME_HELP,
        "minLength": 2,
    });
    if !offered.is_empty() {
        schema["examples"] = json!(offered);
    }
    schema
}

fn list(list: &List) -> Value {
    json!({
        "type": "array",
        "items": kind(list.of),
        "minItems": list.least,
        "maxItems": list.most,
        "uniqueItems": list.unique,
    })
}

fn entries(entries: &Entries) -> Value {
    json!({
        "type": "object",
        "propertyNames": {"pattern": entries.key.pattern, "maxLength": entries.key.longest},
        "additionalProperties": kind(entries.value),
        "minProperties": entries.least,
        "maxProperties": entries.most,
    })
}
