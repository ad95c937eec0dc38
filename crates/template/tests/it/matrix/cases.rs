//! The rows of the matrix: which key of which definition changes, and its new value.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value};

/// One row: a key of a definition, and another value for it.
pub(super) struct Case {
    base: String,
    pub(super) definition: Value,
    path: String,
    to: Value,
    /// Other changes that it requires: paths and their values.
    also: Map<String, Value>,
}

/// Two definitions that differ by a row.
pub(super) struct Edit {
    pub(super) name: String,
    pub(super) before: Value,
    pub(super) after: Value,
}

/// Represents each kind of step scaling in `stepping.yaml` and its rows.
const POLICY: &str = "POLICY";
const POLICIES: [&str; 2] = ["steps", "alarm_steps"];

fn folder() -> PathBuf {
    crate::stacks::root().join("crates/template/tests/it/matrix")
}

fn read_yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

pub(super) fn read() -> Vec<Case> {
    let text = std::fs::read_to_string(folder().join("cases.yaml")).unwrap();
    let mut cases = Vec::new();
    for (base, rows) in read_yaml(&text).as_object().unwrap() {
        let file = folder().join(format!("{base}.yaml"));
        let definition = std::fs::read_to_string(file).unwrap();
        let rows = serde_json::to_string(rows).unwrap();
        let variants: &[&str] = if definition.contains(POLICY) {
            &POLICIES
        } else {
            &[""]
        };
        for variant in variants {
            let definition = read_yaml(&definition.replace(POLICY, variant));
            let rows: Value = serde_json::from_str(&rows.replace(POLICY, variant)).unwrap();
            let rows = rows.as_array().unwrap().iter();
            cases.extend(rows.map(|row| Case::new(base, &definition, row)));
        }
    }
    cases
}

impl Case {
    /// A row is `PATH: VALUE`, or `at`, `to`, and `also` for an edit that requires others.
    fn new(base: &str, definition: &Value, row: &Value) -> Self {
        let row = row.as_object().unwrap();
        let (path, to) = match row.get("at") {
            Some(at) => {
                let to = row.get("to").cloned().unwrap_or_default();
                (at.as_str().unwrap().to_owned(), to)
            }
            None => {
                let (path, to) = row.iter().next().unwrap();
                (path.clone(), to.clone())
            }
        };
        let also = row.get("also").and_then(Value::as_object);
        Self {
            base: base.to_owned(),
            definition: definition.clone(),
            path,
            to,
            also: also.cloned().unwrap_or_default(),
        }
    }

    /// The key in the form of [`keys_of_the_format`].
    pub(super) fn key(&self) -> String {
        let mut key = Vec::new();
        let mut parts = self.path.split('.');
        while let Some(part) = parts.next() {
            let (name, item) = part
                .split_once('[')
                .map_or((part, ""), |(name, _)| (name, "[]"));
            key.push(format!("{name}{item}"));
            if MAPPINGS.contains(&name) && parts.next().is_some() {
                key.push("*".to_owned());
            }
            // IAM operators, and below them their condition keys.
            if name == "when" && parts.clone().next().is_some() {
                parts.next();
                key.push("*".to_owned());
                if let Some(condition) = parts.next() {
                    let item = if condition.contains('[') { "*[]" } else { "*" };
                    key.push(item.to_owned());
                }
            }
        }
        key.join(".")
    }

    pub(super) fn title(&self) -> String {
        let to = if self.to.is_null() {
            String::new()
        } else {
            format!(" = {}", self.to)
        };
        let also = self
            .also
            .iter()
            .map(|(path, value)| format!(", {path} = {value}"));
        format!(
            "{}: {}{to}{}",
            self.base,
            self.path,
            also.collect::<String>()
        )
    }

    /// The change, the removal, and the addition of the key.
    pub(super) fn edits(&self) -> Vec<Edit> {
        let changed = self.with(&self.to);
        let Some(present) = get(&self.definition, &self.path) else {
            assert!(
                !self.to.is_null(),
                "{} names nothing in {}",
                self.path,
                self.base
            );
            return there_and_back(["add", "remove"], &self.definition, &changed);
        };
        assert_ne!(present, &self.to, "{} changes nothing", self.path);
        if self.to.is_null() {
            return there_and_back(["remove", "add"], &self.definition, &changed);
        }
        let removed = edit(&self.definition, &self.path, &Value::Null);
        let mut edits = there_and_back(["change", "change back"], &self.definition, &changed);
        edits.extend(there_and_back(
            ["remove", "add"],
            &self.definition,
            &removed,
        ));
        edits
    }

    fn with(&self, value: &Value) -> Value {
        let changed = edit(&self.definition, &self.path, value);
        let also = self.also.iter();
        also.fold(changed, |definition, (path, value)| {
            edit(&definition, path, value)
        })
    }
}

fn there_and_back(names: [&str; 2], one: &Value, other: &Value) -> Vec<Edit> {
    let [there, back] = names.map(str::to_owned);
    vec![
        Edit {
            name: there,
            before: one.clone(),
            after: other.clone(),
        },
        Edit {
            name: back,
            before: other.clone(),
            after: one.clone(),
        },
    ]
}

/// A JSON pointer of a path such as `queues.jobs.subscribe[0].topic`.
fn pointer(path: &str) -> String {
    format!("/{}", path.replace(']', "").replace(['.', '['], "/"))
}

fn get<'v>(definition: &'v Value, path: &str) -> Option<&'v Value> {
    definition.pointer(&pointer(path))
}

/// The definition with another value at a path, or without it if the value is null.
fn edit(definition: &Value, path: &str, value: &Value) -> Value {
    let mut edited = definition.clone();
    let pointer = pointer(path);
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match edited.pointer_mut(parent) {
        Some(Value::Array(items)) => {
            let index: usize = key.parse().unwrap();
            if value.is_null() {
                items.remove(index);
            } else if index == items.len() {
                items.push(value.clone());
            } else {
                items[index] = value.clone();
            }
        }
        Some(Value::Object(map)) if value.is_null() => {
            map.remove(key);
        }
        Some(Value::Object(map)) => {
            map.insert(key.to_owned(), value.clone());
        }
        _ => panic!("{path} has no place in the definition"),
    }
    edited
}

/// Keys whose values are mappings with user-defined keys.
const MAPPINGS: [&str; 15] = [
    "volumes",
    "options",
    "sidecars",
    "depends_on",
    "environments",
    "queues",
    "services",
    "tags",
    "environment",
    "secrets",
    "dimensions",
    "Resources",
    "Outputs",
    "Conditions",
    "Mappings",
];

/// Every key of the format with its name in the schema (which comes from the same tables as everything else):
/// `services.*.tasks.min`.
pub(super) fn keys_of_the_format() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    collect(&stack::schema(), "", &mut keys);
    keys
}

/// The keys that a definition has, also in its environments.
pub(super) fn keys_of(definition: &Value) -> BTreeSet<String> {
    let environments = definition["environments"].as_object();
    let environments = environments.into_iter().flat_map(|map| map.values());
    let mut keys = BTreeSet::new();
    for definition in std::iter::once(definition).chain(environments) {
        collect_used(&stack::schema(), definition, "", &mut keys);
    }
    keys
}

fn collect_used(schema: &Value, value: &Value, path: &str, keys: &mut BTreeSet<String>) {
    for form in schema["oneOf"].as_array().into_iter().flatten() {
        collect_used(form, value, path, keys);
    }
    for (name, below) in value.as_object().into_iter().flatten() {
        let is_known = schema["properties"][name].is_object();
        let (part, form) = match is_known {
            true => (name.as_str(), &schema["properties"][name]),
            false => ("*", &schema["additionalProperties"]),
        };
        if form.is_object() {
            let path = format!("{path}.{part}");
            let path = path.trim_start_matches('.');
            keys.insert(path.to_owned());
            collect_used(form, below, path, keys);
        }
    }
    for item in value.as_array().into_iter().flatten() {
        let path = format!("{path}[]");
        keys.insert(path.clone());
        collect_used(&schema["items"], item, &path, keys);
    }
}

fn collect(schema: &Value, path: &str, keys: &mut BTreeSet<String>) {
    let below = |key: &str| match path {
        "" => key.to_owned(),
        _ => format!("{path}.{key}"),
    };
    for form in schema["oneOf"].as_array().into_iter().flatten() {
        collect(form, path, keys);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        keys.insert(below(name));
        collect(property, &below(name), keys);
    }
    let own_keys = &schema["additionalProperties"];
    // The keys of an environment are the keys of the definition.
    if path == "environments" {
        keys.insert(below("*"));
        return;
    }
    // SNS defines the form of a filter policy.
    if own_keys.is_object() && own_keys["type"] != serde_json::json!(["array", "object"]) {
        keys.insert(below("*"));
        collect(own_keys, &below("*"), keys);
    }
    if schema["items"].is_object() {
        keys.insert(format!("{path}[]"));
        collect(&schema["items"], &format!("{path}[]"), keys);
    }
}
