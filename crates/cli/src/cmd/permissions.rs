//! `permissions`: the minimal IAM policies for a stack.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use template::permissions::{Permissions, Policy, format_document, list_handler_actions};
use template::{Template, synthesize};

use crate::definition::{self, SelectionArgs};
use crate::failure::{Code, Failure, Result};
use crate::output::Format;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition; without one, the policies have placeholders in capital letters
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    #[command(flatten)]
    selection: SelectionArgs,
}

/// Maximum number of characters of a managed policy, without white space. Source: IAM quotas.
const LIMIT: usize = 6_144;

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let load = |file| definition::load(file, &args.selection);
    let stack = match args.file.as_deref() {
        None if !args.selection.is_empty() => {
            return Err(
                Failure::new(Code::Usage, "--env and --set need a definition")
                    .hint("name one: FILE"),
            );
        }
        file => file.map(load).transpose()?,
    };
    let permissions = match &stack {
        Some(stack) => Permissions::of(stack)?,
        None => Permissions::of_any(),
    };
    let policies = permissions.policies();
    let documents: Map<String, Value> = policies
        .iter()
        .map(|policy| (policy.name.to_owned(), json!(policy.documents)))
        .collect();
    let unknown = match &stack {
        Some(stack) => list_unknown_types(&synthesize(stack)?),
        None => BTreeSet::new(),
    };
    let bounded = stack
        .as_ref()
        .is_none_or(|stack| stack.permissions_boundary.is_some());
    let result = json!({
        "stack": stack.as_ref().map(|stack| &stack.name),
        "bounded": bounded,
        "unknown_types": unknown,
        "policies": documents,
    });
    format.print_unfolded(&result, |_| {
        let parts: Vec<String> = policies.iter().map(format_policy).collect();
        parts.concat() + advise(bounded) + &name_unknown(&unknown)
    });
    Ok(())
}

fn format_policy(policy: &Policy<'_>) -> String {
    let count = policy.documents.len();
    let documents = policy
        .documents
        .iter()
        .enumerate()
        .map(|(index, document)| {
            let (name, number, size) = (policy.name, index + 1, document.to_string().len());
            let text = format_document(document);
            format!("# {name} {number} of {count}: {size} of {LIMIT} characters\n{text}\n\n")
        });
    let documents: String = documents.collect();
    format!("# {}\n{documents}", policy.purpose)
}

fn advise(bounded: bool) -> &'static str {
    match bounded {
        true => "",
        false => {
            "# The definition doesn't set `roles.boundary`, so anyone with the policy `deploy` can give the stack's roles\n\
             # any permission. Create the policy `boundary`, set its ARN in `roles.boundary`, and run this again.\n"
        }
    }
}

/// Returns the types of resources from `overrides` for which no policy here has an action.
fn list_unknown_types(template: &Template) -> BTreeSet<String> {
    let known = list_handler_actions();
    let types = template.resources().map(|(_, kind)| kind);
    let unknown = types.filter(|kind| !known.contains_key(kind));
    unknown.map(str::to_owned).collect()
}

fn name_unknown(types: &BTreeSet<String>) -> String {
    if types.is_empty() {
        return String::new();
    }
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    format!(
        "# `overrides` adds resources of types that these policies don't cover. Add what CloudFormation needs for\n\
         # them to `deploy` or `cloudformation_role`: {}\n",
        types.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_overrides_added_are_named() {
        let text = "name: shop\nservices: {web: {image: 'web:1'}}\noverrides: {Resources: {Vouchers: {Type: 'AWS::DynamoDB::Table'}}}\n";
        let stack = stack::parse("shop.yaml", text).unwrap().stack;
        let unknown = list_unknown_types(&synthesize(&stack).unwrap());
        let note = name_unknown(&unknown);
        assert!(
            note.ends_with("`cloudformation_role`: AWS::DynamoDB::Table\n"),
            "{note}"
        );
        assert_eq!(name_unknown(&BTreeSet::new()), "");
    }

    #[test]
    fn each_document_is_shown_with_its_size() {
        let permissions = Permissions::of_any();
        let [read, ..] = permissions.policies();
        let text = format_policy(&read);
        let size = permissions.read[0].to_string().len();
        assert!(size <= LIMIT);
        assert!(
            text.contains(&format!("# read 1 of 1: {size} of 6144 characters\n{{\n")),
            "{text}"
        );
        assert!(advise(false).contains("roles.boundary"));
        assert_eq!(advise(true), "");
    }
}
