//! Stacks, logs, counts, and commands in tasks.

use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksOutput;
use aws_sdk_cloudformation::operation::get_template::GetTemplateOutput;
use aws_sdk_cloudformation::types::{Stack, StackStatus, Tag};
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_ecs::operation::describe_tasks::DescribeTasksOutput;
use aws_sdk_ecs::operation::execute_command::ExecuteCommandOutput;
use aws_sdk_ecs::operation::list_tasks::ListTasksOutput;
use aws_sdk_ecs::types::{Container, ManagedAgent, Session as EcsSession, Task};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};
use template::contract::{STACK_TAG, VERSION};

use super::cloud::{json_error, run, xml_error};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::{
    DeployedStack, ExecRequest, ExecSession, LogQuery, LogSource, OpenedExec, Result, StackSummary,
};

const OURS: &str =
    "ECS services, what brings them their work, and how they scale with it (ecs-scaler).";

fn stack(name: &str, tag: Option<&str>, description: &str) -> Stack {
    let tag = tag.map(|tag| Tag::builder().key(STACK_TAG).value(tag).build());
    Stack::builder()
        .stack_name(name)
        .stack_id(format!("arn:aws:cloudformation:us-west-2:1:stack/{name}/1"))
        .description(description)
        .set_tags(Some(tag.into_iter().collect()))
        .stack_status(StackStatus::UpdateComplete)
        .creation_time(DateTime::from_secs(1_000))
        .last_updated_time(DateTime::from_secs(2_000))
        .build()
}

/// Returns each stack's own template, by its name.
fn template_of(name: &str) -> Value {
    match name {
        "shop-staging" => {
            json!({"Metadata": {"EcsScaler": {"Stack": name, "Version": VERSION, "Environment": "staging"}}})
        }
        "untagged" => json!({"Metadata": {"EcsScaler": {"Stack": name, "Version": "0.0.9"}}}),
        "copied" => json!({"Metadata": {"EcsScaler": {"Stack": "shop", "Version": "0.0.9"}}}),
        _ => json!({"Resources": {}}),
    }
}

#[tokio::test(start_paused = true)]
async fn only_our_stacks_are_listed_in_each_region() {
    let read = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&read);
    let rules = [
        mock!(aws_sdk_cloudformation::Client::describe_stacks).then_output(|| {
            DescribeStacksOutput::builder()
                .stacks(stack("untagged", None, OURS))
                .stacks(stack("shop-staging", Some("shop-staging"), "any"))
                .stacks(stack("theirs", None, "theirs"))
                .stacks(stack("renamed", Some("shop"), OURS))
                .stacks(stack("copied", None, OURS))
                .build()
        }),
        mock!(aws_sdk_cloudformation::Client::get_template).then_compute_output(move |input| {
            let name = input.stack_name().unwrap().split('/').nth(1).unwrap();
            log.lock().unwrap().push(name.to_owned());
            let body = template_of(name).to_string();
            GetTemplateOutput::builder().template_body(body).build()
        }),
    ];
    let (found, _) = run(&rules, async |session| {
        crate::list_stacks(session, "us-west-2").await.unwrap()
    })
    .await;
    let summary = |name: &str, version: &str, environment: Option<&str>| StackSummary {
        name: name.into(),
        region: "us-west-2".into(),
        status: "UPDATE_COMPLETE".into(),
        version: Some(version.into()),
        environment: environment.map(str::to_owned),
        updated_at: Some(2_000),
    };
    let expected = [
        summary("shop-staging", VERSION, Some("staging")),
        summary("untagged", "0.0.9", None),
    ];
    assert_eq!(found, expected);
    // Templates that can't be ours aren't read.
    let mut read = read.lock().unwrap().clone();
    read.sort();
    assert_eq!(read, ["copied", "shop-staging", "untagged"]);
}

/// CloudFormation knows the stack by its ID no longer, or still as deleted.
#[tokio::test(start_paused = true)]
async fn a_stack_that_is_deleted_while_it_is_listed_is_left_out() {
    for known in [false, true] {
        let lists = mock!(aws_sdk_cloudformation::Client::describe_stacks)
            .match_requests(|input| input.stack_name().is_none())
            .then_output(|| {
                DescribeStacksOutput::builder()
                    .stacks(stack("gone", Some("gone"), OURS))
                    .stacks(stack("untagged", None, OURS))
                    .build()
            });
        let describes =
            mock!(aws_sdk_cloudformation::Client::describe_stacks).match_requests(|input| {
                input
                    .stack_name()
                    .is_some_and(|name| name.contains("/gone/"))
            });
        let describes = match known {
            true => describes.then_output(|| {
                let gone = Stack::builder()
                    .stack_name("gone")
                    .stack_id("arn:aws:cloudformation:us-west-2:1:stack/gone/1")
                    .stack_status(StackStatus::DeleteComplete)
                    .creation_time(DateTime::from_secs(1_000));
                DescribeStacksOutput::builder().stacks(gone.build()).build()
            }),
            false => describes.then_http_response(|| {
                xml_error("ValidationError", "Stack with id gone does not exist")
            }),
        };
        let gone = mock!(aws_sdk_cloudformation::Client::get_template)
            .match_requests(|input| input.stack_name().unwrap().contains("/gone/"))
            .then_http_response(|| {
                xml_error("ValidationError", "Stack with id gone does not exist")
            });
        let reads = mock!(aws_sdk_cloudformation::Client::get_template).then_output(|| {
            let body = template_of("untagged").to_string();
            GetTemplateOutput::builder().template_body(body).build()
        });
        let rules = [lists, describes, gone, reads];
        let (found, _) = run(&rules, async |session| {
            crate::list_stacks(session, "us-west-2").await.unwrap()
        })
        .await;
        let names: Vec<&str> = found.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, ["untagged"], "{known}");
    }
}

fn event(id: &str, at: i64) -> FilteredLogEvent {
    FilteredLogEvent::builder()
        .event_id(id)
        .timestamp(at)
        .log_stream_name("worker/worker/0a1b2c3d4e5f60718293a4b5c6d7e8f9")
        .message(format!("line {id}\n"))
        .build()
}

fn logs() -> [LogSource; 1] {
    [LogSource {
        group: "shop-logs".into(),
    }]
}

#[tokio::test(start_paused = true)]
async fn all_pages_of_a_log_are_read_in_order() {
    let rule =
        mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(|input| {
            assert_eq!(
                (input.start_time(), input.end_time()),
                (Some(500_000), Some(900_000))
            );
            assert_eq!(input.filter_pattern(), Some("ERROR"));
            let output = FilterLogEventsOutput::builder();
            match input.next_token() {
                None => output.events(event("c", 3)).next_token("2").build(),
                Some(_) => output.events(event("a", 1)).events(event("b", 2)).build(),
            }
        });
    let query = LogQuery {
        since: SystemTime::UNIX_EPOCH + Duration::from_secs(500),
        filter: Some("ERROR".into()),
    };
    let until = SystemTime::UNIX_EPOCH + Duration::from_secs(900);
    let (lines, _) = run(&[rule], async |session| {
        crate::read_logs(session, &logs(), &query, until)
            .await
            .unwrap()
    })
    .await;
    let messages: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
    assert_eq!(messages, ["line a", "line b", "line c"]);
    assert_eq!(lines[0].short_id(), "0a1b2c3d");
    assert_eq!(lines[0].container.as_deref(), Some("worker"));
}

/// A line that arrives late is still shown, and no line is shown twice.
#[tokio::test(start_paused = true)]
async fn a_followed_log_shows_each_line_once() {
    let begin = tokio::time::Instant::now();
    let now = move || SystemTime::UNIX_EPOCH + Duration::from_secs(1_000) + begin.elapsed();
    let rule = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(
        move |input| {
            let elapsed = i64::try_from(begin.elapsed().as_secs()).unwrap();
            // A line every 10 s. The one at 20 s appears 30 s later.
            let lines = (0..=elapsed / 10).filter(|n| *n != 2 || elapsed >= 50);
            let lines = lines.map(|n| event(&n.to_string(), (1_000 + n * 10) * 1_000));
            let since = input.start_time().unwrap();
            let lines = lines.filter(|line| line.timestamp().unwrap() >= since);
            FilterLogEventsOutput::builder()
                .set_events(Some(lines.collect()))
                .build()
        },
    );
    let mut seen = Vec::new();
    let query = LogQuery {
        since: now(),
        filter: None,
    };
    let (result, _) = run(&[rule], async |session| {
        let mut emit = |lines: Vec<crate::LogLine>| {
            seen.extend(lines.into_iter().map(|line| line.message));
            if seen.len() == 30 {
                session.interrupt();
            }
        };
        let every = Duration::from_secs(2);
        crate::follow_logs(session, &logs(), &query, (&now, every), &mut emit).await
    })
    .await;
    result.unwrap();
    let late = seen.iter().position(|line| line == "line 2").unwrap();
    assert_eq!(seen[late - 1], "line 4");
    seen.remove(late);
    let rest: Vec<String> = (0..30)
        .filter(|n| *n != 2)
        .map(|n| format!("line {n}"))
        .collect();
    assert_eq!(seen, rest);
}

#[tokio::test(start_paused = true)]
async fn a_broken_filter_pattern_is_the_user_s() {
    let rule = mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events)
        .then_http_response(|| json_error("InvalidParameterException", "Invalid filter pattern"));
    let query = LogQuery {
        since: SystemTime::UNIX_EPOCH,
        filter: Some("{ $.".into()),
    };
    let (error, _) = run(&[rule], async |session| {
        crate::read_logs(session, &logs(), &query, SystemTime::UNIX_EPOCH)
            .await
            .unwrap_err()
    })
    .await;
    insta::assert_snapshot!(told(&error), @r#"
    Usage: failed to read the log group shop-logs: Invalid filter pattern (InvalidParameterException)
      hint: --filter takes a filter pattern of CloudWatch Logs: ERROR, "two words", or { $.level = "error" }
    "#);
}

/// A service that allows commands, and one that doesn't.
async fn deployed() -> DeployedStack {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    {
        let mut state = cloud.state();
        let stack = state.stack();
        let service = |name: &str, exec: bool| json!({"Properties": {"Tags": [{"Key": "ecs-scaler:name", "Value": name}], "EnableExecuteCommand": exec}});
        stack.template = json!({
            "Metadata": {"EcsScaler": {"Stack": NAME, "Version": VERSION}},
            "Resources": {"WebService": service("web", true), "DbService": service("db", false)},
        })
        .to_string();
        for (kind, logical, physical) in [
            (
                "AWS::ECS::Service",
                "WebService",
                "arn:aws:ecs:us-west-2:1:service/shop/web-1a",
            ),
            (
                "AWS::ECS::Service",
                "DbService",
                "arn:aws:ecs:us-west-2:1:service/shop/db-1a",
            ),
            (
                "AWS::ApplicationAutoScaling::ScalableTarget",
                "OldScalableTarget",
                "service/other/old|ecs:service:DesiredCount|ecs",
            ),
        ] {
            stack.holds(kind, logical, physical);
        }
    }
    run(&cloud.rules(), async |session| {
        DeployedStack::read(session, NAME).await.unwrap().unwrap()
    })
    .await
    .0
}

fn task(id: &str, started: i64, agent: Option<&str>) -> Task {
    let container = |name: &str| {
        let agents = agent.map(|status| ManagedAgent::builder().last_status(status).build());
        Container::builder()
            .name(name)
            .runtime_id(format!("{id}-7"))
            .set_managed_agents(Some(agents.into_iter().collect()))
            .build()
    };
    Task::builder()
        .task_arn(format!("arn:aws:ecs:us-west-2:1:task/shop/{id}"))
        .last_status("RUNNING")
        .started_at(DateTime::from_secs(started))
        .containers(container("web"))
        .containers(container("otel"))
        .build()
}

fn tasks(tasks: Vec<Task>) -> Vec<Rule> {
    let arns: Vec<String> = tasks
        .iter()
        .map(|task| task.task_arn().unwrap().to_owned())
        .collect();
    vec![
        mock!(aws_sdk_ecs::Client::list_tasks).then_compute_output(move |input| {
            assert_eq!(
                (input.cluster(), input.service_name()),
                (Some("shop"), Some("web-1a"))
            );
            ListTasksOutput::builder()
                .set_task_arns(Some(arns.clone()))
                .build()
        }),
        mock!(aws_sdk_ecs::Client::describe_tasks).then_output(move || {
            DescribeTasksOutput::builder()
                .set_tasks(Some(tasks.clone()))
                .build()
        }),
        mock!(aws_sdk_ecs::Client::execute_command).then_compute_output(|input| {
            assert_eq!(
                (input.container(), input.command()),
                (Some("web"), Some("env"))
            );
            assert_eq!(input.interactive(), Some(true));
            let session = EcsSession::builder()
                .session_id("s")
                .stream_url("wss://x")
                .token_value("t");
            ExecuteCommandOutput::builder()
                .session(session.build())
                .build()
        }),
    ]
}

async fn pick(
    stack: &DeployedStack,
    rules: &[Rule],
    request: ExecRequest,
) -> Result<(ExecSession, OpenedExec)> {
    run(rules, async |session| {
        let picked = crate::pick_container(session, stack, &request).await?;
        let opened = crate::open_exec(session, &picked).await?;
        Ok((picked, opened))
    })
    .await
    .0
}

fn request(service: &str) -> ExecRequest {
    ExecRequest {
        service: service.into(),
        command: "env".into(),
        ..ExecRequest::default()
    }
}

#[tokio::test(start_paused = true)]
async fn a_command_runs_in_the_oldest_task_whose_agent_is_ready() {
    let stack = deployed().await;
    let rules = tasks(vec![
        task("young", 30, Some("RUNNING")),
        task("starting", 10, Some("PENDING")),
        task("ready", 20, Some("RUNNING")),
    ]);
    let (picked, opened) = pick(&stack, &rules, request("web")).await.unwrap();
    assert_eq!(
        (picked.task.as_str(), picked.container.as_str()),
        ("ready", "web")
    );
    // The order is the AWS CLI's.
    let [response, region, operation, profile, target, endpoint] =
        opened.plugin_arguments(Some("me"));
    let response: Value = serde_json::from_str(&response).unwrap();
    assert_eq!(
        response,
        json!({"sessionId": "s", "streamUrl": "wss://x", "tokenValue": "t"})
    );
    assert_eq!(
        [&*region, &*operation, &*profile],
        ["us-west-2", "StartSession", "me"]
    );
    assert_eq!(target, r#"{"Target":"ecs:shop_ready_ready-7"}"#);
    assert_eq!(endpoint, "https://ecs.us-west-2.amazonaws.com");
    let meant = ExecRequest {
        task: Some("you".into()),
        ..request("web")
    };
    assert_eq!(pick(&stack, &rules, meant).await.unwrap().0.task, "young");
}

#[tokio::test(start_paused = true)]
async fn where_no_command_can_run_the_reason_is_shown() {
    let stack = deployed().await;
    let ready = tasks(vec![task("t", 1, Some("RUNNING"))]);
    let asleep = tasks(vec![task("t", 1, None)]);
    let none = tasks(Vec::new());
    let other = ExecRequest {
        container: Some("envoy".into()),
        ..request("web")
    };
    let gone = ExecRequest {
        task: Some("0a".into()),
        ..request("web")
    };
    let mut text = String::new();
    for (rules, request) in [
        (&ready, request("db")),
        (&ready, request("old")),
        (&ready, request("nobody")),
        (&ready, other),
        (&ready, gone),
        (&asleep, request("web")),
        (&none, request("web")),
    ] {
        text.push_str(&told(&pick(&stack, rules, request).await.unwrap_err()));
    }
    insta::assert_snapshot!(text, @r"
    Refused: commands can't be run in the tasks of db
      hint: set `services.db.exec: true` and deploy it: that replaces the tasks, because ECS starts its agent with a task
    Refused: old is an existing service, which the stack shop only scales
      hint: use `aws ecs execute-command`, if its owner has turned ECS Exec on
    Usage: the stack shop has no service nobody
      hint: there are: db, web, old
    Usage: the tasks of web have no container envoy
      hint: they have: otel, web
    Usage: web has no running task 0a
    Failed: ECS Exec's agent isn't running in any task of web yet
      hint: tasks that started before `exec: true` was deployed don't have the agent; in a new task, it takes a few seconds to start
    Failed: no task of web is running
    ");
}
