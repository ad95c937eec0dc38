//! The assets bucket, and its uploads. Each test has its own region, where no bucket exists yet.

use fault_proxy::{Fault, Rule};

use super::{Scene, assert_says};

/// A bucket with that name that another account owns. S3 denies each request that names another owner (Amazon S3 User
/// Guide, "Verifying bucket ownership with bucket owner condition"); LocalStack doesn't. Nothing is uploaded or
/// deployed.
#[tokio::test]
async fn a_foreign_bucket_is_left_alone() {
    let (scene, kept) = Scene::deployed("foreign-bucket").await;
    let denied = Rule::service("s3", Fault::Deny);
    let error = scene.update_with(denied).await.fails(6);
    let bucket = "ecs-scaler-assets-000000000000-us-east-1";
    assert_says(&error, &[bucket, "another account"]);
    assert_eq!(scene.proxy.count("s3", "PUT /"), 0);
    assert_eq!(scene.proxy.count("cloudformation", "CreateChangeSet"), 0);
    kept.assert(&scene).await;
    assert!(!kept.is_updated(&scene).await);
}

/// A truncated upload is retried. If it is always truncated, it fails, and nothing is deployed.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_cut_upload_is_tried_again() {
    let scene = Scene::in_region("cut-upload", "eu-south-2").await;
    scene
        .delete_objects("ecs-scaler-assets-000000000000-eu-south-2")
        .await;
    let upload = "PUT /ecs-scaler-assets-000000000000-eu-south-2/functions/metric-function";
    scene
        .proxy
        .inject(Rule::on("s3", upload, Fault::CutRequest));
    let error = scene.deploy().await.fails(6);
    assert_says(&error, &["upload", "metric-function"]);
    assert_eq!(scene.status().await, None);
    scene.proxy.clear();
    scene
        .proxy
        .inject(Rule::on("s3", upload, Fault::CutRequest).first(2));
    let _ = scene.deploy().await.succeeds();
    let kept = scene.keep().await;
    let again = scene.deploy().await.succeeds();
    assert_eq!(again["changed"], false);
    kept.assert(&scene).await;
}

/// The request for each step that creates and secures the bucket is lost once. The bucket is complete in the
/// end.
#[tokio::test]
#[ignore = "runs in test --full"]
async fn a_bucket_whose_steps_are_lost_is_completed() {
    let scene = Scene::in_region("bucket-steps", "il-central-1").await;
    scene
        .proxy
        .inject(Rule::service("s3", Fault::DropAfter).per_action().first(1));
    let _ = scene.deploy().await.succeeds();
    let bucket = "ecs-scaler-assets-000000000000-il-central-1";
    let s3 = &scene.cloud.clients.s3;
    let blocked = s3
        .get_public_access_block()
        .bucket(bucket)
        .send()
        .await
        .unwrap();
    let blocked = blocked.public_access_block_configuration.unwrap();
    assert_eq!(blocked.block_public_acls, Some(true));
    let rules = s3
        .get_bucket_lifecycle_configuration()
        .bucket(bucket)
        .send()
        .await
        .unwrap();
    assert!(!rules.rules().is_empty());
}
