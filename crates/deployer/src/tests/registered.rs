//! Existing services that are already scaled.

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::types::{ScalableDimension, ScalableTarget, ServiceNamespace};
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use stack::Scaling;

use super::cloud::json_error;
use super::cloudformation::CloudFormation;
use super::preflight::{check, clusters, measuring, roles, services_but};
use super::told;

const ID: &str = "service/prod/web";

/// The service is a scalable target.
fn registered() -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets).then_compute_output(
        |input| {
            assert!(input.resource_ids().len() <= 50);
            let asked = input.resource_ids().iter().any(|id| id == ID);
            let target = ScalableTarget::builder()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(ID)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .min_capacity(2)
                .max_capacity(9)
                .role_arn("role")
                .creation_time(DateTime::from_secs(0))
                .build()
                .unwrap();
            DescribeScalableTargetsOutput::builder()
                .set_scalable_targets(asked.then(|| vec![target]))
                .build()
        },
    )
}

fn rules(cloud: &CloudFormation) -> Vec<Rule> {
    let mut rules = cloud.rules();
    rules.extend([
        roles(),
        clusters(&["prod"]),
        services_but("none"),
        registered(),
    ]);
    rules
}

#[tokio::test(start_paused = true)]
async fn a_service_that_another_stack_scales_is_refused() {
    let mut names: Vec<String> = (0..60).map(|n| format!("prod/s{n}")).collect();
    names.push("prod/web".to_owned());
    let mine = CloudFormation::with("CREATE_COMPLETE");
    let of_another = "service/prod/other|ecs:service:DesiredCount|ecs";
    let kind = "AWS::ApplicationAutoScaling::ScalableTarget";
    mine.state().stack().holds(kind, "OtherTarget", of_another);
    for cloud in [CloudFormation::default(), mine] {
        let (result, _) = check(&measuring(&names), &rules(&cloud)).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(told(&result.unwrap_err()), @r"
            Refused: service s60 (service/prod/web) is already a scalable target (min 2, max 9) that the stack shop didn't create: another stack or a user scales it
              hint: two stacks that scale one service undo each other's changes: remove the service from one of the two definitions
              hint: `scaling: {demand: {…}}` can take over: it suspends the other scaling, and resumes it when this stack no longer scales the service
              hint: if the old scaling is no longer needed: `aws application-autoscaling deregister-scalable-target --service-namespace ecs --scalable-dimension ecs:service:DesiredCount --resource-id service/prod/web`
            ");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_stack_s_own_scalable_target_is_no_obstacle() {
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    let target = format!("{ID}|ecs:service:DesiredCount|ecs");
    cloud.state().stack().holds(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "WebTarget",
        &target,
    );
    let names = ["prod/web".to_owned()];
    check(&measuring(&names), &rules(&cloud)).await.0.unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_may_not_look_may_still_deploy() {
    let denied = mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
        .then_http_response(|| json_error("AccessDeniedException", "not for you"));
    let rules = [roles(), clusters(&["prod"]), services_but("none"), denied];
    let (result, told) = check(&measuring(&["prod/web".to_owned()]), &rules).await;
    result.unwrap();
    assert!(told.has("skipped: failed to look for scalable targets"));
}

/// A policy that only observes can watch a service that someone else scales.
#[tokio::test(start_paused = true)]
async fn a_service_that_is_only_observed_may_be_scaled_by_another() {
    let names = ["prod/web".to_owned()];
    let mut stack = measuring(&names);
    for service in stack.services.values_mut() {
        service.scaling = Some(observing());
    }
    let cloud = CloudFormation::default();
    check(&stack, &rules(&cloud)).await.0.unwrap();
}

fn observing() -> Scaling {
    let text = "name: shop
queues: {orders: {}}
services:
  worker:
    existing: prod/web
    consumes: [orders]
    slo: 1m
    tasks: {min: 1, max: 5}
    scaling: {demand: {processing_time: 2s, actuator: none}}
";
    let mut stack = stack::parse("stack.yaml", text).unwrap().stack;
    stack.services.remove("worker").unwrap().scaling.unwrap()
}
