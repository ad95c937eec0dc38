//! Runs without a fault, or with a user's mistake: which calls are made.

use e2e::{edited, unique_name, until};
use fault_proxy::{Fault, Rule};

use super::{Scene, assert_says};

/// A first deploy creates the stack. The second one plans, and executes nothing.
#[tokio::test]
async fn a_second_deploy_changes_nothing() {
    let (scene, kept) = Scene::deployed("no-op").await;
    let again = scene.deploy().await.succeeds();
    assert_eq!(again["changed"], false);
    assert_eq!(scene.proxy.count("cloudformation", "ExecuteChangeSet"), 0);
    assert_eq!(
        scene.proxy.count("s3", "PUT /"),
        0,
        "something was uploaded again"
    );
    kept.assert(&scene).await;
    assert_eq!(scene.list_change_sets().await, [] as [String; 0]);
}

/// A deploy that changes the service keeps a count that the autoscaler has set.
#[tokio::test]
async fn a_scaled_out_count_is_kept() {
    let (scene, kept) = Scene::deployed("scaled-out").await;
    let service = kept.resources.id("WorkerService");
    scene
        .cloud
        .set_desired_count(kept.resources.id("Cluster"), service, 2)
        .await;
    let text = edited(
        &scene.definition,
        "consumes: [jobs]",
        "consumes: [jobs]\n    environment: {A: b}",
    );
    scene.stack.write(&text);
    let outcome = scene.deploy().await.succeeds();
    assert_eq!(outcome["changed"], true);
    let counted = scene.cloud.service(service).await.unwrap();
    assert_eq!(counted.desired_count(), 2);
    kept.assert_messages(&scene).await;
}

/// An image that doesn't exist in its registry is detected before anything changes.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn an_image_that_does_not_exist_changes_nothing() {
    let (scene, kept) = Scene::deployed("image").await;
    let image = "000000000000.dkr.ecr.us-east-1.amazonaws.com/no-such-image:1";
    let public = "public.ecr.aws/docker/library/busybox:1.37";
    scene.stack.write(&edited(&scene.definition, public, image));
    // LocalStack has no ECR.
    let missing = Fault::Refuse(400, "ImageNotFoundException", "no such image");
    scene
        .proxy
        .inject(Rule::on("ecr", "DescribeImages", missing));
    let error = scene.deploy().await.fails(1);
    assert_says(&error, &["no-such-image", "push it first"]);
    assert_eq!(scene.proxy.count("cloudformation", "CreateChangeSet"), 0);
    kept.assert(&scene).await;
}

/// An image that never becomes stable: ECS has rolled the deployment back, although CloudFormation reports
/// success.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn an_image_that_does_not_start_fails_the_deploy() {
    let (scene, kept) = Scene::deployed("unstable").await;
    let (completed, failed) = (
        r#""rolloutState":"COMPLETED""#,
        r#""rolloutState":"FAILED""#,
    );
    let failed = Fault::rewrite(move |body| body.replace(": ", ":").replace(completed, failed));
    let error = scene
        .update_with(Rule::on("ecs", "DescribeServices", failed))
        .await
        .fails(4);
    assert_says(&error, &["WorkerService", "deployment"]);
    kept.assert(&scene).await;
}

/// Every command reports that the stack doesn't exist, and none creates it.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_missing_stack_is_reported() {
    let scene = Scene::new("missing").await;
    for command in ["status", "invoke"] {
        let error = scene.run(command, &[]).end().await.fails(1);
        assert_says(&error, &[&scene.stack.name]);
    }
    let gone = scene.run("destroy", &["--yes"]).end().await.succeeds();
    assert_eq!(gone["existed"], false);
    assert_eq!(scene.status().await, None);
}

/// A replacement of the queue is refused, with or without messages.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_replacement_that_would_lose_messages_is_refused() {
    let (scene, kept) = Scene::deployed("replaced").await;
    scene
        .stack
        .write(&edited(&scene.definition, "jobs: {}", "jobs: {fifo: true}"));
    let error = scene.deploy().await.fails(5);
    assert_says(&error, &["JobsQueue", "--allow-loss"]);
    assert_eq!(scene.proxy.count("cloudformation", "ExecuteChangeSet"), 0);
    kept.assert(&scene).await;
    assert_eq!(scene.list_change_sets().await, [] as [String; 0]);
}

/// An update that fails in the cloud is rolled back, and keeps the queue and its messages.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_failed_update_keeps_the_messages() {
    let (scene, kept) = Scene::deployed("failed").await;
    let taken = unique_name("taken");
    let sqs = &scene.cloud.clients.sqs;
    sqs.create_queue().queue_name(&taken).send().await.unwrap();
    let queues = format!(
        "jobs: {{visibility_timeout: 7m}}, zebra: {{name: {taken}, visibility_timeout: 1m}}"
    );
    let text = edited(&scene.definition, "jobs: {}", &queues);
    scene.stack.write(&edited(&text, "[jobs]", "[jobs, zebra]"));
    let error = scene.deploy().await.fails(4);
    assert_says(&error, &["ZebraQueue", "UPDATE_ROLLBACK_COMPLETE"]);
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
}

/// A protected stack stays, regardless of the flags.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_protected_stack_keeps_its_messages() {
    let (scene, kept) = Scene::deployed("protected").await;
    scene.stack.write(&format!(
        "{}termination_protection: true\n",
        scene.definition
    ));
    let _ = scene.deploy().await.succeeds();
    let error = scene
        .run("destroy", &["--yes", "--force"])
        .end()
        .await
        .fails(5);
    assert_says(&error, &["protected"]);
    assert_eq!(scene.proxy.count("cloudformation", "DeleteStack"), 0);
    kept.assert(&scene).await;
    scene.stack.write(&scene.definition);
    let _ = scene.deploy().await.succeeds();
}

/// Two parallel updates: one of them wins, or both run in turn. Nothing is lost, and no plan remains.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn two_updates_at_once_keep_the_messages() {
    let (scene, kept) = Scene::deployed("two").await;
    scene.edit();
    let (one, other) = tokio::join!(scene.deploy(), scene.deploy());
    let _ = (one.succeeds(), other.succeeds());
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
    until("the end of all plans", super::BOUND, async || {
        scene.list_change_sets().await.is_empty().then_some(())
    })
    .await;
}
