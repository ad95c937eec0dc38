//! The roles of a stack: each call of its program is allowed, and every other call of the stack is denied.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::calls::{Calls, calls};
use super::deploy::worlds;
use super::world::{World, arn, global};
use super::{Request, simulate, simulator};
use crate::templates::statements;

fn on(action: &str, resource: impl Into<String>) -> Request {
    Request::new(action, resource)
}

#[test]
fn each_role_may_call_what_its_program_calls_and_nothing_else() {
    if simulator().is_none() {
        return;
    }
    let (mut allowed, mut denied) = (0, 0);
    for world in worlds() {
        let calls = calls(&world);
        let universe = list_universe(&calls);
        let policies = policies(&world, calls.keys());
        let mut requests = Vec::new();
        let mut expected = Vec::new();
        for (role, own) in &calls {
            for call in &universe {
                let may = own.iter().any(|other| is_same(other, call));
                requests.push(call.clone().by(role));
                expected.push(may);
                // Nothing is denied by the boundary that `permissions` prints.
                if may {
                    let mut bounded = call.clone().by(role);
                    bounded.within = Some("boundary".into());
                    requests.push(bounded);
                    expected.push(true);
                }
            }
        }
        let answers = simulate(&policies, &requests).unwrap();
        let wrong: Vec<String> = requests
            .iter()
            .zip(answers.iter().zip(&expected))
            .filter(|(_, (answer, expected))| answer != expected)
            .map(|(request, (answer, _))| format!("{answer}: {request:?}"))
            .collect();
        assert!(
            wrong.is_empty(),
            "{}:\n{}",
            world.stack.name,
            wrong.join("\n")
        );
        allowed += expected.iter().filter(|may| **may).count();
        denied += expected.iter().filter(|may| !**may).count();
    }
    eprintln!("{allowed} calls allowed, {denied} denied");
    assert!(allowed > 796 && denied > 3_832, "{allowed} and {denied}");
}

/// The same call, by any role.
fn is_same(one: &Request, other: &Request) -> bool {
    one.action == other.action && one.resource == other.resource && one.context == other.context
}

/// Policies of the roles, and the boundary.
fn policies<'a>(
    world: &World,
    roles: impl Iterator<Item = &'a String>,
) -> BTreeMap<String, Vec<Value>> {
    let template = world.template.to_json();
    let document = |role: &String| {
        let resolved = statements(template, role).into_iter();
        let resolved: Vec<Value> = resolved.map(|statement| world.resolve(statement)).collect();
        let document = json!({ "Version": "2012-10-17", "Statement": resolved });
        (role.clone(), vec![document])
    };
    let mut policies: BTreeMap<_, _> = roles.map(document).collect();
    let permissions = template::permissions::Permissions::of(&world.stack).unwrap();
    policies.insert("boundary".into(), permissions.boundary);
    policies
}

/// All calls of all roles, variants of them, and calls that no role makes.
fn list_universe(calls: &Calls) -> Vec<Request> {
    let mut all: Vec<Request> = Vec::new();
    let variants = calls
        .values()
        .flatten()
        .flat_map(|call| [Some(call.clone()), variant(call)]);
    for call in variants.flatten().chain(foreign()) {
        if !all.iter().any(|other| is_same(other, &call)) {
            all.push(call);
        }
    }
    all
}

/// The same call, except for a part that it must not have.
fn variant(call: &Request) -> Option<Request> {
    let other = |resource: String| Request {
        resource,
        ..call.clone()
    };
    match call.action.as_str() {
        "ecs:UpdateService" => Some(
            call.clone()
                .with("ecs:task-definition", arn("ecs", "task-definition/other:1")),
        ),
        "ecs:UpdateTaskProtection" => Some(
            call.clone()
                .with("aws:ResourceTag/ecs-scaler:name", "somebody-else"),
        ),
        "cloudwatch:PutMetricData" => Some(call.clone().with("cloudwatch:namespace", "AWS/SQS")),
        "cloudwatch:TagResource" => Some(call.clone().with("aws:TagKeys", json!(["team"]))),
        "kms:Decrypt" if call.context["kms:ViaService"] != "sqs.us-west-2.amazonaws.com" => Some(
            call.clone()
                .with("kms:ViaService", "s3.us-west-2.amazonaws.com"),
        ),
        // A call from the function's own code.
        action if action.starts_with("ec2:") => Some(
            call.clone()
                .with("lambda:SourceFunctionArn", arn("lambda", "function:metric")),
        ),
        action if action.starts_with("sqs:") => Some(other(arn("sqs", "payments"))),
        "ecs:DescribeServices" => Some(other(arn("ecs", "service/payments/api"))),
        "logs:PutLogEvents" => Some(other(arn("logs", "log-group:payments:log-stream:a"))),
        "secretsmanager:GetSecretValue" => {
            Some(other(arn("secretsmanager", "secret:payments-AbCdEf")))
        }
        "ssm:GetParameters" => Some(other(arn("ssm", "parameter/payments/password"))),
        "ecr:BatchGetImage" => Some(other(arn("ecr", "repository/payments"))),
        _ => None,
    }
}

fn foreign() -> Vec<Request> {
    let service = arn("ecs", "service/payments/api");
    vec![
        on("ecs:UpdateService", service.as_str()),
        on("ecs:DeleteService", service),
        on("ecs:RunTask", arn("ecs", "task-definition/payments:1")),
        on("ecs:StopTask", arn("ecs", "task/payments/0a1b2c3d")),
        on("ecs:ExecuteCommand", arn("ecs", "task/payments/0a1b2c3d")),
        on("sqs:PurgeQueue", arn("sqs", "payments")),
        on("sqs:DeleteQueue", arn("sqs", "payments")),
        on("sqs:SendMessage", arn("sqs", "payments")),
        on("sns:Publish", arn("sns", "payments")),
        on("lambda:InvokeFunction", arn("lambda", "function:payments")),
        on(
            "lambda:UpdateFunctionCode",
            arn("lambda", "function:payments"),
        ),
        on("logs:CreateLogGroup", arn("logs", "log-group:payments")),
        on("logs:DeleteLogGroup", arn("logs", "log-group:payments")),
        on(
            "cloudwatch:DeleteAlarms",
            arn("cloudwatch", "alarm:payments"),
        ),
        on(
            "cloudwatch:SetAlarmState",
            arn("cloudwatch", "alarm:payments"),
        ),
        on("iam:PassRole", global("iam", "role/administrator")),
        on("iam:PutRolePolicy", global("iam", "role/administrator")),
        on("sts:AssumeRole", global("iam", "role/administrator")),
        on("s3:GetObject", "arn:aws:s3:::payments/ledger.csv"),
        on("kms:Decrypt", arn("kms", "key/9f8e7d6c")),
        on(
            "secretsmanager:GetSecretValue",
            arn("secretsmanager", "secret:payments-AbCdEf"),
        ),
        on(
            "ssm:GetParameters",
            arn("ssm", "parameter/payments/password"),
        ),
        on("dynamodb:GetItem", arn("dynamodb", "table/payments")),
        on(
            "application-autoscaling:DeregisterScalableTarget",
            arn("application-autoscaling", "scalable-target/0ec5"),
        ),
    ]
}
