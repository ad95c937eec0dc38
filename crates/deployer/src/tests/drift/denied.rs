//! Parts that these credentials can't read are unchecked.

use aws_smithy_mocks::mock;
use serde_json::json;

use super::super::cloud::{cbor_error, json_error, run, xml_error};
use super::super::cloudformation::CloudFormation;
use crate::Problem;

/// A stack with a part of each service whose reads are batched or paged, and a role.
fn stack() -> CloudFormation {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let mut state = cloud.state();
    let stack = state.stack();
    let service = "arn:aws:ecs:us-west-2:111122223333:service/shop/web";
    let scaled = json!({ "ResourceId": "service/shop/web", "PolicyName": "web" });
    let parts = [
        ("AWS::ECS::Service", "Service", service),
        (
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "Target",
            "web|ecs",
        ),
        (
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            "Policy",
            "web",
        ),
        ("AWS::CloudWatch::Alarm", "Alarm", "silent"),
        ("AWS::EC2::Subnet", "Subnet", "subnet-1"),
        ("AWS::IAM::Role", "Role", "shop-role"),
    ];
    let mut resources = serde_json::Map::new();
    for (kind, logical_id, id) in parts {
        stack.holds(kind, logical_id, id);
        let part = json!({ "Type": kind, "Properties": scaled });
        resources.insert(logical_id.to_owned(), part);
    }
    stack.template = json!({ "Resources": resources }).to_string();
    drop(state);
    cloud
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_denied_leaves_its_part_unchecked() {
    let cloud = stack();
    let denied = || json_error("AccessDeniedException", "not for you");
    let rules = [
        mock!(aws_sdk_ecs::Client::describe_services).then_http_response(denied),
        mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
            .then_http_response(denied),
        mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_policies)
            .then_http_response(denied),
        mock!(aws_sdk_cloudwatch::Client::describe_alarms)
            .then_http_response(|| cbor_error("AccessDenied", "not for you")),
        // Cloud Control wraps the denial of the service that it calls.
        mock!(aws_sdk_cloudcontrol::Client::get_resource)
            .then_http_response(|| json_error("GeneralServiceException", "not for you")),
        mock!(aws_sdk_iam::Client::get_role)
            .then_http_response(|| xml_error("AccessDenied", "not for you")),
    ];
    let rules = [cloud.rules(), rules.to_vec()].concat();
    let (drift, _) = run(&rules, async |session| {
        let stack = crate::observe_ours(session, "shop").await.unwrap().unwrap();
        crate::find_drift(session, &stack).await
    })
    .await;
    let drift = drift.unwrap();
    assert_eq!(drift.findings, []);
    let unchecked: Vec<&str> = drift
        .unchecked
        .iter()
        .map(|one| one.name.as_str())
        .collect();
    assert_eq!(
        unchecked,
        ["Alarm", "Policy", "Role", "Service", "Subnet", "Target"]
    );
    for one in &drift.unchecked {
        assert!(one.reason.contains("not for you"), "{one:?}");
    }
}

const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";

fn listening(arn: &str) -> CloudFormation {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let mut state = cloud.state();
    let stack = state.stack();
    stack.holds(LISTENER, "Listener", arn);
    let listener = json!({ "Type": LISTENER, "Properties": { "Port": 80 } });
    stack.template = json!({ "Resources": { "Listener": listener } }).to_string();
    drop(state);
    cloud
}

/// A target group whose listener was deleted, so that it receives no traffic anymore.
#[tokio::test(start_paused = true)]
async fn a_deleted_listener_is_missing_and_a_cloud_without_cloud_control_leaves_it_unchecked() {
    let arn = "arn:aws:elasticloadbalancing:us-west-2:111122223333:listener/app/web/1/2";
    for (code, is_missing) in [
        ("ResourceNotFoundException", true),
        ("UnsupportedActionException", false),
        ("InternalFailure", false),
    ] {
        let cloud = listening(arn);
        let get = mock!(aws_sdk_cloudcontrol::Client::get_resource)
            .match_requests(move |request| {
                request.type_name() == Some(LISTENER) && request.identifier() == Some(arn)
            })
            .then_http_response(move || json_error(code, "none"));
        let rules = [cloud.rules(), vec![get]].concat();
        let (drift, _) = run(&rules, async |session| {
            let stack = crate::observe_ours(session, "shop").await.unwrap().unwrap();
            crate::find_drift(session, &stack).await.unwrap()
        })
        .await;
        let missing = drift.findings.iter().map(|found| &found.problem);
        assert!(
            missing.eq(is_missing.then_some(&Problem::Missing)),
            "{drift:?}"
        );
        assert_eq!(drift.unchecked.len(), usize::from(!is_missing), "{drift:?}");
    }
}
