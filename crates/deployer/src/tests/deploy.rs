//! `deploy` for stacks in every state, and its errors.

use super::cloud::{Told, run};
use super::cloudformation::{CloudFormation, FakePlan, NAME, Step, source, steps};
use super::told;
use crate::observe::observe;
use crate::{Deployed, Error, Kind, Plan, Result, Session};

pub(super) async fn deploy(cloud: &CloudFormation) -> (Result<Deployed>, Told) {
    run(&cloud.rules(), async |session| {
        crate::deploy_template(session, &source(), &mut |_: &Plan| Ok(())).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_not_there_is_created() {
    let cloud = CloudFormation::default();
    cloud.state().plans.push_back(FakePlan::Adds(5));
    let (result, told) = deploy(&cloud).await;
    let deployed = result.unwrap();
    assert!(deployed.changed && deployed.plan.creates_stack);
    assert_eq!(deployed.plan.changes.len(), 5, "all pages of the plan");
    assert_eq!(deployed.outputs["Url"], "u");
    assert_eq!(cloud.state().stack().status, "CREATE_COMPLETE");
    assert!(told.has("CREATE_COMPLETE shop"), "{:?}", told.lines());
}

/// The plan, the rollback of a stuck update, and the deletion.
#[tokio::test(start_paused = true)]
async fn cloudformation_assumes_the_role_that_is_named() {
    const ROLE: &str = "arn:aws:iam::111122223333:role/cloudformation";
    for status in ["CREATE_COMPLETE", "UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED"] {
        let cloud = CloudFormation::with(status);
        let (result, _) = run(&cloud.rules(), async |session| {
            let session = Session::new(session.clients, session.pace, session.progress, "role");
            let session = session.as_role(Some(ROLE.to_owned()));
            crate::deploy_template(&session, &source(), &mut |_: &Plan| Ok(())).await
        })
        .await;
        result.unwrap();
        let requests = ["CreateChangeSet", "ContinueUpdateRollback", "RollbackStack"];
        let sent = requests.map(|request| cloud.calls(request)).iter().sum();
        assert!(sent >= 1, "{status}");
        assert_eq!(cloud.state().roles, vec![ROLE; sent], "{status}");
    }
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    deploy(&cloud).await.0.unwrap();
    assert!(cloud.state().roles.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stack_in_review_is_created_too() {
    let cloud = CloudFormation::with("REVIEW_IN_PROGRESS");
    let (result, _) = deploy(&cloud).await;
    assert!(result.unwrap().plan.creates_stack);
    assert_eq!(cloud.state().stack().status, "CREATE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_there_is_updated() {
    for status in [
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE",
    ] {
        let cloud = CloudFormation::with(status);
        let (result, _) = deploy(&cloud).await;
        let deployed = result.unwrap();
        assert!(deployed.changed && !deployed.plan.creates_stack, "{status}");
        assert_eq!(cloud.state().stack().status, "UPDATE_COMPLETE");
    }
}

#[tokio::test(start_paused = true)]
async fn no_change_is_success_in_all_three_wordings() {
    for plan in [
        FakePlan::Fails(
            "The submitted information didn't contain changes. Submit different information to create a change set.",
        ),
        FakePlan::Fails("No updates are to be performed."),
        FakePlan::Empty("{ \"old\" : 1 }"),
    ] {
        let cloud = CloudFormation::with("UPDATE_ROLLBACK_COMPLETE");
        cloud.state().plans.push_back(plan);
        let (result, _) = deploy(&cloud).await;
        let deployed = result.unwrap();
        assert!(!deployed.changed);
        assert!(deployed.plan.changes.is_empty());
        assert_eq!(deployed.outputs["Url"], "u");
        assert_eq!(cloud.calls("ExecuteChangeSet"), 0);
        assert_eq!(cloud.state().change_sets.len(), 0, "nothing left behind");
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_of_outputs_alone_is_a_change() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud
        .state()
        .plans
        .push_back(FakePlan::Empty("{\"Outputs\": 1}"));
    let (result, _) = deploy(&cloud).await;
    let deployed = result.unwrap();
    assert!(deployed.changed && deployed.plan.changes.is_empty());
    assert_eq!(cloud.calls("ExecuteChangeSet"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_goes_on_is_followed_before_planning() {
    for (busy, settled) in [
        ("CREATE_IN_PROGRESS", "CREATE_COMPLETE"),
        ("UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"),
        ("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"),
    ] {
        let cloud = CloudFormation::with(busy);
        cloud
            .state()
            .goes_through(steps(&[busy, busy, busy, settled]));
        let (result, told) = deploy(&cloud).await;
        assert!(result.unwrap().changed);
        assert!(told.has("is already in progress: following it"), "{busy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deploy_that_only_finishes_another_one_says_so() {
    for (busy, settled, followed) in [
        ("CREATE_IN_PROGRESS", "CREATE_COMPLETE", true),
        ("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE", true),
        (
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE",
            false,
        ),
        ("UPDATE_COMPLETE", "UPDATE_COMPLETE", false),
    ] {
        let cloud = CloudFormation::with(busy);
        cloud.state().goes_through(steps(&[busy, busy, settled]));
        let nothing = "The submitted information didn't contain changes.";
        cloud.state().plans.push_back(FakePlan::Fails(nothing));
        let deployed = deploy(&cloud).await.0.unwrap();
        assert!(!deployed.changed, "{busy}");
        assert_eq!(deployed.followed, followed, "{busy}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_deletion_in_progress_is_followed_and_the_stack_created_again() {
    let cloud = CloudFormation::with("DELETE_IN_PROGRESS");
    let script = steps(&[
        "DELETE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]);
    cloud.state().goes_through(script);
    let (result, _) = deploy(&cloud).await;
    assert!(result.unwrap().plan.creates_stack);
}

fn failing(settled: &'static str) -> Vec<Step> {
    vec![
        Step(
            "UPDATE_IN_PROGRESS",
            vec![("Alarm", "UPDATE_IN_PROGRESS", "")],
        ),
        Step(
            "UPDATE_ROLLBACK_IN_PROGRESS",
            vec![
                (
                    "Queue",
                    "UPDATE_FAILED",
                    "Resource handler returned message: \"no\" (RequestToken: 1, HandlerErrorCode: X)",
                ),
                ("Role", "UPDATE_FAILED", "Resource update cancelled"),
                ("Topic", "CREATE_FAILED", "not allowed"),
            ],
        ),
        Step(settled, vec![]),
    ]
}

#[tokio::test(start_paused = true)]
async fn a_failed_update_tells_the_first_cause_first_and_no_cancelled_one() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().stack().history(3);
    let script = failing("UPDATE_ROLLBACK_COMPLETE");
    cloud.state().executions.push_back(script);
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r#"
    DeploymentFailed: Queue (AWS::SQS::Queue): Resource handler returned message: "no"
    the stack shop is in UPDATE_ROLLBACK_COMPLETE
      hint: also failed: Topic (AWS::SQS::Queue): not allowed
      hint: the update was rolled back: the previous deployment keeps running
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_failed_update_whose_rollback_failed_says_so() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud
        .state()
        .executions
        .push_back(failing("UPDATE_ROLLBACK_FAILED"));
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r#"
    DeploymentFailed: Queue (AWS::SQS::Queue): Resource handler returned message: "no"
    the stack shop is in UPDATE_ROLLBACK_FAILED
      hint: also failed: Topic (AWS::SQS::Queue): not allowed
      hint: the next deploy asks before it finishes the rollback
    "#);
}

#[tokio::test(start_paused = true)]
async fn a_failed_create_says_what_the_next_deploy_does() {
    let cloud = CloudFormation::default();
    let failed = vec![("Queue", "CREATE_FAILED", "Name taken")];
    cloud.state().executions.push_back(vec![
        Step("CREATE_IN_PROGRESS", vec![]),
        Step("ROLLBACK_IN_PROGRESS", failed),
        Step("ROLLBACK_COMPLETE", vec![]),
    ]);
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: Queue (AWS::SQS::Queue): Name taken
    the stack shop is in ROLLBACK_COMPLETE
      hint: the stack was never in service; the next deploy asks before it deletes the remaining resources and creates it again
    ");
    let (result, _) = deploy(&cloud).await;
    assert!(result.unwrap().plan.creates_stack, "the next deploy");
}

#[tokio::test(start_paused = true)]
async fn many_causes_are_not_all_told() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let failed = vec![("Queue", "UPDATE_FAILED", "no"); 40];
    cloud.state().executions.push_back(vec![
        Step("UPDATE_ROLLBACK_IN_PROGRESS", failed),
        Step("UPDATE_ROLLBACK_COMPLETE", vec![]),
    ]);
    let error = deploy(&cloud).await.0.unwrap_err();
    assert_eq!(error.hints().len(), 10 + 1 + 1);
    assert!(told(&error).contains("and 29 more"), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn a_template_that_cloudformation_refuses_leaves_nothing_behind() {
    let cloud = CloudFormation::default();
    let why = "Template error: instance of Fn::GetAtt references undefined resource X";
    cloud.state().plans.push_back(FakePlan::Fails(why));
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @"Failed: CloudFormation refused the template of shop: Template error: instance of Fn::GetAtt references undefined resource X");
    assert_eq!(cloud.state().stack().status, "DELETE_COMPLETE");
}

async fn refused(cloud: &CloudFormation) -> Error {
    let refuse = |_: &Plan| -> Result<()> { Err(Error::refused("not confirmed")) };
    let (result, _) = run(&cloud.rules(), async |session| {
        crate::deploy_template(session, &source(), &mut { refuse }).await
    })
    .await;
    result.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_refusal_abandons_the_change_set_and_the_empty_stack() {
    let cloud = CloudFormation::default();
    let error = refused(&cloud).await;
    assert_eq!(told(&error), "Refused: not confirmed\n");
    assert_eq!(cloud.calls("ExecuteChangeSet"), 0);
    assert_eq!(cloud.state().change_sets.len(), 0);
    assert_eq!(cloud.state().stack().status, "DELETE_COMPLETE");
    assert!(
        deploy(&cloud).await.0.unwrap().changed,
        "a deploy right after"
    );
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_a_real_stack_alone() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    assert_eq!(refused(&cloud).await.kind(), Kind::Refused);
    assert_eq!(cloud.state().change_sets.len(), 0);
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_a_stack_alone_that_another_run_has_planned_for() {
    let cloud = CloudFormation::default();
    cloud.on("DeleteChangeSet", |state| {
        state.other_plan(true);
        None
    });
    refused(&cloud).await;
    assert_eq!(cloud.calls("DeleteStack"), 0);
    assert_eq!(cloud.state().stack().status, "REVIEW_IN_PROGRESS");
    assert_eq!(cloud.state().change_sets.len(), 1);
}

/// The other run's execution has removed our change set, and its own is no longer in the list.
#[tokio::test(start_paused = true)]
async fn a_refusal_leaves_a_stack_alone_that_another_run_has_made_real() {
    let cloud = CloudFormation::default();
    cloud.on("DeleteChangeSet", |state| {
        let other = state.other_plan(true);
        state.execute(&other);
        None
    });
    refused(&cloud).await;
    assert_eq!(cloud.calls("DeleteStack"), 0, "a real stack");
    assert_eq!(cloud.state().stack().status, "CREATE_IN_PROGRESS");
}

#[tokio::test(start_paused = true)]
async fn termination_protection_is_changed_only_when_it_differs() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    for (wanted, calls) in [(false, 0), (true, 1), (true, 1), (false, 2)] {
        let (result, _) = run(&cloud.rules(), async |session| {
            let stack = observe(session, NAME).await?.unwrap();
            crate::deploy::protect(session, &stack, wanted).await
        })
        .await;
        result.unwrap();
        assert_eq!(cloud.calls("UpdateTerminationProtection"), calls);
        assert_eq!(cloud.state().stack().protected, wanted);
    }
}
