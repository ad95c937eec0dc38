//! Containers and permissions of created services.

use std::collections::BTreeMap;

use super::fields::{Fields, texts_of};
use crate::model::{
    Container, ContainerState, Deployment, DeploymentAlarm, FileSystem, HealthCheck, LogRouter,
    Permission, PermissionStatement, Sidecar, Volume,
};
use crate::shape::tables::{
    EXISTING_ALARM, FILE_SYSTEM_VOLUME, FIRELENS, PERMISSION, SCRATCH_VOLUME, SIDECAR,
};
use crate::yaml::Node;

pub(super) fn container(fields: Fields<'_>) -> Container {
    let limits = fields.object("ulimits");
    let limits = limits.names().filter_map(|name| {
        let limit = limits.optional_whole(name)?;
        Some((name.to_owned(), limit))
    });
    Container {
        resolve_digest: fields.given("image_digest").is_some(),
        entrypoint: fields.texts("entrypoint"),
        environment_files: fields.texts("environment_files"),
        health_check: fields
            .given("health_check")
            .map(|_| health_check(fields.object("health_check"))),
        user: fields.optional_text("user"),
        read_only: fields.flag("read_only"),
        drop: fields.texts("drop"),
        init: fields.flag("init"),
        ulimits: limits.collect(),
        depends_on: fields
            .entries("depends_on")
            .filter_map(dependency)
            .collect(),
    }
}

fn dependency((name, node): (&str, &Node)) -> Option<(String, ContainerState)> {
    let state = match node.as_str()? {
        "start" => ContainerState::Start,
        "complete" => ContainerState::Complete,
        "success" => ContainerState::Success,
        "healthy" => ContainerState::Healthy,
        _ => return None,
    };
    Some((name.to_owned(), state))
}

pub(super) fn sidecars(fields: Fields<'_>) -> BTreeMap<String, Sidecar> {
    let sidecar = |node| {
        let fields = Fields::new(&SIDECAR, Some(node));
        Sidecar {
            image: fields.text("image"),
            essential: fields.flag("essential"),
            command: fields.texts("command"),
            environment: fields.text_entries("environment"),
            secrets: fields.text_entries("secrets"),
            container: container(fields),
            volumes: fields.text_entries("volumes"),
        }
    };
    let entries = fields.entries("sidecars");
    entries
        .map(|(name, node)| (name.to_owned(), sidecar(node)))
        .collect()
}

/// Reads the `logs` of a service.
pub(super) fn log_router(fields: Fields<'_>) -> Option<LogRouter> {
    let fields = Fields::new(&FIRELENS, Some(fields.given("firelens")?));
    Some(LogRouter {
        image: fields.text("image"),
        options: fields.text_entries("options"),
        secrets: fields.text_entries("secrets"),
        metadata: fields.flag("metadata"),
        config: fields.optional_text("config"),
        container: Container {
            environment_files: fields.texts("environment_files"),
            ..Container::default()
        },
    })
}

pub(super) fn deployment(fields: Fields<'_>) -> Deployment {
    let fields = fields.object("deployment");
    let share = |name| {
        let text = fields.optional_text(name)?;
        text.strip_suffix('%')?.parse().ok()
    };
    Deployment {
        min_healthy: share("min_healthy"),
        max: share("max"),
        alarms: fields.items("alarms").iter().map(alarm).collect(),
    }
}

fn alarm(node: &Node) -> DeploymentAlarm {
    match node.as_str() {
        Some("oldest_message") => DeploymentAlarm::OldestMessage,
        Some("dead_letters") => DeploymentAlarm::DeadLetters,
        Some(_) => DeploymentAlarm::LoadBalancerErrors,
        None => {
            DeploymentAlarm::Existing(Fields::new(&EXISTING_ALARM, Some(node)).text("existing"))
        }
    }
}

fn health_check(fields: Fields<'_>) -> HealthCheck {
    HealthCheck {
        command: fields.texts("command"),
        interval: fields.duration("interval"),
        timeout: fields.duration("timeout"),
        retries: fields.whole("retries"),
        start: fields.duration("start"),
    }
}

pub(super) fn permissions(fields: Fields<'_>) -> Vec<Permission> {
    fields.items("permissions").iter().map(permission).collect()
}

fn permission(node: &Node) -> Permission {
    if let Some(arn) = node.as_str() {
        return Permission::Policy(arn.to_owned());
    }
    let fields = Fields::new(&PERMISSION, Some(node));
    let keys = |node: &Node| -> BTreeMap<String, Vec<String>> {
        let entries = node.entries().iter();
        entries
            .map(|(key, values)| (key.text.clone(), texts_of(values.items())))
            .collect()
    };
    Permission::Statement(PermissionStatement {
        allow: fields.texts("allow"),
        on: fields.texts("on"),
        when: fields
            .entries("when")
            .map(|(operator, node)| (operator.to_owned(), keys(node)))
            .collect(),
    })
}

pub(super) fn volumes(fields: Fields<'_>) -> BTreeMap<String, Volume> {
    let entries = fields.entries("volumes");
    entries
        .map(|(name, node)| (name.to_owned(), volume(node)))
        .collect()
}

fn volume(node: &Node) -> Volume {
    if !node.has("efs") {
        let fields = Fields::new(&SCRATCH_VOLUME, Some(node));
        return Volume {
            path: fields.text("path"),
            efs: None,
        };
    }
    let fields = Fields::new(&FILE_SYSTEM_VOLUME, Some(node));
    Volume {
        path: fields.text("path"),
        efs: Some(FileSystem {
            id: fields.text("efs"),
            access_point: fields.optional_text("access_point"),
            directory: fields.text("directory"),
            read_only: fields.flag("read_only"),
        }),
    }
}

/// Size of the ephemeral storage in GiB.
pub(super) fn storage(fields: Fields<'_>) -> Option<u32> {
    let text = fields.optional_text("storage")?;
    text.strip_suffix("GiB")?.parse().ok()
}
