//! The bounds of schedules after a deploy.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::register_scalable_target::RegisterScalableTargetOutput;
use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget, ServiceNamespace, SuspendedState,
};
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;
use template::Template;

use super::cloud::{Told, json_error, run};
use super::cloudformation::{CloudFormation, NAME};
use crate::error::Result;
use crate::resource::Resource;
use crate::schedules::{hold_bounds, hold_bounds_again};

const ID: &str = "service/shop/w";

/// Monday, 2026-11-30, 07:00Z: 08:00 in Berlin.
const NOW: Duration = Duration::from_secs(1_796_022_000);

fn template(schedule: &str) -> Template {
    let text = format!(
        "name: a\nnotify: [ops@example.com]\nqueues: {{q: {{}}}}\nservices:\n  w: {{existing: shop/w, consumes: [q], slo: 10m, tasks: {{min: 1, max: 9{schedule}}}, scaling: {{backlog_per_task: {{processing_time: 1s}}}}}}\n"
    );
    template::synthesize(&stack::parse("a.yaml", &text).unwrap().stack).unwrap()
}

const SCHEDULE: &str =
    ", schedule: [{when: Mon 08:00-18:00, timezone: Europe/Berlin, min: 3, max: 20}]";

fn target(min: i32, max: i32) -> Rule {
    target_paused(min, max, false)
}

fn target_paused(min: i32, max: i32, paused: bool) -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets).then_output(
        move || {
            let target = ScalableTarget::builder()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(ID)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .min_capacity(min)
                .max_capacity(max)
                .suspended_state(
                    SuspendedState::builder()
                        .scheduled_scaling_suspended(paused)
                        .build(),
                )
                .role_arn("arn")
                .creation_time(DateTime::from_secs(0));
            DescribeScalableTargetsOutput::builder()
                .scalable_targets(target.build().unwrap())
                .build()
        },
    )
}

type Registered = Arc<Mutex<Vec<(i32, i32)>>>;

/// The registered bounds, and the call that registers them.
fn registering() -> (Registered, Rule) {
    let registered = Registered::default();
    let noted = Arc::clone(&registered);
    let register = mock!(aws_sdk_applicationautoscaling::Client::register_scalable_target)
        .then_compute_response(move |input| {
            assert_eq!(input.resource_id(), Some(ID));
            let bounds = (input.min_capacity().unwrap(), input.max_capacity().unwrap());
            noted.lock().unwrap().push(bounds);
            MockResponse::Output(RegisterScalableTargetOutput::builder().build())
        });
    (registered, register)
}

/// Registers the bounds of a target with these properties. Returns the registered bounds.
async fn hold(
    found: (i32, i32),
    (template, before): (&Template, Option<&str>),
) -> (Result<()>, Vec<(i32, i32)>, Told) {
    let (registered, register) = registering();
    let (result, told) = hold_with(&[target(found.0, found.1), register], template, before).await;
    let registered = registered.lock().unwrap().clone();
    (result, registered, told)
}

async fn hold_with(
    rules: &[Rule],
    template: &Template,
    before: Option<&str>,
) -> (Result<()>, Told) {
    let resources = [Resource {
        resource_type: "AWS::ApplicationAutoScaling::ScalableTarget".to_owned(),
        logical_id: "WScalableTarget".to_owned(),
        physical_id: format!("{ID}|ecs:service:DesiredCount|ecs"),
        status: "CREATE_COMPLETE".to_owned(),
    }];
    run(rules, async |session| {
        hold_bounds(session, &resources, (template.to_json(), before), NOW).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn what_holds_now_is_registered_once() {
    let scheduled = template(SCHEDULE);
    let (result, registered, told) = hold((1, 20), (&scheduled, None)).await;
    result.unwrap();
    assert_eq!(registered, [(3, 20)]);
    let said =
        "registering the bounds of service/shop/w that its schedule holds now: 3 to 20 tasks";
    assert!(told.has(said));
    let (result, registered, _) = hold((3, 20), (&scheduled, None)).await;
    result.unwrap();
    assert_eq!(registered, []);
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_ends_leaves_the_bounds_of_tasks() {
    let before = template(SCHEDULE);
    let (result, registered, _) = hold((3, 20), (&template(""), Some(before.body()))).await;
    result.unwrap();
    assert_eq!(registered, [(1, 9)]);
    // Without a schedule before or now, nothing is read.
    let (result, _) = hold_with(&[], &template(""), Some(template("").body())).await;
    result.unwrap();
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_the_next_change_brings_the_bounds() {
    let denied = mock!(aws_sdk_applicationautoscaling::Client::register_scalable_target)
        .then_http_response(|| json_error("AccessDeniedException", "not yours"));
    let (result, told) = hold_with(&[target(1, 20), denied], &template(SCHEDULE), None).await;
    result.unwrap();
    let said = "the bounds of a schedule take effect only at its next scheduled action";
    assert!(told.has(said), "{:?}", told.lines());
}

#[tokio::test(start_paused = true)]
async fn a_schedule_that_is_paused_is_left_alone() {
    let paused = target_paused(1, 20, true);
    let (result, told) = hold_with(&[paused], &template(SCHEDULE), None).await;
    result.unwrap();
    assert!(told.has("the schedule of service/shop/w is suspended"));
}

/// A rollback registers the widest bounds of the template that is deployed again.
#[tokio::test(start_paused = true)]
async fn after_a_rollback_the_bounds_before_hold_again() {
    let before = template(SCHEDULE);
    let cloud = CloudFormation::with("UPDATE_ROLLBACK_COMPLETE");
    cloud.state().stack().holds(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        "WScalableTarget",
        &format!("{ID}|ecs:service:DesiredCount|ecs"),
    );
    let (registered, register) = registering();
    let mut rules = cloud.rules();
    rules.extend([target(1, 20), register]);
    run(&rules, async |session| {
        hold_bounds_again(session, NAME, Some(before.body()), NOW).await;
    })
    .await;
    assert_eq!(*registered.lock().unwrap(), [(3, 20)]);
}
