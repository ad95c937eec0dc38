//! `destroy`: its final check, for deletions by us and by others.

use tokio::time::Instant;

use super::cloud::xml_error;
use super::cloudformation::{CloudFormation, steps};
use super::destroy::{QUEUE, destroy, queue, shop};
use super::told;

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
    let still = notes.iter().filter(|line| line.contains("still answers"));
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
      hint: remove it by hand, or look for who made it again
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
