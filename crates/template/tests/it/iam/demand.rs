//! A function that scales by demand, and identities that run `status`: the object with its services, and its log.

use std::collections::BTreeMap;

use serde_json::json;
use template::permissions::Permissions;
use template::{contract, names};

use super::others::on;
use super::world::{ACCOUNT, REGION, World, arn};
use super::{Request, expect_all, simulator};
use crate::stacks;
use crate::templates::statements;

/// A stack whose services don't fit into the input of a rule.
fn large() -> World {
    let world = World::new(stacks::many_by_demand(100));
    assert_eq!(world.template.objects().len(), 1);
    world
}

fn object(key: &str) -> String {
    let bucket = contract::assets_bucket(ACCOUNT, REGION);
    format!("arn:aws:s3:::{bucket}/{key}")
}

/// Requests of the function, within the boundary of the stack's roles, and requests of identities that only read.
fn requests(all: &[(&str, String)]) -> Vec<Request> {
    let all = all.iter().flat_map(|(action, resource)| {
        let mut function = on(action, resource.as_str()).by("function");
        function.within = Some("boundary".into());
        [function, on(action, resource.as_str()).by("read")]
    });
    all.collect()
}

fn policies(world: &World) -> BTreeMap<String, Vec<serde_json::Value>> {
    let role = statements(world.template.to_json(), &names::demand_function_role(1));
    let role: Vec<_> = role.into_iter().map(|one| world.resolve(one)).collect();
    let permissions = Permissions::of(&world.stack).unwrap();
    // Identities that only read have no permission to plan.
    let only_looks = |sid: &str| {
        ![
            "PlanStacks",
            "DropPlans",
            "MakeAssetsBucket",
            "UploadAssets",
        ]
        .contains(&sid)
    };
    let read = permissions.read.iter().map(|document| {
        let all = document["Statement"].as_array().unwrap().iter();
        let kept = all.filter(|one| only_looks(one["Sid"].as_str().unwrap()));
        json!({ "Version": "2012-10-17", "Statement": kept.collect::<Vec<_>>() })
    });
    BTreeMap::from([
        (
            "function".to_owned(),
            vec![json!({ "Version": "2012-10-17", "Statement": role })],
        ),
        ("read".to_owned(), read.collect()),
        ("boundary".to_owned(), permissions.boundary),
    ])
}

/// This includes older objects of the stack: during an update, a rule still names the old one, and again after a
/// rollback.
#[test]
fn the_object_with_what_is_scaled_can_be_read_and_nothing_else_in_the_bucket() {
    let world = large();
    let key = &world.template.objects()[0].key;
    assert!(key.starts_with("fleets/shop/"), "{key}");
    let older = format!("fleets/shop/{}.json", "0".repeat(64));
    let read = |key: &str| ("s3:GetObject", object(key));
    let allowed = requests(&[read(key), read(&older)]);
    let elsewhere = key.replace("fleets/shop/", "fleets/shop-2/");
    let digest = key.strip_prefix("fleets/").unwrap();
    let bucket = || object("").trim_end_matches('/').to_owned();
    let denied = requests(&[
        read(&elsewhere),
        read(&digest.replace("shop/", "shopping/")),
        read(digest),
        read("scaling-function-0a1b2c3d.zip"),
        read("drafts/shop.json"),
        ("s3:GetObject", format!("arn:aws:s3:::payments/{key}")),
        ("s3:GetObjectVersion", object(key)),
        ("s3:PutObject", object(key)),
        ("s3:DeleteObject", object(key)),
        ("s3:ListBucket", bucket()),
        ("s3:GetBucketPolicy", bucket()),
    ]);
    let policies = policies(&world);
    let seen = expect_all(&policies, &allowed, true) + expect_all(&policies, &denied, false);
    assert_eq!(seen, if simulator().is_some() { 26 } else { 0 });
}

/// `status` shows the bursts for which tasks stay warm. The logs of the tasks must not be readable.
#[test]
fn whoever_looks_can_read_the_log_of_the_function_and_no_other() {
    let mut seen = 0;
    for name in ["shop", "a-stack-whose-name-is-cut-by-cloudformation"] {
        let world = World::new(stacks::by_demand(name));
        let by = |group: &str| on("logs:FilterLogEvents", group.trim_end_matches(":*")).by("read");
        let own = world.arn(&names::demand_function_logs(1));
        // In AWS's messages, the name has a suffix.
        let ending = own.replace(":*", ":log-stream:");
        let tasks = world.arn(&names::service_log_group("function"));
        let payments = arn("logs", "log-group:payments-ScalingFunctionLogs-1A2B");
        let own = [by(&own), by(&ending)];
        let others = [by(&tasks), by(&payments)];
        let policies = policies(&world);
        seen += expect_all(&policies, &own, true) + expect_all(&policies, &others, false);
    }
    assert_eq!(seen, if simulator().is_some() { 8 } else { 0 });
}

/// `status --why` and `history` read the decisions and failures of every function of the stack.
#[test]
fn whoever_looks_can_read_the_logs_of_all_functions_and_of_no_task() {
    let world = World::new(stacks::every_kind("shop", stack::Capacity::Fargate));
    let template = world.template.to_json();
    let resources = template["Resources"].as_object().unwrap();
    let of_type = |kind: &str| {
        let all = resources.iter().filter(|(_, one)| one["Type"] == kind);
        all.map(|(id, _)| id.clone()).collect::<Vec<String>>()
    };
    let functions: Vec<String> = of_type("AWS::Lambda::Function")
        .iter()
        .map(|function| contract::function_logs(function))
        .collect();
    let metric = names::METRIC_FUNCTION_LOGS.to_owned();
    assert!(
        functions.len() > 2 && functions.contains(&metric),
        "{functions:?}"
    );
    let by = |logs: &String| {
        let group = world.arn(logs);
        on("logs:FilterLogEvents", group.trim_end_matches(":*")).by("read")
    };
    let (own, others): (Vec<String>, Vec<String>) = of_type("AWS::Logs::LogGroup")
        .into_iter()
        .partition(|group| functions.contains(group));
    let own: Vec<Request> = own.iter().map(by).collect();
    let others: Vec<Request> = others.iter().map(by).collect();
    assert_eq!(own.len(), functions.len());
    assert!(!others.is_empty());
    let trail = [on("cloudtrail:LookupEvents", "*").by("read")];
    let policies = policies(&world);
    let allowed = expect_all(&policies, &own, true) + expect_all(&policies, &trail, true);
    let seen = allowed + expect_all(&policies, &others, false);
    let all = own.len() + trail.len() + others.len();
    assert_eq!(seen, if simulator().is_some() { all } else { 0 });
}
