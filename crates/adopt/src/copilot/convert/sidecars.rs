//! Containers in addition to the service's own.

use super::{Draft, Target, container, image, short_name, to_short};
use crate::copilot::context::Context;
use crate::copilot::finding::Kind;
use crate::copilot::section::{Field, Section};
use crate::document::{Map, Value};

pub(super) fn sidecars(
    field: Option<Field<'_>>,
    target: &Target<'_>,
    draft: &mut Draft,
    cx: &mut Context<'_>,
) {
    let entries = field.map_or_else(Vec::new, |field| field.entries(cx));
    for (name, field) in entries {
        let Some(mut section) = field.section(cx) else {
            continue;
        };
        let name = short_name(name, &field, cx);
        let mut sidecar = Map::new();
        let key = format!("services.{}.sidecars.{name}", target.name);
        sidecar_image(section.take("image"), &key, &mut sidecar, cx);
        if let Some(essential) = section
            .take("essential")
            .and_then(|field| field.boolean(cx))
        {
            sidecar.set("essential", essential);
        }
        container::common(&mut section, &mut sidecar, cx);
        if let Some(others) = section.take("depends_on") {
            container::depends_on(&others, &mut sidecar, cx);
        }
        if let Some(check) = section.take("healthcheck") {
            container::health_check(&check, &mut sidecar, cx);
        }
        let service = draft.service(target.name);
        if let Some(points) = section.take("mount_points") {
            mount_points(&points, &mut sidecar, service, cx);
        }
        rest(&mut section, cx);
        section.finish(cx);
        service.map("sidecars").set(name, sidecar);
    }
}

/// An image's URL, or the image that Copilot builds.
fn sidecar_image(field: Option<Field<'_>>, key: &str, sidecar: &mut Map, cx: &mut Context<'_>) {
    match field {
        Some(field) if field.is_map() => {
            let Some(mut section) = field.section(cx) else {
                return;
            };
            image::reference(&mut section, key, sidecar, cx);
            if let Some(others) = section.take("depends_on") {
                container::depends_on(&others, sidecar, cx);
            }
            section.finish(cx);
        }
        Some(field) => {
            if let Some(image) = field.text(cx) {
                sidecar.set("image", image);
            }
        }
        None => {
            sidecar
                .set("image", "<IMAGE>")
                .above("The manifest names no image.");
        }
    }
}

fn mount_points(field: &Field<'_>, sidecar: &mut Map, service: &mut Map, cx: &mut Context<'_>) {
    for item in field.items(cx) {
        let Some(mut point) = item.section(cx) else {
            continue;
        };
        let volume = point.take("source_volume").and_then(|field| field.text(cx));
        let path = point.take("path").and_then(|field| field.text(cx));
        let read_only = point.take("read_only");
        let wants_read_only = read_only
            .as_ref()
            .and_then(|field| field.boolean(cx))
            .unwrap_or(true);
        point.finish(cx);
        let (Some(volume), Some(path)) = (volume, path) else {
            item.reject("`source_volume` and `path`", cx);
            continue;
        };
        let volume = to_short(&volume);
        sidecar.map("volumes").inline().set(volume.clone(), path);
        let Some(Value::Map(volumes)) = service.get("volumes") else {
            continue;
        };
        let Some(Value::Map(own)) = volumes.get(&volume) else {
            continue;
        };
        let is_read_only = own.get("read_only") == Some(&Value::Bool(true));
        if is_read_only == wants_read_only {
            continue;
        }
        // If one container writes to a volume, the volume must be writable.
        service.map("volumes").map(&volume).remove("read_only");
        let field = read_only.as_ref().unwrap_or(&item);
        let help =
            "`drop`, `user`, and the file system's permissions can keep a container from writing";
        cx.report(field, Kind::Different, format!("the volume `{volume}` is writable for all containers of the task, because one of them writes"), help);
    }
}

fn rest(section: &mut Section<'_>, cx: &mut Context<'_>) {
    if let Some(field) = section.take("port") {
        let help = "containers of a task reach each other at `localhost` without it; otherwise set `PortMappings` in `ContainerDefinitions` with `overrides`";
        cx.missing(&field, "no key for ports of sidecars", help);
    }
    if let Some(field) = section.take("credentialsParameter") {
        image::credentials(&field, cx);
    }
    if let Some(field) = section.take("labels") {
        image::labels(&field, cx);
    }
}
