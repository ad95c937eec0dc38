//! Runs that end before their work is done: killed, or interrupted by Ctrl-C.

use aws_sdk_cloudformation::types::{ChangeSetType, Tag};
use e2e::{Bench, Cloud, TestStack, long_to_create, worker};
use rustix::process::Signal;
use serde_json::json;

/// Part of the line for a completed resource, of a deploy or of a deletion.
const CREATED: &str = "CREATE_COMPLETE";
const DELETED: &str = "DELETE_COMPLETE";

#[tokio::test]
async fn what_a_killed_run_began_is_finished_by_the_next() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "killed");
    let definition = long_to_create(&stack.name);
    stack.write(&definition);

    let mut deploy = stack.run("deploy", &["--yes"]).start();
    deploy.says(CREATED).await;
    deploy.signal(Signal::KILL);
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(
        status.as_deref(),
        Some("CREATE_IN_PROGRESS"),
        "it was not killed in the middle"
    );
    let killed = deploy.end().await;
    assert_eq!(killed.code, None, "{killed}");

    let next = stack.deploy(&definition).await;
    let outcome = next.succeeds();
    assert!(next.stderr.contains("already in progress"), "{next}");
    assert_eq!(
        outcome["changed"], false,
        "the killed run's own work was all there was to do"
    );
    let found = cloud.resources(&stack.name).await;
    assert!(cloud.queue(found.id("JobsQueue")).await.is_some());
    let service = cloud.service(found.id("WorkerService")).await.unwrap();
    assert_eq!(service.status(), Some("ACTIVE"));
    let input = &cloud.rule_inputs(&found).await[0];
    let answer = cloud.invoke(found.id("MetricFunction"), input).await;
    assert_eq!(answer["published"].as_array().unwrap().len(), 1, "{answer}");

    let mut destroy = stack.run("destroy", &["--yes"]).start();
    destroy.says(DELETED).await;
    destroy.signal(Signal::KILL);
    let killed = destroy.end().await;
    assert_eq!(killed.code, None, "{killed}");
    let _ = stack.destroy(&[]).await.succeeds();
    assert_eq!(cloud.stack_status(&stack.name).await, None);
    assert_eq!(cloud.queue(found.id("JobsQueue")).await, None);
}

/// The next run can also do the opposite.
#[tokio::test]
async fn what_a_killed_run_began_is_undone_by_the_next() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "undone");
    let definition = worker(&stack.name);
    stack.write(&definition);

    let mut deploy = stack.run("deploy", &["--yes"]).start();
    deploy.says(CREATED).await;
    deploy.signal(Signal::KILL);
    let _ = deploy.end().await;
    let undone = stack.destroy(&[]).await.succeeds();
    assert_eq!(undone["existed"], true);
    assert_eq!(undone["remains"]["left"], json!([]));
    assert_eq!(cloud.stack_status(&stack.name).await, None);

    let first = stack.deploy(&definition).await.succeeds();
    let mut destroy = stack.run("destroy", &["--yes"]).start();
    destroy.says(DELETED).await;
    destroy.signal(Signal::KILL);
    let _ = destroy.end().await;
    let second = stack.deploy(&definition).await.succeeds();
    assert_ne!(first["stack_id"], second["stack_id"]);
    assert_eq!(second["changed"], true);
    let found = cloud.resources(&stack.name).await;
    assert!(cloud.service(found.id("WorkerService")).await.is_some());
}

#[tokio::test]
async fn ctrl_c_says_what_goes_on_and_how_to_follow_it() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "ctrl-c");
    let definition = long_to_create(&stack.name);
    stack.write(&definition);

    let mut deploy = stack.run("deploy", &["--yes"]).start();
    deploy.says(CREATED).await;
    deploy.signal(Signal::INT);
    let interrupted = deploy.end().await;
    let error = interrupted.fails(1);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("continues in the background"), "{message}");
    let follow = format!("cargo xtask deploy {} --local", stack.file().display());
    let hints = error["hints"].as_array().unwrap();
    assert!(
        hints
            .iter()
            .any(|hint| hint.as_str().unwrap().contains(&follow)),
        "{hints:?}"
    );

    let outcome = stack.deploy(&definition).await.succeeds();
    assert_eq!(outcome["changed"], false);
    let found = cloud.resources(&stack.name).await;
    assert!(cloud.service(found.id("WorkerService")).await.is_some());
}

/// The state after a run that was killed between creating its plan and executing it.
#[tokio::test]
async fn a_plan_that_nobody_executed_is_in_nobodys_way() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "planned");
    let template = r#"{"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}"#;
    let request = cloud.clients.cloudformation.create_change_set();
    let request = request
        .stack_name(&stack.name)
        .change_set_name("left-behind");
    let request = request
        .change_set_type(ChangeSetType::Create)
        .tags(
            Tag::builder()
                .key("ecs-scaler:stack")
                .value(&stack.name)
                .build(),
        )
        .template_body(template);
    request.send().await.unwrap();
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(status.as_deref(), Some("REVIEW_IN_PROGRESS"));

    let outcome = stack.deploy(&worker(&stack.name)).await.succeeds();
    assert_eq!(outcome["changed"], true);
    let status = cloud.stack_status(&stack.name).await;
    assert_eq!(status.as_deref(), Some("CREATE_COMPLETE"));
}
