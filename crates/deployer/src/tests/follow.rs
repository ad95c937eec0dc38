//! Polls through every kind of reply.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_smithy_mocks::mock;
use tokio::time::Instant;

use super::cloud::{run, run_with, with_retries, xml_error};
use super::cloudformation::{CloudFormation, NAME, Step, source, steps};
use super::deploy::deploy;
use super::told;
use crate::{Kind, Pace, Plan, Status};

/// Starts after the plan was made. Before that, the stack's status is read once.
fn while_following(cloud: &CloudFormation, replies: Vec<fn() -> HttpResponse>) {
    cloud.on("DescribeStacks", |_| None);
    for reply in replies {
        cloud.on("DescribeStacks", move |_| Some(reply()));
    }
}

fn page(body: &'static str) -> HttpResponse {
    HttpResponse::new(200.try_into().unwrap(), body.into())
}

fn status(code: u16) -> HttpResponse {
    HttpResponse::new(code.try_into().unwrap(), "<html>gateway</html>".into())
}

#[tokio::test(start_paused = true)]
async fn no_reply_that_fails_to_come_turns_a_success_into_a_failure() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    while_following(
        &cloud,
        vec![
            || page("<DescribeStacksResponse><DescribeStacksResult><Stacks><mem"),
            || {
                page(
                    "<DescribeStacksResponse><DescribeStacksResult><Stacks></Stacks></DescribeStacksResult></DescribeStacksResponse>",
                )
            },
            || {
                page(
                    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackName>shop</StackName><CreationTime>2026-01-01T00:00:00Z</CreationTime></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
                )
            },
            || {
                page(
                    "<DescribeStacksResponse><DescribeStacksResult><Stacks><member><StackId>i</StackId><StackName>shop</StackName><StackStatus>UPDATE_COMPL</StackStatus></member></Stacks></DescribeStacksResult></DescribeStacksResponse>",
                )
            },
            || page(""),
            || xml_error("Throttling", "Rate exceeded"),
            || xml_error("ServiceUnavailable", ""),
            || xml_error("InternalFailure", ""),
            || status(503),
            || status(500),
            || status(502),
        ],
    );
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    let notes = told.lines();
    let asking = notes.iter().filter(|line| line.ends_with("retrying"));
    assert_eq!(asking.count(), 1, "one note a silence: {notes:?}");
}

#[tokio::test(start_paused = true)]
async fn events_that_fail_to_come_do_no_harm() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("DescribeStackEvents", |_| None);
    cloud.refuse("DescribeStackEvents", "Throttling", "Rate exceeded");
    cloud.on("DescribeStackEvents", |_| {
        Some(page("<DescribeStackEventsResponse><DescribeStackEventsResult><StackEvents><member><StackName>shop</StackName></member></StackEvents></DescribeStackEventsResult></DescribeStackEventsResponse>"))
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(
        told.has("UPDATE_COMPLETE shop"),
        "the events came in the end"
    );
}

#[tokio::test(start_paused = true)]
async fn events_that_may_not_be_read_do_no_harm() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("DescribeStackEvents", |_| None);
    for _ in 0..50 {
        cloud.refuse("DescribeStackEvents", "AccessDenied", "no");
    }
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(told.has("using only the stack's status"));
    assert_eq!(cloud.calls("DescribeStackEvents"), 2);
}

#[tokio::test(start_paused = true)]
async fn the_sdk_s_own_retries_are_at_work() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let flaky = mock!(aws_sdk_cloudformation::Client::execute_change_set)
        .sequence()
        .http_status(503, None)
        .times(2)
        .http_response(|| xml_error("AccessDenied", "the third answer"))
        .build();
    let mut rules = vec![flaky.clone()];
    rules.extend(cloud.rules());
    let clients = with_retries(&rules, RetryConfig::standard());
    let (result, _) = run_with(&clients, async |session| {
        crate::deploy_template(session, &source(), &mut |_: &Plan| Ok(())).await
    })
    .await;
    assert_eq!(flaky.num_calls(), 3);
    assert!(result.unwrap_err().to_string().contains("the third answer"));
}

#[tokio::test(start_paused = true)]
async fn patience_ends_and_says_that_the_operation_goes_on() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("DescribeStacks", |_| None);
    for _ in 0..1_000 {
        cloud.refuse("DescribeStacks", "ServiceUnavailable", "later");
    }
    let begun = Instant::now();
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to describe the stack arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1: later (ServiceUnavailable)
      hint: AWS returned server errors, even after several retries: run the command again
      hint: CloudFormation continues in the background; run the same command again to follow it (arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1)
    ");
    let waited = begun.elapsed();
    assert!(waited >= Pace::AWS.patience && waited < Pace::AWS.patience + Duration::from_secs(30));
    assert!(cloud.calls("DescribeStacks") < 150, "never without a delay");
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_end_the_following_but_not_the_operation() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    while_following(
        &cloud,
        vec![|| {
            xml_error(
                "ExpiredToken",
                "The security token included in the request is expired",
            )
        }],
    );
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to describe the stack arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1: The security token included in the request is expired (ExpiredToken)
      hint: the credentials have expired: sign in again (`aws sso login`), or use another --profile
      hint: CloudFormation continues in the background; run the same command again to follow it (arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1)
    ");
}

#[tokio::test(start_paused = true)]
async fn a_status_that_never_becomes_known_is_not_waited_for_for_ever() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud
        .state()
        .executions
        .push_back(steps(&["BRAND_NEW_STATUS"]));
    let (result, _) = deploy(&cloud).await;
    let error = result.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!(error.to_string().contains("BRAND_NEW_STATUS"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_status_from_before_the_operation_is_not_its_end() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().executions.push_back(steps(&[
        "CREATE_COMPLETE",
        "CREATE_COMPLETE",
        "CREATE_COMPLETE",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]));
    let error = deploy(&cloud).await.0.unwrap_err();
    assert_eq!(
        error.kind(),
        Kind::DeploymentFailed,
        "not the success of before"
    );
}

#[tokio::test(start_paused = true)]
async fn a_cause_that_arrives_after_the_status_is_waited_for() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let late = vec![("Queue", "UPDATE_FAILED", "the cause")];
    cloud.state().executions.push_back(vec![
        Step("UPDATE_IN_PROGRESS", vec![]),
        Step("UPDATE_ROLLBACK_COMPLETE", vec![]),
        Step("UPDATE_ROLLBACK_COMPLETE", late),
    ]);
    let error = deploy(&cloud).await.0.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("Queue (AWS::SQS::Queue): the cause")
    );
}

#[tokio::test(start_paused = true)]
async fn a_failure_without_any_cause_gives_the_stack_s_reason() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().stack().reason = Some("The following resource(s) failed".to_owned());
    cloud
        .state()
        .executions
        .push_back(steps(&["UPDATE_ROLLBACK_COMPLETE"]));
    let error = deploy(&cloud).await.0.unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("The following resource(s) failed\n")
    );
}

#[tokio::test(start_paused = true)]
async fn thousands_of_old_events_are_neither_read_nor_told() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().stack().history(5_000);
    let script = steps(&["UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]);
    cloud.state().executions.push_back(script);
    let (result, told) = deploy(&cloud).await;
    assert!(!result.unwrap_err().to_string().contains("old"));
    assert!(!told.has("CREATE_FAILED Old"));
    assert!(cloud.calls("DescribeStackEvents") < 20, "a page a poll");
}

#[tokio::test(start_paused = true)]
async fn every_new_event_is_told_once() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().stack().history(30);
    let many = vec![("Role", "UPDATE_COMPLETE", ""); 350];
    cloud.state().executions.push_back(vec![
        Step("UPDATE_IN_PROGRESS", vec![]),
        Step("UPDATE_IN_PROGRESS", many),
        Step("UPDATE_COMPLETE", vec![]),
    ]);
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    let lines = told.lines();
    let roles = lines.iter().filter(|line| *line == "UPDATE_COMPLETE Role");
    assert_eq!(roles.count(), 350);
    assert!(!told.has("Old"));
}

#[tokio::test(start_paused = true)]
async fn a_garbled_first_reply_is_asked_for_again() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    for _ in 0..3 {
        cloud.on("DescribeStacks", |_| Some(page("<DescribeStacksResponse><DescribeStacksResult><Stacks></Stacks></DescribeStacksResult></DescribeStacksResponse>")));
    }
    let (result, _) = run(&cloud.rules(), async |session| {
        crate::observe::observe(session, NAME).await
    })
    .await;
    let status = result.unwrap().unwrap().status;
    assert_eq!(status, Status::Ready { rolled_back: false });
}

#[tokio::test(start_paused = true)]
async fn resources_that_lost_their_names_are_an_error_and_not_left_out() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    for _ in 0..10 {
        cloud.on("ListStackResources", |_| Some(page("<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries><member><ResourceType>AWS::SQS::Queue</ResourceType></member></StackResourceSummaries></ListStackResourcesResult></ListStackResourcesResponse>")));
    }
    let (result, _) = run(&cloud.rules(), async |session| {
        crate::observe::deployed_resources(session, NAME).await
    })
    .await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @"Failed: failed to list the resources of shop: the reply has a resource without its name");
}

#[tokio::test(start_paused = true)]
async fn events_that_are_throttled_for_ever_never_fail_a_finished_deploy() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("DescribeStackEvents", |_| None);
    for _ in 0..1_000 {
        cloud.refuse("DescribeStackEvents", "Throttling", "Rate exceeded");
    }
    let begun = Instant::now();
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(
        begun.elapsed() < Pace::AWS.patience,
        "{:?}",
        begun.elapsed()
    );
    let lines = told.lines();
    let notes = lines.iter().filter(|line| line.contains("Rate exceeded"));
    assert_eq!(notes.count(), 1, "{lines:?}");
}

#[tokio::test(start_paused = true)]
async fn a_wait_names_what_it_waits_for() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let works = Step(
        "UPDATE_IN_PROGRESS",
        vec![("WebService", "UPDATE_IN_PROGRESS", "")],
    );
    // A poll every 3 s for about 2 minutes.
    let still = std::iter::repeat_n(Step("UPDATE_IN_PROGRESS", vec![]), 45);
    let done = Step(
        "UPDATE_COMPLETE",
        vec![("WebService", "UPDATE_COMPLETE", "")],
    );
    let execution = std::iter::once(works).chain(still).chain([done]);
    cloud.state().executions.push_back(execution.collect());
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    let lines = told.lines();
    let waits: Vec<_> = lines
        .iter()
        .filter(|line| line.starts_with("still"))
        .collect();
    assert_eq!(
        waits[0],
        "still waiting for WebService (UPDATE_IN_PROGRESS); no progress for 1 minute"
    );
    assert!(waits.len() <= 2, "{waits:?}");
}
