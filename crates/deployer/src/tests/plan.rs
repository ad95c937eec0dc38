//! `plan`: what a deploy would do. Nothing remains afterward.

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, FakePlan, source};
use super::told;
use crate::{Plan, Recovery, Result, Source};
use aws_sdk_cloudformation::types::ChangeAction;

async fn plan(cloud: &CloudFormation) -> (Result<Option<Plan>>, Told) {
    run(&cloud.rules(), async |session| {
        crate::plan(session, &source()).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn the_plan_of_a_new_stack_leaves_nothing_behind() {
    let cloud = CloudFormation::default();
    for _ in 0..3 {
        let found = plan(&cloud).await.0.unwrap().unwrap();
        assert!(found.creates_stack);
        let mut state = cloud.state();
        assert_eq!(state.stack().status, "DELETE_COMPLETE", "gone, not going");
        assert!(state.change_sets.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_of_the_empty_stack_that_takes_long_is_no_error() {
    let cloud = CloudFormation::default();
    let long = vec!["DELETE_IN_PROGRESS"; 1_000];
    let steps = super::cloudformation::steps(&long);
    cloud.state().deletions.push_back(steps);
    let (result, told) = plan(&cloud).await;
    assert!(result.unwrap().is_some());
    assert!(told.has("its deletion takes long"), "{:?}", told.lines());
}

#[tokio::test(start_paused = true)]
async fn the_plan_names_what_is_lost() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().plans.push_back(FakePlan::Changes(vec![
        ("AWS::SQS::Queue", ChangeAction::Remove),
        ("AWS::IAM::Role", ChangeAction::Remove),
        ("AWS::ECS::Service", ChangeAction::Dynamic),
    ]));
    let found = plan(&cloud).await.0.unwrap().unwrap();
    let losses: Vec<_> = found
        .losses()
        .map(|loss| loss.logical_id.as_str())
        .collect();
    assert_eq!(losses, ["R0", "R2"]);
    assert!(cloud.state().change_sets.is_empty());
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

/// Amazon SQS API, `SetQueueAttributes`: a shorter retention period deletes the messages that are older.
#[tokio::test(start_paused = true)]
async fn a_shorter_retention_is_a_loss() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().plans.push_back(FakePlan::Changes(vec![
        ("AWS::SQS::Queue", ChangeAction::Modify),
        ("AWS::SQS::Queue", ChangeAction::Modify),
    ]));
    let rules = cloud.rules();
    let found = run(&rules, async |session| {
        let shorter = Source {
            shortened_queues: vec!["R1".to_owned()],
            ..source()
        };
        crate::plan(session, &shorter).await
    });
    let plan = found.await.0.unwrap().unwrap();
    let losses: Vec<&str> = plan.losses().map(|loss| &*loss.logical_id).collect();
    assert_eq!(losses, ["R1"]);
}

#[tokio::test(start_paused = true)]
async fn no_change_is_no_plan() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let fails = FakePlan::Fails("No updates are to be performed.");
    cloud.state().plans.push_back(fails);
    assert!(plan(&cloud).await.0.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_busy_stack_is_not_planned_for() {
    let cloud = CloudFormation::with("UPDATE_IN_PROGRESS");
    let error = plan(&cloud).await.0.unwrap_err();
    insta::assert_snapshot!(told(&error), @r"
    Failed: the stack shop is in UPDATE_IN_PROGRESS: nothing can be planned for it now
      hint: `deploy` follows it; `status` shows it
    ");
    assert_eq!(cloud.calls("CreateChangeSet"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_plan_of_a_stuck_stack_is_its_recovery() {
    for (status, step) in [
        ("ROLLBACK_COMPLETE", Recovery::Delete),
        ("UPDATE_ROLLBACK_FAILED", Recovery::ContinueRollback),
        ("UPDATE_FAILED", Recovery::RollBack),
    ] {
        let cloud = CloudFormation::with(status);
        let recovery = plan(&cloud).await.0.unwrap().unwrap().recovery.unwrap();
        assert_eq!((recovery.step, recovery.done), (step, false), "{status}");
        for call in ["DeleteStack", "ContinueUpdateRollback", "RollbackStack"] {
            assert_eq!(cloud.calls(call), 0, "{status}: {call}");
        }
    }
}
