//! Common parts of the service's own container and sidecars.

use super::to_short;
use crate::copilot::context::{Context, placeholder_map};
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::{Item, Map, Value};

/// Takes the keys of a container that mean the same everywhere.
pub(super) fn common(section: &mut Section<'_>, into: &mut Map, cx: &mut Context<'_>) {
    for key in ["entrypoint", "command"] {
        if let Some(words) = section.take(key).and_then(|field| field.words(cx)) {
            into.set(key, words);
        }
    }
    if let Some(field) = section.take("variables") {
        variables(&field, into, cx);
    }
    if let Some(field) = section.take("env_file") {
        environment_file(&field, into, cx);
    }
    if let Some(field) = section.take("secrets") {
        secrets(&field, into, cx);
    }
}

fn variables(field: &Field<'_>, into: &mut Map, cx: &mut Context<'_>) {
    for (name, value) in field.entries(cx) {
        if let Some(value) = imported(&value, cx).or_else(|| value.free_text(cx)) {
            into.map("environment").set(name, value);
        }
    }
}

/// The export of another stack that a mapping refers to, as a placeholder.
pub(super) fn imported(field: &Field<'_>, cx: &mut Context<'_>) -> Option<Value> {
    if !field.is_map() {
        return None;
    }
    let mut section = field.section(cx)?;
    let name = section.take("from_cfn");
    let text = name.as_ref().and_then(|name| name.text(cx));
    section.finish(cx);
    if let Some(name) = &name {
        let help =
            "write the export's value (`aws cloudformation list-exports`), or set it with `--set`";
        cx.report(
            name,
            Kind::Incomplete,
            "exports of other stacks aren't read",
            help,
        );
    }
    text.map(|text| placeholder_map("from_cfn", text))
}

/// Copilot uploads the file itself; ECS reads it from S3.
pub(super) fn environment_file(field: &Field<'_>, into: &mut Map, cx: &mut Context<'_>) {
    let Some(path) = field.text(cx) else { return };
    let name = path.rsplit('/').next().unwrap_or_default();
    let partition = cx.region.map_or("aws", stack::partition_of);
    let arn = format!("arn:{partition}:s3:::<BUCKET>/{name}");
    into.set("environment_files", vec![arn]).above(format!(
        "{}:{}: upload {path} to one of your buckets.",
        cx.file, field.line
    ));
    let help = format!("upload {path} to an S3 bucket, and write the object's ARN");
    cx.report(
        field,
        Kind::Incomplete,
        "Copilot uploads this file; ecs-scaler doesn't",
        help,
    );
}

fn secrets(field: &Field<'_>, into: &mut Map, cx: &mut Context<'_>) {
    for (name, value) in field.entries(cx) {
        if let Some(found) = secret(&value, cx) {
            into.map("secrets").set(name, found);
        }
    }
}

/// The ARN of a secret or a parameter.
pub(super) fn secret(field: &Field<'_>, cx: &mut Context<'_>) -> Option<Value> {
    if !field.is_map() {
        let name = field.text(cx)?;
        let is_whole = name.starts_with('/') || name.starts_with("arn:");
        return Some(if is_whole {
            name.into()
        } else {
            cx.arn("ssm", &format!("parameter/{name}")).into()
        });
    }
    let mut section = field.section(cx)?;
    let Some(manager) = section.take("secretsmanager") else {
        return imported(field, cx);
    };
    section.finish(cx);
    let name = manager.text(cx)?;
    if name.starts_with("arn:") {
        return Some(name.into());
    }
    let (name, part) = name
        .split_once(':')
        .map_or((name.as_str(), String::new()), |(name, part)| {
            (name, format!(":{part}"))
        });
    let help = format!(
        "write the secret's whole ARN: `aws secretsmanager describe-secret --secret-id {name}` shows it"
    );
    cx.report(&manager, Kind::Incomplete, "a secret is named by its whole ARN here, which ends in six characters that Secrets Manager chose", help);
    Some(
        cx.arn("secretsmanager", &format!("secret:{name}-<SUFFIX>{part}"))
            .into(),
    )
}

/// Containers that must start first.
pub(super) fn depends_on(field: &Field<'_>, into: &mut Map, cx: &mut Context<'_>) {
    for (name, condition) in field.entries(cx) {
        if let Some(condition) = condition.text(cx) {
            into.map("depends_on")
                .inline()
                .set(to_short(name), condition.to_ascii_lowercase());
        }
    }
}

/// A container's health check. Copilot's defaults are written if they differ from ours.
pub(super) fn health_check(field: &Field<'_>, into: &mut Map, cx: &mut Context<'_>) {
    let Some(mut section) = field.section(cx) else {
        return;
    };
    let mut check = Map::new();
    check.inline();
    match section.take("command") {
        Some(command) if command.is_list() => {
            if let Some(words) = command.words(cx) {
                check.set("command", words);
            }
        }
        Some(command) => {
            if let Some(line) = command.free_text(cx) {
                check.set(
                    "command",
                    Value::List(vec![Item::new("CMD-SHELL"), Item::new(line)]),
                );
            }
        }
        None => {
            check.set(
                "command",
                vec!["CMD-SHELL", "curl -f http://localhost/ || exit 1"],
            );
        }
    }
    for (key, ours, default) in [
        ("interval", "interval", Some("10s")),
        ("timeout", "timeout", None),
        ("start_period", "start", None),
    ] {
        let given = section.take(key).and_then(|field| field.duration(cx));
        if let Some(value) = given.or_else(|| default.map(str::to_owned)) {
            check.set(ours, value);
        }
    }
    let retries = section.take("retries").and_then(|field| field.number(cx));
    check.set("retries", retries.unwrap_or(2));
    section.finish(cx);
    into.set("health_check", check);
}
