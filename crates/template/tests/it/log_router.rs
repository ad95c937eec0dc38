//! Logs that go elsewhere, by FireLens.

use serde_json::{Value, json};
use template::synthesize;

use crate::stacks;

fn containers() -> Vec<Value> {
    let stack = stacks::definition("crates/template/tests/it/matrix/containers");
    let template = synthesize(&stack).unwrap();
    let task = &template.to_json()["Resources"]["WorkerTaskDefinition"]["Properties"];
    task["ContainerDefinitions"].as_array().unwrap().clone()
}

fn container(name: &str) -> Value {
    let mut all = containers().into_iter();
    all.find(|one| one["Name"] == name).unwrap()
}

/// Amazon ECS Developer Guide, "Example Amazon ECS task definition: Route logs to FireLens", and "Send Amazon ECS logs
/// to an AWS service or AWS Partner": the container with the router starts first.
#[test]
fn all_containers_log_to_the_router() {
    let logs = json!({
        "LogDriver": "awsfirelens",
        "Options": { "Name": "datadog", "dd_service": "worker", "TLS": "on" },
        "SecretOptions": [{ "Name": "apikey", "ValueFrom": "/jobs/datadog" }],
    });
    let senders = ["worker", "otel", "prepare"];
    for sender in senders {
        let container = container(sender);
        assert_eq!(container["LogConfiguration"], logs, "{sender}");
        let depends_on = container["DependsOn"].as_array().unwrap();
        let start = json!({ "ContainerName": "log_router", "Condition": "START" });
        assert!(depends_on.contains(&start), "{sender}");
    }
    assert_eq!(containers().len(), senders.len() + 1);
}

/// Its own log must not go through itself.
#[test]
fn the_router_logs_to_the_log_group() {
    let router = container("log_router");
    assert_eq!(
        router["FirelensConfiguration"],
        json!({
            "Type": "fluentbit",
            "Options": {
                "enable-ecs-log-metadata": "true",
                "config-file-type": "file",
                "config-file-value": "/fluent-bit/own.conf",
            },
        })
    );
    assert_eq!(router["LogConfiguration"]["LogDriver"], "awslogs");
    assert!(router["DependsOn"].is_null() && router["Secrets"].is_null());
    assert_eq!(router["Essential"], true);
    let file = json!([{ "Type": "s3", "Value": "arn:aws:s3:::our-config/router.env" }]);
    assert_eq!(router["EnvironmentFiles"], file);
}
