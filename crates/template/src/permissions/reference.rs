//! The formats of policies: for people, and as the generated part of the documentation.

use std::fmt::Write;

use serde_json::Value;

use super::{Permissions, Policy, handlers};

/// Maximum line length in characters, if a value can be broken.
const WIDTH: usize = 110;

/// Policies that differ from `deploy` only in conditions, or in having fewer actions. The page only lists their
/// names.
const NOT_SHOWN: [&str; 2] = ["cloudformation_role", "repair"];

/// The policies for the stacks of any definition, and the actions of each resource type, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut text = String::new();
    let permissions = Permissions::of_any();
    for policy in permissions.policies() {
        add_policy(&mut text, &policy);
    }
    text.push_str("### By resource type\n");
    text.push_str(
        "Actions that CloudFormation needs, for the properties that the template sets.\n\n",
    );
    text.push_str("| resource | actions |\n|---|---|\n");
    for (kind, actions) in handlers::HANDLERS {
        let actions: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
        // Writing to a String can't fail.
        let _ = writeln!(text, "| `{kind}` | {} |", actions.join(", "));
    }
    text
}

fn add_policy(text: &mut String, policy: &Policy<'_>) {
    let _ = writeln!(text, "### `{}`\n{}", policy.name, policy.purpose);
    if NOT_SHOWN.contains(&policy.name) {
        let _ = writeln!(
            text,
            "`ecs-scaler permissions` prints it: statements of `deploy`, without the condition `aws:CalledVia`."
        );
    } else {
        for document in policy.documents {
            let _ = writeln!(text, "```json\n{}\n```", format_document(document));
        }
    }
    text.push('\n');
}

/// A policy as JSON, with as much per line as fits.
#[must_use]
pub fn format_document(document: &Value) -> String {
    let mut text = String::new();
    add_value(&mut text, document, 0);
    text
}

fn add_value(text: &mut String, value: &Value, indent: usize) {
    let line = on_one_line(value);
    let inner = " ".repeat(indent + 2);
    let end = " ".repeat(indent);
    match value {
        // Each statement gets its own lines, however short it is.
        Value::Object(map) if indent < 4 || indent + line.len() > WIDTH => {
            text.push('{');
            for (position, (key, value)) in map.iter().enumerate() {
                let comma = if position == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{inner}\"{key}\": ");
                add_value(text, value, indent + 2);
            }
            let _ = write!(text, "\n{end}}}");
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            text.push('[');
            for (position, item) in items.iter().enumerate() {
                let comma = if position == 0 { "" } else { "," };
                let _ = write!(text, "{comma}\n{inner}");
                add_value(text, item, indent + 2);
            }
            let _ = write!(text, "\n{end}]");
        }
        Value::Array(items) if indent + line.len() > WIDTH => {
            text.push('[');
            let mut width = WIDTH;
            for (position, item) in items.iter().enumerate() {
                let item = item.to_string();
                let comma = if position == 0 { "" } else { "," };
                if width + item.len() + 2 > WIDTH {
                    let _ = write!(text, "{comma}\n{inner}{item}");
                    width = inner.len() + item.len();
                } else {
                    let _ = write!(text, "{comma} {item}");
                    width += item.len() + 2;
                }
            }
            let _ = write!(text, "\n{end}]");
        }
        _ => text.push_str(&line),
    }
}

/// The value with a space after each comma and colon.
fn on_one_line(value: &Value) -> String {
    match value {
        Value::Object(map) => {
            let fields = map
                .iter()
                .map(|(key, value)| format!("\"{key}\": {}", on_one_line(value)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(on_one_line).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_the_same_document() {
        let permissions = Permissions::of_any();
        for document in permissions
            .policies()
            .iter()
            .flat_map(|policy| policy.documents)
        {
            let text = format_document(document);
            let read: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(read, *document);
            assert!(text.lines().all(|line| line.len() <= WIDTH + 20), "{text}");
        }
    }
}
