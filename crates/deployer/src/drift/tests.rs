//! The comparison alone, over templates as they are deployed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value, json};
use template::contract::types;

use crate::observe::Observed;
use crate::resource::Resource;
use crate::status::Status;

use super::compare::compare;
use super::intended::{Deployed, Intended, intend};
use super::intrinsics::is_unresolved;
use super::live::Live;
use super::{Finding, Problem};

const STACK: &str = "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/5a0b-1-2-3";

fn observed() -> Observed {
    Observed {
        id: STACK.to_owned(),
        status: Status::Ready { rolled_back: false },
        status_name: "UPDATE_COMPLETE".to_owned(),
        reason: None,
        termination_protection: false,
        name: "shop".to_owned(),
        mark: None,
        parameters: BTreeMap::from([("SerializeScaling".to_owned(), "true".to_owned())]),
        outputs: BTreeMap::new(),
    }
}

/// What AWS would call a resource.
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
        stack: &stack,
        resources: &resources,
        template,
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

const SHIPPED: [&str; 5] = [
    "existing-service.yaml",
    "fan-out.yaml",
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

/// Every property that a template sets, of every resource: another value is found, and no value is none.
#[test]
fn each_property_with_another_value_is_a_finding_and_one_that_is_not_returned_is_none() {
    for file in SHIPPED {
        for one in shipped(file) {
            for (property, value) in &one.properties {
                if is_unresolved(value) || property == "DesiredCount" {
                    continue;
                }
                let mut properties = one.properties.clone();
                properties.insert(property.clone(), json!("changed by hand"));
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

fn part(kind: &str, properties: Value) -> Intended {
    let Value::Object(properties) = properties else {
        panic!("no object")
    };
    Intended {
        logical_id: "Part".to_owned(),
        resource_type: kind.to_owned(),
        physical_id: "part".to_owned(),
        properties,
    }
}

fn live(properties: Value) -> Live {
    let properties: Map<String, Value> = serde_json::from_value(properties).unwrap();
    Live::Found(properties)
}

fn problems(kind: &str, template: Value, service: Value) -> Vec<Problem> {
    let findings = findings(&part(kind, template), live(service));
    findings
        .into_iter()
        .map(|finding| finding.problem)
        .collect()
}

#[test]
fn services_spell_the_same_value_in_their_own_way() {
    let same = [
        (
            json!({ "VisibilityTimeout": 120 }),
            json!({ "VisibilityTimeout": "120" }),
        ),
        (
            json!({ "SqsManagedSseEnabled": true }),
            json!({ "SqsManagedSseEnabled": "true" }),
        ),
        (json!({ "Threshold": 600 }), json!({ "Threshold": 600.0 })),
        (
            json!({ "RedrivePolicy": { "maxReceiveCount": 5 } }),
            json!({ "RedrivePolicy": "{\"maxReceiveCount\":\"5\"}" }),
        ),
        (
            json!({ "Targets": [{ "Id": "1", "Input": "{\"a\":1}" }] }),
            json!({ "Targets": [{ "Input": "{ \"a\": 1 }", "Id": "1" }] }),
        ),
        (
            json!({ "Dimensions": [{ "Name": "A" }, { "Name": "B" }] }),
            json!({ "Dimensions": [{ "Name": "B" }, { "Name": "A" }] }),
        ),
        (
            json!({ "PolicyDocument": { "Action": ["sqs:SendMessage"] } }),
            json!({ "PolicyDocument": { "Action": "sqs:SendMessage" } }),
        ),
    ];
    for (template, service) in same {
        assert_eq!(
            problems(types::QUEUE, template.clone(), service),
            [],
            "{template}"
        );
    }
}

#[test]
fn an_addition_to_a_policy_is_a_difference_and_an_addition_to_an_environment_is_none() {
    let template = json!({ "PolicyDocument": { "Action": "sqs:*" } });
    let narrowed = json!({ "PolicyDocument": { "Action": "sqs:*", "Condition": {} } });
    assert_eq!(
        problems("AWS::SQS::QueuePolicy", template, narrowed).len(),
        1
    );
    let template = json!({ "Environment": { "Variables": { "SCALING_POLICY": "{\"min\":1}" } } });
    let more = json!({ "Environment": { "Variables": { "SCALING_POLICY": "{\"min\":1}", "RUST_LOG": "debug" } } });
    assert_eq!(problems(types::FUNCTION, template.clone(), more), []);
    let gone = json!({ "Environment": { "Variables": {} } });
    let expected = Problem::Different {
        property: "Environment.Variables.SCALING_POLICY".to_owned(),
        expected: json!("{\"min\":1}"),
        found: Value::Null,
    };
    assert_eq!(problems(types::FUNCTION, template, gone), [expected]);
}

#[test]
fn a_switch_is_disabled_and_not_only_different() {
    let disabled = |property: &str| {
        [Problem::Disabled {
            property: property.to_owned(),
        }]
    };
    let rule = problems(
        types::RULE,
        json!({ "State": "ENABLED" }),
        json!({ "State": "DISABLED" }),
    );
    assert_eq!(rule, disabled("State"));
    let alarm = problems(
        types::ALARM,
        json!({ "ActionsEnabled": true }),
        json!({ "ActionsEnabled": false }),
    );
    assert_eq!(alarm, disabled("ActionsEnabled"));
    for template in [json!({}), json!({ "ReservedConcurrentExecutions": 1 })] {
        let off = json!({ "ReservedConcurrentExecutions": 0 });
        assert_eq!(
            problems(types::FUNCTION, template, off),
            disabled("ReservedConcurrentExecutions")
        );
    }
    let raised = json!({ "ReservedConcurrentExecutions": 5 });
    assert_eq!(problems(types::FUNCTION, json!({}), raised), []);
}

#[test]
fn schedules_pauses_and_the_current_count_are_no_drift() {
    let bounds = json!({
        "MinCapacity": 1,
        "MaxCapacity": 20,
        "SuspendedState": { "DynamicScalingInSuspended": false },
        "ScheduledActions": [{ "ScalableTargetAction": { "MinCapacity": 5 } }],
    });
    let at_night = json!({ "MinCapacity": 5, "MaxCapacity": 20, "SuspendedState": { "DynamicScalingInSuspended": true } });
    assert_eq!(
        problems(types::SCALABLE_TARGET, bounds.clone(), at_night),
        []
    );
    let by_hand = json!({ "MinCapacity": 4, "MaxCapacity": 5 });
    assert_eq!(problems(types::SCALABLE_TARGET, bounds, by_hand).len(), 2);
    let count = problems(
        types::SERVICE,
        json!({ "DesiredCount": 2 }),
        json!({ "DesiredCount": 9 }),
    );
    assert_eq!(count, []);
}

#[test]
fn defaults_that_scaling_rests_on_are_expected_though_the_template_leaves_them_out() {
    let template = json!({ "Resources": {
        "Alarm": { "Type": types::ALARM, "Properties": {} },
        "Queue": { "Type": types::QUEUE },
        "Policy": { "Type": types::SCALING_POLICY, "Properties": {
            "TargetTrackingScalingPolicyConfiguration": { "TargetValue": 100 },
        }},
    }});
    let off = json!({
        "ActionsEnabled": false,
        "DelaySeconds": "900",
        "TargetTrackingScalingPolicyConfiguration": { "TargetValue": 100.0, "DisableScaleIn": true },
    });
    let all = intend_all(&template);
    let pairs: Vec<_> = all
        .into_iter()
        .map(|one| (one, live(off.clone())))
        .collect();
    let drift = compare(&pairs);
    let ids: BTreeSet<&str> = drift
        .findings
        .iter()
        .map(|finding| finding.logical_id.as_str())
        .collect();
    assert_eq!(ids, BTreeSet::from(["Alarm", "Policy", "Queue"]));
}

#[test]
fn a_part_that_may_not_be_read_is_unchecked_and_no_finding() {
    let rule = part(types::RULE, json!({}));
    let denied = Live::Unchecked("not authorized".to_owned());
    let drift = compare(&[(rule.clone(), denied), (rule, Live::Missing)]);
    assert_eq!(drift.findings.len(), 1);
    assert_eq!(drift.findings[0].problem, Problem::Missing);
    assert_eq!(drift.unchecked[0].reason, "not authorized");
}
