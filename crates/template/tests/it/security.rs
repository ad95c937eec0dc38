//! The protection of data and tasks from unauthorized access.

use serde_json::{Value, json};
use template::synthesize;

use crate::stacks;
use crate::templates::{listed, of_type, statements};

fn templates() -> Vec<(&'static str, Value)> {
    let all = stacks::all().into_iter();
    all.map(|(name, stack)| (name, synthesize(&stack).unwrap().to_json().clone()))
        .collect()
}

/// The `Deny` for requests without TLS, as AWS documents it for each of the two services.
#[test]
fn queues_and_topics_refuse_plain_http() {
    let mut seen = 0;
    for (name, template) in templates() {
        for (kind, list, action) in [
            ("AWS::SQS::QueuePolicy", "Queues", "sqs:*"),
            ("AWS::SNS::TopicPolicy", "Topics", "sns:Publish"),
        ] {
            for (id, policy) in of_type(&template, kind) {
                let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
                let mut denied = statements.iter().filter(|one| one["Effect"] == "Deny");
                let (deny, more) = (denied.next().unwrap(), denied.next());
                let insecure = json!({"Bool": {"aws:SecureTransport": "false"}});
                assert_eq!(deny["Condition"], insecure, "{name}: {id}");
                assert_eq!(
                    (&deny["Principal"], more),
                    (&json!("*"), None),
                    "{name}: {id}"
                );
                assert_eq!(deny["Action"], action, "{name}: {id}");
                assert_eq!(policy[list].as_array().unwrap().len(), 1);
                seen += 1;
            }
        }
    }
    assert!(seen > 100, "{seen}");
}

/// EC2 accepts these characters in a rule's description, and at most 255 of them. Source: Amazon EC2 API,
/// `IpRange$Description`.
#[test]
fn each_rule_of_a_security_group_has_a_description() {
    let mut seen = 0;
    let mut check = |rule: &Value| {
        let text = rule["Description"].as_str().unwrap_or_default();
        let valid = |letter: char| {
            letter.is_ascii_alphanumeric() || " ._-:/()#,@[]+=&;{}!$*".contains(letter)
        };
        assert!(
            (1..=255).contains(&text.len()) && text.chars().all(valid),
            "{rule}"
        );
        seen += 1;
    };
    for (_, template) in templates() {
        for (_, group) in of_type(&template, "AWS::EC2::SecurityGroup") {
            for list in ["SecurityGroupIngress", "SecurityGroupEgress"] {
                listed(&group[list])
                    .iter()
                    .filter(|rule| !rule.is_null())
                    .for_each(|rule| check(rule));
            }
        }
        for (_, rule) in of_type(&template, "AWS::EC2::SecurityGroupIngress") {
            check(rule);
        }
    }
    assert!(seen > 60, "{seen}");
}

#[test]
fn the_root_volume_of_each_instance_is_encrypted() {
    let mut seen = 0;
    for (name, template) in templates() {
        for (_, launch) in of_type(&template, "AWS::EC2::LaunchTemplate") {
            let volumes = &launch["LaunchTemplateData"]["BlockDeviceMappings"];
            let mut expected = json!([{"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": true, "DeleteOnTermination": true}}]);
            if name == "guarded" {
                let key =
                    "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d";
                expected[0]["Ebs"]["KmsKeyId"] = key.into();
            }
            assert_eq!(*volumes, expected, "{name}");
            seen += 1;
        }
    }
    assert!(seen > 2, "{seen}");
}

#[test]
fn tasks_decrypt_with_the_keys_of_their_queues_alone() {
    let template = synthesize(&stacks::everything()).unwrap();
    let decrypting = |role: &str| -> Vec<Value> {
        let all = statements(template.to_json(), role).into_iter();
        let named = all.filter(|one| one["Sid"] == "DecryptMessages");
        named.map(|one| one["Resource"].clone()).collect()
    };
    let own = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    assert_eq!(
        decrypting("WorkerTaskRole"),
        [json!([own, stacks::THEIR_KEY])]
    );
    assert!(decrypting("FixedTaskRole").is_empty());
}

/// Two services in one cluster, and two stacks in it, can't protect each other's tasks.
#[test]
fn a_task_protects_tasks_of_its_own_service_alone() {
    let stack = stacks::everything();
    let template = synthesize(&stack).unwrap();
    for (role, short) in [("WorkerTaskRole", "worker"), ("FixedTaskRole", "fixed")] {
        let all = statements(template.to_json(), role);
        let protect = all.iter().find(|one| one["Sid"] == "ProtectTask").unwrap();
        let condition = &protect["Condition"];
        assert_eq!(
            condition["StringEquals"],
            json!({"aws:ResourceTag/ecs-scaler:name": short})
        );
        assert_eq!(
            condition["StringEqualsIfExists"],
            json!({"aws:ResourceTag/ecs-scaler:stack": "everything"})
        );
        assert!(condition["ArnEquals"]["ecs:cluster"].is_object());
    }
    assert_eq!(template::names::NAME_TAG, "ecs-scaler:name");
    assert_eq!(template::contract::STACK_TAG, "ecs-scaler:stack");
    // The service has the tag, and its tasks inherit it.
    for (id, service) in of_type(template.to_json(), "AWS::ECS::Service") {
        assert_eq!(service["PropagateTags"], "SERVICE", "{id}");
        assert_eq!(service["Tags"][0]["Key"], template::names::NAME_TAG, "{id}");
    }
}

/// The log groups, the alarm topic, and the roles of a stack with keys and a path.
#[test]
fn keys_and_paths_are_everywhere() {
    let key = "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d";
    let mut stack = stacks::every_kind("keys", stack::Capacity::Fargate);
    stack.key = Some(key.into());
    stack.log_key = Some(key.into());
    stack.role_path = "/workers/".into();
    stack.notify = vec![stacks::email("ops@example.com")];
    let template = synthesize(&stack).unwrap();
    let all = |kind: &str, property: &str, value: &str| {
        let found = of_type(template.to_json(), kind);
        assert!(!found.is_empty(), "{kind}");
        for (id, properties) in found {
            assert_eq!(properties[property], value, "{id}");
        }
    };
    all("AWS::Logs::LogGroup", "KmsKeyId", key);
    all("AWS::SNS::Topic", "KmsMasterKeyId", key);
    all("AWS::IAM::Role", "Path", "/workers/");
    let permissions = template::permissions::Permissions::of(&stack).unwrap();
    let role = serde_json::to_string(&permissions.role).unwrap();
    assert!(role.contains(":role/workers/keys-"), "{role}");
    assert!(!role.contains(":role/keys-"), "{role}");
}
