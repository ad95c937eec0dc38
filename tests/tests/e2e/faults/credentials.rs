//! Credentials that are valid only for a time.

use std::time::Duration;

use fault_proxy::{Fault, Rule};

use super::{Scene, assert_says, until_called};

/// They expire while the update is followed. The update continues, and the same command follows it.
#[tokio::test]
async fn credentials_that_expire_in_the_middle_stop_the_command_and_not_the_update() {
    let (scene, kept) = Scene::deployed("expired").await;
    scene.edit();
    // The update starts while the credentials expire.
    let moment = Fault::Delay(Duration::from_secs(1));
    scene
        .proxy
        .inject(Rule::on("cloudformation", "ExecuteChangeSet", moment));
    let deploy = scene.run("deploy", &["--yes"]).start();
    until_called(&scene, "cloudformation", "ExecuteChangeSet").await;
    scene
        .proxy
        .inject(Rule::on("cloudformation", "DescribeStacks", Fault::Expire));
    scene.proxy.inject(Rule::on(
        "cloudformation",
        "DescribeStackEvents",
        Fault::Expire,
    ));
    let error = deploy.end().await.fails(6);
    assert_says(&error, &["expired", "sso login"]);
    scene.proxy.clear();
    let _ = scene.deploy().await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// They expired before the start: nothing is retried, and nothing changes.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn expired_credentials_change_nothing() {
    let (scene, kept) = Scene::deployed("expired-first").await;
    let error = scene.update_with(Rule::every(Fault::Expire)).await.fails(6);
    assert_says(&error, &["expired", "sso login"]);
    assert_eq!(scene.proxy.calls().len(), 1, "{:?}", scene.proxy.calls());
    kept.assert(&scene).await;
    for command in ["diff", "status"] {
        let error = scene.run(command, &[]).end().await.fails(6);
        assert_says(&error, &["expired"]);
    }
    let error = scene
        .run("destroy", &["--yes", "--force"])
        .end()
        .await
        .fails(6);
    assert_says(&error, &["expired"]);
    scene.proxy.clear();
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
}

/// If credentials don't allow reading a part of the stack, the rest is shown, and this part is reported
/// as unchecked.
#[tokio::test]
async fn a_read_that_is_denied_is_unchecked() {
    let (scene, _) = Scene::deployed("denied-reads").await;
    let services = [
        ("ecs", "Service"),
        ("application-autoscaling", "WorkerScalingPolicy"),
        ("monitoring", "Alarm"),
        ("events", "MetricRule1"),
        ("lambda", "MetricFunction"),
        ("iam", "Role"),
        ("logs", "Logs"),
        ("sqs", "JobsQueue"),
    ];
    for (service, part) in services {
        scene.proxy.inject(Rule::service(service, Fault::Deny));
        let report = scene.run("status", &[]).end().await.succeeds();
        assert_eq!(report["drift"].as_array().unwrap().len(), 0, "{service}");
        let unchecked = report["unchecked"].as_array().unwrap();
        let is_it = |name: &str| name.contains(part);
        let found = unchecked
            .iter()
            .any(|one| is_it(one["name"].as_str().unwrap()));
        assert!(found, "{service}: {unchecked:?}");
        let status = report["services"][0]["status"].as_str();
        let expected = if service == "ecs" {
            "UNKNOWN"
        } else {
            "ACTIVE"
        };
        assert_eq!(status, Some(expected), "{service}");
        let difference = scene.run("diff", &["--drift"]).end().await.succeeds();
        assert_eq!(difference["changed"], false, "{service}");
        scene.proxy.clear();
    }
    // Without the list of the stack's parts, nothing of them can be read.
    let denied = Rule::on("cloudformation", "ListStackResources", Fault::Deny);
    scene.proxy.inject(denied);
    let report = scene.run("status", &[]).end().await.succeeds();
    assert_eq!(report["unchecked"][0]["name"], scene.stack.name.as_str());
    assert!(
        report["unread"]
            .as_str()
            .unwrap()
            .contains("list the resources")
    );
}
