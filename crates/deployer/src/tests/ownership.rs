//! Stacks that aren't ours don't change, in any state. Ours are recognized by any readable mark.

use serde_json::json;
use template::contract::{STACK_TAG, VERSION};

use super::cloud::run;
use super::cloudformation::{CloudFormation, NAME, ours, source};
use super::deploy::deploy;
use super::destroy::destroy;
use super::told;
use crate::{Kind, Plan};

/// CloudFormation's statuses for a stack that can be found by name.
const STATUSES: [&str; 17] = [
    "CREATE_IN_PROGRESS",
    "CREATE_FAILED",
    "CREATE_COMPLETE",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_FAILED",
    "ROLLBACK_COMPLETE",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_IN_PROGRESS",
    "UPDATE_ROLLBACK_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_FAILED",
];

const WRITES: [&str; 7] = [
    "CreateChangeSet",
    "ExecuteChangeSet",
    "DeleteChangeSet",
    "DeleteStack",
    "ContinueUpdateRollback",
    "RollbackStack",
    "UpdateTerminationProtection",
];

fn assert_untouched(cloud: &CloudFormation, what: &str) {
    for call in WRITES {
        assert_eq!(cloud.calls(call), 0, "{what}: {call}");
    }
}

fn foreign(status: &'static str) -> CloudFormation {
    let cloud = CloudFormation::with(status);
    cloud.state().stack().tags.clear();
    cloud
}

/// Every command that takes a stack's name.
async fn assert_refused(cloud: &CloudFormation, what: &str) {
    let kind = |error: crate::Error| error.kind();
    let (result, _) = deploy(cloud).await;
    assert_eq!(kind(result.unwrap_err()), Kind::Refused, "deploy, {what}");
    let (result, _) = destroy(cloud, true, vec![]).await;
    assert_eq!(kind(result.unwrap_err()), Kind::Refused, "destroy, {what}");
    let (kinds, _) = run(&cloud.rules(), async |session| {
        let now = std::time::SystemTime::UNIX_EPOCH;
        [
            crate::plan(session, &source()).await.err().map(kind),
            crate::deployed_template(session, NAME)
                .await
                .err()
                .map(kind),
            crate::inspect(session, NAME, now).await.err().map(kind),
            crate::observe_ours(session, NAME).await.err().map(kind),
            crate::DeployedStack::read(session, NAME)
                .await
                .err()
                .map(kind),
            crate::ownership::admit(session, NAME, true)
                .await
                .err()
                .map(kind),
        ]
    })
    .await;
    assert_eq!(kinds, [Some(Kind::Refused); 6], "{what}");
    assert_untouched(cloud, what);
}

#[tokio::test(start_paused = true)]
async fn a_foreign_stack_is_refused_in_every_state() {
    for status in STATUSES {
        assert_refused(&foreign(status), status).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_stack_in_review_is_whose_its_change_sets_are() {
    let cloud = CloudFormation::default();
    let id = cloud.state().other_plan(true);
    cloud.state().stack().tags.clear();
    cloud.state().change_sets[0].tags.clear();
    assert_refused(&cloud, "in review").await;
    assert_eq!(
        cloud.state().latest(),
        id,
        "their change set is still there"
    );
    // The same change set with our tag is ours: a run was interrupted after it had planned.
    cloud.state().change_sets[0].tags = vec![ours()];
    assert!(deploy(&cloud).await.0.unwrap().plan.creates_stack);
}

#[tokio::test(start_paused = true)]
async fn a_tag_with_another_value_is_foreign() {
    let cloud = foreign("UPDATE_FAILED");
    let tag = aws_sdk_cloudformation::types::Tag::builder();
    let tag = tag.key(STACK_TAG).value("other").build();
    cloud.state().stack().tags = vec![tag];
    // With our template, the stack is ours.
    cloud.state().stack().template = marked(NAME, VERSION);
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: the stack shop already exists, and ecs-scaler didn't create it
      hint: choose another `name:` in the definition, or check --profile and --region
      hint: it is arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1
      hint: its tag `ecs-scaler:stack` is `other`
    ");
    assert_untouched(&cloud, "another value");
}

fn marked(stack: &str, version: &str) -> String {
    json!({ "Metadata": { "EcsScaler": { "Stack": stack, "Version": version } } }).to_string()
}

#[tokio::test(start_paused = true)]
async fn a_cloud_that_returns_no_tags_is_usable() {
    let cloud = foreign("CREATE_COMPLETE");
    cloud.state().stack().template = marked(NAME, VERSION);
    assert!(deploy(&cloud).await.0.unwrap().changed);
}

#[tokio::test(start_paused = true)]
async fn with_no_readable_mark_the_reason_is_shown() {
    let cloud = foreign("CREATE_COMPLETE");
    cloud.refuse("GetTemplate", "AccessDenied", "no");
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to read the template of arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1: no (AccessDenied)
      hint: these credentials don't have the required permission; see docs/permissions.md
      hint: shop has no tag `ecs-scaler:stack`, so only its template can show whether ecs-scaler created it
    ");
    assert_untouched(&cloud, "unreadable");
    // The tag alone is enough.
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.refuse("GetTemplate", "AccessDenied", "no");
    assert!(deploy(&cloud).await.0.unwrap().changed);
}

#[tokio::test(start_paused = true)]
async fn a_stack_of_the_first_version_is_adopted() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join("../../tests/upgrade/0.1.0/voucher-worker.json");
    let cloud = foreign("UPDATE_ROLLBACK_COMPLETE");
    cloud.state().stack().template = std::fs::read_to_string(file).unwrap();
    cloud
        .state()
        .stack()
        .holds("AWS::IAM::InstanceProfile", "Profile", "shop-1");
    let (_, heard) = run(&cloud.rules(), async |session| {
        crate::ownership::admit(session, NAME, false).await.unwrap();
    })
    .await;
    assert!(heard.has("shop was deployed by version 0.1.0"));
    assert!(deploy(&cloud).await.0.unwrap().changed);
    assert!(cloud.state().stack().tags.contains(&ours()), "it is marked");
}

#[tokio::test(start_paused = true)]
async fn a_newer_version_s_stack_is_not_updated_unless_allowed() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().stack().template = marked(NAME, "99.0.0");
    let (results, _) = run(&cloud.rules(), async |session| {
        [
            crate::ownership::admit(session, NAME, false).await,
            crate::ownership::admit(session, NAME, true).await,
        ]
    })
    .await;
    let [refused, allowed] = results;
    let text = told(&refused.unwrap_err()).replace(VERSION, "VERSION");
    insta::assert_snapshot!(text, @r"
    Refused: ecs-scaler 99.0.0 deployed shop, and this is VERSION, which could undo what it added
      hint: install the newer version
      hint: to deploy with this version anyway: --allow-downgrade
    ");
    assert!(allowed.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_version_alone_is_no_change() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().stack().template = marked(NAME, "0.0.1");
    let new: &'static str = Box::leak(marked(NAME, VERSION).into_boxed_str());
    let plan = super::cloudformation::FakePlan::Empty(new);
    cloud.state().plans.push_back(plan);
    let (result, _) = run(&cloud.rules(), async |session| {
        crate::deploy_template(session, &source(), &mut |_: &Plan| Ok(())).await
    })
    .await;
    assert!(!result.unwrap().changed);
}
