//! Stacks in a state that prevents a deploy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use serde_json::json;

use super::cloud::{json_error, run};
use super::cloudformation::{CloudFormation, Step, busy, source, steps};
use super::deploy::deploy;
use super::told;
use crate::{Action, Change, Deployed, Kind, Plan, Result, Source};

/// Every queue holds this number of waiting messages, and no others.
pub(super) fn queues_with(messages: u64) -> Rule {
    mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
        let counts = input.attribute_names().iter().map(|name| {
            let waiting = *name == QueueAttributeName::ApproximateNumberOfMessages;
            (name.clone(), if waiting { messages } else { 0 }.to_string())
        });
        let output = GetQueueAttributesOutput::builder().set_attributes(Some(counts.collect()));
        MockResponse::Output(output.build())
    })
}

pub(super) fn queues_refused(code: &'static str) -> Rule {
    mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .then_http_response(move || json_error(code, "not allowed"))
}

async fn deploy_with(cloud: &CloudFormation, rule: Rule) -> Result<Deployed> {
    deploy_source(cloud, rule, &source()).await
}

async fn deploy_source(cloud: &CloudFormation, rule: Rule, source: &Source) -> Result<Deployed> {
    let mut rules = cloud.rules();
    rules.push(rule);
    let (result, _) = run(&rules, async |session| {
        crate::deploy_template(session, source, &mut |_: &Plan| Ok(())).await
    })
    .await;
    result
}

#[tokio::test(start_paused = true)]
async fn what_was_never_created_is_removed_first() {
    for status in [
        "ROLLBACK_COMPLETE",
        "CREATE_FAILED",
        "ROLLBACK_FAILED",
        "DELETE_FAILED",
    ] {
        let cloud = CloudFormation::with(status);
        cloud
            .state()
            .stack()
            .holds("AWS::IAM::Role", "Role", "role");
        let (result, told) = deploy(&cloud).await;
        assert!(result.unwrap().plan.creates_stack, "{status}");
        assert!(told.has(&format!("shop is in {status}, which blocks a deploy")));
        assert_eq!(cloud.calls("DeleteStack"), 1);
    }
}

/// A deletion failed, and the imported queue is still in the stack. Its messages don't matter, because it stays.
#[tokio::test(start_paused = true)]
async fn what_was_imported_stays_on_the_way() {
    let cloud = CloudFormation::with("DELETE_FAILED");
    {
        let mut state = cloud.state();
        let stack = state.stack();
        stack.holds("AWS::IAM::Role", "Role", "role").holds(
            "AWS::SQS::Queue",
            "OrdersQueue",
            "https://sqs/orders",
        );
        let queue = json!({ "DeletionPolicy": "Retain" });
        stack.template = json!({ "Resources": { "OrdersQueue": queue } }).to_string();
    }
    let mut rules = cloud.rules();
    rules.push(queues_with(5));
    let mut recovery = None;
    let (result, _) = run(&rules, async |session| {
        let mut approve = |plan: &Plan| {
            recovery.get_or_insert_with(|| plan.clone());
            Ok(())
        };
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    assert!(result.unwrap().changed);
    let recovery = recovery.unwrap();
    let action = |id: &str| {
        let mut changes = recovery.changes.iter();
        let change = changes.find(|one| one.logical_id == id)?;
        Some(change.action)
    };
    assert_eq!(action("OrdersQueue"), Some(Action::Release));
    assert_eq!(action("Role"), Some(Action::Remove));
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

/// Imported resources have the names of the definition, and so do those of `overrides` that set one.
fn named() -> Source {
    let named = |kind: &str, property: &str, name: &str| json!({ "Type": kind, "Properties": { property: name } });
    let template = json!({ "Resources": {
        "OrdersQueue": named("AWS::SQS::Queue", "QueueName", "orders"),
        "WorkerService": named("AWS::ECS::Service", "ServiceName", "worker"),
        "Table": named("AWS::DynamoDB::Table", "TableName", "vouchers"),
        "Role": { "Type": "AWS::IAM::Role" },
    }});
    Source::inline("shop", &template)
}

/// A stack that can only be deleted, with resources that stay.
fn stuck_with(status: &'static str, stays: &[(&str, &str, &str)]) -> CloudFormation {
    let cloud = CloudFormation::with(status);
    let mut state = cloud.state();
    let stack = state.stack();
    stack.holds("AWS::IAM::Role", "Role", "role");
    let mut resources = json!({});
    for (kind, id, physical) in stays {
        stack.holds(kind, id, physical);
        resources[*id] = json!({ "DeletionPolicy": "Retain" });
    }
    stack.template = json!({ "Resources": resources }).to_string();
    drop(state);
    cloud
}

const QUEUE: (&str, &str, &str) = (
    "AWS::SQS::Queue",
    "OrdersQueue",
    "https://sqs.us-east-1.amazonaws.com/111122223333/orders",
);
const SERVICE: (&str, &str, &str) = (
    "AWS::ECS::Service",
    "WorkerService",
    "arn:aws:ecs:us-east-1:111122223333:service/shop/worker",
);
const TABLE: (&str, &str, &str) = ("AWS::DynamoDB::Table", "Table", "vouchers");

async fn deploy_named(cloud: &CloudFormation) -> Result<Deployed> {
    deploy_source(cloud, queues_with(5), &named()).await
}

#[tokio::test(start_paused = true)]
async fn a_stack_whose_names_stay_taken_isnt_deleted_in_vain() {
    for status in ["DELETE_FAILED", "ROLLBACK_FAILED", "ROLLBACK_COMPLETE"] {
        let cloud = stuck_with(status, &[QUEUE, SERVICE]);
        let error = deploy_named(&cloud).await.unwrap_err();
        assert_eq!(cloud.calls("DeleteStack"), 0, "{status}");
        if status == "DELETE_FAILED" {
            insta::assert_snapshot!(told(&error), @r"
            Refused: shop is in DELETE_FAILED and can only be deleted, but WorkerService (arn:aws:ecs:us-east-1:111122223333:service/shop/worker) stays in AWS, so creating the stack again would fail: its name is taken
              hint: so does OrdersQueue (https://sqs.us-east-1.amazonaws.com/111122223333/orders)
              hint: to delete the rest of the stack: destroy shop
              hint: then take what stayed into a new stack: import resources; and deploy
            ");
        }
    }
    let table = deploy_named(&stuck_with("DELETE_FAILED", &[TABLE])).await;
    let hints = table.unwrap_err().hints().join("\n");
    assert!(
        hints.ends_with("then give it another name in the definition, or delete it; and deploy")
    );
}

#[tokio::test(start_paused = true)]
async fn the_plan_shows_whose_names_stay_taken() {
    let cloud = stuck_with("DELETE_FAILED", &[QUEUE, TABLE]);
    let (plan, _) = run(&cloud.rules(), async |session| {
        crate::plan(session, &named()).await
    })
    .await;
    let plan = plan.unwrap().unwrap();
    let failures = plan.failures();
    let failures: Vec<(&str, &str)> = failures
        .map(|one| (&*one.logical_id, one.consequence.unwrap().text))
        .collect();
    let does = "fails, because the one that stays has its name: `destroy`, then";
    let [queue, table] = [
        format!("{does} `import resources`"),
        format!("{does} change the name"),
    ];
    assert_eq!(failures, [("OrdersQueue", &*queue), ("Table", &*table)]);
    let released = plan.changes.iter();
    let released = released.filter(|change| change.action == Action::Release);
    assert_eq!(released.count(), 2);
}

/// AWS gives the new resource another name, or the definition does.
#[tokio::test(start_paused = true)]
async fn a_resource_that_stays_under_another_name_is_in_nobodys_way() {
    let (kind, id, _) = QUEUE;
    let queue = (
        kind,
        id,
        "https://sqs.us-east-1.amazonaws.com/111122223333/shop-orders-1a2b",
    );
    let cloud = stuck_with("DELETE_FAILED", &[queue]);
    assert!(deploy_named(&cloud).await.unwrap().changed);
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_cant_be_removed_is_named() {
    let cloud = CloudFormation::with("ROLLBACK_FAILED");
    let failed = vec![("Cluster", "DELETE_FAILED", "The cluster contains tasks")];
    cloud.state().deletions.push_back(vec![
        Step("DELETE_IN_PROGRESS", failed),
        Step("DELETE_FAILED", vec![]),
    ]);
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: Cluster (AWS::SQS::Queue): The cluster contains tasks
    the stack shop is in DELETE_FAILED
      hint: CloudFormation could not delete the named resource: fix or remove it, then run the same command again; or keep it: destroy with --retain and its logical ID
    ");
}

#[tokio::test(start_paused = true)]
async fn a_queue_with_messages_is_never_removed_on_the_way() {
    for status in ["DELETE_FAILED", "CREATE_FAILED"] {
        let cloud = CloudFormation::with(status);
        cloud
            .state()
            .stack()
            .holds("AWS::SQS::Queue", "Orders", "https://sqs/orders");
        let error = deploy_with(&cloud, queues_with(3)).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        assert_eq!(cloud.calls("DeleteStack"), 0, "{status}");
        if status == "DELETE_FAILED" {
            insta::assert_snapshot!(told(&error), @r"
            Refused: Orders (https://sqs/orders) still holds about 3 messages, which would be lost
              hint: the stack is in DELETE_FAILED, and CloudFormation can only delete its remaining resources
              hint: process or move the messages, or discard them with `destroy --force`; then deploy again
            ");
        }
        assert!(
            deploy_with(&cloud, queues_with(0)).await.is_ok(),
            "an empty one is"
        );
    }
}

/// Someone sends a message while the plan waits for its approval.
#[tokio::test(start_paused = true)]
async fn a_message_that_comes_after_the_plan_is_kept() {
    let cloud = CloudFormation::with("DELETE_FAILED");
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "Orders", "https://sqs/orders");
    let sent = Arc::new(AtomicUsize::new(0));
    let now = sent.clone();
    let mut rules = cloud.rules();
    rules.push(
        mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
            let counts = input.attribute_names().iter().map(|name| {
                let waiting = *name == QueueAttributeName::ApproximateNumberOfMessages;
                let count = if waiting {
                    now.load(Ordering::SeqCst)
                } else {
                    0
                };
                (name.clone(), count.to_string())
            });
            let output = GetQueueAttributesOutput::builder().set_attributes(Some(counts.collect()));
            MockResponse::Output(output.build())
        }),
    );
    let (result, _) = run(&rules, async |session| {
        let mut approve = |_: &Plan| {
            sent.store(1, Ordering::SeqCst);
            Ok(())
        };
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    let error = result.unwrap_err();
    assert!(
        error.to_string().contains("still holds about 1 messages"),
        "{error}"
    );
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

/// Another run updates the stack while the plan waits for its approval: what it is now is planned.
#[tokio::test(start_paused = true)]
async fn a_stack_that_was_recovered_after_the_plan_is_not_deleted() {
    let cloud = half_created();
    let other = cloud.clone();
    let (result, plans) = deploy_asking(&cloud, move |number| {
        if number == 1 {
            other.state().stack().status = "UPDATE_COMPLETE".to_owned();
        }
        Ok(())
    })
    .await;
    assert!(!result.unwrap().plan.creates_stack);
    assert_eq!(plans.len(), 2);
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_may_not_be_read_is_not_removed_either() {
    let cloud = CloudFormation::with("DELETE_FAILED");
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "Orders", "https://sqs/orders");
    let denied = queues_refused("AccessDenied");
    let error = deploy_with(&cloud, denied).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_failed_rollback_is_finished_first() {
    for (status, operation) in [
        ("UPDATE_ROLLBACK_FAILED", "ContinueUpdateRollback"),
        ("UPDATE_FAILED", "RollbackStack"),
    ] {
        let cloud = CloudFormation::with(status);
        let (result, told) = deploy(&cloud).await;
        assert!(result.unwrap().changed, "{status}");
        assert_eq!(cloud.calls(operation), 1);
        assert!(told.has("finishing its rollback first"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_fails_again_says_what_to_do() {
    let cloud = CloudFormation::with("UPDATE_ROLLBACK_FAILED");
    let failed = vec![("Service", "UPDATE_FAILED", "No capacity")];
    cloud.state().rollbacks.push_back(vec![
        Step("UPDATE_ROLLBACK_IN_PROGRESS", failed),
        Step("UPDATE_ROLLBACK_FAILED", vec![]),
    ]);
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: Service (AWS::SQS::Queue): No capacity
    the stack shop is in UPDATE_ROLLBACK_FAILED
      hint: the next deploy asks before it finishes the rollback
      hint: fix the named resource manually, or skip it with `aws cloudformation continue-update-rollback --resources-to-skip`, then deploy again
    ");
}

#[tokio::test(start_paused = true)]
async fn a_rollback_that_another_run_has_begun_is_followed() {
    let cloud = CloudFormation::with("UPDATE_ROLLBACK_FAILED");
    cloud.on("ContinueUpdateRollback", |state| {
        state.goes_through(steps(&[
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE",
        ]));
        Some(busy("UPDATE_ROLLBACK_IN_PROGRESS"))
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(told.has("a rollback of shop is already in progress"));
    assert_eq!(cloud.calls("ContinueUpdateRollback"), 1);
}

/// A stack whose first create failed and left a queue and a role.
fn half_created() -> CloudFormation {
    let cloud = CloudFormation::with("CREATE_FAILED");
    let mut state = cloud.state();
    let stack = state.stack();
    stack.holds("AWS::SQS::Queue", "Orders", "https://sqs/orders");
    stack.holds("AWS::IAM::Role", "Role", "role");
    drop(state);
    cloud
}

/// Deploys. Returns the plans that `approve` received.
async fn deploy_asking(
    cloud: &CloudFormation,
    mut approve: impl FnMut(usize) -> Result<()> + Send,
) -> (Result<Deployed>, Vec<Plan>) {
    let mut rules = cloud.rules();
    rules.push(queues_with(0));
    let mut plans = Vec::new();
    let (result, _) = run(&rules, async |session| {
        let mut approve = |plan: &Plan| {
            plans.push(plan.clone());
            approve(plans.len())
        };
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    (result, plans)
}

fn words(plan: &Plan) -> Vec<String> {
    let word = |change: &Change| format!("{} {}", change.action, change.logical_id);
    plan.changes.iter().map(word).collect()
}

#[tokio::test(start_paused = true)]
async fn a_recovery_is_planned_and_asked_about_once() {
    let cloud = half_created();
    let (result, plans) = deploy_asking(&cloud, |_| Ok(())).await;
    let [plan] = plans.as_slice() else {
        panic!("asked {} times", plans.len());
    };
    assert_eq!(
        words(plan),
        ["remove Role", "remove Orders", "add NewQueue"]
    );
    let losses: Vec<_> = plan.losses().map(|loss| &*loss.logical_id).collect();
    assert_eq!(losses, ["Orders"]);
    let deployed = result.unwrap().plan;
    assert_eq!(words(&deployed), ["remove Role", "remove Orders", "add R0"]);
    assert!(deployed.recovery.unwrap().done);
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_that_is_refused_changes_nothing() {
    for status in ["CREATE_FAILED", "UPDATE_ROLLBACK_FAILED", "UPDATE_FAILED"] {
        let cloud = half_created();
        cloud.state().stack().status = status.to_owned();
        let no = |_| Err(crate::Error::refused("no"));
        let (result, _) = deploy_asking(&cloud, no).await;
        assert_eq!(told(&result.unwrap_err()), "Refused: no\n", "{status}");
        for call in ["DeleteStack", "ContinueUpdateRollback", "RollbackStack"] {
            assert_eq!(cloud.calls(call), 0, "{status}: {call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_came_after_the_plan_is_planned_again() {
    let cloud = half_created();
    let other = cloud.clone();
    let (result, plans) = deploy_asking(&cloud, move |number| {
        if number == 1 {
            let mut state = other.state();
            state
                .stack()
                .holds("AWS::SQS::Queue", "Late", "https://sqs/late");
        }
        Ok(())
    })
    .await;
    assert!(result.unwrap().changed);
    let losses: Vec<usize> = plans.iter().map(|plan| plan.losses().count()).collect();
    assert_eq!(losses, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_operation_has_kept_is_updated_in_place() {
    for status in ["CREATE_FAILED", "UPDATE_FAILED"] {
        let cloud = half_created();
        cloud.state().stack().status = status.to_owned();
        cloud.state().stack().keeps = true;
        let (result, plans) = deploy_asking(&cloud, |_| Ok(())).await;
        assert!(!result.unwrap().plan.creates_stack, "{status}");
        assert_eq!(plans.len(), 1, "{status}");
        // AWS accepts such an update only with rollback off.
        assert_eq!(cloud.calls("disable_rollback"), 1, "{status}");
        for call in ["DeleteStack", "RollbackStack"] {
            assert_eq!(cloud.calls(call), 0, "{status}: {call}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_plan_that_is_refused_after_a_rollback_says_so() {
    let cloud = CloudFormation::with("UPDATE_ROLLBACK_FAILED");
    let second = |number| match number {
        1 => Ok(()),
        _ => Err(crate::Error::refused("no")),
    };
    let (result, plans) = deploy_asking(&cloud, second).await;
    assert!(plans[1].recovery.as_ref().unwrap().done);
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: no
      hint: the rollback of the failed update was finished first, as planned
    ");
}

/// Source: AWS CloudFormation API Reference. `ContinueUpdateRollback` is for UPDATE_ROLLBACK_FAILED only, and `RollbackStack` for
/// CREATE_FAILED and UPDATE_FAILED only.
#[tokio::test(start_paused = true)]
async fn the_failed_rollback_of_an_import_is_left_alone() {
    let cloud = half_created();
    cloud.state().stack().status = "IMPORT_ROLLBACK_FAILED".to_owned();
    let (result, plans) = deploy_asking(&cloud, |_| Ok(())).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: the stack shop is in IMPORT_ROLLBACK_FAILED, and AWS documents no request that recovers it; nothing was changed
      hint: ask AWS Support to finish the rollback; or delete the stack: `destroy` lists what it would delete, and asks
    ");
    assert!(plans.is_empty());
    let (planned, _) = run(&cloud.rules(), async |session| {
        crate::plan(session, &source()).await
    })
    .await;
    assert_eq!(planned.unwrap_err().kind(), Kind::Refused);
    for call in [
        "CreateChangeSet",
        "DeleteStack",
        "ContinueUpdateRollback",
        "RollbackStack",
    ] {
        assert_eq!(cloud.calls(call), 0, "{call}");
    }
}

/// An import into a new stack failed. CloudFormation keeps the stack.
#[tokio::test(start_paused = true)]
async fn a_stack_that_an_import_left_empty_isnt_deployed() {
    let cloud = CloudFormation::with("IMPORT_ROLLBACK_COMPLETE");
    let queue = json!({ "DeletionPolicy": "Retain" });
    cloud.state().stack().template = json!({ "Resources": { "OrdersQueue": queue } }).to_string();
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: the stack shop is empty, because its first import failed
      hint: to import again: import resources, which deletes the empty stack first
      hint: to create everything instead: destroy, and deploy with names that aren't taken
    ");
    assert_eq!(cloud.calls("CreateChangeSet"), 0);
    // A stack that had resources before is updated.
    cloud
        .state()
        .stack()
        .holds("AWS::IAM::Role", "Role", "role");
    cloud.state().stack().template = "{\"old\": 1}".to_owned();
    assert!(deploy(&cloud).await.0.unwrap().changed);
}
