//! Tests of the comparison, with deployed templates.

mod properties;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use template::contract::types;

use crate::observe::Observed;
use crate::resource::Resource;
use crate::status::Status;

use super::compare::compare;
use super::intended::{Deployed, Intended, intend};
use super::intrinsics::is_unresolved;
use super::live::Live;
use crate::finding::Finding;

const STACK: &str = "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/5a0b-1-2-3";

fn observed() -> Observed {
    Observed {
        id: STACK.to_owned(),
        status: Status::Ready { rolled_back: false },
        status_name: "UPDATE_COMPLETE".to_owned(),
        reason: None,
        termination_protection: false,
        name: "shop".to_owned(),
        tags: BTreeMap::new(),
        parameters: BTreeMap::from([("SerializeScaling".to_owned(), "true".to_owned())]),
        outputs: BTreeMap::new(),
    }
}

/// The ID that AWS would assign to a resource.
fn physical_id(kind: &str, id: &str) -> String {
    match kind {
        types::QUEUE => format!("https://sqs.us-west-2.amazonaws.com/111122223333/{id}"),
        types::SERVICE => format!("arn:aws:ecs:us-west-2:111122223333:service/cluster/{id}"),
        types::TOPIC => format!("arn:aws:sns:us-west-2:111122223333:{id}"),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => {
            format!(
                "arn:aws:elasticloadbalancing:us-west-2:111122223333:loadbalancer/app/{id}/50dc"
            )
        }
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            format!("arn:aws:elasticloadbalancing:us-west-2:111122223333:targetgroup/{id}/73e2")
        }
        _ => format!("shop-{id}-1"),
    }
}

fn intend_all(template: &Value) -> Vec<Intended> {
    let section = template["Resources"].as_object().unwrap();
    let resources: Vec<Resource> = section
        .iter()
        .map(|(id, resource)| {
            let kind = resource["Type"].as_str().unwrap();
            Resource {
                resource_type: kind.to_owned(),
                logical_id: id.clone(),
                physical_id: physical_id(kind, id),
                status: "CREATE_COMPLETE".to_owned(),
            }
        })
        .collect();
    let stack = observed();
    let deployed = Deployed {
        is_aws: true,
        stack: &stack,
        resources: &resources,
        template,
        now: Duration::from_secs(1_796_022_000),
    };
    intend(&deployed, &BTreeMap::new())
}

fn shipped(file: &str) -> Vec<Intended> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../stacks")
        .join(file);
    let stack = stack::load(&path).unwrap().stack;
    intend_all(template::synthesize(&stack).unwrap().to_json())
}

const SHIPPED: [&str; 6] = [
    "existing-service.yaml",
    "fan-out.yaml",
    "image-resizer.yaml",
    "sample-webapp.yaml",
    "voucher-worker-demand.yaml",
    "voucher-worker.yaml",
];

fn found(intended: &Intended) -> Live {
    Live::Found(intended.properties.clone())
}

fn findings(intended: &Intended, live: Live) -> Vec<Finding> {
    compare(&[(intended.clone(), live)]).findings
}

#[test]
fn a_stack_as_it_was_deployed_has_no_drift() {
    for file in SHIPPED {
        let pairs: Vec<_> = shipped(file)
            .into_iter()
            .map(|one| (one.clone(), found(&one)))
            .collect();
        assert!(pairs.len() > 5);
        assert!(compare(&pairs).is_empty(), "{file}");
    }
}

/// For every property that a template sets on any resource: a different value is drift, a missing one isn't.
#[test]
fn each_property_with_another_value_is_a_finding_and_one_that_is_not_returned_is_none() {
    for file in SHIPPED {
        for one in shipped(file) {
            for (property, value) in &one.properties {
                if is_unresolved(value) || property == "DesiredCount" {
                    continue;
                }
                let mut properties = one.properties.clone();
                properties.insert(property.clone(), json!("a manual change"));
                let changed = findings(&one, Live::Found(properties.clone()));
                assert_eq!(changed.len(), 1, "{file} {} {property}", one.logical_id);
                properties.insert(property.clone(), Value::Null);
                let unset = findings(&one, Live::Found(properties.clone()));
                assert!(!unset.is_empty(), "{file} {} {property}", one.logical_id);
                properties.remove(property);
                assert_eq!(findings(&one, Live::Found(properties)), []);
            }
        }
    }
}

#[test]
fn what_scaling_rests_on_is_resolved_to_the_end() {
    let scaling = [
        types::RULE,
        types::ALARM,
        types::SCALABLE_TARGET,
        types::SCALING_POLICY,
        types::QUEUE,
        types::SUBSCRIPTION,
        "AWS::Lambda::Permission",
        "AWS::Lambda::EventInvokeConfig",
    ];
    for file in SHIPPED {
        for one in shipped(file)
            .iter()
            .filter(|one| scaling.contains(&one.resource_type.as_str()))
        {
            let text = Value::Object(one.properties.clone()).to_string();
            assert!(
                !text.contains("\"Ref\"") && !text.contains("Fn::"),
                "{file}: {text}"
            );
        }
    }
}

#[test]
fn references_and_functions_have_the_values_that_cloudformation_gives_them() {
    let template = json!({
        "Parameters": { "Size": { "Type": "String", "Default": "7" } },
        "Conditions": {
            "Serial": { "Fn::Equals": [{ "Ref": "SerializeScaling" }, "true"] },
            "Parallel": { "Fn::Not": [{ "Condition": "Serial" }] },
        },
        "Resources": {
            "Jobs": { "Type": types::QUEUE, "Properties": {} },
            "Rule": { "Type": types::RULE, "Properties": {} },
            "Role": { "Type": types::ROLE, "Properties": {
                "Url": { "Ref": "Jobs" },
                "Queue": { "Fn::GetAtt": ["Jobs", "Arn"] },
                "Rule": { "Fn::GetAtt": "Rule.Arn" },
                "Text": { "Fn::Sub": "${AWS::StackName}-${Jobs.QueueName}-${Size}-${!Kept}" },
                "Own": { "Fn::Sub": ["a-${Id}", { "Id": { "Fn::Select": [0, { "Fn::Split": ["-", {
                    "Fn::Select": [2, { "Fn::Split": ["/", { "Ref": "AWS::StackId" }] }] }] }] } }] },
                "Joined": { "Fn::Join": ["/", ["a", { "Ref": "AWS::Region" }]] },
                "One": { "Fn::If": ["Serial", 1, { "Ref": "AWS::NoValue" }] },
                "None": { "Fn::If": ["Parallel", 1, { "Ref": "AWS::NoValue" }] },
                "Unknown": { "Fn::GetAtt": ["Jobs", "Age"] },
                "Arn": { "Fn::GetAtt": ["Worker", "Arn"] },
            }},
            "Worker": { "Type": types::ROLE, "Properties": { "Path": "/workers/" } },
        },
    });
    let all = intend_all(&template);
    let role = all.iter().find(|one| one.logical_id == "Role").unwrap();
    assert_eq!(
        Value::Object(role.properties.clone()),
        json!({
            "Url": "https://sqs.us-west-2.amazonaws.com/111122223333/Jobs",
            "Queue": "arn:aws:sqs:us-west-2:111122223333:Jobs",
            "Rule": "arn:aws:events:us-west-2:111122223333:rule/shop-Rule-1",
            "Text": "shop-Jobs-7-${Kept}",
            "Own": "a-5a0b",
            "Joined": "a/us-west-2",
            "One": 1,
            "Unknown": { "Fn::GetAtt": ["Jobs", "Age"] },
            "Arn": "arn:aws:iam::111122223333:role/workers/shop-Worker-1",
        })
    );
}
