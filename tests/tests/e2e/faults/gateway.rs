//! A device between a command and the cloud loses, throttles, delays, or breaks requests and replies.

use std::time::Duration;

use fault_proxy::{Fault, Rule};

use super::{Scene, assert_says};

/// Each request of an update is lost once, after its execution: nothing is done twice, and nothing is omitted.
#[tokio::test]
async fn each_reply_of_an_update_is_lost_once() {
    let (scene, kept) = Scene::deployed("lost-after").await;
    let lost = Rule::every(Fault::DropAfter).per_action().first(1);
    let _ = scene.update_with(lost).await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// The same for a first deploy and a deletion, where each request is also lost before the cloud has received
/// it.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn each_request_of_a_first_deploy_and_a_deletion_is_lost_once_and_throttled_twice() {
    let scene = Scene::new("lost-before").await;
    let every = |fault| Rule::every(fault).per_action();
    for rule in [
        every(Fault::DropBefore).first(1),
        every(Fault::Throttle).first(2),
        every(Fault::DropAfter).first(1),
    ] {
        scene.proxy.inject(rule);
    }
    let _ = scene.deploy().await.succeeds();
    let kept = scene.keep().await;
    kept.assert(&scene).await;
    let again = scene.deploy().await.succeeds();
    assert_eq!(again["changed"], false);
    scene.proxy.clear();
    for rule in [
        every(Fault::DropBefore).first(1),
        every(Fault::DropAfter).first(1),
    ] {
        scene.proxy.inject(rule);
    }
    let error = scene.run("destroy", &["--yes"]).end().await.fails(5);
    assert_says(&error, &["JobsQueue", "3 messages", "--force"]);
    kept.assert(&scene).await;
    let forced = scene.run("destroy", &["--yes", "--force"]).end().await;
    assert_eq!(forced.succeeds()["existed"], true);
    assert_eq!(scene.status().await, None);
}

/// A cloud that throttles is only slow.
#[tokio::test]
async fn each_request_of_an_update_is_throttled_twice() {
    let (scene, kept) = Scene::deployed("throttled").await;
    let throttled = Rule::service("cloudformation", Fault::Throttle)
        .per_action()
        .first(2);
    let _ = scene.update_with(throttled).await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// Unreadable events don't make a deploy fail, because the stack's status decides.
#[tokio::test]
async fn throttled_events_fail_no_deploy() {
    let (scene, kept) = Scene::deployed("events").await;
    let events = Rule::on("cloudformation", "DescribeStackEvents", Fault::Throttle).from(2);
    let _ = scene.update_with(events).await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_cloud_that_throttles_for_ever_is_reported() {
    let (scene, kept) = Scene::deployed("throttled-ever").await;
    let throttled = Rule::service("cloudformation", Fault::Throttle);
    let error = scene.update_with(throttled).await.fails(6);
    assert_says(&error, &["Rate exceeded", "throttled"]);
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
}

/// A gateway responds to each request with a page, permanently.
#[tokio::test]
async fn a_page_instead_of_a_reply_is_an_unreachable_cloud() {
    let (scene, kept) = Scene::deployed("page").await;
    let page = Rule::service("cloudformation", Fault::Page(502));
    let error = scene.update_with(page).await.fails(6);
    assert_says(&error, &["502"]);
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
}

/// A gateway occasionally responds with a page.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_page_now_and_then_is_asked_past() {
    let (scene, kept) = Scene::deployed("page-once").await;
    let page = Rule::every(Fault::Page(503)).per_action().first(2);
    let _ = scene.update_with(page).await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// One reply of each action is unreadable, and is read again.
#[tokio::test]
async fn one_garbled_reply_of_each_action_is_read_again() {
    let (scene, kept) = Scene::deployed("garbled").await;
    let garbled = Rule::every(Fault::Garble).per_action().first(1);
    let _ = scene.update_with(garbled).await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// One reply of each action is truncated, by a connection that ends or by a device that treats half a reply as
/// complete.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn one_cut_reply_of_each_action_is_read_again() {
    for (label, fault) in [("cut", Fault::Cut), ("truncated", Fault::Truncate)] {
        let (scene, kept) = Scene::deployed(label).await;
        let cut = Rule::every(fault).per_action().first(1);
        let _ = scene.update_with(cut).await.succeeds();
        kept.assert(&scene).await;
        assert!(kept.is_updated(&scene).await);
    }
}

/// A call whose reply never arrives is repeated after its timeout, and a change isn't made twice.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_reply_that_never_comes_is_asked_for_again() {
    let (scene, kept) = Scene::deployed("hung").await;
    let hung = Rule::on("cloudformation", "ExecuteChangeSet", Fault::HangAfter).first(1);
    let updated = scene.update_with(hung).await;
    let _ = updated.succeeds();
    assert!(
        updated.took > Duration::from_secs(10),
        "it did not hang: {updated}"
    );
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// A command waits for a slow cloud.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_slow_cloud_is_waited_for() {
    let (scene, kept) = Scene::deployed("slow").await;
    let slow = Rule::every(Fault::Delay(Duration::from_millis(500)));
    let _ = scene.update_with(slow).await.succeeds();
    kept.assert(&scene).await;
    assert!(kept.is_updated(&scene).await);
}

/// A denied call isn't retried, and nothing changes.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_denied_plan_changes_nothing() {
    let (scene, kept) = Scene::deployed("denied").await;
    let denied = Rule::on("cloudformation", "CreateChangeSet", Fault::Deny);
    let error = scene.update_with(denied).await.fails(6);
    assert_says(&error, &["not authorized", "permission"]);
    assert_eq!(scene.proxy.count("cloudformation", "CreateChangeSet"), 1);
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
}
