//! The roles of a stack: each call that its program makes is allowed, and every other call of the stack is denied.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stack::{Encryption, Queue, Service, ServiceSource};
use template::names;

use super::deploy::worlds;
use super::world::{World, arn, global};
use super::{Request, simulate, simulator};
use crate::templates::statements;

/// The calls of each role, by the role's logical ID.
type Calls = BTreeMap<String, Vec<Request>>;

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
                // Within the boundary that `permissions` prints, nothing is lost.
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

/// The same call, whoever makes it.
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

/// The same call, but for a part that it must not have.
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

/// What each role's program calls. Instances have a policy of AWS instead.
fn calls(world: &World) -> Calls {
    let mut calls = Calls::new();
    let mut measured = Vec::new();
    for (short, service) in &world.stack.services {
        if let ServiceSource::Create(_) = &service.source {
            calls.insert(names::task_role(short), task(world, short, service));
            calls.insert(
                names::execution_role(short),
                execution(world, short, service),
            );
        }
        let role = names::scaling_function_role(short);
        if !world.template.to_json()["Resources"][role.as_str()].is_null() {
            calls.insert(role, scaling_function(world, short, service));
        } else if service.is_measured() {
            measured.extend(metric_function(world, short, service));
        }
    }
    if !measured.is_empty() {
        measured.extend(logs(world, names::METRIC_FUNCTION_LOGS));
        measured.push(publish(world));
        calls.insert(names::METRIC_FUNCTION_ROLE.to_owned(), measured);
    }
    calls
}

fn logs(world: &World, group: &str) -> Vec<Request> {
    let group = world.arn(group);
    let stream = format!("{}:log-stream:2026/11/29/a", group.trim_end_matches(":*"));
    ["logs:CreateLogStream", "logs:PutLogEvents"]
        .map(|action| on(action, stream.as_str()))
        .into()
}

fn publish(world: &World) -> Request {
    let namespace = world.stack.metric.namespace.as_str();
    on("cloudwatch:PutMetricData", "*").with("cloudwatch:namespace", namespace)
}

fn read_metrics() -> Request {
    on("cloudwatch:GetMetricData", "*").with("aws:RequestedRegion", "us-west-2")
}

fn queue_arn(world: &World, short: &str) -> String {
    match &world.stack.queues[short] {
        Queue::Create(_) => world.arn(&names::queue(short)),
        Queue::Existing(queue) => queue.arn.clone(),
    }
}

fn service_arn(world: &World, short: &str, service: &Service) -> String {
    match &service.source {
        ServiceSource::Create(_) => world.arn(&names::service(short)),
        ServiceSource::Existing { cluster, service } => {
            arn("ecs", &format!("service/{cluster}/{service}"))
        }
    }
}

fn task(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let mut calls = Vec::new();
    for queue in &service.consumes {
        let arn = queue_arn(world, queue);
        let actions = [
            "ReceiveMessage",
            "DeleteMessage",
            "ChangeMessageVisibility",
            "GetQueueAttributes",
            "GetQueueUrl",
        ];
        calls.extend(actions.map(|action| on(&format!("sqs:{action}"), arn.as_str())));
        let key = match &world.stack.queues[queue] {
            Queue::Create(spec) => match &spec.encryption {
                Encryption::Kms(key) => Some(key),
                Encryption::Sqs => None,
            },
            Queue::Existing(queue) => queue.key.as_ref(),
        };
        // SQS decrypts for whoever receives.
        let decrypt = |key: &String| {
            let sqs = "sqs.us-west-2.amazonaws.com";
            on("kms:Decrypt", key.as_str()).with("kms:ViaService", sqs)
        };
        calls.extend(key.map(decrypt));
    }
    let service = service_arn(world, short, service);
    let cluster = service.split('/').nth(1).unwrap();
    let own = |action: &str| {
        on(action, arn("ecs", &format!("task/{cluster}/0a1b2c3d4e5f")))
            .with("ecs:cluster", arn("ecs", &format!("cluster/{cluster}")))
            .with("aws:ResourceTag/ecs-scaler:name", short)
            .with(
                "aws:ResourceTag/ecs-scaler:stack",
                world.stack.name.as_str(),
            )
    };
    calls.extend(["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"].map(own));
    calls
}

fn execution(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let mut calls = logs(world, &names::service_log_group(short));
    let ServiceSource::Create(spec) = &service.source else {
        return calls;
    };
    if let Some((registry, repository)) = spec.image.split_once(".amazonaws.com/") {
        assert_eq!(registry, "111122223333.dkr.ecr.us-west-2");
        let repository = repository.split(':').next().unwrap();
        let repository = arn("ecr", &format!("repository/{repository}"));
        calls.push(on("ecr:GetAuthorizationToken", "*").with("aws:RequestedRegion", "us-west-2"));
        let pull = [
            "BatchCheckLayerAvailability",
            "BatchGetImage",
            "GetDownloadUrlForLayer",
        ];
        calls.extend(pull.map(|action| on(&format!("ecr:{action}"), repository.as_str())));
    }
    for secret in spec.secrets.values() {
        let (store, action) = match secret.contains(":ssm:") {
            true => ("ssm", "ssm:GetParameters"),
            false => ("secretsmanager", "secretsmanager:GetSecretValue"),
        };
        let whole: Vec<&str> = secret.split(':').take(7).collect();
        calls.push(on(action, whole.join(":")));
        let through = format!("{store}.us-west-2.amazonaws.com");
        calls.push(on("kms:Decrypt", arn("kms", "key/5e6f7a8b")).with("kms:ViaService", through));
    }
    calls
}

fn metric_function(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let queues = service
        .consumes
        .iter()
        .map(|queue| on("sqs:GetQueueAttributes", queue_arn(world, queue)));
    let describe = on("ecs:DescribeServices", service_arn(world, short, service));
    let metrics = reads_metrics(service).then(read_metrics);
    queues.chain([describe]).chain(metrics).collect()
}

/// By `demand`, with a measured processing time or down to no task.
fn reads_metrics(service: &Service) -> bool {
    let demand = service.demand();
    demand.is_some_and(|demand| demand.processing_time.is_none() || service.tasks.min == 0)
}

fn scaling_function(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let arn_of = service_arn(world, short, service);
    let mut calls = logs(world, &names::scaling_function_logs(short));
    calls.extend(
        ["ecs:DescribeServices", "ecs:UpdateService"].map(|action| on(action, arn_of.as_str())),
    );
    let Some(steps) = service
        .scaling
        .as_ref()
        .and_then(|scaling| scaling.alarm_steps.as_ref())
    else {
        let queues = service
            .consumes
            .iter()
            .map(|queue| on("sqs:GetQueueAttributes", queue_arn(world, queue)));
        calls.extend(queues);
        calls.push(publish(world));
        calls.extend(reads_metrics(service).then(read_metrics));
        return calls;
    };
    calls.push(on(
        "sqs:SendMessage",
        world.arn(&names::scaling_dead_letter_queue(short)),
    ));
    // CloudWatch asks for the permission on all alarms even where a request names some.
    calls.push(on(
        "cloudwatch:DescribeAlarms",
        arn("cloudwatch", "alarm:any"),
    ));
    let alarms = [names::scale_out_alarm(short), names::scale_in_alarm(short)];
    for alarm in alarms
        .iter()
        .filter(|id| !world.template.to_json()["Resources"][id.as_str()].is_null())
    {
        let alarm = world.arn(alarm);
        calls.push(on("cloudwatch:ListTagsForResource", alarm.as_str()));
        calls.push(
            on("cloudwatch:TagResource", alarm)
                .with("aws:TagKeys", json!(["ecs-scaler:last-step"])),
        );
    }
    let several = [&steps.scale_out, &steps.scale_in]
        .into_iter()
        .flatten()
        .any(|side| side.steps.as_slice().len() > 1);
    calls.extend(several.then(read_metrics));
    calls
}
