//! Disks and file systems.

use super::{Draft, Target, short_name};
use crate::copilot::context::{Context, placeholder_map};
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::{Map, Value};

pub(super) fn storage(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let Some(mut section) = field.and_then(|field| field.section(cx)) else {
        return;
    };
    // A task on Fargate has 20 GiB anyway.
    if let Some(size) = section
        .take("ephemeral")
        .and_then(|field| field.number(cx))
        .filter(|size| *size != 20)
    {
        draft
            .service(target.name)
            .set("storage", format!("{size}GiB"));
    }
    if let Some(value) = section
        .take("readonly_fs")
        .and_then(|field| field.boolean(cx))
    {
        draft.service(target.name).set("read_only", value);
    }
    for (name, field) in section
        .take("volumes")
        .map_or_else(Vec::new, |field| field.entries(cx))
    {
        let name = short_name(name, &field, cx);
        if let Some(volume) = volume(&field, cx) {
            draft.service(target.name).map("volumes").set(name, volume);
        }
    }
    section.finish(cx);
}

fn volume(field: &Field<'_>, cx: &mut Context<'_>) -> Option<Map> {
    let mut section = field.section(cx)?;
    let mut volume = Map::new();
    volume.inline();
    let path = section.take("path").and_then(|field| field.text(cx));
    volume.set("path", path.unwrap_or_else(|| "<PATH>".to_owned()));
    let read_only = section.take("read_only");
    let is_read_only = read_only
        .as_ref()
        .map(|field| field.boolean(cx).unwrap_or(true));
    let efs = section
        .take("efs")
        .filter(|efs| efs.as_boolean() != Some(false));
    section.finish(cx);
    match efs {
        Some(efs) => {
            file_system(&efs, &mut volume, cx);
            if is_read_only.unwrap_or(true) {
                volume.set("read_only", true);
            }
        }
        None => {
            if let Some(field) = read_only.filter(|_| is_read_only == Some(true)) {
                cx.report(
                    &field,
                    Kind::Different,
                    "scratch space is writable here",
                    "",
                );
            }
        }
    }
    Some(volume)
}

/// The file system of a volume: an existing one, or one that Copilot creates.
fn file_system(efs: &Field<'_>, volume: &mut Map, cx: &mut Context<'_>) {
    let managed = "Copilot creates this file system; ecs-scaler doesn't";
    let help = "create a file system and an access point, copy the data, and write their IDs (`efs`, `access_point`)";
    if !efs.is_map() {
        volume.set("efs", "<FILE-SYSTEM-ID>");
        return cx.report(efs, Kind::Incomplete, managed, help);
    }
    let Some(mut section) = efs.section(cx) else {
        return;
    };
    let own = section.take("id");
    let id = own.as_ref().and_then(|id| identifier(id, cx));
    for key in ["uid", "gid"] {
        if let Some(field) = section.take(key) {
            let id = field.text(cx).unwrap_or_default();
            cx.report(
                &field,
                Kind::Incomplete,
                format!("{managed}, with {key} {id}"),
                help,
            );
        }
    }
    volume.set("efs", id.unwrap_or_else(|| "<FILE-SYSTEM-ID>".into()));
    let root = section.take("root_dir").and_then(|field| field.text(cx));
    if let Some(auth) = section.take("auth") {
        access(&auth, volume, cx);
    }
    if let Some(root) = root.filter(|root| !root.is_empty() && root != "/") {
        volume.set("directory", root);
    }
    section.finish(cx);
}

/// An ID, or the export that contains it.
fn identifier(field: &Field<'_>, cx: &mut Context<'_>) -> Option<Value> {
    if !field.is_map() {
        return field.text(cx).map(Value::from);
    }
    let mut section: Section<'_> = field.section(cx)?;
    let export = section.take("from_cfn")?;
    section.finish(cx);
    cx.report(
        &export,
        Kind::Incomplete,
        "exports of other stacks aren't read",
        "write the file system's ID",
    );
    export
        .text(cx)
        .map(|name| placeholder_map("from_cfn", name))
}

fn access(field: &Field<'_>, volume: &mut Map, cx: &mut Context<'_>) {
    let Some(mut section) = field.section(cx) else {
        return;
    };
    if let Some(iam) = section.take("iam")
        && iam.boolean(cx) == Some(false)
    {
        let help = "let the file system's policy allow the task's role, if it has a policy";
        cx.report(
            &iam,
            Kind::Different,
            "the file system is always mounted as the task's role",
            help,
        );
    }
    if let Some(point) = section
        .take("access_point_id")
        .and_then(|field| field.text(cx))
        .filter(|id| !id.is_empty())
    {
        volume.set("access_point", point);
    }
    section.finish(cx);
}
