//! One property at a time.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use template::contract::types;

use crate::finding::Problem;

use super::super::compare::{compare, is_same};
use super::super::intended::Intended;
use super::super::live::Live;
use super::{findings, intend_all};

fn part(kind: &str, properties: Value) -> Intended {
    let Value::Object(properties) = properties else {
        panic!("no object")
    };
    Intended {
        lately: None,
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
fn what_looks_alike_is_different() {
    let different = [
        (json!(["a", "b"]), json!(["a", "c"])),
        (json!(["a"]), json!(["a", "b"])),
        (json!(["a", "b"]), json!(["a"])),
        (json!([{ "a": 1 }]), json!({ "a": 1 })),
        (json!({ "a": 1 }), json!([{ "a": 1 }])),
        (json!("1"), json!("2")),
        (json!("{\"a\":1}"), json!("{\"a\":1,\"b\":2}")),
        (json!("{\"a\":1,\"b\":2}"), json!("{\"a\":1}")),
    ];
    for (template, service) in different {
        assert!(!is_same(&template, &service), "{template}");
    }
    assert!(is_same(&json!("1.0"), &json!("1")));
    // An unresolved function could have any value.
    let unresolved = json!({ "Ref": "Elsewhere" });
    assert!(is_same(&unresolved, &json!("a")) && is_same(&json!("a"), &unresolved));
}

#[test]
fn a_policy_is_compared_as_a_whole() {
    let added = |property: &str, template: Value, service: Value| {
        problems(
            "Any",
            json!({ property: template }),
            json!({ property: service }),
        )
        .len()
    };
    let (one, two) = (json!({ "a": [1] }), json!({ "a": [1], "b": [2] }));
    assert_eq!(added("FilterPolicy", one.clone(), two.clone()), 1);
    assert_eq!(added("Policies", json!([one]), json!([two])), 1);
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
fn pauses_and_the_current_count_are_no_drift() {
    let bounds = json!({
        "MinCapacity": 1,
        "MaxCapacity": 20,
        "SuspendedState": { "DynamicScalingInSuspended": false },
    });
    let paused = json!({ "MinCapacity": 1, "MaxCapacity": 20, "SuspendedState": { "DynamicScalingInSuspended": true } });
    assert_eq!(problems(types::SCALABLE_TARGET, bounds.clone(), paused), []);
    let by_hand = json!({ "MinCapacity": 4, "MaxCapacity": 5 });
    assert_eq!(problems(types::SCALABLE_TARGET, bounds, by_hand).len(), 2);
    let count = problems(
        types::SERVICE,
        json!({ "DesiredCount": 2 }),
        json!({ "DesiredCount": 9 }),
    );
    assert_eq!(count, []);
}

/// The tests' time is Monday, 2026-11-30, 07:00Z: 08:00 in Berlin.
#[test]
fn a_scheduled_target_is_to_have_the_bounds_that_hold_now() {
    let template = |when: &str| {
        let text = format!(
            "name: a\nnotify: [ops@example.com]\nqueues: {{q: {{}}}}\nservices:\n  w:\n    existing: c/w\n    consumes: [q]\n    tasks: {{min: 1, max: 9, schedule: [{{when: {when}, timezone: Europe/Berlin, min: 3, max: 20}}]}}\n    scaling: {{backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s}}}}\n"
        );
        let stack = stack::parse("a.yaml", &text).unwrap().stack;
        template::synthesize(&stack).unwrap().to_json().clone()
    };
    let target = |when: &str| {
        let all = intend_all(&template(when));
        let is_it = |one: &Intended| one.resource_type == types::SCALABLE_TARGET;
        all.into_iter().find(is_it).unwrap()
    };
    let bounds = |one: &Intended| {
        let of = |name: &str| one.properties[name].as_i64().unwrap();
        (of("MinCapacity"), of("MaxCapacity"))
    };
    let starts = target("Mon 08:00-18:00");
    assert_eq!(bounds(&starts), (3, 20));
    let lately = starts.lately.unwrap();
    assert_eq!((lately.min(), lately.max()), (1, 9));
    let ends = target("Mon 04:00-08:00");
    assert_eq!(bounds(&ends), (1, 9));
    assert_eq!(ends.lately.unwrap().min(), 3);
    assert_eq!(bounds(&target("Tue 08:00-18:00")), (1, 9));
    let live = json!({ "MinCapacity": 1, "MaxCapacity": 20 });
    assert_eq!(findings(&starts, self::live(live)).len(), 1);
}

#[test]
fn defaults_that_scaling_rests_on_are_expected_though_the_template_leaves_them_out() {
    let template = json!({ "Resources": {
        "Alarm": { "Type": types::ALARM, "Properties": {} },
        "Queue": { "Type": types::QUEUE },
        "Rule": { "Type": types::RULE },
        "Policy": { "Type": types::SCALING_POLICY, "Properties": {
            "TargetTrackingScalingPolicyConfiguration": { "TargetValue": 100 },
        }},
    }});
    let off = json!({
        "ActionsEnabled": false,
        "DelaySeconds": "900",
        "State": "DISABLED",
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
    assert_eq!(ids, BTreeSet::from(["Alarm", "Policy", "Queue", "Rule"]));
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
