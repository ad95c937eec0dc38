//! Resources that outlive their stack: those that it imported, and those that `overrides` add with `DeletionPolicy: Retain`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::policy::REFUSE_PLAIN_HTTP;

/// The attributes that decide what happens to a resource that leaves its stack, or is replaced.
const POLICIES: [&str; 2] = ["DeletionPolicy", "UpdateReplacePolicy"];
const RETAIN: &str = "Retain";
const METADATA: &str = "Metadata";
const IMPORTED: &str = "EcsScalerImported";

/// Properties that a stack changes to parts of its own, which are deleted with it.
const RECORDED: [&str; 2] = ["RedrivePolicy", "TaskDefinition"];
/// A queue's policy. In a template, it is a resource of its own.
const POLICY: &str = "Policy";

/// Marks an imported resource of a template: it stays in AWS if it leaves the stack, or if the stack is deleted. The metadata
/// keep the task definition that a service ran, and the redrive policy and the policy that a queue had. `policy`: the
/// document as text.
pub fn mark_imported(resource: &mut Value, policy: Option<&str>) {
    let properties = resource["Properties"].as_object().into_iter().flatten();
    let recorded = properties.filter(|(name, _)| RECORDED.contains(&name.as_str()));
    let recorded = recorded.map(|(name, value)| (name.clone(), value.clone()));
    let policy = policy.map(|policy| (POLICY.to_owned(), policy.into()));
    let recorded: Map<String, Value> = recorded.chain(policy).collect();
    mark(resource, recorded.into());
}

/// Marks a resource as imported if the deployed one is.
pub(crate) fn keep_mark(resource: &mut Value, deployed: &Value) {
    if let Some(recorded) = deployed[METADATA].get(IMPORTED) {
        mark(resource, recorded.clone());
    }
}

fn mark(resource: &mut Value, recorded: Value) {
    if let Some(map) = resource.as_object_mut() {
        map.insert(METADATA.to_owned(), json!({ IMPORTED: recorded }));
        retain(map);
    }
}

fn retain(resource: &mut Map<String, Value>) {
    for policy in POLICIES {
        resource.insert(policy.to_owned(), RETAIN.into());
    }
}

/// Lets CloudFormation leave an imported queue its policy when the stack's part is deleted. Otherwise, the queue would have
/// none until it has the one that it had before the import, and would refuse senders meanwhile.
pub(crate) fn keep_policies(resources: &mut Map<String, Value>) {
    let imported = resources.iter().filter(|(_, one)| is_imported(one));
    let imported: Vec<Value> = imported.map(|(id, _)| json!([{ "Ref": id }])).collect();
    for resource in resources.values_mut().filter_map(Value::as_object_mut) {
        let queues = resource.get("Properties").and_then(|all| all.get("Queues"));
        if queues.is_some_and(|queues| imported.contains(queues)) {
            retain(resource);
        }
    }
}

/// Whether a resource of a template was imported.
#[must_use]
pub fn is_imported(resource: &Value) -> bool {
    !resource[METADATA][IMPORTED].is_null()
}

/// Whether a queue's policy, as text, is one that a stack wrote.
#[must_use]
pub fn is_stack_policy(policy: &str) -> bool {
    let policy: Value = serde_json::from_str(policy).unwrap_or_default();
    let mut statements = policy["Statement"].as_array().into_iter().flatten();
    statements.any(|statement| statement["Sid"] == REFUSE_PLAIN_HTTP)
}

/// Lists the resources of a template that stay in AWS if they leave the stack, by logical ID.
#[must_use]
pub fn list_retained(template: &Value) -> BTreeSet<String> {
    let resources = template["Resources"].as_object().into_iter().flatten();
    // `RetainExceptOnCreate` is the same for every stack that was created.
    let stays = |policy: &str| policy.starts_with(RETAIN);
    let retained =
        resources.filter(|(_, resource)| resource["DeletionPolicy"].as_str().is_some_and(stays));
    retained.map(|(id, _)| id.clone()).collect()
}

/// A property that an imported resource had: `TaskDefinition`, `RedrivePolicy`, or, as text, a queue's `Policy`.
#[must_use]
pub fn read_imported<'t>(resource: &'t Value, property: &str) -> Option<&'t Value> {
    resource[METADATA][IMPORTED].get(property)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::refuse_plain_http;

    #[test]
    fn a_mark_stays_with_an_imported_resource() {
        let mut imported =
            json!({ "Properties": { "TaskDefinition": "arn:aws:ecs:task:7", "Cluster": "shop" } });
        mark_imported(&mut imported, None);
        let mut next = json!({ "Properties": { "TaskDefinition": { "Ref": "Task" } } });
        keep_mark(&mut next, &imported);
        let ran = json!("arn:aws:ecs:task:7");
        assert_eq!(read_imported(&next, "TaskDefinition"), Some(&ran));
        assert_eq!(read_imported(&next, "Cluster"), None);
        let template = json!({ "Resources": { "Service": next, "Queue": { "DeletionPolicy": "Delete" },
                "Table": { "DeletionPolicy": "RetainExceptOnCreate" } } });
        let retained = BTreeSet::from(["Service".to_owned(), "Table".to_owned()]);
        assert_eq!(list_retained(&template), retained);
        assert!(is_imported(&next));
        let mut other = json!({});
        let deployed = json!({ "DeletionPolicy": "Retain", "Metadata": { "Team": "a" } });
        keep_mark(&mut other, &deployed);
        assert_eq!(other, json!({}));
    }

    #[test]
    fn the_policy_of_an_imported_queue_stays_with_it() {
        let mut imported = json!({ "Type": "AWS::SQS::Queue" });
        mark_imported(&mut imported, Some(r#"{"Statement":[]}"#));
        let before = read_imported(&imported, "Policy");
        assert_eq!(before, Some(&json!(r#"{"Statement":[]}"#)));
        let policy = |queue: &str| json!({ "Properties": { "Queues": [{ "Ref": queue }] } });
        let mut template = json!({
            "Orders": imported, "OrdersPolicy": policy("Orders"),
            "Mails": { "Type": "AWS::SQS::Queue" }, "MailsPolicy": policy("Mails"),
        });
        keep_policies(template.as_object_mut().unwrap());
        assert_eq!(template["OrdersPolicy"]["DeletionPolicy"], "Retain");
        assert_eq!(template["MailsPolicy"], policy("Mails"));
    }

    #[test]
    fn a_policy_of_a_stack_is_recognized() {
        let ours = json!({ "Statement": [refuse_plain_http("sqs:*", "arn")] });
        assert!(is_stack_policy(&ours.to_string()));
        for other in [
            "",
            "{}",
            r#"{"Statement":[{"Sid":"Mine"}]}"#,
            r#"{"Statement":"no"}"#,
        ] {
            assert!(!is_stack_policy(other), "{other}");
        }
    }
}
