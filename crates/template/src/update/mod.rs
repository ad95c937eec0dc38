//! The parts that a new template takes over from the deployed one, so that the update replaces nothing
//! unnecessarily and leaves nothing behind that only an explicit value removes.

mod service;

use serde_json::{Map, Value, json};

use crate::builder::Template;
use crate::contract::{keep_mark, keep_policies, types};
use crate::error::SynthesisError;
use crate::names;
use crate::resources::function_network;

type Resources = Map<String, Value>;

impl Template {
    /// Adapts this template to the deployed one:
    /// - services with a launch type keep it, and subnets keep their zone, because a change would replace them;
    /// - a changed capacity provider strategy starts a deployment, which ECS doesn't do automatically;
    /// - Container Insights that the deployed template turned on is turned off, because ECS keeps a missing
    ///   setting;
    /// - `exec` that the deployed template turned on is turned off, and metrics every 20 s return to every minute,
    ///   for the same reason;
    /// - Service Connect and alarms of deployments are turned off, for the same reason;
    /// - access logs and deletion protection of a load balancer are turned off, for the same reason;
    /// - for the same reason, a removed filter of a subscription is emptied, a function leaves its VPC and is no
    ///   longer traced, and a queue's attributes return to their defaults;
    /// - an imported resource keeps its mark, so that it stays in AWS when it leaves the stack, and so does its policy.
    ///
    /// # Errors
    /// If a service moves between Fargate and EC2 instances, if a load balancer moves to another VPC, if a new
    /// resource needs the name of a deployed one, or if the template gets too long.
    pub fn adapt_to(self, deployed: &Value) -> Result<Self, SynthesisError> {
        let Some(old) = deployed.get("Resources").and_then(Value::as_object) else {
            return Ok(self);
        };
        let (mut document, parameters, objects) = self.into_parts();
        if let Some(new) = document.get_mut("Resources").and_then(Value::as_object_mut) {
            for (id, resource) in new.iter_mut() {
                let before = old.get(id).filter(|before| kind(before) == kind(resource));
                if let Some(before) = before {
                    keep_mark(resource, before);
                }
                let Some(before) = before.and_then(|before| before.get("Properties")).cloned()
                else {
                    continue;
                };
                adapt_resource(id, resource, &before)?;
            }
            keep_policies(new);
            refuse_taken_names(new, old)?;
            remove_needless_association(new, old);
        }
        Self::from_document(document, parameters, objects)
    }
}

/// How long a queue keeps messages by default, in seconds. Source: Amazon SQS API, `CreateQueue`.
const DEFAULT_RETENTION: u64 = 4 * 86_400;

impl Template {
    /// Lists the queues whose messages are deleted earlier than with the deployed template, by logical ID.
    #[must_use]
    pub fn list_shortened_queues(&self, deployed: &Value) -> Vec<String> {
        let retention = |queue: &Value| {
            let seconds = queue.pointer("/Properties/MessageRetentionPeriod");
            seconds.and_then(Value::as_u64).unwrap_or(DEFAULT_RETENTION)
        };
        let is_queue = |queue: &Value| kind(queue) == Some(types::QUEUE);
        let is_shortened = |id: &str| {
            let queues = [deployed, self.to_json()].map(|template| &template["Resources"][id]);
            queues.iter().all(|queue| is_queue(queue))
                && retention(queues[1]) < retention(queues[0])
        };
        let ids = self.resources().map(|(id, _)| id);
        ids.filter(|id| is_shortened(id))
            .map(str::to_owned)
            .collect()
    }
}

/// Properties that only one resource of a type can have. A scalable target is the only one for the count of a
/// service.
const UNIQUE: [(&str, &[&str]); 3] = [
    (types::QUEUE, &["QueueName"]),
    (types::SERVICE, &["Cluster", "ServiceName"]),
    (types::SCALABLE_TARGET, &["ResourceId"]),
];

/// CloudFormation creates first and deletes last. If a key of the definition is renamed, but its resource isn't,
/// the creation fails, or the deletion affects the new resource.
fn refuse_taken_names(new: &Resources, old: &Resources) -> Result<(), SynthesisError> {
    for (id, resource) in new.iter().filter(|(id, _)| !old.contains_key(*id)) {
        let Some(identity) = identity(resource) else {
            continue;
        };
        let is_same = |other: &&Value| identity_is(other, resource, &identity);
        let taken = old.iter().find(|(_, other)| is_same(other));
        if let Some((other, _)) = taken {
            return Err(SynthesisError::NameTaken {
                id: id.clone(),
                other: other.clone(),
            });
        }
    }
    Ok(())
}

fn identity_is(other: &Value, resource: &Value, expected: &[&Value]) -> bool {
    kind(other) == kind(resource) && identity(other).as_deref() == Some(expected)
}

/// The values of the unique properties. `None` if AWS generates one of them.
fn identity(resource: &Value) -> Option<Vec<&Value>> {
    let (_, properties) = UNIQUE.iter().find(|(of, _)| kind(resource) == Some(of))?;
    let values = resource.get("Properties")?;
    properties.iter().map(|name| values.get(name)).collect()
}

fn kind(resource: &Value) -> Option<&str> {
    resource.get("Type").and_then(Value::as_str)
}

fn adapt_resource(id: &str, resource: &mut Value, before: &Value) -> Result<(), SynthesisError> {
    match kind(resource) {
        Some(types::SERVICE) => service::adapt(id, resource, before)?,
        Some(types::CLUSTER) => disable_insights(resource, before),
        Some("AWS::EC2::Subnet") => keep_zone(resource, before),
        Some(types::SUBSCRIPTION) => reset_filter(resource, before),
        Some(types::LOAD_BALANCER) => reset_attributes(resource, before),
        Some(types::QUEUE) => reset_queue(resource, before),
        Some(types::SCALABLE_TARGET) => end_schedule(resource, before),
        Some(types::FUNCTION) => function_network::reset(resource, before),
        Some(types::TARGET_GROUP) => stay_in_vpc(id, resource, before)?,
        _ => {}
    }
    Ok(())
}

fn properties(resource: &mut Value) -> Option<&mut Map<String, Value>> {
    resource.get_mut("Properties")?.as_object_mut()
}

/// Removes the association of providers that no service uses, unless it is already deployed.
fn remove_needless_association(new: &mut Resources, old: &Resources) {
    let is_used = new.values().any(|resource| {
        resource
            .pointer("/Properties/CapacityProviderStrategy")
            .is_some()
    });
    if !is_used && !old.contains_key(names::CAPACITY_PROVIDERS) {
        new.remove(names::CAPACITY_PROVIDERS);
    }
}

fn disable_insights(resource: &mut Value, before: &Value) {
    const SETTINGS: &str = "ClusterSettings";
    if let (Some(cluster), true) = (properties(resource), before.get(SETTINGS).is_some()) {
        let disabled = json!([{ "Name": "containerInsights", "Value": "disabled" }]);
        cluster.entry(SETTINGS).or_insert(disabled);
    }
}

/// SNS removes a filter policy if it is set to `{}`, and message attributes are the default scope. Source: Amazon
/// SNS Developer Guide, "Removing a subscription filter policy".
fn reset_filter(resource: &mut Value, before: &Value) {
    let Some(subscription) = properties(resource) else {
        return;
    };
    if before.get("FilterPolicy").is_some() {
        let entry = subscription.entry("FilterPolicy");
        entry.or_insert_with(|| json!({}));
    }
    if before.get("FilterPolicyScope").is_some() {
        let entry = subscription.entry("FilterPolicyScope");
        entry.or_insert_with(|| "MessageAttributes".into());
    }
}

/// A load balancer keeps the attributes that an update doesn't name.
/// Source: Elastic Load Balancing API, `ModifyLoadBalancerAttributes`.
fn reset_attributes(resource: &mut Value, before: &Value) {
    const ATTRIBUTES: &str = "LoadBalancerAttributes";
    const SWITCHES: [&str; 2] = ["access_logs.s3.enabled", "deletion_protection.enabled"];
    let has = |list: &Value, key: &str| {
        let mut items = list.as_array().into_iter().flatten();
        items.any(|item| item.get("Key").and_then(Value::as_str) == Some(key))
    };
    let Some(new) = properties(resource).and_then(|balancer| balancer.get_mut(ATTRIBUTES)) else {
        return;
    };
    let old = before.get(ATTRIBUTES).unwrap_or(&Value::Null);
    let gone = SWITCHES.into_iter().filter(|key| has(old, key));
    let gone: Vec<&str> = gone.filter(|key| !has(new, key)).collect();
    if let Value::Array(list) = new {
        list.extend(
            gone.iter()
                .map(|key| json!({ "Key": key, "Value": "false" })),
        );
    }
}

/// Attributes of a queue whose kind hasn't changed. Source: Amazon SQS API, `SetQueueAttributes`.
fn reset_queue(resource: &mut Value, before: &Value) {
    let defaults = [
        ("DelaySeconds", json!(0)),
        ("ContentBasedDeduplication", json!(false)),
        ("DeduplicationScope", json!("queue")),
        ("FifoThroughputLimit", json!("perQueue")),
    ];
    let Some(queue) = properties(resource).filter(|queue| queue.get(FIFO) == before.get(FIFO))
    else {
        return;
    };
    for (name, default) in defaults {
        if before.get(name).is_some() {
            queue.entry(name).or_insert(default);
        }
    }
}

/// CloudFormation doesn't document the effect on scheduled actions that a template no longer contains, but an empty
/// list is clear.
fn end_schedule(resource: &mut Value, before: &Value) {
    const ACTIONS: &str = "ScheduledActions";
    if let Some(target) = properties(resource)
        && before.get(ACTIONS).is_some()
    {
        target.entry(ACTIONS).or_insert_with(|| json!([]));
    }
}

const FIFO: &str = "FifoQueue";

/// A target group moves to another VPC by replacement, but its load balancer can't: ELB accepts only subnets and
/// security groups of the VPC in which it was created. Source: Elastic Load Balancing API, `SetSubnets`.
fn stay_in_vpc(id: &str, resource: &Value, before: &Value) -> Result<(), SynthesisError> {
    if resource.pointer("/Properties/VpcId") == before.get("VpcId") {
        return Ok(());
    }
    Err(SynthesisError::LoadBalancerMoves { id: id.to_owned() })
}

fn keep_zone(resource: &mut Value, before: &Value) {
    const KEYS: [&str; 2] = ["AvailabilityZone", "AvailabilityZoneId"];
    if let Some(subnet) = properties(resource) {
        for key in KEYS {
            match before.get(key) {
                Some(zone) => subnet.insert(key.into(), zone.clone()),
                None => subnet.remove(key),
            };
        }
    }
}
