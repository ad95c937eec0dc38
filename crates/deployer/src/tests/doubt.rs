//! Empty, contradictory, and lost replies: they are read again, and never mean that a stack is gone.

use aws_sdk_cloudformation::config::http::HttpResponse;

use super::cloud::{run, xml_error};
use super::cloudformation::{CloudFormation, NAME, source, steps};
use super::destroy::{destroy, queue, shop};
use super::recover::queues_refused;
use super::told;
use crate::{DestroyOptions, Doomed, Plan};

fn empty_list() -> HttpResponse {
    let body = "<ListStackResourcesResponse><ListStackResourcesResult><StackResourceSummaries/>\
                </ListStackResourcesResult></ListStackResourcesResponse>";
    HttpResponse::new(200.try_into().unwrap(), body.into())
}

#[tokio::test(start_paused = true)]
async fn an_empty_list_of_resources_is_read_again() {
    let cloud = shop();
    cloud.on("ListStackResources", |_| Some(empty_list()));
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 0, 0)]).await;
    assert_eq!(result.unwrap().remains.gone, 1);
}

#[tokio::test(start_paused = true)]
async fn a_stack_whose_list_stays_empty_is_not_deleted() {
    let cloud = shop();
    for _ in 0..10 {
        cloud.on("ListStackResources", |_| Some(empty_list()));
    }
    let (result, _) = destroy(&cloud, true, vec![queue(&cloud, 0, 0)]).await;
    let text = result.unwrap_err().to_string();
    assert!(
        text.ends_with("the reply has no resources, but the stack has some"),
        "{text}"
    );
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

fn deny_existence(cloud: &CloudFormation) {
    let text = "Stack with id shop does not exist";
    cloud.refuse("DescribeStacks", "ValidationError", text);
}

#[tokio::test(start_paused = true)]
async fn one_reply_that_there_is_no_stack_is_not_believed() {
    let cloud = shop();
    deny_existence(&cloud);
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 0, 0)]).await;
    assert!(result.unwrap().existed);
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

#[tokio::test(start_paused = true)]
async fn one_reply_that_there_is_no_stack_does_not_end_a_deploy() {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    let (result, _) = run(&cloud.rules(), async |session| {
        // From here on, DescribeStacks is called to follow the update.
        let mut approve = |_: &Plan| {
            deny_existence(&cloud);
            Ok(())
        };
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    assert!(result.unwrap().changed);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_whose_reply_was_lost_is_followed() {
    let cloud = shop();
    cloud.on("DeleteStack", |state| {
        state.goes_through(steps(&["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]));
        Some(xml_error("InternalFailure", "lost"))
    });
    let (result, heard) = destroy(&cloud, false, vec![queue(&cloud, 0, 0)]).await;
    assert_eq!(result.unwrap().remains.gone, 1);
    assert!(heard.has("checking whether the deletion has started"));
    assert_eq!(cloud.calls("DeleteStack"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_that_was_perhaps_not_started_says_so() {
    let cloud = shop();
    cloud.refuse("DeleteStack", "InternalFailure", "lost");
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 0, 0)]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to delete the stack shop: lost (InternalFailure)
      hint: AWS returned server errors, even after several retries: run the command again
      hint: the deletion might have started: run the same command again to check and to follow it
    ");
}

#[tokio::test(start_paused = true)]
async fn a_check_that_failed_can_be_repeated_by_the_stack_s_id() {
    let cloud = shop();
    let (result, _) = destroy(&cloud, true, vec![queues_refused("AccessDenied")]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: shop is deleted, but 1 of its resources couldn't be checked: failed to look for https://sqs/orders: not allowed (AccessDenied)
      hint: these credentials don't have the required permission; see docs/permissions.md
      hint: not checked: AWS::SQS::Queue https://sqs/orders
      hint: to check again, within 90 days: destroy arn:aws:cloudformation:us-west-2:111122223333:stack/shop/1
    ");
    let id = cloud.state().stack().id.clone();
    let mut rules = cloud.rules();
    rules.push(queue(&cloud, 0, 0));
    let (results, _) = run(&rules, async |session| {
        let mut approve = |_: &Doomed| Ok(());
        let options = DestroyOptions::default();
        [
            crate::destroy(session, &id, &options, &mut approve).await,
            crate::destroy(session, NAME, &options, &mut approve).await,
        ]
    })
    .await;
    let [again, by_name] = results.map(|result| result.unwrap());
    assert_eq!((again.existed, again.remains.gone), (true, 1));
    assert!(!by_name.existed);
    assert_eq!(cloud.calls("DeleteStack"), 1);
}
