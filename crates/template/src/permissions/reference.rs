//! The generated part of the documentation: the policies for any definition, and the table of the resource types.

use std::fmt::Write;

use super::{Permissions, Policy, handlers};

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
    for document in policy.documents {
        let _ = writeln!(text, "```json\n{document:#}\n```");
    }
    text.push('\n');
}
