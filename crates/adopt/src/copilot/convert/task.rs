//! Settings of the task: size, processes, logs, and patches of its definition.

use super::{Draft, ServiceKind, Target, container};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::{Map, Value};
use template::names;

pub(super) fn size(
    section: &mut Section<'_>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    for key in ["cpu", "memory"] {
        if let Some(value) = section.take(key).and_then(|field| field.number(cx)) {
            draft.service(target.name).set(key, value);
        }
    }
    let field = section.take("platform");
    let architecture = field
        .as_ref()
        .map_or(Some("x86_64"), |field| platform(field, cx));
    let item = draft
        .service(target.name)
        .set("architecture", architecture.unwrap_or("<ARCHITECTURE>"));
    if field.is_none() {
        item.beside("Copilot's default");
    }
}

/// The instruction set; `None` for Windows, and for unknown platforms.
fn platform(field: &Field<'_>, cx: &mut Context<'_>) -> Option<&'static str> {
    let (family, set) = if field.is_map() {
        let mut section = field.section(cx)?;
        let mut text = |key: &str| {
            section
                .take(key)
                .and_then(|field| field.text(cx))
                .unwrap_or_default()
        };
        let found = (text("osfamily"), text("architecture"));
        section.finish(cx);
        found
    } else {
        let text = field.text(cx)?;
        let (family, set) = text.split_once('/').unwrap_or((text.as_str(), ""));
        (family.to_owned(), set.to_owned())
    };
    let set = match set.to_ascii_lowercase().as_str() {
        "arm64" | "arm" => Some("arm64"),
        "x86_64" | "amd64" | "" => Some("x86_64"),
        _ => None,
    };
    let known = set.filter(|_| family.eq_ignore_ascii_case("linux") || family.is_empty());
    if known.is_none() {
        cx.report(
            field,
            Kind::Incomplete,
            "only Linux on x86-64 and ARM is supported",
            "leave the service in Copilot, or build its image for Linux",
        );
    }
    known
}

/// The variables that Copilot sets.
pub(super) fn names(target: &Target<'_>, draft: &mut Draft, cx: &mut Context<'_>) {
    let service = draft.service(target.name);
    service
        .set("compat", "copilot")
        .beside("sets the variables that Copilot sets");
    if target.kind == ServiceKind::Worker {
        service.list("consumes");
    }
    if let Some(name) = cx.application {
        service
            .map("environment")
            .set("COPILOT_APPLICATION_NAME", name);
    } else {
        service.item("compat").above("Write COPILOT_APPLICATION_NAME into `environment` if the code reads it; otherwise it is the definition's name.");
    }
    if let Some(name) = cx.environment.filter(|_| cx.is_only) {
        service
            .map("environment")
            .set("COPILOT_ENVIRONMENT_NAME", name);
    }
}

pub(super) fn process(
    section: &mut Section<'_>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let service = draft.service(target.name);
    container::common(section, service, cx);
    if let Some(exec) = section.take("exec").and_then(|field| field.boolean(cx)) {
        service.set("exec", exec);
    }
}

/// Logs and traces.
pub(super) fn observe(
    section: &mut Section<'_>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    if let Some(field) = section.take("logging") {
        logging(&field, target, draft, cx);
    }
    if let Some(field) = section.take("observability") {
        let help = "add a sidecar with the image of the AWS Distro for OpenTelemetry collector, and `arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess` to `permissions`";
        let message = format!("no key for the collector of traces ({})", field.leaves());
        cx.missing(&field, message, help);
    }
}

fn logging(field: &Field<'_>, target: &Target<'_>, draft: &mut Draft, cx: &mut Context<'_>) {
    let Some(mut section) = field.section(cx) else {
        return;
    };
    if let Some(field) = section.take("retention")
        && let Some(days) = field.number(cx)
    {
        let known = draft.retention;
        draft.retention = Some(known.map_or(days, |known| known.max(days)));
        if known.is_some_and(|known| known != days) {
            cx.report(
                &field,
                Kind::Different,
                "one retention applies to all services of a stack; the longest was used",
                "",
            );
        }
    }
    let router = log_router(&mut section, cx);
    section.finish(cx);
    if !router.is_empty() {
        let service = draft.service(target.name);
        service.map("logs").set("firelens", router);
    }
}

/// The container with Fluent Bit. Its keys are the same in both, by other names.
fn log_router(section: &mut Section<'_>, cx: &mut Context<'_>) -> Map {
    let mut router = Map::new();
    for (theirs, ours) in [("image", "image"), ("configFilePath", "config")] {
        if let Some(text) = section.take(theirs).and_then(|field| field.text(cx)) {
            router.set(ours, text);
        }
    }
    for (name, value) in entries(section.take("destination"), cx) {
        if let Some(value) = value.free_text(cx) {
            router.map("options").set(name, value);
        }
    }
    for (name, value) in entries(section.take("secretOptions"), cx) {
        if let Some(found) = container::secret(&value, cx) {
            router.map("secrets").set(name, found);
        }
    }
    let metadata = section.take("enableMetadata");
    if let Some(metadata) = metadata.and_then(|field| field.boolean(cx)) {
        router.set("metadata", metadata);
    }
    if let Some(field) = section.take("env_file") {
        container::environment_file(&field, &mut router, cx);
    }
    router
}

fn entries<'n>(field: Option<Field<'n>>, cx: &mut Context<'_>) -> Vec<(&'n str, Field<'n>)> {
    field.map_or_else(Vec::new, |field| field.entries(cx))
}

/// Patches of the task definition.
pub(super) fn overrides(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let items = field.map_or_else(Vec::new, |field| field.items(cx));
    for item in items {
        let Some(mut section) = item.section(cx) else {
            continue;
        };
        let path = section.take("path").and_then(|field| field.text(cx));
        let value = section.take("value");
        section.finish(cx);
        let (Some(path), Some(value)) = (path, value) else {
            item.reject("`path` and `value`", cx);
            continue;
        };
        let value = value.value(cx);
        let parts: Vec<&str> = path.split('.').collect();
        if path.contains('[') || parts.iter().any(|part| part.is_empty()) {
            let message = format!("a patch inside a list: `{path}` to {}", shown(&value));
            let help = "`overrides` replaces lists as a whole: copy `ContainerDefinitions` from `synth` and change it there; `ulimits`, `user`, `drop`, `init`, and `stop_timeout` have keys";
            cx.missing(&item, message, help);
        } else {
            draft.override_property(&names::task_definition(target.name), &parts, value);
        }
    }
}

fn shown(value: &Value) -> String {
    let mut map = crate::document::Map::new();
    map.set("value", value.clone());
    map.render()
        .trim_start_matches("value:")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}
