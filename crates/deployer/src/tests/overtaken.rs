//! Other runs that change the stack between two of our requests, and lost replies.

use super::cloud::{Told, run_with, with_retries, xml_error};
use super::cloudformation::{CloudFormation, busy, source, steps};
use super::deploy::deploy;
use super::told;
use crate::{Kind, Plan};
use aws_config::retry::RetryConfig;
use aws_smithy_mocks::mock;

fn planned_again(told: &Told) -> bool {
    told.has("planning again")
}

const NOT_EXECUTABLE: &str = "ChangeSet cannot be executed in its current execution status";

#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_execute_is_our_own_execution() {
    for status in ["EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED"] {
        let cloud = CloudFormation::with("CREATE_COMPLETE");
        cloud.on("ExecuteChangeSet", move |state| {
            let id = state.latest();
            state.execute(&id);
            state.change_sets[0].execution = status;
            Some(xml_error("InvalidChangeSetStatus", NOT_EXECUTABLE))
        });
        let (result, told) = deploy(&cloud).await;
        assert!(result.unwrap().changed, "{status}");
        assert!(!planned_again(&told));
        assert_eq!(cloud.calls("CreateChangeSet"), 1, "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_lost_reply_a_failed_execution_is_told_and_not_repeated() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.state().executions.push_back(steps(&[
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]));
    cloud.on("ExecuteChangeSet", |state| {
        let id = state.latest();
        state.execute(&id);
        Some(xml_error("InvalidChangeSetStatus", NOT_EXECUTABLE))
    });
    let (result, _) = deploy(&cloud).await;
    assert_eq!(result.unwrap_err().kind(), Kind::DeploymentFailed);
    assert_eq!(cloud.calls("ExecuteChangeSet"), 1);
}

/// CloudFormation deletes a change set after its execution, and the stack then refers to it.
#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_an_execution_that_is_already_over_is_decided_by_the_stack() {
    for creates in [false, true] {
        let cloud = CloudFormation::default();
        if !creates {
            cloud.state().found("CREATE_COMPLETE");
        }
        cloud.on("ExecuteChangeSet", |state| {
            let id = state.latest();
            state.execute(&id);
            state.change_sets.clear();
            state.goes_through(steps(&["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]));
            Some(xml_error("ChangeSetNotFound", "ChangeSet does not exist"))
        });
        let (result, told) = deploy(&cloud).await;
        assert!(result.unwrap().changed);
        assert!(!planned_again(&told));
        assert_eq!(cloud.calls("CreateChangeSet"), 1);
    }
}

/// A stack in review has the ID of the change set that created it, whether it was executed or not.
#[tokio::test(start_paused = true)]
async fn a_change_set_of_a_stack_in_review_that_is_gone_was_not_executed() {
    let cloud = CloudFormation::default();
    cloud.on("ExecuteChangeSet", |state| {
        state.change_sets.clear();
        None
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().plan.creates_stack);
    assert!(planned_again(&told));
    assert_eq!(cloud.calls("CreateChangeSet"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_another_execution_has_made_obsolete_is_planned_again() {
    for status in ["OBSOLETE", "UNAVAILABLE"] {
        let cloud = CloudFormation::with("CREATE_COMPLETE");
        cloud.on("ExecuteChangeSet", move |state| {
            state.change_sets[0].execution = status;
            None
        });
        let (result, told) = deploy(&cloud).await;
        assert!(result.unwrap().changed);
        assert!(planned_again(&told), "{status}");
        assert_eq!(cloud.calls("CreateChangeSet"), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_another_execution_has_removed_is_planned_again() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("ExecuteChangeSet", |state| {
        let other = state.other_plan(false);
        state.execute(&other);
        None
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(planned_again(&told));
    assert_eq!(
        cloud.state().stack().template,
        "{\"new\": 1}",
        "ours came last"
    );
}

#[tokio::test(start_paused = true)]
async fn a_plan_is_approved_anew_when_it_is_made_anew() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("ExecuteChangeSet", |state| {
        state.goes_through(steps(&["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"]));
        Some(busy("UPDATE_IN_PROGRESS"))
    });
    let mut approved = 0;
    let (result, _) = super::cloud::run(&cloud.rules(), async |session| {
        let mut approve = |_: &Plan| {
            approved += 1;
            Ok(())
        };
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    assert!(result.unwrap().changed);
    assert_eq!(approved, 2);
}

#[tokio::test(start_paused = true)]
async fn a_refused_execution_leaves_no_empty_stack() {
    let cloud = CloudFormation::default();
    cloud.refuse(
        "ExecuteChangeSet",
        "AccessDenied",
        "User ana is not authorized to perform: cloudformation:ExecuteChangeSet",
    );
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to execute the change set of shop: User ana is not authorized to perform: cloudformation:ExecuteChangeSet (AccessDenied)
      hint: these credentials don't have the required permission; see docs/permissions.md
    ");
    assert_eq!(cloud.state().stack().status, "DELETE_COMPLETE");
}

#[tokio::test(start_paused = true)]
async fn an_execution_that_nobody_can_tell_of_says_so() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("ExecuteChangeSet", |state| {
        let id = state.latest();
        state.execute(&id);
        Some(xml_error("ServiceUnavailable", "later"))
    });
    let first = cloud.clone();
    // The plan is read in three requests. The fourth is for the execution.
    cloud.on("DescribeChangeSet", |_| None);
    cloud.on("DescribeChangeSet", |_| None);
    first.on("DescribeChangeSet", |_| {
        Some(xml_error("ServiceUnavailable", "later"))
    });
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to execute the change set of shop: later (ServiceUnavailable)
      hint: AWS returned server errors, even after several retries: run the command again
      hint: it might have started anyway: to check and to follow it, run the same command again
    ");
    assert!(deploy(&cloud).await.0.is_ok(), "the same command again");
}

#[tokio::test(start_paused = true)]
async fn a_lost_reply_to_create_is_our_own_change_set() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    // The SDK retries with the same name, which the first request has already used.
    let lost = cloud.clone();
    let rule = mock!(aws_sdk_cloudformation::Client::create_change_set)
        .match_requests(move |input| {
            let mut state = lost.state();
            let name = input.change_set_name().unwrap();
            state.plans.clear();
            let id = state.other_plan(false);
            state.change_sets[0].id = id.replace("other", name);
            true
        })
        .sequence()
        .http_status(503, None)
        .http_response(|| xml_error("AlreadyExistsException", "ChangeSet already exists"))
        .build();
    let mut rules = vec![rule.clone()];
    rules.extend(cloud.rules());
    let clients = with_retries(&rules, RetryConfig::standard());
    let (result, told) = run_with(&clients, async |session| {
        crate::deploy_template(session, &source(), &mut |_: &Plan| Ok(())).await
    })
    .await;
    assert!(result.unwrap().changed);
    assert!(!planned_again(&told), "{:?}", told.lines());
    assert_eq!(rule.num_calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_became_real_before_the_plan_was_made_is_updated() {
    let cloud = CloudFormation::default();
    cloud.on("CreateChangeSet", |state| {
        let other = state.other_plan(true);
        state.execute(&other);
        state.stack().status = "CREATE_IN_PROGRESS".to_owned();
        None
    });
    let (result, told) = deploy(&cloud).await;
    let deployed = result.unwrap();
    assert!(planned_again(&told) && !deployed.plan.creates_stack);
    assert!(
        told.has("a create of shop is already in progress"),
        "{:?}",
        told.lines()
    );
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_vanished_before_the_plan_was_made_is_created() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("CreateChangeSet", |state| {
        state.stack = None;
        None
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().plan.creates_stack);
    assert!(planned_again(&told));
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_just_being_changed_is_followed_and_planned_again() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("CreateChangeSet", |state| {
        let other = state.other_plan(false);
        state.execute(&other);
        state.stack().status = "UPDATE_IN_PROGRESS".to_owned();
        None
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(planned_again(&told) && told.has("update of shop is already in progress"));
}

#[tokio::test(start_paused = true)]
async fn a_change_set_that_vanishes_while_it_is_worked_out_is_made_again() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud.on("DescribeChangeSet", |state| {
        state.change_sets.clear();
        None
    });
    let (result, told) = deploy(&cloud).await;
    assert!(result.unwrap().changed);
    assert!(planned_again(&told));
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_vanishes_while_nothing_changes_is_created() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let fails = super::cloudformation::FakePlan::Fails("No updates are to be performed.");
    cloud.state().plans.push_back(fails);
    cloud.on("DeleteChangeSet", |state| {
        state.stack = None;
        None
    });
    let (result, _) = deploy(&cloud).await;
    assert!(result.unwrap().plan.creates_stack);
}

#[tokio::test(start_paused = true)]
async fn who_is_always_too_late_gives_up() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    for _ in 0..20 {
        cloud.on("CreateChangeSet", |_| Some(busy("UPDATE_IN_PROGRESS")));
    }
    let begun = tokio::time::Instant::now();
    let (result, _) = deploy(&cloud).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Failed: another command or user keeps changing the stack shop; stopped after 10 attempts: Stack:arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1 is in UPDATE_IN_PROGRESS state and can not be updated.
      hint: wait until no other command changes the stack, then run this one again
    ");
    assert_eq!(cloud.calls("CreateChangeSet"), 10);
    assert!(begun.elapsed().as_secs() > 10, "never at once");
}
