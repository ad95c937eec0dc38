//! The digests that images have in running tasks.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::DesiredStatus;
use futures::stream::{self, StreamExt};
use serde_json::Value;
use template::contract::types;

use crate::described::{cluster_of, name_of};
use crate::functions::ServiceName;
use crate::resource::Resource;
use crate::session::Session;
use crate::tasks::read_tasks;

/// Requests at once.
const AT_ONCE: usize = 8;
/// Tasks of a service that are looked at.
const ENOUGH: usize = 100;

/// Reads the digests of the images that the template names without one, from tasks of the deployed task definitions. Without the
/// permission, without a running task, and where tasks differ, an image is missing.
pub(super) async fn read_digests(
    session: &Session<'_>,
    resources: &[Resource],
    template: &str,
) -> BTreeMap<String, String> {
    let template = serde_json::from_str(template).unwrap_or_default();
    let tagged = list_tagged(&template);
    if tagged.is_empty() {
        return BTreeMap::new();
    }
    let ids = |kind: &'static str| {
        let of_kind = resources
            .iter()
            .filter(move |one| one.resource_type == kind);
        of_kind.map(|one| one.physical_id.as_str())
    };
    let definitions: BTreeSet<&str> = ids(types::TASK_DEFINITION).collect();
    let services = ids(types::SERVICE).filter(|arn| !arn.is_empty());
    let read = services.map(|arn| async move {
        let service = ServiceName {
            cluster: cluster_of(arn).to_owned(),
            service: name_of(arn).to_owned(),
        };
        read_tasks(session, &service, DesiredStatus::Running, ENOUGH).await
    });
    let read: Vec<_> = stream::iter(read).buffered(AT_ONCE).collect().await;
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for tasks in read {
        let tasks = tasks.unwrap_or_else(|error| {
            session.note(format!("the digests of images aren't recorded: {error}"));
            Vec::new()
        });
        let current = tasks.iter().filter(|task| {
            let definition = task.task_definition_arn();
            definition.is_some_and(|definition| definitions.contains(definition))
        });
        for container in current.flat_map(|task| task.containers()) {
            if let (Some(image), Some(digest)) = (container.image(), container.image_digest())
                && tagged.contains(image)
            {
                found
                    .entry(image.to_owned())
                    .or_default()
                    .insert(digest.to_owned());
            }
        }
    }
    found.retain(|_, digests| digests.len() == 1);
    found
        .into_iter()
        .filter_map(|(image, digests)| Some((image, digests.into_iter().next()?)))
        .collect()
}

/// Images of the template's containers that are named by tag.
pub(super) fn list_tagged(template: &Value) -> BTreeSet<String> {
    let resources = template.get("Resources").and_then(Value::as_object);
    let containers = resources.into_iter().flatten().filter_map(|(_, resource)| {
        resource
            .pointer("/Properties/ContainerDefinitions")?
            .as_array()
    });
    let images = containers
        .flatten()
        .filter_map(|container| container["Image"].as_str());
    images
        .filter(|image| !image.contains('@'))
        .map(str::to_owned)
        .collect()
}
