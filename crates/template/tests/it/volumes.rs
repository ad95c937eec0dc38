//! Volumes in the task definition, and its role's permissions for them.

use serde_json::{Value, json};
use template::synthesize;

use crate::stacks;

fn properties(id: &str) -> Value {
    let stack = stacks::definition("crates/template/tests/it/matrix/containers");
    synthesize(&stack).unwrap().to_json()["Resources"][id]["Properties"].clone()
}

/// AWS::ECS::TaskDefinition, `EFSVolumeConfiguration`: IAM needs encryption in transit.
#[test]
fn file_systems_are_mounted_as_the_role_and_encrypted() {
    let tasks = properties("WorkerTaskDefinition");
    assert_eq!(
        tasks["Volumes"],
        json!([
            {
                "Name": "cache",
                "EFSVolumeConfiguration": {
                    "FilesystemId": "fs-0a1b2c3d4e5f60718",
                    "TransitEncryption": "ENABLED",
                    "AuthorizationConfig": { "IAM": "ENABLED", "AccessPointId": "fsap-0a1b2c3d4e5f60718" },
                },
            },
            {
                "Name": "models",
                "EFSVolumeConfiguration": {
                    "FilesystemId": "fs-1a1b2c3d4e5f60718",
                    "TransitEncryption": "ENABLED",
                    "AuthorizationConfig": { "IAM": "ENABLED" },
                    "RootDirectory": "/models",
                },
            },
            { "Name": "scratch" },
        ])
    );
    let containers = tasks["ContainerDefinitions"].as_array().unwrap();
    let mounts = |name: &str| {
        let container = containers.iter().find(|one| one["Name"] == name);
        container.unwrap()["MountPoints"].clone()
    };
    let mount = |volume: &str, path: &str, read_only: bool| json!({ "SourceVolume": volume, "ContainerPath": path, "ReadOnly": read_only });
    assert_eq!(
        mounts("worker"),
        json!([
            mount("cache", "/cache", false),
            mount("models", "/models", true),
            mount("scratch", "/tmp", false),
        ])
    );
    assert_eq!(mounts("otel"), json!([mount("scratch", "/scratch", false)]));
    assert_eq!(mounts("prepare"), Value::Null);
}

#[test]
fn tasks_may_mount_and_only_write_where_they_have_to() {
    let role = properties("WorkerTaskRole");
    let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
    let statements = statements.as_array().unwrap().iter();
    let mounting: Vec<(Value, Value)> = statements
        .filter(|one| one["Action"].to_string().contains("elasticfilesystem"))
        .map(|one| (one["Action"].clone(), one["Condition"].clone()))
        .collect();
    let point = "arn:${AWS::Partition}:elasticfilesystem:${AWS::Region}:${AWS::AccountId}:access-point/fsap-0a1b2c3d4e5f60718";
    assert_eq!(
        mounting,
        [
            (
                json!([
                    "elasticfilesystem:ClientMount",
                    "elasticfilesystem:ClientWrite"
                ]),
                json!({ "StringEquals": { "elasticfilesystem:AccessPointArn": { "Fn::Sub": point } } }),
            ),
            (json!(["elasticfilesystem:ClientMount"]), Value::Null),
        ]
    );
}
