//! `destroy`: its final check, for deletions by us and by others.

use aws_smithy_mocks::{Rule, mock};
use serde_json::json;
use tokio::time::Instant;

use super::cloud::{json_error, run, xml_error};
use super::cloudformation::{CloudFormation, steps};
use super::destroy::{QUEUE, destroy, queue, shop};
use super::told;
use crate::{DestroyOptions, Doomed};

fn deletion_in_progress() -> CloudFormation {
    let cloud = CloudFormation::with("DELETE_IN_PROGRESS");
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "Orders", QUEUE);
    let script = steps(&[
        "DELETE_IN_PROGRESS",
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]);
    cloud.state().goes_through(script);
    cloud
}

#[tokio::test(start_paused = true)]
async fn somebody_else_s_deletion_is_followed_and_proved() {
    let cloud = deletion_in_progress();
    let destroyed = destroy(&cloud, false, vec![queue(&cloud, 9, 0)])
        .await
        .0
        .unwrap();
    assert_eq!((destroyed.existed, destroyed.remains.gone), (true, 1));
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

/// A `destroy` was interrupted, and runs again. Nothing asks for the imported service: there is no rule for ECS.
#[tokio::test(start_paused = true)]
async fn what_stays_after_a_deletion_in_progress_is_no_remainder() {
    let cloud = deletion_in_progress();
    {
        let mut state = cloud.state();
        let stack = state.stack();
        stack.holds(
            "AWS::ECS::Service",
            "WorkerService",
            "arn:service/prod/worker",
        );
        let service = json!({ "DeletionPolicy": "Retain" });
        stack.template = json!({ "Resources": { "WorkerService": service } }).to_string();
    }
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 9, 0)]).await;
    let destroyed = result.unwrap();
    assert_eq!(destroyed.remains.gone, 1);
    let retained: Vec<&str> = destroyed
        .retained
        .iter()
        .map(|one| one.logical_id.as_str())
        .collect();
    assert_eq!(retained, ["WorkerService"]);
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_s_deletion_leaves_is_an_error_too() {
    let cloud = deletion_in_progress();
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 9, usize::MAX)]).await;
    let error = result.unwrap_err().to_string();
    assert_eq!(
        error,
        "CloudFormation deleted shop, but AWS::SQS::Queue https://sqs/orders is still there"
    );
}

#[tokio::test(start_paused = true)]
async fn somebody_else_s_deletion_that_fails_is_begun_again() {
    let cloud = deletion_in_progress();
    let script = steps(&["DELETE_IN_PROGRESS", "DELETE_FAILED"]);
    cloud.state().goes_through(script);
    assert!(
        destroy(&cloud, false, vec![queue(&cloud, 0, 0)])
            .await
            .0
            .unwrap()
            .existed
    );
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_echo_is_no_remainder() {
    let cloud = shop();
    let begun = Instant::now();
    let (result, told) = destroy(&cloud, false, vec![queue(&cloud, 0, 12)]).await;
    assert_eq!(result.unwrap().remains.gone, 1);
    assert!(begun.elapsed().as_secs() > 20);
    let notes = told.lines();
    let still = notes.iter().filter(|line| line.contains("still exists"));
    assert_eq!(still.count(), 1, "{notes:?}");
}

#[tokio::test(start_paused = true)]
async fn what_is_still_there_after_all_is_an_error() {
    let cloud = shop();
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "Dead", "https://sqs/dead");
    let begun = Instant::now();
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 0, usize::MAX)]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Failed: CloudFormation deleted shop, but AWS::SQS::Queue https://sqs/dead is still there
      hint: so is AWS::SQS::Queue https://sqs/orders
      hint: delete it manually, or find out what created it again
    ");
    assert!((90..120).contains(&begun.elapsed().as_secs()));
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_vanished_before_our_request_is_success() {
    let cloud = shop();
    cloud.on("DeleteStack", |state| {
        state.stack().status = "DELETE_COMPLETE".to_owned();
        Some(xml_error("ValidationError", "Stack [shop] does not exist"))
    });
    assert!(
        destroy(&cloud, false, vec![queue(&cloud, 0, 0)])
            .await
            .0
            .unwrap()
            .existed
    );
}

/// Pauses that can't be read, and the reason.
fn no_pauses(code: &'static str) -> Rule {
    mock!(aws_sdk_ssm::Client::get_parameters_by_path)
        .then_http_response(move || json_error(code, "no"))
}

/// A policy of a version without pauses doesn't allow it.
#[tokio::test(start_paused = true)]
async fn pauses_that_may_not_be_read_are_only_noted() {
    let cloud = shop();
    let rules = vec![queue(&cloud, 0, 0), no_pauses("AccessDeniedException")];
    let (result, told) = destroy(&cloud, false, rules).await;
    assert_eq!(result.unwrap().remains.gone, 1);
    assert!(told.has("can't check for remaining pause records: failed to read which"));
}

/// Remaining resources cost money, so they are reported first.
#[tokio::test(start_paused = true)]
async fn pauses_that_cant_be_read_are_an_error_after_the_proof() {
    for (echoes, text) in [
        (0, "failed to read which services of shop are paused"),
        (usize::MAX, "CloudFormation deleted shop, but"),
    ] {
        let cloud = shop();
        let rules = vec![queue(&cloud, 0, echoes), no_pauses("InternalServerError")];
        let (result, _) = destroy(&cloud, false, rules).await;
        let error = result.unwrap_err();
        assert!(error.to_string().starts_with(text), "{error}");
        let id = cloud.state().stack().id.clone();
        let again = format!("to try again, within 90 days: destroy {id}");
        assert_eq!(error.hints().contains(&again), echoes == 0);
    }
}

/// A stack that is given by its ID was deleted, and then someone deployed another one of its name.
#[tokio::test(start_paused = true)]
async fn what_another_stack_of_the_name_has_stored_stays() {
    let cloud = shop();
    let id = cloud.state().stack().id.clone();
    cloud.state().stack().status = "DELETE_COMPLETE".to_owned();
    cloud.on("DescribeStacks", |_| None);
    cloud.on("DescribeStacks", |state| {
        state.found("CREATE_COMPLETE");
        None
    });
    let gone = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .then_http_response(|| json_error("com.amazonaws.sqs#QueueDoesNotExist", "gone"));
    let pauses = no_pauses("InternalServerError");
    let rules: Vec<Rule> = cloud.rules().into_iter().chain([gone, pauses]).collect();
    let (result, told) = run(&rules, async |session| {
        let options = DestroyOptions::default();
        crate::destroy(session, &id, &options, &mut |_: &Doomed| Ok(())).await
    })
    .await;
    assert_eq!(result.unwrap().remains.gone, 1);
    assert!(
        told.has("another stack is called shop now"),
        "{:?}",
        told.lines()
    );
    assert_eq!(cloud.state().stack().status, "CREATE_COMPLETE");
}
