//! Values that change, formatted for people: one line each, old and new.

use serde_json::Value;
use stack::ValueChange;

use crate::words;

/// Maximum number of characters of a value in a line.
const LONGEST: usize = 60;

/// Maximum number of columns to which a path is padded.
const WIDEST: usize = 64;

/// Formats one line for each change, with its path first.
pub(crate) fn format_values(changes: &[ValueChange], indent: &str) -> String {
    let widths = changes.iter().map(|change| change.path.chars().count());
    let width = widths
        .filter(|width| *width <= WIDEST)
        .max()
        .unwrap_or_default();
    let line =
        |change: &ValueChange| format!("{indent}{:<width$}  {}\n", change.path, describe(change));
    changes.iter().map(line).collect()
}

fn describe(change: &ValueChange) -> String {
    let default = change
        .default
        .as_ref()
        .map(|value| format!("{value} (default)"));
    match (&change.old, &change.new) {
        (Some(old), Some(new)) => {
            let (old, new) = (show(old), show(new));
            match old == new {
                // Both are hidden, or differ only in the truncated part.
                true => format!("{old} → another value"),
                false => format!("{old} → {new}"),
            }
        }
        (None, Some(new)) => match default {
            Some(default) => format!("{default} → {}", show(new)),
            None => format!("added: {}", show(new)),
        },
        (Some(old), None) => match default {
            Some(default) => format!("{} → {default}", show(old)),
            None => format!("removed: {}", show(old)),
        },
        (None, None) => "changed".to_owned(),
    }
}

/// Formats a value on one line, as in a definition. Truncates a long one.
fn show(value: &Value) -> String {
    let text = flow(value).replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => format!("{float:.0}"),
            // A computed value has more digits than anyone reads.
            Some(float) if float.abs() >= 0.01 => words::number(float),
            _ => number.to_string(),
        },
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entry = |(key, value): (&String, &Value)| format!("{key}: {}", flow(value));
            let entries: Vec<String> = map.iter().map(entry).collect();
            format!("{{{}}}", entries.join(", "))
        }
        Value::Null | Value::Bool(_) => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_change_is_a_line() {
        let change = |path: &str, old: Value, new: Value, default: Option<&str>| ValueChange {
            path: path.to_owned(),
            old: Some(old).filter(|value| !value.is_null()),
            new: Some(new).filter(|value| !value.is_null()),
            default: default.map(str::to_owned),
        };
        let none = Value::Null;
        let changes = [
            change("services.worker.tasks.max", json!(20), json!(40), None),
            change(
                "services.worker.scaling.backlog_per_task target",
                json!(600.0),
                json!(120.5),
                None,
            ),
            change("services.worker.cpu", none.clone(), json!(512), Some("256")),
            change("services.worker.cpu", json!(512), none.clone(), Some("256")),
            change(
                "queues.mail",
                none.clone(),
                json!({"dead_letter": {"after": 5}}),
                None,
            ),
            change("queues.old", json!({}), none, None),
            change(
                "services.worker.command",
                json!(["a"]),
                json!(["a", "b"]),
                None,
            ),
            change("notify", json!("(hidden)"), json!("(hidden)"), None),
            change("text", json!("a\nb"), json!("x".repeat(100)), None),
        ];
        insta::assert_snapshot!(format_values(&changes, "  "), @r"
        services.worker.tasks.max                        20 → 40
        services.worker.scaling.backlog_per_task target  600 → 120.5
        services.worker.cpu                              256 (default) → 512
        services.worker.cpu                              512 → 256 (default)
        queues.mail                                      added: {dead_letter: {after: 5}}
        queues.old                                       removed: {}
        services.worker.command                          [a] → [a, b]
        notify                                           (hidden) → another value
        text                                             a b → xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…
        ");
    }
}
