//! The policy of identities that operate a stack: the commands' actions are allowed, and nothing else.

use serde_json::Value;
use stack::ServiceSource;
use template::names;

use super::deploy::{policies, worlds};
use super::world::{World, arn};
use super::{Request, expect_all, simulator};

const SQS: &str = "sqs.us-west-2.amazonaws.com";

fn on(action: &str, resource: impl Into<String>) -> Request {
    Request::new(action, resource).by("operate")
}

/// Queues of the stack, with whether each is a dead-letter queue, and whether it has one.
fn queues(world: &World) -> Vec<(String, bool, bool)> {
    let ids = world.ids_of("AWS::SQS::Queue").into_iter();
    ids.map(|id| {
        let (_, properties) = world.resource(&id);
        let alarm = template::contract::dead_letters_alarm_of(&id);
        let alarms = world.ids_of("AWS::CloudWatch::Alarm");
        let is_dead = alarm.is_some_and(|alarm| alarms.contains(&alarm));
        let has_dead = !properties["RedrivePolicy"].is_null();
        (id, is_dead, has_dead)
    })
    .collect()
}

/// The requests of `dead-letters`. Source: Amazon SQS Developer Guide, "Configure queue permissions for dead-letter
/// queue redrive".
fn dead_letters(world: &World) -> Vec<Request> {
    let mut all = Vec::new();
    for (id, is_dead, has_dead) in queues(world) {
        let queue = world.arn(&id);
        if is_dead {
            let actions = [
                "CancelMessageMoveTask",
                "ChangeMessageVisibility",
                "DeleteMessage",
                "ListMessageMoveTasks",
                "PurgeQueue",
                "ReceiveMessage",
                "StartMessageMoveTask",
            ];
            all.extend(actions.map(|action| on(&format!("sqs:{action}"), queue.as_str())));
        }
        if has_dead {
            all.push(on("sqs:SendMessage", queue.as_str()));
        }
        let (_, properties) = world.resource(&id);
        if let (Some(key), true) = (properties["KmsMasterKeyId"].as_str(), is_dead || has_dead) {
            let actions = ["kms:Decrypt", "kms:GenerateDataKey"];
            all.extend(actions.map(|action| on(action, key).with("kms:ViaService", SQS)));
        }
    }
    let functions = world.ids_of("AWS::Lambda::Function").into_iter();
    let failing = functions.filter(|id| !world.resource(id).1["DeadLetterConfig"].is_null());
    all.extend(failing.map(|id| on("lambda:InvokeFunction", world.arn(&id))));
    all
}

/// A request that sets only the count, or something else too.
fn set_count(service: &str) -> Request {
    on("ecs:UpdateService", service)
}

fn services(world: &World) -> Vec<(String, bool)> {
    let services = world.stack.services.iter();
    services
        .map(|(short, service)| match &service.source {
            ServiceSource::Create(spec) => (world.arn(&names::service(short)), spec.exec),
            ServiceSource::Existing { cluster, service } => {
                (arn("ecs", &format!("service/{cluster}/{service}")), false)
            }
        })
        .collect()
}

/// In a task of the stack.
fn run_command(world: &World, service: &str) -> [Request; 2] {
    let cluster = service.split('/').nth(1).unwrap();
    let task = arn("ecs", &format!("task/{cluster}/0a1b2c3d4e5f"));
    let task = on("ecs:ExecuteCommand", task);
    [
        task.with(
            "aws:ResourceTag/ecs-scaler:stack",
            world.stack.name.as_str(),
        ),
        on(
            "ecs:ExecuteCommand",
            arn("ecs", &format!("cluster/{cluster}")),
        ),
    ]
}

/// What `pause` and `resume` ask for.
fn pauses(world: &World, stack: &str) -> Vec<Request> {
    let parameter = arn("ssm", &format!("parameter/ecs-scaler/{stack}/worker/pause"));
    let records = ["AddTagsToResource", "DeleteParameter", "PutParameter"];
    let mut all: Vec<Request> = records
        .iter()
        .map(|action| on(&format!("ssm:{action}"), parameter.as_str()))
        .collect();
    if !world.has(names::PAUSE_ROLE) {
        return all;
    }
    let group = match stack == world.stack.name {
        true => world.name(names::PAUSE_SCHEDULES),
        false => format!("{stack}-PauseSchedules-1A2B3C4D5E6F"),
    };
    let schedule = arn("scheduler", &format!("schedule/{group}/worker"));
    let schedules = ["CreateSchedule", "DeleteSchedule", "UpdateSchedule"];
    all.extend(schedules.map(|action| on(&format!("scheduler:{action}"), schedule.as_str())));
    all
}

fn pass_pause_role(world: &World, service: &str) -> Request {
    on("iam:PassRole", world.arn(names::PAUSE_ROLE)).with("iam:PassedToService", service)
}

#[test]
fn what_the_commands_ask_for_is_allowed() {
    if simulator().is_none() {
        return;
    }
    let mut seen = 0;
    for world in worlds() {
        let mut asked = dead_letters(&world);
        for (service, exec) in services(&world) {
            asked.push(set_count(&service));
            if exec {
                asked.extend(run_command(&world, &service));
            }
        }
        for group in world.ids_of("AWS::Logs::LogGroup") {
            asked.push(on("logs:FilterLogEvents", world.arn(&group)));
        }
        asked.extend(pauses(&world, &world.stack.name));
        if world.has(names::PAUSE_ROLE) {
            asked.push(pass_pause_role(&world, "scheduler.amazonaws.com"));
        }
        let anyone = arn("cloudformation", "stack/anyone/0a1b2c3d");
        asked.push(on("cloudformation:DescribeStacks", anyone));
        seen += expect_all(&policies(&world), &asked, true);
    }
    assert!(seen > 300, "{seen}");
}

#[test]
fn nothing_more_is_allowed() {
    if simulator().is_none() {
        return;
    }
    let mut seen = 0;
    for world in worlds() {
        let mut asked = Vec::new();
        for (id, is_dead, has_dead) in queues(&world) {
            let queue = world.arn(&id);
            if !is_dead {
                let actions = ["ReceiveMessage", "DeleteMessage", "PurgeQueue"];
                asked.extend(actions.map(|action| on(&format!("sqs:{action}"), queue.as_str())));
            }
            if !has_dead {
                asked.push(on("sqs:SendMessage", queue.as_str()));
            }
            asked.push(on("sqs:DeleteQueue", queue.as_str()));
        }
        for (service, exec) in services(&world) {
            let other = arn("ecs", "task-definition/other:1");
            asked.push(set_count(&service).with("ecs:task-definition", other));
            let shell: Value = true.into();
            asked.push(set_count(&service).with("ecs:enable-execute-command", shell));
            asked.push(on("ecs:DeleteService", service.as_str()));
            if !exec && world.stack.services.len() == 1 {
                asked.extend(run_command(&world, &service));
            }
        }
        for group in world.ids_of("AWS::Logs::LogGroup") {
            asked.push(on("logs:DeleteLogGroup", world.arn(&group)));
        }
        asked.extend(pauses(&world, "payments"));
        if world.has(names::PAUSE_ROLE) {
            asked.push(pass_pause_role(&world, "lambda.amazonaws.com"));
        }
        // A task of others in a cluster that is theirs.
        let task = on("ecs:ExecuteCommand", arn("ecs", "task/shared/0a1b2c3d"));
        asked.push(task.with("aws:ResourceTag/ecs-scaler:stack", "payments"));
        seen += expect_all(&policies(&world), &asked, false);
    }
    assert!(seen > 300, "{seen}");
}
