//! Commands that end before their work is done: by Ctrl-C, by a closed terminal, or killed.

use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use fault_proxy::{Fault, Rule};
use rustix::process::Signal;

use super::{Scene, assert_says};

/// An interrupted command ends within this time, even if the cloud doesn't respond: 10 s, on a busy machine.
const PROMPTLY: Duration = Duration::from_secs(25);

/// Before the plan is executed, nothing has changed.
#[tokio::test]
async fn ctrl_c_before_the_execution_changes_nothing() {
    let (scene, kept) = Scene::deployed("ctrl-c-before").await;
    scene.edit();
    scene
        .proxy
        .inject(Rule::on("cloudformation", "DescribeChangeSet", Fault::Hang));
    let deploy = scene.run("deploy", &["--yes"]).start();
    scene.proxy.hangs().await;
    deploy.signal(Signal::INT);
    let signaled = Instant::now();
    let error = deploy.end().await.fails(1);
    assert!(signaled.elapsed() < PROMPTLY, "{:?}", signaled.elapsed());
    assert_says(&error, &["interrupted", "not changed"]);
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
    scene.proxy.clear();
    let _ = scene.deploy().await.succeeds();
    assert!(kept.is_updated(&scene).await);
}

/// The sandbox's change sets can't repair, so the command does it itself, and nothing continues when it ends.
#[tokio::test]
async fn ctrl_c_during_a_repair_says_what_is_repaired_and_what_is_left() {
    let (mut scene, kept) = Scene::deployed("ctrl-c-repair").await;
    let clients = &scene.cloud.clients;
    let queue = clients.sqs.set_queue_attributes();
    queue
        .queue_url(kept.resources.id("JobsQueue"))
        .attributes(QueueAttributeName::DelaySeconds, "5")
        .send()
        .await
        .unwrap();
    let rule = clients.eventbridge.disable_rule();
    let rule = rule.name(kept.resources.id("MetricRule1"));
    rule.send().await.unwrap();
    scene
        .proxy
        .inject(Rule::on("events", "PutRule", Fault::Hang));
    let deploy = scene.run("deploy", &["--yes"]).start();
    scene.proxy.hangs().await;
    deploy.signal(Signal::INT);
    let error = deploy.end().await.fails(1);
    assert_says(
        &error,
        &[
            "1 of 2 parts are repaired, and nothing continues",
            "\"repaired: JobsQueue\"",
            "\"not repaired: MetricRule1\"",
        ],
    );
    assert_eq!(kept.attribute(&scene, "DelaySeconds").await, "0");
    scene.renew_proxy().await;
    let again = scene.deploy().await.succeeds();
    assert_eq!(again["plan"]["drift"].as_array().unwrap().len(), 1);
    kept.assert(&scene).await;
}

/// Closing the terminal is like Ctrl-C: the update continues, and the next run follows it.
#[tokio::test]
async fn a_closed_terminal_ends_the_command_and_not_the_update() {
    let (scene, kept) = Scene::deployed("hangup").await;
    scene.edit();
    scene.proxy.inject(Rule::on(
        "cloudformation",
        "ExecuteChangeSet",
        Fault::HangAfter,
    ));
    let deploy = scene.run("deploy", &["--yes"]).start();
    scene.proxy.hangs().await;
    deploy.signal(Signal::HUP);
    let signaled = Instant::now();
    let error = deploy.end().await.fails(1);
    assert!(signaled.elapsed() < PROMPTLY, "{:?}", signaled.elapsed());
    assert_says(&error, &["interrupted", "in the background", "deploy"]);
    scene.proxy.clear();
    let _ = scene.deploy().await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// A point of a run: it is killed before this request is sent, or after the cloud has executed it.
type Point = (&'static str, &'static str, Fault);

/// Kills a run at a point.
async fn kill_at(scene: &Scene, command: &str, more: &[&str], (service, action, fault): Point) {
    scene
        .proxy
        .inject(Rule::on(service, action, fault).first(1));
    let run = scene.run(command, more).start();
    let hangs = tokio::time::timeout(super::BOUND, scene.proxy.hangs()).await;
    assert!(
        hangs.is_ok(),
        "{command} made no call of {service} {action}: {:?}",
        scene.proxy.calls()
    );
    run.signal(Signal::KILL);
    let killed = run.end().await;
    assert_eq!(killed.code, None, "{killed}");
}

/// If only a plan created a stack, the next plan and `destroy` both delete it.
#[tokio::test]
async fn a_diff_of_a_new_stack_that_is_killed_leaves_nothing_after_the_next_command() {
    let commands: [(&str, &[&str]); 2] = [("diff", &[]), ("destroy", &["--yes"])];
    for (command, more) in commands {
        let mut scene = Scene::new("killed-diff").await;
        let point = ("cloudformation", "CreateChangeSet", Fault::HangAfter);
        kill_at(&scene, "diff", &[], point).await;
        assert_eq!(scene.status().await.as_deref(), Some("REVIEW_IN_PROGRESS"));
        scene.renew_proxy().await;
        let _ = scene.run(command, more).end().await.succeeds();
        assert_eq!(scene.status().await, None, "after {command}");
    }
}

/// Returns points of a first deploy, from before its first change to its last call.
fn points_of_a_create() -> [Point; 5] {
    [
        ("s3", "HEAD /", Fault::Hang),
        ("cloudformation", "CreateChangeSet", Fault::HangAfter),
        ("cloudformation", "ExecuteChangeSet", Fault::Hang),
        ("cloudformation", "ExecuteChangeSet", Fault::HangAfter),
        ("lambda", "/invocations", Fault::Hang),
    ]
}

#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_first_deploy_that_is_killed_at_five_points_is_finished_by_the_next() {
    for point in points_of_a_create() {
        let mut scene = Scene::new("killed-create").await;
        kill_at(&scene, "deploy", &["--yes"], point).await;
        scene.renew_proxy().await;
        let _ = scene.deploy().await.succeeds();
        let kept = scene.keep().await;
        let again = scene.deploy().await.succeeds();
        assert_eq!(again["changed"], false);
        kept.assert(&scene).await;
    }
}

#[tokio::test]
#[ignore = "runs in test --full"]
async fn an_update_that_is_killed_at_five_points_is_finished_by_the_next() {
    let (mut scene, kept) = Scene::deployed("killed-update").await;
    let points = [
        ("cloudformation", "CreateChangeSet", Fault::Hang),
        ("cloudformation", "CreateChangeSet", Fault::HangAfter),
        ("cloudformation", "ExecuteChangeSet", Fault::Hang),
        ("cloudformation", "ExecuteChangeSet", Fault::HangAfter),
        ("ecs", "DescribeServices", Fault::Hang),
    ];
    for (minutes, point) in (3..).zip(points) {
        scene.edit_to(minutes);
        kill_at(&scene, "deploy", &["--yes"], point).await;
        scene.renew_proxy().await;
        let _ = scene.deploy().await.succeeds();
        kept.assert(&scene).await;
        let timeout = kept.attribute(&scene, "VisibilityTimeout").await;
        assert_eq!(timeout, (minutes * 60).to_string());
    }
    assert_eq!(
        scene.list_change_sets().await,
        [] as [String; 0],
        "plans are left behind"
    );
}

/// The deletion continues in the background, or never started; the next run completes and checks it.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_deletion_that_is_killed_is_completed_by_the_next() {
    for fault in [Fault::Hang, Fault::HangAfter] {
        let mut scene = Scene::new("killed-destroy").await;
        let _ = scene.deploy().await.succeeds();
        let begun = matches!(fault, Fault::HangAfter);
        let point = ("cloudformation", "DeleteStack", fault);
        kill_at(&scene, "destroy", &["--yes"], point).await;
        scene.renew_proxy().await;
        let gone = begun && scene.status().await.is_none();
        let destroyed = scene.run("destroy", &["--yes"]).end().await.succeeds();
        assert_eq!(destroyed["existed"], !gone);
        assert_eq!(scene.status().await, None);
    }
}
