//! Images: existing ones, and ones that Copilot builds.

use super::{Draft, ServiceKind, Target, container};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::Map;

/// The image of the service's own container, with the container settings under `image`.
pub(super) fn main(
    section: &mut Section<'_>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let key = format!("services.{}", target.name);
    let field = section.take("image");
    let Some(mut image) = field.as_ref().and_then(|field| field.section(cx)) else {
        draft
            .service(target.name)
            .set("image", "<IMAGE>")
            .above("The manifest names no image.");
        return;
    };
    let service = draft.service(target.name);
    reference(&mut image, &key, service, cx);
    port(image.take("port"), target, service, cx);
    if let Some(check) = image.take("healthcheck") {
        container::health_check(&check, service, cx);
    }
    if let Some(others) = image.take("depends_on") {
        container::depends_on(&others, service, cx);
    }
    image.finish(cx);
}

fn port(field: Option<Field<'_>>, target: &Target<'_>, service: &mut Map, cx: &mut Context<'_>) {
    let Some(field) = field else {
        return;
    };
    if let Some(port) = field.number(cx) {
        service.set("port", port);
    }
    if target.kind == ServiceKind::Backend {
        cx.missing(
            &field,
            "the port is imported, but not the name by which other services find this one",
            "`overrides` can set `ServiceRegistries` or `ServiceConnectConfiguration` of the service, or give it a `load_balancer` with `internal: true`",
        );
    }
}

/// Takes the source of an image.
pub(super) fn reference(image: &mut Section<'_>, key: &str, into: &mut Map, cx: &mut Context<'_>) {
    let (location, build) = (image.take("location"), image.take("build"));
    if let Some(location) = &location {
        if let Some(text) = location.text(cx) {
            into.set("image", text);
        }
        if let Some(build) = &build {
            cx.report(
                build,
                Kind::Invalid,
                "`location` wins over it",
                "remove one of the two from the manifest",
            );
        }
    } else if let Some(build) = &build {
        let (command, line) = (command(build, cx), build.line);
        into.set("image", "<IMAGE>").above(format!(
            "Copilot builds this image ({}:{line}). Run `{command}`, push it, and deploy with `--set {key}.image=URL`.",
            cx.file
        ));
        let help = format!("run `{command}`, push the image, and set `{key}.image`");
        cx.report(
            build,
            Kind::Incomplete,
            "Copilot builds the image before it deploys; ecs-scaler doesn't",
            help,
        );
    } else {
        into.set("image", "<IMAGE>")
            .above("The manifest names no image.");
    }
    if let Some(field) = image.take("credentials") {
        credentials(&field, cx);
    }
    if let Some(field) = image.take("labels") {
        labels(&field, cx);
    }
}

pub(super) fn credentials(field: &Field<'_>, cx: &mut Context<'_>) {
    cx.missing(
        field,
        "no key for the credentials of a private registry",
        "copy the image to ECR; or set `RepositoryCredentials` in `ContainerDefinitions` with `overrides`, with an `execution_role` that can read the secret",
    );
}

pub(super) fn labels(field: &Field<'_>, cx: &mut Context<'_>) {
    let message = format!("no key for Docker labels ({})", field.leaves());
    cx.missing(
        field,
        message,
        "set `DockerLabels` in `ContainerDefinitions` with `overrides`, or remove them",
    );
}

/// The `docker build` command that Copilot runs.
fn command(build: &Field<'_>, cx: &mut Context<'_>) -> String {
    if !build.is_map() {
        let file = build.text(cx).unwrap_or_default();
        let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        return format!("docker build --file {file} {folder}");
    }
    let Some(mut section) = build.section(cx) else {
        return String::new();
    };
    let mut text = "docker build".to_owned();
    let file = section.take("dockerfile").and_then(|field| field.text(cx));
    let folder = section.take("context").and_then(|field| field.text(cx));
    if let Some(file) = &file {
        text.push_str(&format!(" --file {file}"));
    }
    if let Some(stage) = section.take("target").and_then(|field| field.text(cx)) {
        text.push_str(&format!(" --target {stage}"));
    }
    for (key, flag) in [
        ("cache_from", " --cache-from "),
        ("option", " "),
        ("options", " "),
    ] {
        for value in section
            .take(key)
            .map_or_else(Vec::new, |field| field.texts(cx))
        {
            text.push_str(&format!("{flag}{value}"));
        }
    }
    for (name, value) in section
        .take("args")
        .map_or_else(Vec::new, |field| field.entries(cx))
    {
        let value = value.text(cx).unwrap_or_default();
        text.push_str(&format!(" --build-arg {name}={value}"));
    }
    section.finish(cx);
    let parent = file
        .as_deref()
        .and_then(|file| file.rsplit_once('/'))
        .map(|(folder, _)| folder.to_owned());
    format!(
        "{text} {}",
        folder.or(parent).unwrap_or_else(|| ".".to_owned())
    )
}
