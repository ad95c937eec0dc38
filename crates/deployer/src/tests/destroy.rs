//! `destroy`: its guards, and what can prevent it.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::DeadLetterConfig;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_smithy_mocks::{MockResponse, Rule, mock};

use super::cloud::{Told, json_error, run};
use super::cloudformation::{CloudFormation, NAME, Step, busy, steps};
use super::recover::{queues_refused, queues_with};
use super::told;
use crate::{DestroyOptions, Destroyed, Doomed, Error, Kind, Result};

pub(super) const QUEUE: &str = "https://sqs/orders";

pub(super) async fn destroy(
    cloud: &CloudFormation,
    force: bool,
    others: Vec<Rule>,
) -> (Result<Destroyed>, Told) {
    let options = DestroyOptions {
        force,
        ..DestroyOptions::default()
    };
    destroy_with(cloud, &options, others).await
}

async fn destroy_with(
    cloud: &CloudFormation,
    options: &DestroyOptions,
    others: Vec<Rule>,
) -> (Result<Destroyed>, Told) {
    let rules: Vec<Rule> = cloud.rules().into_iter().chain(others).collect();
    run(&rules, async |session| {
        crate::destroy(session, NAME, options, &mut |_: &Doomed| Ok(())).await
    })
    .await
}

/// A stack with a queue.
pub(super) fn shop() -> CloudFormation {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "Orders", QUEUE);
    cloud
}

/// A queue with this number of messages. It exists until the stack is gone and the queue was requested this
/// many times.
pub(super) fn queue(cloud: &CloudFormation, messages: u64, echoes: usize) -> Rule {
    let (cloud, left) = (cloud.clone(), AtomicUsize::new(echoes));
    mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
        let gone = cloud.state().stack().status == "DELETE_COMPLETE";
        let take = |n: usize| n.checked_sub(1);
        if gone
            && left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, take)
                .is_err()
        {
            return MockResponse::Http(json_error("com.amazonaws.sqs#QueueDoesNotExist", "gone"));
        }
        let names = input.attribute_names().iter();
        let counts = names.map(|name| (name.clone(), messages.to_string()));
        let output = GetQueueAttributesOutput::builder().set_attributes(Some(counts.collect()));
        MockResponse::Output(output.build())
    })
}

/// One queue with this number of messages, while the others are empty. They exist until the stack is gone.
fn queue_with(cloud: &CloudFormation, url: &'static str, messages: u64) -> Rule {
    let cloud = cloud.clone();
    mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
        if cloud.state().stack().status == "DELETE_COMPLETE" {
            return MockResponse::Http(json_error("com.amazonaws.sqs#QueueDoesNotExist", "gone"));
        }
        let count = if input.queue_url() == Some(url) {
            messages
        } else {
            0
        };
        let names = input.attribute_names().iter();
        let counts = names.map(|name| (name.clone(), count.to_string()));
        let output = GetQueueAttributesOutput::builder().set_attributes(Some(counts.collect()));
        MockResponse::Output(output.build())
    })
}

#[tokio::test(start_paused = true)]
async fn no_stack_is_success() {
    let cloud = CloudFormation::default();
    let destroyed = destroy(&cloud, false, vec![]).await.0.unwrap();
    assert!(!destroyed.existed);
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stack_is_deleted_and_that_is_proved() {
    for status in [
        "CREATE_COMPLETE",
        "ROLLBACK_COMPLETE",
        "REVIEW_IN_PROGRESS",
        "DELETE_FAILED",
    ] {
        let cloud = CloudFormation::with(status);
        cloud
            .state()
            .stack()
            .holds("AWS::SQS::Queue", "Orders", QUEUE);
        let rules = vec![queue(&cloud, 0, 0)];
        let destroyed = destroy(&cloud, false, rules).await.0.unwrap();
        assert!(destroyed.existed);
        assert_eq!(destroyed.remains.gone, 1);
        assert_eq!(cloud.state().stack().status, "DELETE_COMPLETE", "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_protected_stack_is_refused() {
    let cloud = shop();
    cloud.state().stack().protected = true;
    let (result, _) = destroy(&cloud, true, vec![]).await;
    let refusal = told(&result.unwrap_err());
    insta::assert_snapshot!(refusal, @r"
    Refused: the stack shop is protected against termination
      hint: set `termination_protection: false` in the definition and deploy, then destroy
    ");
    // Protected between our check and our request.
    cloud.state().stack().protected = false;
    cloud.on("DeleteStack", |state| {
        state.stack().protected = true;
        None
    });
    let (result, _) = destroy(&cloud, true, vec![queues_with(0)]).await;
    assert_eq!(told(&result.unwrap_err()), refusal);
}

#[tokio::test(start_paused = true)]
async fn messages_of_every_kind_are_counted_and_refused_unless_forced() {
    let cloud = shop();
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "Dead", "https://sqs/dead");
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "NeverMade", "");
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 7, 0)]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: Dead (https://sqs/dead) still holds about 21 messages, which would be lost
      hint: so does Orders: about 21 messages
      hint: process or move the messages, or discard them with --force
    ");
    assert_eq!(cloud.calls("DeleteStack"), 0);
    let destroyed = destroy(&cloud, true, vec![queue(&cloud, 7, 0)])
        .await
        .0
        .unwrap();
    assert_eq!(destroyed.remains.gone, 2);
}

#[tokio::test(start_paused = true)]
async fn what_a_scaling_function_could_not_handle_is_told_but_keeps_nothing_from_being_destroyed() {
    let cloud = shop();
    let dead = "https://sqs/web-scaling-dead";
    cloud
        .state()
        .stack()
        .holds("AWS::SQS::Queue", "WebScalingDeadLetterQueue", dead)
        .holds("AWS::Lambda::Function", "WebScalingFunction", "web-scaling")
        .holds("AWS::Lambda::Function", "Gone", "gone");
    let functions = || {
        mock!(aws_sdk_lambda::Client::get_function_configuration).then_compute_response(|input| {
            if input.function_name() == Some("gone") {
                return MockResponse::Http(json_error("ResourceNotFoundException", "no"));
            }
            let arn = "arn:aws:sqs:us-west-2:1:web-scaling-dead";
            let config = DeadLetterConfig::builder().target_arn(arn).build();
            let output = GetFunctionConfigurationOutput::builder().dead_letter_config(config);
            MockResponse::Output(output.build())
        })
    };
    // The user's own queue still counts.
    let (result, heard) = destroy(&cloud, false, vec![queue(&cloud, 7, 0), functions()]).await;
    let refusal = told(&result.unwrap_err());
    assert!(
        refusal.contains("Orders (https://sqs/orders) still holds"),
        "{refusal}"
    );
    assert!(!refusal.contains("WebScaling"), "{refusal}");
    assert!(
        heard.has("WebScalingDeadLetterQueue holds events that a function of the stack couldn't handle (about 21):")
    );
    let waiting = queue_with(&cloud, dead, 7);
    let gone = mock!(aws_sdk_lambda::Client::get_function)
        .then_http_response(|| json_error("ResourceNotFoundException", "no"));
    let (result, _) = destroy(&cloud, false, vec![waiting, functions(), gone]).await;
    assert!(result.unwrap().existed);
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_may_not_be_read_stops_unless_forced() {
    let cloud = shop();
    let denied = || vec![queues_refused("AccessDenied")];
    let (result, _) = destroy(&cloud, false, denied()).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Unreachable: failed to count the messages in https://sqs/orders: not allowed (AccessDenied)
      hint: these credentials don't have the required permission; see docs/permissions.md
      hint: without sqs:GetQueueAttributes, ecs-scaler can't count the messages that would be lost; `destroy --force` discards them without counting
    ");
    assert_eq!(cloud.calls("DeleteStack"), 0);
    // With force it is deleted. But without the permission to read it, no one can verify that it is gone.
    let (result, told) = destroy(&cloud, true, denied()).await;
    assert!(told.has("skipped: failed to count"));
    assert_eq!(cloud.calls("DeleteStack"), 1);
    assert!(
        result
            .unwrap_err()
            .to_string()
            .contains("look for https://sqs/orders")
    );
}

#[tokio::test(start_paused = true)]
async fn a_queue_without_its_counts_stops() {
    let cloud = shop();
    let bare = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .then_output(|| GetQueueAttributesOutput::builder().build());
    let error = destroy(&cloud, true, vec![bare]).await.0.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the reply has no ApproximateNumberOfMessages")
    );
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_deleted_unless_approved() {
    let cloud = shop();
    let rules: Vec<Rule> = cloud.rules().into_iter().chain([queues_with(5)]).collect();
    let mut asked = 0;
    let (result, _) = run(&rules, async |session| {
        let mut approve = |doomed: &Doomed| -> Result<()> {
            asked += 1;
            assert_eq!(doomed.messages[0].messages, 5);
            assert_eq!(doomed.resources.len(), 1);
            Err(Error::refused("no"))
        };
        let options = DestroyOptions {
            force: true,
            ..DestroyOptions::default()
        };
        crate::destroy(session, NAME, &options, &mut approve).await
    })
    .await;
    assert_eq!(result.unwrap_err().kind(), Kind::Refused);
    assert_eq!((asked, cloud.calls("DeleteStack")), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn an_update_that_another_run_has_just_begun_is_followed_then_all_is_deleted() {
    let cloud = shop();
    cloud.on("DeleteStack", |state| {
        state.stack().status = "UPDATE_IN_PROGRESS".to_owned();
        let rest = [
            "UPDATE_IN_PROGRESS",
            "UPDATE_IN_PROGRESS",
            "UPDATE_COMPLETE",
        ];
        state.goes_through(steps(&rest));
        None
    });
    let (result, told) = destroy(&cloud, false, vec![queue(&cloud, 0, 0)]).await;
    assert!(result.unwrap().existed);
    assert!(
        told.has("update of shop is already in progress"),
        "{:?}",
        told.lines()
    );
    assert_eq!(cloud.calls("DeleteStack"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_dropped_is_made_again() {
    let cloud = shop();
    let busy = ["UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"];
    cloud.state().deletions.push_back(steps(&busy));
    let (result, _) = destroy(&cloud, false, vec![queue(&cloud, 0, 0)]).await;
    assert!(result.unwrap().existed);
    assert_eq!(cloud.calls("DeleteStack"), 2);
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_is_always_busy_is_given_up() {
    let cloud = shop();
    for _ in 0..20 {
        cloud.on("DeleteStack", |_| Some(busy("UPDATE_IN_PROGRESS")));
    }
    let error = destroy(&cloud, false, vec![queues_with(0)])
        .await
        .0
        .unwrap_err();
    assert!(
        error.to_string().contains("stopped after 10 attempts"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_resource_that_cant_be_deleted_is_named() {
    let cloud = shop();
    let failed = vec![("Vpc", "DELETE_FAILED", "The vpc 'vpc-1' has dependencies")];
    cloud.state().deletions.push_back(vec![
        Step("DELETE_IN_PROGRESS", failed),
        Step("DELETE_FAILED", vec![]),
    ]);
    let (result, _) = destroy(&cloud, false, vec![queues_with(0)]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: Vpc (AWS::SQS::Queue): The vpc 'vpc-1' has dependencies
    the stack shop is in DELETE_FAILED
      hint: CloudFormation could not delete the named resource: fix or remove it, then run the same command again; or keep it: destroy with --retain and its logical ID
    ");
}

/// CloudFormation API, `DeleteStack$RetainResources`: resources of a stack in DELETE_FAILED whose deletion failed.
#[tokio::test(start_paused = true)]
async fn a_resource_whose_deletion_failed_can_be_retained() {
    let cloud = CloudFormation::with("DELETE_FAILED");
    {
        let mut state = cloud.state();
        let stack = state.stack();
        stack.holds("AWS::SQS::Queue", "OrdersQueue", QUEUE);
        stack.holds("AWS::EC2::VPC", "Vpc", "vpc-1");
        stack.undeleted.push("OrdersQueue");
    }
    let retain = |name: &str| DestroyOptions {
        retain: vec![name.to_owned()],
        ..DestroyOptions::default()
    };
    let (result, _) = destroy_with(&cloud, &retain("Vpc"), vec![]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: shop has no resource Vpc whose deletion failed; CloudFormation can't retain other resources
      hint: it can retain: OrdersQueue
    ");
    assert_eq!(cloud.calls("DeleteStack"), 0);
    // By the queue's name. The queue is neither counted nor checked: there is no rule for SQS.
    let (result, _) = destroy_with(&cloud, &retain("orders"), vec![]).await;
    let destroyed = result.unwrap();
    assert_eq!(cloud.state().stack().retained, ["OrdersQueue"]);
    assert_eq!(destroyed.retained[0].physical_id, QUEUE);
    assert!(destroyed.describe(NAME).contains(QUEUE));
}

#[tokio::test(start_paused = true)]
async fn a_stack_that_can_be_deleted_retains_nothing() {
    let cloud = shop();
    let options = DestroyOptions {
        retain: vec!["Orders".to_owned()],
        ..DestroyOptions::default()
    };
    let (result, _) = destroy_with(&cloud, &options, vec![]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Refused: CloudFormation can retain a resource only after its deletion failed, but shop is in CREATE_COMPLETE
      hint: destroy without --retain; if a resource can't be deleted, run it again with --retain
    ");
    assert_eq!(cloud.calls("DeleteStack"), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_in_progress_is_followed_to_its_end_first() {
    let cloud = CloudFormation::with("CREATE_IN_PROGRESS");
    cloud.state().stack().holds("AWS::EC2::VPC", "Vpc", "vpc-1");
    let script = steps(&[
        "CREATE_IN_PROGRESS",
        "CREATE_IN_PROGRESS",
        "CREATE_COMPLETE",
    ]);
    cloud.state().goes_through(script);
    let (result, told) = destroy(&cloud, false, vec![]).await;
    assert!(result.unwrap().existed);
    assert!(told.has("create of shop is already in progress"));
}

/// A failed import into a new stack leaves no resources. Otherwise, an empty list is a broken reply.
#[tokio::test(start_paused = true)]
async fn an_empty_list_is_believed_only_after_a_failed_first_import() {
    for (status, policy, is_deleted) in [
        ("IMPORT_ROLLBACK_COMPLETE", "Retain", true),
        ("IMPORT_ROLLBACK_COMPLETE", "Delete", false),
        ("IMPORT_COMPLETE", "Retain", false),
        ("UPDATE_COMPLETE", "Retain", false),
    ] {
        let cloud = CloudFormation::with(status);
        let queue = serde_json::json!({ "DeletionPolicy": policy });
        let template = serde_json::json!({ "Resources": { "Orders": queue } });
        cloud.state().stack().template = template.to_string();
        let (result, _) = destroy(&cloud, true, vec![]).await;
        assert_eq!(result.is_ok(), is_deleted, "{status}, {policy}: {result:?}");
        let calls = usize::from(is_deleted);
        assert_eq!(cloud.calls("DeleteStack"), calls, "{status}, {policy}");
    }
}
