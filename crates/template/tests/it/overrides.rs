//! Overrides: what they can change, and what they can't.

use std::path::PathBuf;

use serde_json::{Map, Value, json};
use stack::{Report, Stack};
use template::{SynthesisError, permissions, synthesize};

use crate::matrix::schemas::Schemas;
use crate::stacks;

/// A service with a load balancer and alarm steps.
fn shop() -> Stack {
    stacks::definition("stacks/sample-webapp")
}

fn overridden(patch: Value) -> Result<Value, String> {
    let mut stack = shop();
    stack.overrides = Some(patch);
    match synthesize(&stack) {
        Ok(template) => Ok(template.to_json().clone()),
        Err(SynthesisError::Overrides { problems }) => Err(list(&problems)),
        Err(other) => panic!("{other}"),
    }
}

/// A line for each problem, with its line in the definition if it has one.
fn list(report: &Report) -> String {
    let problems = report.problems().iter().map(|problem| {
        let lines = problem.labels().iter();
        let lines: String = lines.map(|label| format!("{}: ", label.line)).collect();
        let help = problem.help().map(|help| format!("; {help}"));
        format!("{lines}{}{}", problem.message(), help.unwrap_or_default())
    });
    problems.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_property_is_set_and_all_else_stays() {
    let mut expected = synthesize(&shop()).unwrap().to_json().clone();
    expected["Resources"]["SampleWebappService"]["Properties"]["AvailabilityZoneRebalancing"] =
        json!("ENABLED");
    let properties = json!({ "AvailabilityZoneRebalancing": "ENABLED" });
    let patch = json!({ "Resources": { "SampleWebappService": { "Properties": properties } } });
    assert_eq!(overridden(patch).unwrap(), expected);
}

#[test]
fn resources_outputs_and_conditions_are_added() {
    let table = json!({ "Type": "AWS::DynamoDB::Table", "Condition": "IsBig", "Properties": { "BillingMode": "PAY_PER_REQUEST" } });
    let output = json!({ "Value": { "Ref": "Vouchers" } });
    let condition = json!({ "Fn::Equals": [{ "Ref": "AWS::Region" }, "us-west-2"] });
    let patch = json!({
        "Resources": { "Vouchers": table },
        "Outputs": { "VouchersTable": output },
        "Conditions": { "IsBig": condition },
    });
    let template = overridden(patch).unwrap();
    assert_eq!(template["Resources"]["Vouchers"], table);
    assert_eq!(template["Outputs"]["VouchersTable"], output);
    assert_eq!(template["Conditions"]["IsBig"], condition);
}

#[test]
fn each_problem_says_its_path_and_what_is_nearest() {
    let patch = json!({
        "Resources": {
            "SampleWebappServce": { "Properties": {} },
            "SampleWebappService": { "Properties": { "AvailabilityZoneRebalncing": "ENABLED" } },
            "SampleWebappTaskDefinition": { "Properties": { "RuntimePlatform": { "CpuArchitectur": "ARM64" } }, "Propertys": {} },
            "SampleWebappTargetGroup": { "Properties": { "HealthCheckPort": null, "VpcId": { "Fn::ImportValue": "vpc" } } },
            "Extra": { "Type": "AWS::SQS::Queue", "Properties": { "Delay": 5 } },
            "not-an-id": { "Type": "AWS::SNS::Topic" },
            "Gone": null,
        },
    });
    let problems = overridden(patch).unwrap_err();
    insta::assert_snapshot!(problems);
}

#[test]
fn what_guards_rest_on_is_refused_with_a_reason() {
    let template = synthesize(&shop()).unwrap();
    let ids: Map<String, Value> = template
        .resources()
        .map(|(id, kind)| (kind.to_owned(), json!(id)))
        .collect();
    let mut report = String::new();
    for (kind, property) in [
        ("AWS::ECS::Service", "DesiredCount"),
        ("AWS::ECS::Service", "DeploymentController"),
        ("AWS::ECS::TaskDefinition", "Cpu"),
        ("AWS::Lambda::Function", "Environment"),
        ("AWS::Events::Rule", "State"),
        ("AWS::Lambda::Permission", "Principal"),
        ("AWS::IAM::Role", "Policies"),
        ("AWS::SNS::TopicPolicy", "PolicyDocument"),
    ] {
        let id = ids[kind].as_str().unwrap();
        let patch = json!({ "Resources": { id: { "Properties": { property: "other" } } } });
        report += &overridden(patch).unwrap_err();
        report += "\n";
    }
    for attribute in ["Type", "Condition", "DeletionPolicy", "UpdateReplacePolicy"] {
        let patch = json!({ "Resources": { "SampleWebappService": { attribute: "other" } } });
        report += &overridden(patch).unwrap_err();
        report += "\n";
    }
    report += &overridden(json!({ "Resources": { "SampleWebappService": null } })).unwrap_err();
    insta::assert_snapshot!(report);
}

/// Alarms that functions act on are part of scaling; operational ones aren't.
#[test]
fn alarms_of_scaling_are_guarded() {
    let set = |id: &str, property: &str| {
        overridden(json!({ "Resources": { id: { "Properties": { property: "x" } } } }))
    };
    assert!(set("SampleWebappScaleOutAlarm", "Threshold").is_err());
    assert!(set("SampleWebappScaleOutAlarm", "AlarmDescription").is_ok());
    assert!(set("SampleWebappLoadBalancerErrorsAlarm", "Threshold").is_ok());
}

/// The security team's boundary is on every role, including roles that overrides add.
#[test]
fn an_added_role_has_the_boundary_that_all_have() {
    let added = |properties: Value| {
        let mut stack = shop();
        stack.permissions_boundary = Some(stacks::BOUNDARY.into());
        let role = json!({ "Type": "AWS::IAM::Role", "Properties": properties });
        stack.overrides = Some(json!({ "Resources": { "Extra": role } }));
        synthesize(&stack)
    };
    assert!(added(json!({})).is_err());
    assert!(added(json!({ "PermissionsBoundary": stacks::BOUNDARY })).is_ok());
}

#[test]
fn limits_are_checked_afterward() {
    let before = synthesize(&shop()).unwrap().resource_count();
    let topic = json!({ "Type": "AWS::SNS::Topic" });
    let add = |count: usize| {
        let mut stack = shop();
        let topics = (0..count).map(|index| (format!("Topic{index}"), topic.clone()));
        let topics: Map<String, Value> = topics.collect();
        stack.overrides = Some(json!({ "Resources": topics }));
        synthesize(&stack)
    };
    // AWS CloudFormation quotas: 500 resources in a template.
    assert!(add(500 - before).is_ok());
    let error = add(501 - before).unwrap_err();
    assert_eq!(error, SynthesisError::TooManyResources { count: 501 });
}

/// The names of the properties are CloudFormation's. `UPDATE_PROPERTIES=1` writes them again.
#[test]
fn the_properties_are_those_of_the_schemas() {
    let schemas = Schemas::load();
    let lines: Vec<String> = permissions::list_handler_actions()
        .into_keys()
        .map(|kind| format!("{}: {}", json!(kind), names(&schemas.of(kind).root)))
        .collect();
    let expected = format!("{{\n{}\n}}\n", lines.join(",\n"));
    let file: PathBuf = stacks::root().join("crates/template/src/overrides/properties.json");
    if std::env::var_os("UPDATE_PROPERTIES").is_some() {
        std::fs::write(&file, &expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap();
    assert!(
        found == expected,
        "{} differs from the schemas: run this test with UPDATE_PROPERTIES=1",
        file.display()
    );
}

/// The names of the properties of a schema that a template can set.
fn names(root: &Value) -> Value {
    let read_only: Vec<&str> = root["readOnlyProperties"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|path| path.as_str()?.strip_prefix("/properties/"))
        .collect();
    let mut names = names_of(root, root, &mut Vec::new());
    if let Some(names) = names.as_object_mut() {
        names.retain(|name, _| !read_only.contains(&name.as_str()));
    }
    names
}

fn names_of<'s>(root: &'s Value, schema: &'s Value, above: &mut Vec<&'s str>) -> Value {
    let mut names = Map::new();
    let reference = schema["$ref"].as_str();
    // A recursive schema accepts any value from there on.
    if reference.is_some_and(|reference| above.contains(&reference)) {
        return Value::Object(names);
    }
    above.extend(reference);
    let schema = reference.map_or(schema, |path| root.pointer(&path[1..]).unwrap());
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        names.insert(name.clone(), names_of(root, inner, above));
    }
    if reference.is_some() {
        above.pop();
    }
    Value::Object(names)
}

/// Each problem is reported as all others of a definition, with its line.
#[test]
fn a_problem_has_its_line() {
    let text = "name: shop
services:
  web: {image: 'web:1'}
overrides:
  Resources:
    WebService:
      Properties:
        DesiredCount: 3
        Monitorings: {}
    WebServce: {Properties: {}}
";
    let stack = stack::parse("stack.yaml", text).unwrap().stack;
    let Err(SynthesisError::Overrides { problems }) = synthesize(&stack) else {
        panic!("an error");
    };
    let found: Vec<(usize, usize, &str)> = problems
        .problems()
        .iter()
        .map(|one| (one.line(), one.column(), one.path()))
        .collect();
    let path = "overrides.Resources.WebService.Properties";
    assert_eq!(
        found,
        [
            (8, 9, format!("{path}.DesiredCount").as_str()),
            (9, 9, format!("{path}.Monitorings").as_str()),
            (10, 5, "overrides.Resources.WebServce"),
        ]
    );
    let help: Vec<Option<&str>> = problems.problems().iter().map(|one| one.help()).collect();
    let near = |name: &str| format!("did you mean `{name}`?");
    assert_eq!(
        help,
        [
            None,
            Some(near("Monitoring").as_str()),
            Some(near("WebService").as_str())
        ]
    );
    assert_eq!(problems.to_string(), "3 errors in stack.yaml");
}
