//! Values that are missing from a definition.

use serde::Serialize;

use crate::document::{Map, Value};

/// A value that a definition needs and the manifests don't contain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Placeholder {
    /// The definition's key: `services.worker.image`.
    pub key: String,
    /// The current value.
    pub value: String,
    /// How to find the value.
    pub help: String,
}

/// How to find the value for a placeholder.
const HELP: [(&str, &str); 15] = [
    (
        "IMAGE",
        "build the image, push it, and write its URL with a tag",
    ),
    (
        "ACCOUNT",
        "the account of the environment (12 digits), or import with `--account`",
    ),
    (
        "REGION",
        "the region of the environment, or import with `--region`",
    ),
    (
        "APPLICATION",
        "the name of the Copilot application, or import with `--app`",
    ),
    (
        "ENVIRONMENT",
        "the name of the Copilot environment, or import with `--env`",
    ),
    (
        "SUFFIX",
        "the six characters at the end of the secret's ARN: `aws secretsmanager describe-secret --secret-id NAME`",
    ),
    (
        "BUCKET",
        "one of your S3 buckets, to which you upload the file",
    ),
    ("FILE-SYSTEM-ID", "the ID of one of your EFS file systems"),
    ("VPC-ID", "the ID of one of your VPCs"),
    ("SUBNET-ID", "the IDs of subnets in that VPC"),
    (
        "CERTIFICATE-ARN",
        "the ARN of a certificate in ACM for the alias",
    ),
    ("PORT", "the port that the image exposes"),
    ("PATH", "a folder of the container"),
    ("DURATION", "a duration, such as `10m`"),
    (
        "ARCHITECTURE",
        "`x86_64` or `arm64`: Windows isn't supported",
    ),
];

/// Keys of mappings instead of text.
const MAPS: [(&str, &str); 3] = [
    (
        "from_cfn",
        "the value of this export of a CloudFormation stack: `aws cloudformation list-exports`",
    ),
    (
        "unresolved",
        "the text with the value of its variables, which `copilot` reads from the environment that it runs in",
    ),
    (
        "target_tracking",
        "target tracking on this metric has no key: write `steps`, `cpu`, or another policy (docs/from-others.md)",
    ),
];

/// Keys whose text can be anything, so angle brackets in it have no meaning.
const FREE: [&str; 5] = [
    "environment",
    "command",
    "entrypoint",
    "filter",
    "overrides",
];

/// The placeholder name of a manifest's variable.
pub(super) fn name_of(variable: &str) -> &str {
    match variable {
        "COPILOT_APPLICATION_NAME" => "APPLICATION",
        "COPILOT_ENVIRONMENT_NAME" => "ENVIRONMENT",
        "AWS_REGION" => "REGION",
        "AWS_ACCOUNT_ID" => "ACCOUNT",
        other => other,
    }
}

/// All placeholders of a definition.
pub(super) fn find(definition: &Map) -> Vec<Placeholder> {
    let mut found = Vec::new();
    search_map(definition, "", false, &mut found);
    found
}

/// Whether the value of a key contains a placeholder.
pub(super) fn is_in(key: &str, value: &Value) -> bool {
    let mut found = Vec::new();
    search(value, key, FREE.contains(&key), &mut found);
    !found.is_empty()
}

fn search_map(map: &Map, path: &str, is_free: bool, found: &mut Vec<Placeholder>) {
    for (key, item) in map.entries() {
        let inner = if path.is_empty() {
            key.to_owned()
        } else {
            format!("{path}.{key}")
        };
        search(item.value(), &inner, is_free || FREE.contains(&key), found);
    }
}

fn search(value: &Value, path: &str, is_free: bool, found: &mut Vec<Placeholder>) {
    let mut add = |value: String, help: String| {
        found.push(Placeholder {
            key: path.to_owned(),
            value,
            help,
        });
    };
    match value {
        Value::Text(text) if !is_free => {
            let help: Vec<String> = marks(text).into_iter().map(help).collect();
            if !help.is_empty() {
                add(text.clone(), help.join("; "));
            }
        }
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                search(item.value(), &format!("{path}[{index}]"), is_free, found);
            }
        }
        Value::Map(map) => match in_place_of_text(map) {
            Some((mark, help, text)) => add(format!("{mark}: {text}"), help.to_owned()),
            None => search_map(map, path, is_free, found),
        },
        _ => {}
    }
}

/// The mark, the help, and the text of a mapping that stands for a text.
pub(super) fn in_place_of_text(map: &Map) -> Option<(&'static str, &'static str, &str)> {
    let (mark, help) = MAPS.iter().find(|(mark, _)| map.get(mark).is_some())?;
    match map.get(mark) {
        Some(Value::Text(text)) if map.entries().count() == 1 => Some((mark, help, text)),
        _ => None,
    }
}

/// The names in angle brackets.
fn marks(text: &str) -> Vec<&str> {
    let is_name = |name: &&str| {
        !name.is_empty()
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
    };
    let parts = text.split('<').skip(1);
    parts
        .filter_map(|part| part.split_once('>').map(|(name, _)| name))
        .filter(is_name)
        .collect()
}

fn help(name: &str) -> String {
    let known = HELP.iter().find(|(known, _)| *known == name);
    known.map_or_else(
        || format!("the value of the variable {name}, which `copilot` reads from the environment that it runs in"),
        |(_, help)| (*help).to_owned(),
    )
}
