//! A service that was deleted manually is recreated under its name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_ecs::operation::create_service::CreateServiceOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::update_service::UpdateServiceOutput;
use aws_sdk_ecs::types::Service;
use aws_smithy_mocks::{MockResponse, mock};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::cloud::{json_error, run};
use super::super::cloudformation::{CloudFormation, source};
use super::super::told;
use super::NOTHING;
use crate::{Plan, Result};

const ARN: &str = "arn:aws:ecs:us-west-2:111122223333:service/shop/web";

/// A stack with a service that has one additional property.
fn serving((property, value): (&str, Value)) -> CloudFormation {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let mut state = cloud.state();
    state.plans.push_back(NOTHING);
    let stack = state.stack();
    stack.holds("AWS::ECS::Service", "Service", ARN);
    let mut properties = json!({ "Cluster": "shop", "TaskDefinition": "web:7" });
    properties[property] = value;
    let service = json!({ "Type": "AWS::ECS::Service", "Properties": properties });
    stack.template = json!({ "Resources": { "Service": service } }).to_string();
    drop(state);
    cloud
}

/// Deploys a stack whose service was deleted, and which ECS drains for this long. Returns how many times it was
/// created.
async fn deploy(more: (&str, Value), drains: Duration) -> (Result<crate::Deployed>, usize) {
    let cloud = serving(more);
    let made = Arc::new(AtomicUsize::new(0));
    let (counted, is_made, begun) = (made.clone(), made.clone(), Instant::now());
    let describe = mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
        let status = match is_made.load(Ordering::SeqCst) {
            0 => "DRAINING",
            _ => "ACTIVE",
        };
        let service = Service::builder().service_arn(ARN).status(status);
        let service = service.task_definition("web:7").build();
        DescribeServicesOutput::builder().services(service).build()
    });
    let create = mock!(aws_sdk_ecs::Client::create_service)
        .match_requests(|request| {
            request.service_name() == Some("web")
                && request.cluster() == Some("shop")
                && request.desired_count() == Some(1)
        })
        .then_compute_response(move |_| {
            if begun.elapsed() < drains {
                let text = "Unable to Start a service that is still Draining.";
                return MockResponse::Http(json_error("InvalidParameterException", text));
            }
            counted.fetch_add(1, Ordering::SeqCst);
            MockResponse::Output(CreateServiceOutput::builder().build())
        });
    let rules = [cloud.rules(), vec![describe, create]].concat();
    let (result, _) = run(&rules, async |session| {
        let mut approve = |_: &Plan| Ok(());
        crate::deploy_template(session, &source(), &mut approve).await
    })
    .await;
    (result, made.load(Ordering::SeqCst))
}

/// Longer than SQS refuses a deleted queue's name.
#[tokio::test(start_paused = true)]
async fn a_deleted_service_is_made_again_once_it_has_drained() {
    let drains = Duration::from_mins(5);
    let (result, made) = deploy(("PropagateTags", json!("SERVICE")), drains).await;
    assert!(result.unwrap().changed);
    assert_eq!(made, 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_would_not_be_the_same_is_not_made() {
    let volumes = ("VolumeConfigurations", json!([{ "Name": "data" }]));
    let (result, made) = deploy(volumes, Duration::ZERO).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    DeploymentFailed: shop still differs from its template: Service (AWS::ECS::Service)
      hint: arn:aws:ecs:us-west-2:111122223333:service/shop/web can't be recreated by direct calls, because its template sets VolumeConfigurations
      hint: `status` names each difference; recreate the rest manually, under its name, and deploy
    ");
    assert_eq!(made, 0);
}

#[tokio::test(start_paused = true)]
async fn ecs_exec_that_was_switched_by_hand_is_switched_back_alone() {
    for wanted in [true, false] {
        let cloud = serving(("EnableExecuteCommand", json!(wanted)));
        let updates = Arc::new(AtomicUsize::new(0));
        let (counted, is_updated) = (updates.clone(), updates.clone());
        let describe = mock!(aws_sdk_ecs::Client::describe_services).then_output(move || {
            let is_updated = is_updated.load(Ordering::SeqCst) > 0;
            let service = Service::builder()
                .service_arn(ARN)
                .status("ACTIVE")
                .task_definition("web:7")
                .enable_execute_command(is_updated == wanted)
                .build();
            DescribeServicesOutput::builder().services(service).build()
        });
        let update = mock!(aws_sdk_ecs::Client::update_service)
            .match_requests(move |request| {
                request.enable_execute_command() == Some(wanted)
                    && request.task_definition().is_none()
                    && request.desired_count().is_none()
            })
            .then_output(move || {
                counted.fetch_add(1, Ordering::SeqCst);
                UpdateServiceOutput::builder().build()
            });
        let rules = [cloud.rules(), vec![describe, update]].concat();
        let (result, _) = run(&rules, async |session| {
            let mut approve = |plan: &Plan| {
                assert_eq!(plan.drift.len(), 1, "{:?}", plan.drift);
                Ok(())
            };
            crate::deploy_template(session, &source(), &mut approve).await
        })
        .await;
        assert!(result.unwrap().changed);
        assert_eq!(updates.load(Ordering::SeqCst), 1);
    }
}
