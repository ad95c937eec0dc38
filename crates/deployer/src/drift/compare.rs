//! Compares the template with live data, and returns findings. Pure.

use serde_json::{Map, Value};
use template::contract::types;

use crate::finding::{Drift, Finding, Problem, Unchecked};

use super::intended::Intended;
use super::intrinsics::is_unresolved;
use super::live::Live;

/// Compares the parts of a stack with the data of their services.
///
/// Compares a property if the template sets it and the service returns it. An absent property means nothing,
/// because emulators omit optional ones; `null` means that it isn't set.
pub(super) fn compare(pairs: &[(Intended, Live)]) -> Drift {
    let mut drift = Drift::default();
    for (intended, live) in pairs {
        let mut find = |problem| drift.findings.push(finding(intended, problem));
        match live {
            Live::Missing => find(Problem::Missing),
            Live::Found(found) => compare_properties(intended, found)
                .into_iter()
                .for_each(find),
            Live::Unchecked(reason) => drift.unchecked.push(Unchecked {
                name: intended.logical_id.clone(),
                reason: reason.clone(),
            }),
        }
    }
    drift
}

fn finding(intended: &Intended, problem: Problem) -> Finding {
    Finding {
        logical_id: intended.logical_id.clone(),
        resource_type: intended.resource_type.clone(),
        physical_id: intended.physical_id.clone(),
        problem,
    }
}

/// The functions' reserved concurrency. Zero disables a function.
const CONCURRENCY: &str = "ReservedConcurrentExecutions";

fn compare_properties(intended: &Intended, found: &Map<String, Value>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let switch = switch_of(&intended.resource_type);
    for (property, expected) in &intended.properties {
        let Some(value) = found.get(property) else {
            continue;
        };
        if is_never_drift(&intended.resource_type, property) {
            continue;
        }
        if switch == Some(property.as_str()) && !is_same(expected, value) {
            problems.push(Problem::Disabled {
                property: property.clone(),
            });
        } else if property != CONCURRENCY || !is_off(value) {
            list_differences(property, expected, value, &mut problems);
        }
    }
    if found.get(CONCURRENCY).is_some_and(is_off) {
        problems.push(Problem::Disabled {
            property: CONCURRENCY.to_owned(),
        });
    }
    problems
}

fn is_off(concurrency: &Value) -> bool {
    concurrency.as_i64() == Some(0)
}

/// Returns the property that enables and disables resources of a type.
fn switch_of(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        types::RULE => Some("State"),
        types::ALARM => Some("ActionsEnabled"),
        _ => None,
    }
}

/// The count belongs to the autoscaler, or to the user who suspends scaling. A suspension isn't drift either.
fn is_never_drift(resource_type: &str, property: &str) -> bool {
    matches!(
        (resource_type, property),
        (types::SERVICE, "DesiredCount") | (types::SCALABLE_TARGET, "SuspendedState")
    )
}

/// Adds each difference between two values, with the path of the property.
fn list_differences(path: &str, expected: &Value, found: &Value, problems: &mut Vec<Problem>) {
    let whole = is_document(path);
    if is_same(expected, found) && (!whole || is_same(found, expected)) {
        return;
    }
    if let (Value::Object(expected), Some(Value::Object(found)), false) =
        (expected, parsed(found), whole)
    {
        for (key, expected) in expected {
            let found = found.get(key).unwrap_or(&Value::Null);
            list_differences(&format!("{path}.{key}"), expected, found, problems);
        }
        return;
    }
    problems.push(Problem::Different {
        property: path.to_owned(),
        expected: expected.clone(),
        found: found.clone(),
    });
}

/// Whether a property is a policy. Policies are compared as a whole, because an addition changes their meaning.
fn is_document(path: &str) -> bool {
    path.ends_with("PolicyDocument") || path.ends_with("Policy") || path == "Policies"
}

/// Whether a value matches the template's. Compares only the parts of an object that the template sets, lists
/// in any order, numbers and Booleans with their text, and JSON with JSON text.
pub(super) fn is_same(expected: &Value, found: &Value) -> bool {
    if is_unresolved(expected) || is_unresolved(found) || expected == found {
        return true;
    }
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => expected
            .iter()
            .all(|(key, value)| is_same(value, found.get(key).unwrap_or(&Value::Null))),
        (Value::Array(expected), Value::Array(found)) => {
            expected.len() == found.len() && is_same_set(expected, found)
        }
        // IAM returns a list with one item either as a list or as the item.
        (Value::Array(expected), one) if !matches!(one, Value::Object(_)) => {
            matches!(expected.as_slice(), [only] if is_same(only, one))
        }
        (one, Value::Array(found)) if !matches!(one, Value::Object(_)) => {
            matches!(found.as_slice(), [only] if is_same(one, only))
        }
        (Value::Object(_), Value::String(_)) => {
            parsed(found).is_some_and(|found| is_same(expected, &found))
        }
        (Value::String(_), Value::Object(_)) => {
            parsed(expected).is_some_and(|expected| is_same(&expected, found))
        }
        (Value::String(one), Value::String(other)) => is_same_text(one, other),
        _ => scalar(expected).is_some() && scalar(expected) == scalar(found),
    }
}

/// Whether each expected item matches a different found item.
fn is_same_set(expected: &[Value], found: &[Value]) -> bool {
    let mut left: Vec<&Value> = found.iter().collect();
    expected.iter().all(|item| {
        let place = left.iter().position(|candidate| is_same(item, candidate));
        place.map(|place| left.swap_remove(place)).is_some()
    })
}

fn is_same_text(one: &str, other: &str) -> bool {
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    match (parse(one), parse(other)) {
        (Some(one @ Value::Object(_)), Some(other @ Value::Object(_))) => {
            is_same(&one, &other) && is_same(&other, &one)
        }
        (Some(Value::Number(one)), Some(Value::Number(other))) => one.as_f64() == other.as_f64(),
        _ => false,
    }
}

/// Parses text that contains an object.
fn parsed(value: &Value) -> Option<Value> {
    match value {
        Value::String(text) => serde_json::from_str(text).ok(),
        other => Some(other.clone()),
    }
}

/// Returns a scalar as text, whether it is text or not.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Number(number) => Some(number.as_f64()?.to_string()),
        Value::String(text) => {
            let number = text.parse::<f64>().ok();
            Some(number.map_or_else(|| text.clone(), |number| number.to_string()))
        }
        _ => None,
    }
}
