//! Volumes of a service's tasks, and the tasks' permissions on file systems.

use serde_json::{Map, Value, json};
use stack::{FileSystem, ServiceSpec};

use crate::resources::role::Statement;
use crate::text::Text;

/// `Volumes` of a task definition. A volume without a host is Docker's own, and ends with the task.
pub(super) fn render_volumes(spec: &ServiceSpec) -> Vec<Value> {
    let volumes = spec.volumes.iter();
    volumes
        .map(|(name, volume)| match &volume.efs {
            None => json!({ "Name": name }),
            Some(efs) => json!({ "Name": name, "EFSVolumeConfiguration": render_efs(efs) }),
        })
        .collect()
}

/// The task's role mounts the file system, so IAM decides. That requires encryption in transit. Source:
/// AWS::ECS::TaskDefinition, `EFSVolumeConfiguration`.
fn render_efs(efs: &FileSystem) -> Value {
    let mut authorization = Map::from_iter([("IAM".to_owned(), json!("ENABLED"))]);
    if let Some(access_point) = &efs.access_point {
        authorization.insert("AccessPointId".into(), json!(access_point));
    }
    let mut configuration = json!({
        "FilesystemId": efs.id,
        "TransitEncryption": "ENABLED",
        "AuthorizationConfig": authorization,
    });
    if let (Some(map), true) = (configuration.as_object_mut(), efs.directory != "/") {
        map.insert("RootDirectory".into(), json!(efs.directory));
    }
    configuration
}

/// `MountPoints` of a container.
pub(super) fn render_mounts(spec: &ServiceSpec, sidecar: Option<&str>) -> Vec<Value> {
    let mounts = spec.mounts(sidecar).into_iter();
    mounts
        .map(|(name, path)| {
            let efs = spec
                .volumes
                .get(name)
                .and_then(|volume| volume.efs.as_ref());
            json!({
                "SourceVolume": name,
                "ContainerPath": path,
                "ReadOnly": efs.is_some_and(|efs| efs.read_only),
            })
        })
        .collect()
}

/// Mounts and, unless the volume is read-only, writes; never as root. Source: Amazon EFS User Guide, "Using IAM to
/// control access to file systems".
pub(super) fn mount(spec: &ServiceSpec) -> Vec<Statement> {
    let systems = spec
        .volumes
        .values()
        .filter_map(|volume| volume.efs.as_ref());
    let statements = systems.map(|efs| {
        let actions = match efs.read_only {
            true => &MOUNT[..1],
            false => MOUNT,
        };
        let system = Text::arn("elasticfilesystem", format!("file-system/{}", efs.id));
        // A service can have several volumes, and a policy's statement IDs must be unique.
        let statement = Statement::new("", actions, vec![system]);
        match &efs.access_point {
            None => statement,
            Some(id) => statement.when(
                "StringEquals",
                "elasticfilesystem:AccessPointArn",
                vec![Text::arn("elasticfilesystem", format!("access-point/{id}"))],
            ),
        }
    });
    statements.collect()
}

pub(crate) const MOUNT: &[&str] = &[
    "elasticfilesystem:ClientMount",
    "elasticfilesystem:ClientWrite",
];
