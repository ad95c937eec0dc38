//! The template of an import: the resources with the properties that they have. Pure.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use stack::ValueChange;
use template::Template;
use template::contract::{mark_imported, types};

use crate::error::{Error, Result};
use crate::released::find_policy;

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
            _ => {
                let written = write_service(properties, live);
                refuse_launch_type(&written, properties, id)?;
                written
            }
        };
        let mut resource = json!({ "Type": import.resource_type, "Properties": written });
        mark_imported(&mut resource, live.get("Policy").and_then(Value::as_str));
        deployed["Resources"][id] = resource;
    }
    let next = next.adapt_to(&deployed)?;
    for Found { import, .. } in found {
        let id = import.logical_id.as_str();
        settle_launch_type(
            &mut deployed["Resources"][id],
            &next.to_json()["Resources"][id],
        );
    }
    Ok((deployed, next))
}

/// The changes of queues' policies, by the queue's logical ID. A policy is another resource in the next template, and replaces
/// the one that the queue has.
pub(super) fn compare_policies(next: &Value, found: &[Found]) -> BTreeMap<String, ValueChange> {
    let replaced = found.iter().filter_map(|Found { import, live }| {
        let text = live.get("Policy").and_then(Value::as_str)?;
        let change = ValueChange {
            path: "Policy".to_owned(),
            old: serde_json::from_str(text).ok(),
            new: Some(find_policy(next, &import.logical_id)?.clone()),
            default: None,
        };
        Some((import.logical_id.clone(), change))
    });
    replaced.collect()
}

const LAUNCH_TYPE: &str = "LaunchType";
const STRATEGY: &str = "CapacityProviderStrategy";

/// Another launch type replaces a service, but a capacity provider strategy instead of one doesn't.
///
/// Source: AWS::ECS::Service, `conditionalCreateOnlyProperties`.
fn refuse_launch_type(written: &Properties, next: &Properties, id: &str) -> Result<()> {
    let of = |properties: &Properties| properties.get(LAUNCH_TYPE).cloned();
    match (of(written), of(next)) {
        (Some(Value::String(now)), Some(Value::String(next))) if now != next => {
            Err(Error::refused(format!(
                "{id} runs with the launch type {now}, and the definition makes it {next}: the next deploy would replace it"
            ))
            .hint("to keep its EC2 instances, name capacity providers of the cluster: `capacity: {providers: […]}`")
            .hint("to scale it as it is, keep `existing` in the definition"))
        }
        _ => Ok(()),
    }
}

/// The template doesn't name a launch type that the next one drops, because that counts as a change.
fn settle_launch_type(resource: &mut Value, next: &Value) {
    if next["Properties"].get(LAUNCH_TYPE).is_none()
        && let Some(written) = resource["Properties"].as_object_mut()
    {
        written.remove(LAUNCH_TYPE);
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
    use crate::change_set::Import;

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

    /// A service of an existing cluster, imported by a definition with these lines.
    fn import(lines: &str, live: &Value) -> Result<Value> {
        let text = format!(
            "name: shop
region: us-west-2
cluster: {{existing: shop}}
network: {{vpc: vpc-0a1b2c3d, subnets: [subnet-0a1b2c3d]}}
services: {{worker: {{name: worker, image: 'w:1'{lines}}}}}
"
        );
        let stack = stack::parse("shop.yaml", &text).unwrap().stack;
        let found = Found {
            import: Import {
                logical_id: "WorkerService".to_owned(),
                resource_type: types::SERVICE.to_owned(),
                identifier: BTreeMap::new(),
            },
            live: object(live.clone()),
        };
        let next = template::synthesize(&stack)?;
        let (written, _) = write_template(next, json!({ "Resources": {} }), &[found])?;
        Ok(written["Resources"]["WorkerService"]["Properties"].clone())
    }

    #[test]
    fn a_service_on_instances_keeps_them_with_named_providers_only() {
        const PROVIDERS: &str = ", capacity: {providers: [{name: graviton}]}";
        let network = json!({ "AwsvpcConfiguration": { "Subnets": ["subnet-0a1b2c3d"] } });
        let live = json!({ "LaunchType": "EC2", "NetworkConfiguration": network });
        let refused = import("", &live).unwrap_err();
        assert_eq!(refused.kind(), crate::Kind::Refused);
        assert!(
            refused.hints()[0].contains("capacity: {providers"),
            "{refused:?}"
        );
        let written = import(PROVIDERS, &live).unwrap();
        assert_eq!(written["NetworkConfiguration"], network);
        assert!(written["LaunchType"].is_null());
        // The network mode `bridge`, which the definition can't keep.
        assert!(import(PROVIDERS, &json!({ "LaunchType": "EC2" })).is_err());
        let on_fargate = json!({ "LaunchType": "FARGATE", "NetworkConfiguration": network });
        assert_eq!(import("", &on_fargate).unwrap()["LaunchType"], "FARGATE");
        let on_spot = import(", capacity: {spot: 100%}", &on_fargate).unwrap();
        assert!(on_spot["LaunchType"].is_null());
        assert!(import(PROVIDERS, &on_fargate).is_err());
    }
}
