//! The calls of the programs with a stack's roles.

use std::collections::BTreeMap;

use serde_json::json;
use stack::{Encryption, Network, Permission, Queue, Service, ServiceSource, StepScaling};
use template::names;

use super::Request;
use super::world::{World, arn};

/// The calls of each role, by the role's logical ID.
pub(super) type Calls = BTreeMap<String, Vec<Request>>;

fn on(action: &str, resource: impl Into<String>) -> Request {
    Request::new(action, resource)
}

/// The calls of each role's program. Instances have an AWS policy instead.
pub(super) fn calls(world: &World) -> Calls {
    let mut calls = Calls::new();
    let (mut measured, mut demanded) = (Vec::new(), Vec::new());
    for (short, service) in &world.stack.services {
        if let ServiceSource::Create(spec) = &service.source {
            if spec.task_role.is_none() {
                calls.insert(names::task_role(short), task(world, short, service));
            }
            if spec.execution_role.is_none() {
                let role = names::execution_role(short);
                calls.insert(role, execution(world, short, service));
            }
        }
        if let Some(steps) = alarm_steps(service) {
            let role = names::scaling_function_role(short);
            calls.insert(role, scaling_function(world, short, (service, steps)));
        } else if service.has_scaling_function() {
            demanded.extend(demand_function(world, short, service));
        } else if service.is_measured() {
            measured.extend(metric_function(world, short, service));
        }
    }
    if !measured.is_empty() {
        measured.extend(run(world, names::METRIC_FUNCTION_LOGS));
        measured.push(publish(world));
        calls.insert(names::METRIC_FUNCTION_ROLE.to_owned(), measured);
    }
    if !demanded.is_empty() {
        demanded.extend(run(world, &names::demand_function_logs(1)));
        demanded.push(publish(world));
        // It calibrates, and insures against the arrivals of two weeks.
        demanded.push(read_metrics());
        calls.insert(names::demand_function_role(1), demanded);
    }
    if world.has(names::PAUSE_ROLE) {
        calls.insert(names::PAUSE_ROLE.to_owned(), pause_role(world));
    }
    if let Network::Create {
        flow_logs: Some(traffic),
    } = world.stack.network
    {
        let logs = names::flow_log_logs(traffic);
        calls.insert(names::FLOW_LOG_ROLE.to_owned(), flow_log(world, logs));
    }
    calls
}

/// Lambda's calls with a function's role.
fn run(world: &World, group: &str) -> Vec<Request> {
    let mut calls = logs(world, group);
    if world.stack.metric.tracing {
        let actions = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"];
        calls
            .extend(actions.map(|action| on(action, "*").with("aws:RequestedRegion", "us-west-2")));
    }
    let Some(network) = &world.stack.metric.vpc else {
        return calls;
    };
    let interface = arn("ec2", "network-interface/eni-0a1b2c3d");
    calls.extend(
        ["ec2:DescribeNetworkInterfaces", "ec2:DescribeSubnets"].map(|action| on(action, "*")),
    );
    // Creating an interface names the interface, its subnet, and its groups.
    let mut made_in = vec![interface.clone()];
    let subnets = network.subnets.iter();
    made_in.extend(subnets.map(|subnet| arn("ec2", &format!("subnet/{subnet}"))));
    let groups = match network.security_groups.as_slice() {
        [] => vec!["FunctionSecurityGroup.GroupId".to_owned()],
        groups => groups.to_vec(),
    };
    let groups = groups.iter();
    made_in.extend(groups.map(|group| arn("ec2", &format!("security-group/{group}"))));
    let make = made_in.iter();
    calls.extend(make.map(|resource| on("ec2:CreateNetworkInterface", resource.as_str())));
    let keep = [
        "ec2:AssignPrivateIpAddresses",
        "ec2:DeleteNetworkInterface",
        "ec2:UnassignPrivateIpAddresses",
    ];
    calls.extend(keep.map(|action| on(action, interface.as_str())));
    calls
}

/// The calls of a VPC's flow log with its role.
fn flow_log(world: &World, group: &str) -> Vec<Request> {
    let mut calls = logs(world, group);
    let group = world.arn(group);
    calls.push(on("logs:DescribeLogStreams", group));
    calls.push(on("logs:DescribeLogGroups", "*").with("aws:RequestedRegion", "us-west-2"));
    calls
}

fn alarm_steps(service: &Service) -> Option<&StepScaling> {
    service.scaling.as_ref()?.alarm_steps.as_ref()
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
        // SQS decrypts for the receiver.
        let decrypt = |key: &String| {
            let sqs = "sqs.us-west-2.amazonaws.com";
            on("kms:Decrypt", key.as_str()).with("kms:ViaService", sqs)
        };
        calls.extend(key.map(decrypt));
    }
    let running = service_arn(world, short, service);
    let cluster = running.split('/').nth(1).unwrap();
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
    if let ServiceSource::Create(spec) = &service.source {
        calls.extend(spec.permissions.iter().flat_map(granted));
        calls.extend(spec.sends.iter().flat_map(|queue| sends(world, queue)));
        let open = |action: &&str| on(action, "*").with("aws:RequestedRegion", "us-west-2");
        calls.extend(CHANNELS.iter().filter(|_| spec.exec).map(open));
        let publish = |topic: &String| on("sns:Publish", topic.as_str());
        calls.extend(spec.publishes.iter().map(publish));
    }
    calls
}

/// Source: Amazon ECS Developer Guide, "Amazon ECS task IAM role", permissions for ECS Exec.
const CHANNELS: [&str; 4] = [
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
];

fn sends(world: &World, queue: &str) -> Vec<Request> {
    let arn = match queue.starts_with("arn:") {
        true => queue.to_owned(),
        false => queue_arn(world, queue),
    };
    let actions = ["sqs:SendMessage", "sqs:GetQueueUrl"];
    let mut calls = actions.map(|action| on(action, arn.as_str())).to_vec();
    if let Some(Queue::Create(spec)) = world.stack.queues.get(queue)
        && let Encryption::Kms(key) = &spec.encryption
    {
        let sqs = "sqs.us-west-2.amazonaws.com";
        let through = |action| on(action, key.as_str()).with("kms:ViaService", sqs);
        calls.extend(["kms:GenerateDataKey", "kms:Decrypt"].map(through));
    }
    calls
}

/// Calls that a statement of the definition allows, under its conditions.
fn granted(permission: &Permission) -> Vec<Request> {
    let Permission::Statement(statement) = permission else {
        return Vec::new();
    };
    let mut calls = Vec::new();
    for (action, resource) in statement
        .allow
        .iter()
        .flat_map(|action| statement.on.iter().map(move |resource| (action, resource)))
        .filter(|(_, resource)| !resource.contains('$'))
    {
        let call = on(action, resource.replace('*', "a"));
        let keys = statement.when.values().flatten();
        calls.push(keys.fold(call, |call, (key, values)| {
            call.with(key, values[0].replace('*', "a"))
        }));
    }
    calls
}

fn execution(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let mut calls = logs(world, &names::service_log_group(short));
    let ServiceSource::Create(spec) = &service.source else {
        return calls;
    };
    let images = spec.containers().map(|container| container.image);
    for (registry, repository) in images.filter_map(|image| image.split_once(".amazonaws.com/")) {
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
    let secrets = spec.containers().flat_map(|one| one.secrets.values());
    let options = spec.log_router.iter();
    let options = options.flat_map(|router| router.secrets.values());
    for secret in secrets.chain(options) {
        let (store, action) = match secret.contains(":secretsmanager:") {
            true => ("secretsmanager", "secretsmanager:GetSecretValue"),
            false => ("ssm", "ssm:GetParameters"),
        };
        let whole: Vec<&str> = secret.split(':').take(7).collect();
        calls.push(match secret.strip_prefix('/') {
            Some(name) => on(action, arn("ssm", &format!("parameter/{name}"))),
            None => on(action, whole.join(":")),
        });
        let through = format!("{store}.us-west-2.amazonaws.com");
        calls.push(on("kms:Decrypt", arn("kms", "key/5e6f7a8b")).with("kms:ViaService", through));
    }
    let files = spec.containers();
    for file in files.flat_map(|one| &one.container.environment_files) {
        calls.push(on("s3:GetObject", file.as_str()));
        let (bucket, _) = file.split_once('/').unwrap();
        calls.push(on("s3:GetBucketLocation", bucket));
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

/// By `demand`, with a measured processing time or with scale to zero.
fn reads_metrics(service: &Service) -> bool {
    let demand = service.demand();
    demand.is_some_and(|demand| demand.processing_time.is_none() || service.tasks.min == 0)
}

fn scale(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let arn_of = service_arn(world, short, service);
    ["ecs:DescribeServices", "ecs:UpdateService"]
        .map(|action| on(action, arn_of.as_str()))
        .into()
}

/// What schedules call: they end pauses of scalable targets, and remind people of pauses. The key of an encrypted topic isn't
/// among them, because the roles of tasks can use the same key for queues.
fn pause_role(world: &World) -> Vec<Request> {
    let services = world.stack.services.iter();
    let tracked: Vec<_> = services
        .clone()
        .filter(|(_, service)| service.has_scalable_target())
        .collect();
    let mut calls = Vec::new();
    if !tracked.is_empty() {
        let target = arn("application-autoscaling", "scalable-target/0ec5abcd1234");
        let register = on("application-autoscaling:RegisterScalableTarget", target);
        let key = |key: &str| format!("application-autoscaling:{key}");
        let register = register.with(&key("service-namespace"), "ecs");
        calls.push(register.with(&key("scalable-dimension"), "ecs:service:DesiredCount"));
    }
    calls.extend(
        tracked
            .iter()
            .flat_map(|(short, service)| scale(world, short, service)),
    );
    if services.clone().any(|(_, service)| service.is_scaled()) {
        let topics = world.reminded().into_iter();
        calls.extend(topics.map(|topic| on("sns:Publish", topic)));
    }
    calls
}

fn reads_pause(world: &World, short: &str) -> Request {
    let name = format!("parameter/ecs-scaler/{}/{short}/pause", world.stack.name);
    on("ssm:GetParameters", arn("ssm", &name))
}

/// What a function calls for one of the services that it scales by demand.
fn demand_function(world: &World, short: &str, service: &Service) -> Vec<Request> {
    let queues = service.consumes.iter();
    let queues = queues.map(|queue| on("sqs:GetQueueAttributes", queue_arn(world, queue)));
    let mut calls = scale(world, short, service);
    calls.extend(queues);
    calls.extend(service.is_scaled().then(|| reads_pause(world, short)));
    calls
}

fn scaling_function(
    world: &World,
    short: &str,
    (service, steps): (&Service, &StepScaling),
) -> Vec<Request> {
    let mut calls = run(world, &names::scaling_function_logs(short));
    calls.extend(scale(world, short, service));
    calls.push(on(
        "sqs:SendMessage",
        world.arn(&names::scaling_dead_letter_queue(short)),
    ));
    // CloudWatch requires the permission on all alarms, even if a request names only some of them.
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
    calls.push(reads_pause(world, short));
    calls
}
