//! Overrides: a JSON merge patch (RFC 7396) on the finished template, for settings that the format has no key for.
//!
//! A patch can change properties of the stack's resources, and add resources, outputs, conditions, and mappings.
//! Changes to anything that scaling, checks, and guards depend on are refused ([`guards`]), and so are properties
//! that CloudFormation doesn't have ([`properties`]).

mod guards;
mod merge;
mod properties;

use serde_json::{Map, Value};
use stack::{LateError, Stack, nearest};

use crate::contract::types;
use crate::error::SynthesisError;

use merge::{is_function, merge};

const RESOURCES: &str = "Resources";
/// Maximum length of a logical ID. Source: CloudFormation quotas.
const LONGEST_ID: usize = 255;

/// Merges the definition's overrides into its template.
///
/// # Errors
/// [`SynthesisError::Overrides`] with every problem in them.
pub(crate) fn apply(document: &mut Value, stack: &Stack) -> Result<(), SynthesisError> {
    let Some(patch) = &stack.overrides else {
        return Ok(());
    };
    let mut check = Check {
        document,
        bounded: stack.permissions_boundary.is_some(),
        problems: Vec::new(),
    };
    for (section, parts) in entries(patch) {
        for (id, part) in entries(parts) {
            check.part(section, id, part);
        }
    }
    if !check.problems.is_empty() {
        let problems = stack.written.report(check.problems);
        return Err(SynthesisError::Overrides { problems });
    }
    merge(document, patch);
    Ok(())
}

/// The check of a patch against the template that it changes.
struct Check<'d> {
    document: &'d Value,
    /// Whether the stack's roles have a permissions boundary.
    bounded: bool,
    problems: Vec<LateError>,
}

impl Check<'_> {
    fn part(&mut self, section: &str, id: &str, part: &Value) {
        let path = format!("{section}.{id}");
        let known = self.document.get(section).and_then(|found| found.get(id));
        let is_id = id.len() <= LONGEST_ID && id.chars().all(|c| c.is_ascii_alphanumeric());
        match known {
            Some(resource) if section == RESOURCES => self.resource(&path, id, resource, part),
            Some(_) => self.refuse(
                &path,
                "it is the stack's own, which readers rely on: choose another name",
            ),
            None if part.is_null() => {
                self.missing(&path, "there is nothing to remove", section, id)
            }
            None if !is_id && section != "Mappings" => self.refuse(
                &path,
                "a logical ID has up to 255 letters and digits, and nothing else",
            ),
            None if section == RESOURCES => self.added(&path, id, part),
            None => {}
        }
    }

    /// Checks the change of a resource of the stack.
    fn resource(&mut self, path: &str, id: &str, resource: &Value, part: &Value) {
        let Some(attributes) = part.as_object() else {
            return self.refuse(path, "a resource of the stack can't be removed or replaced: remove its source from the definition");
        };
        let kind = resource["Type"].as_str().unwrap_or_default();
        for (attribute, value) in attributes {
            let path = format!("{path}.{attribute}");
            if let Some(reason) = guards::find_attribute(attribute) {
                self.refuse(&path, reason);
            } else if attribute == "Properties" && !value.is_object() {
                self.refuse(&path, "expected a mapping of properties");
            } else if attribute == "Properties" {
                self.guarded(&path, (id, kind), value);
                self.properties(&path, kind, &resource[attribute], value);
            } else if !guards::ATTRIBUTES.contains(&attribute.as_str()) {
                let near = nearest(attribute, guards::ATTRIBUTES);
                self.refuse_unknown(&path, "a resource has no such attribute", near);
            }
        }
    }

    /// Refuses properties that scaling, checks, and guards depend on.
    fn guarded(&mut self, path: &str, (id, kind): (&str, &str), patch: &Value) {
        for (property, _) in entries(patch) {
            if let Some(reason) = guards::find_property(id, kind, property) {
                self.refuse(&format!("{path}.{property}"), reason);
            }
        }
    }

    /// Refuses properties that the resource type doesn't have, and removals of unset properties.
    fn properties(&mut self, path: &str, kind: &str, set: &Value, patch: &Value) {
        if let Some(known) = properties::of_type(kind) {
            self.known(path, known, (set, patch));
        }
    }

    fn known(&mut self, path: &str, known: &Map<String, Value>, (set, patch): (&Value, &Value)) {
        // Without names, a property accepts any value; a CloudFormation function represents one.
        if known.is_empty() || is_function(patch) {
            return;
        }
        for (name, value) in entries(patch) {
            let path = format!("{path}.{name}");
            let now = set.get(name).unwrap_or(&Value::Null);
            match known.get(name) {
                None => {
                    let near = nearest(name, known.keys().map(String::as_str));
                    self.refuse_unknown(&path, "CloudFormation has no such property", near);
                }
                Some(_) if value.is_null() && now.is_null() => {
                    self.refuse(&path, "it isn't set, so there is nothing to remove");
                }
                Some(inner) => {
                    if let Some(inner) = inner.as_object() {
                        self.known(&path, inner, (now, value));
                    }
                }
            }
        }
    }

    /// Checks a resource that the patch adds.
    fn added(&mut self, path: &str, id: &str, part: &Value) {
        let Some(kind) = part["Type"].as_str() else {
            let problem =
                "no resource of the stack has this logical ID, and a new one needs a `Type`";
            return self.missing(path, problem, RESOURCES, id);
        };
        if kind == types::ROLE
            && self.bounded
            && part["Properties"]["PermissionsBoundary"].is_null()
        {
            self.refuse(path, "the stack's roles have a boundary, and so must this one: add `PermissionsBoundary` to its `Properties`");
        }
        let properties = format!("{path}.Properties");
        self.properties(&properties, kind, &Value::Null, &part["Properties"]);
    }

    fn missing(&mut self, path: &str, problem: &str, section: &str, id: &str) {
        let known = self.document.get(section).and_then(Value::as_object);
        let ids = known.into_iter().flat_map(Map::keys).map(String::as_str);
        self.refuse_unknown(path, problem, nearest(id, ids));
    }

    fn refuse_unknown(&mut self, path: &str, problem: &str, near: Option<&str>) {
        let help = near.map(|near| format!("did you mean `{near}`?"));
        self.add(path, problem, help);
    }

    fn refuse(&mut self, path: &str, problem: &str) {
        self.add(path, problem, None);
    }

    fn add(&mut self, path: &str, problem: &str, help: Option<String>) {
        self.problems.push(LateError {
            path: format!("overrides.{path}"),
            message: format!("can't override `{path}`: {problem}"),
            label: "overridden here",
            help,
        });
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}
