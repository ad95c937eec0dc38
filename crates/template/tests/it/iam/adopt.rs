//! The policy of `init --from`: its reads are allowed, and nothing else is.

use std::collections::BTreeMap;

use serde_json::Value;
use template::permissions::Permissions;

use super::others::{on, others};
use super::world::{ACCOUNT, REGION, arn, global};
use super::{Request, expect_all, simulator};

/// The policies of the shipped definition of the service shop/order-worker, with the account filled in.
fn policies() -> BTreeMap<String, Vec<Value>> {
    let file = crate::stacks::root().join("stacks/existing-service.yaml");
    let mut stack = stack::load(&file).unwrap().stack;
    stack.account = Some(ACCOUNT.to_owned());
    stack.region = Some(REGION.to_owned());
    let adopt = Permissions::of(&stack).unwrap().adopt;
    BTreeMap::from([("adopt".to_owned(), adopt)])
}

/// Each call of `deployer::read_adopted`.
fn calls() -> Vec<Request> {
    let mut calls = vec![
        on(
            "ecs:DescribeServices",
            arn("ecs", "service/shop/order-worker"),
        ),
        on("ecs:DescribeClusters", arn("ecs", "cluster/shop")),
        on(
            "ecs:ListTasks",
            arn("ecs", "container-instance/shop/0a1b2c3d"),
        ),
        on("ecs:DescribeTasks", arn("ecs", "task/shop/0a1b2c3d")),
        on(
            "iam:GetPolicy",
            "arn:aws:iam::aws:policy/AmazonSQSFullAccess",
        ),
    ];
    let role = global("iam", "role/workers/order-worker");
    let roles = [
        "ListRolePolicies",
        "GetRolePolicy",
        "ListAttachedRolePolicies",
    ];
    calls.extend(roles.map(|action| on(&format!("iam:{action}"), role.as_str())));
    let policy = global("iam", "policy/workers");
    let policies = ["iam:GetPolicy", "iam:GetPolicyVersion"];
    calls.extend(policies.map(|action| on(action, policy.as_str())));
    let queues = ["sqs:GetQueueUrl", "sqs:GetQueueAttributes"];
    calls.extend(queues.map(|action| on(action, arn("sqs", "orders"))));
    let scaling = [
        "DescribeScalableTargets",
        "DescribeScalingPolicies",
        "DescribeScheduledActions",
    ];
    calls.extend(scaling.map(|action| on(&format!("application-autoscaling:{action}"), "*")));
    calls.push(on(
        "cloudwatch:DescribeAlarms",
        arn("cloudwatch", "alarm:any"),
    ));
    let anywhere = [
        "cloudwatch:GetMetricData",
        "ecs:DescribeTaskDefinition",
        "ecs:ListClusters",
        "ecs:ListServices",
    ];
    calls.extend(anywhere.map(|action| on(action, "*")));
    calls.into_iter().map(|call| call.by("adopt")).collect()
}

#[test]
fn a_running_service_can_be_read_and_nothing_be_changed() {
    if simulator().is_none() {
        return;
    }
    let policies = policies();
    assert_eq!(expect_all(&policies, &calls(), true), calls().len());
    let neighbors = others().into_iter().map(|request| request.by("adopt"));
    let own = arn("ecs", "service/shop/order-worker");
    let changes = [
        on("ecs:UpdateService", own.as_str()),
        on("ecs:DeleteService", own.as_str()),
        on("sqs:ReceiveMessage", arn("sqs", "orders")),
        on("sqs:PurgeQueue", arn("sqs", "orders")),
        on(
            "iam:PutRolePolicy",
            global("iam", "role/workers/order-worker"),
        ),
        on("ecs:DescribeServices", arn("ecs", "service/payments/api")),
        on("sqs:GetQueueAttributes", arn("sqs", "payments")),
    ];
    let changes = changes.map(|request| request.by("adopt"));
    let denied: Vec<Request> = neighbors.chain(changes).collect();
    assert_eq!(expect_all(&policies, &denied, false), denied.len());
}

/// Only actions that read, by their names.
#[test]
fn every_action_of_the_policy_reads() {
    let documents = policies().remove("adopt").unwrap();
    let statements = documents
        .iter()
        .flat_map(|document| document["Statement"].as_array().unwrap());
    let actions: Vec<&str> = statements
        .flat_map(|statement| match &statement["Action"] {
            Value::Array(actions) => actions.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<&str>>(),
        })
        .collect();
    assert!(actions.len() > 15, "{actions:?}");
    for action in actions {
        let (_, verb) = action.split_once(':').unwrap();
        let reads = ["Describe", "Get", "List"]
            .iter()
            .any(|start| verb.starts_with(start));
        assert!(reads, "{action}");
    }
}
