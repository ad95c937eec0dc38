//! The template of an import: the resources with the properties that they have. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stack::ValueChange;
use template::Template;
use template::contract::{mark_imported, types};

use crate::drift::QUEUE_POLICY;
use crate::error::{Error, Result};

use super::find::Found;

type Properties = Map<String, Value>;

/// Adds the found resources to the deployed template, each as it is. Also returns the template of the next deploy.
///
/// # Errors
/// If the next deploy would replace one of the resources, or can't be made.
pub(super) fn write_template(
    next: Template,
    mut deployed: Value,
    found: &[Found],
) -> Result<(Value, Template)> {
    for Found { import, live } in found {
        let id = import.logical_id.as_str();
        let empty = Map::new();
        let properties = next.to_json()["Resources"][id]["Properties"].as_object();
        let properties = properties.unwrap_or(&empty);
        let written = match import.resource_type.as_str() {
            types::QUEUE => write_queue(properties, live),
            _ => write_service(properties, live),
        };
        let mut resource = json!({ "Type": import.resource_type, "Properties": written });
        mark_imported(&mut resource);
        deployed["Resources"][id] = resource;
    }
    let next = next.adapt_to(&deployed)?;
    for Found { import, .. } in found {
        let id = import.logical_id.as_str();
        settle_launch_type(
            &mut deployed["Resources"][id],
            &next.to_json()["Resources"][id],
            id,
        )?;
    }
    Ok((deployed, next))
}

/// The changes of queues' policies, by the queue's logical ID. A policy is another resource in the next template, and replaces
/// the one that the queue has.
pub(super) fn compare_policies(next: &Value, found: &[Found]) -> BTreeMap<String, ValueChange> {
    let policy_of = |id: &str| {
        let mut resources = next["Resources"].as_object().into_iter().flatten();
        resources.find_map(|(_, resource)| {
            let properties = &resource["Properties"];
            let is_it =
                resource["Type"] == QUEUE_POLICY && properties["Queues"] == json!([{ "Ref": id }]);
            is_it.then(|| properties["PolicyDocument"].clone())
        })
    };
    let replaced = found.iter().filter_map(|Found { import, live }| {
        let text = live.get("Policy").and_then(Value::as_str)?;
        let change = ValueChange {
            path: "Policy".to_owned(),
            old: serde_json::from_str(text).ok(),
            new: Some(policy_of(&import.logical_id)?),
            default: None,
        };
        Some((import.logical_id.clone(), change))
    });
    replaced.collect()
}

const LAUNCH_TYPE: &str = "LaunchType";
const STRATEGY: &str = "CapacityProviderStrategy";

/// Another launch type replaces a service, but a capacity provider strategy instead of one doesn't. The template doesn't name
/// a launch type that the next one drops, because that counts as a change.
///
/// Source: AWS::ECS::Service, `conditionalCreateOnlyProperties`.
fn settle_launch_type(resource: &mut Value, next: &Value, id: &str) -> Result<()> {
    let next = next["Properties"][LAUNCH_TYPE].as_str();
    let Some(written) = resource["Properties"].as_object_mut() else {
        return Ok(());
    };
    let now = written.get(LAUNCH_TYPE).and_then(Value::as_str);
    match (now, next) {
        (Some(now), Some(next)) if now != next => Err(Error::refused(format!(
            "{id} runs with the launch type {now}, and the definition makes it {next}: the next deploy would replace it"
        ))
        .hint("a definition can run services of an existing cluster only on Fargate")
        .hint("to scale it as it is, keep `existing` in the definition")),
        (Some(_), None) => {
            written.remove(LAUNCH_TYPE);
            Ok(())
        }
        _ => Ok(()),
    }
}

/// The properties of a service: those that fix its identity from the template, and the others as they are.
fn write_service(template: &Properties, live: &Properties) -> Properties {
    let has_strategy = live
        .get(STRATEGY)
        .is_some_and(|strategy| !is_unset(strategy));
    let mut written = copy(template, &["Cluster", "ServiceName"]);
    for (name, value) in live {
        let is_needed = match name.as_str() {
            LAUNCH_TYPE => !has_strategy && !is_unset(value),
            // Not a value in a template, where it is left out.
            "PropagateTags" => value != "NONE",
            STRATEGY => has_strategy,
            _ => template.contains_key(name) || !is_unset(value),
        };
        if is_needed && !value.is_null() {
            written.insert(name.clone(), value.clone());
        }
    }
    written
}

/// Whether a value is what ECS returns for a property that isn't set.
fn is_unset(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
    }
}

/// The attributes of a queue that a template can set, with their defaults. Source: Amazon SQS API, `CreateQueue`; messages
/// had at most 256 KiB before August 2025.
const ATTRIBUTES: [(&str, &[&str]); 12] = [
    ("ContentBasedDeduplication", &["false"]),
    ("DeduplicationScope", &["queue"]),
    ("DelaySeconds", &["0"]),
    ("FifoThroughputLimit", &["perQueue"]),
    ("KmsDataKeyReusePeriodSeconds", &["300"]),
    ("KmsMasterKeyId", &[""]),
    ("MaximumMessageSize", &["262144", "1048576"]),
    ("MessageRetentionPeriod", &["345600"]),
    ("ReceiveMessageWaitTimeSeconds", &["0"]),
    ("RedriveAllowPolicy", &[]),
    ("RedrivePolicy", &[]),
    ("VisibilityTimeout", &["30"]),
];
const MANAGED_KEY: &str = "SqsManagedSseEnabled";

/// The properties of a queue: those that fix its identity from the template, and the others as they are.
fn write_queue(template: &Properties, live: &Properties) -> Properties {
    let mut written = copy(template, &["FifoQueue", "QueueName"]);
    for (name, defaults) in ATTRIBUTES {
        let Some(text) = live.get(name).and_then(Value::as_str) else {
            continue;
        };
        if template.contains_key(name) || !defaults.contains(&text) {
            written.insert(name.to_owned(), typed(text));
        }
    }
    // Without a key of its own, a queue is encrypted by default.
    if let Some(text) = live.get(MANAGED_KEY).and_then(Value::as_str)
        && !written.contains_key("KmsMasterKeyId")
    {
        written.insert(MANAGED_KEY.to_owned(), typed(text));
    }
    written
}

fn copy(properties: &Properties, names: &[&str]) -> Properties {
    let copied = names.iter().filter_map(|name| {
        let value = properties.get(*name)?;
        Some(((*name).to_owned(), value.clone()))
    });
    copied.collect()
}

/// SQS returns all values as text.
fn typed(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Bool(_) | Value::Number(_) | Value::Object(_))) => value,
        _ => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(value: Value) -> Properties {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_queue_is_written_with_what_differs_from_the_default_or_is_in_the_definition() {
        let template = object(json!({
            "QueueName": "orders", "VisibilityTimeout": 120, "SqsManagedSseEnabled": true,
            "RedrivePolicy": { "deadLetterTargetArn": { "Fn::GetAtt": ["Dead", "Arn"] }, "maxReceiveCount": 5 },
        }));
        let live = object(json!({
            "QueueArn": "arn:aws:sqs:us-west-2:111122223333:orders", "ApproximateNumberOfMessages": "7",
            "VisibilityTimeout": "30", "DelaySeconds": "5", "MessageRetentionPeriod": "345600",
            "MaximumMessageSize": "1048576", "SqsManagedSseEnabled": "true", "KmsMasterKeyId": null,
            "RedrivePolicy": "{\"deadLetterTargetArn\":\"arn:aws:sqs:us-west-2:111122223333:dead\",\"maxReceiveCount\":3}",
        }));
        let expected = json!({
            "QueueName": "orders", "VisibilityTimeout": 30, "DelaySeconds": 5, "SqsManagedSseEnabled": true,
            "RedrivePolicy": { "deadLetterTargetArn": "arn:aws:sqs:us-west-2:111122223333:dead", "maxReceiveCount": 3 },
        });
        assert_eq!(Value::Object(write_queue(&template, &live)), expected);
    }

    #[test]
    fn a_service_is_written_as_it_is() {
        let template = object(json!({
            "Cluster": "shop", "ServiceName": "worker", "LaunchType": "FARGATE", "LoadBalancers": [],
            "PropagateTags": "SERVICE", "EnableECSManagedTags": true, "TaskDefinition": { "Ref": "Task" },
        }));
        let live = object(json!({
            "TaskDefinition": "arn:task:7", "LaunchType": "FARGATE", "CapacityProviderStrategy": [],
            "LoadBalancers": [], "HealthCheckGracePeriodSeconds": 0, "PropagateTags": "NONE",
            "EnableExecuteCommand": true, "EnableECSManagedTags": false,
        }));
        let expected = json!({
            "Cluster": "shop", "ServiceName": "worker", "LaunchType": "FARGATE", "LoadBalancers": [],
            "EnableExecuteCommand": true, "EnableECSManagedTags": false, "TaskDefinition": "arn:task:7",
        });
        assert_eq!(Value::Object(write_service(&template, &live)), expected);
        let spot = json!([{ "CapacityProvider": "FARGATE_SPOT", "Weight": 1, "Base": 0 }]);
        let mut on_spot = live.clone();
        on_spot.insert(STRATEGY.to_owned(), spot.clone());
        let written = write_service(&template, &on_spot);
        assert_eq!(
            (written.get(LAUNCH_TYPE), written.get(STRATEGY)),
            (None, Some(&spot))
        );
    }

    #[test]
    fn a_service_on_instances_would_be_replaced() {
        let of = |launch_type: &str| json!({ "Properties": { "LaunchType": launch_type } });
        let refused = settle_launch_type(&mut of("EC2"), &of("FARGATE"), "WorkerService");
        assert_eq!(refused.unwrap_err().kind(), crate::Kind::Refused);
        assert!(settle_launch_type(&mut of("FARGATE"), &of("FARGATE"), "WorkerService").is_ok());
        let mut moved = of("FARGATE");
        let spot = json!({ "Properties": { "CapacityProviderStrategy": [] } });
        settle_launch_type(&mut moved, &spot, "WorkerService").unwrap();
        assert_eq!(moved, json!({ "Properties": {} }));
    }
}
