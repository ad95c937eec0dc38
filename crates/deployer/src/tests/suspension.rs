//! Other owners' scaling on services that a function of the stack scales.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::register_scalable_target::RegisterScalableTargetOutput;
use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget, ServiceNamespace, SuspendedState,
};
use aws_sdk_cloudformation::types::Tag;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;
use stack::Stack;

use super::cloud::{json_error, run};
use super::cloudformation::{CloudFormation, source};
use crate::observe::Observed;
use crate::status::Status;
use crate::suspension::{carry_out, plan_suspensions, resume_all, resume_left};
use crate::{Plan, deploy_template};

const ID: &str = "service/shop/worker";
const TAG: &str = "ecs-scaler:suspended:worker";

/// Out, in, and schedule.
type Flags = (bool, bool, bool);

/// The target's flags, which calls change, and its bounds and calls.
type Target = Arc<Mutex<(Flags, Vec<Flags>)>>;

fn stack(actuator: &str) -> Stack {
    let text = format!(
        "name: shop\nqueues: {{q: {{existing: 'arn:aws:sqs:us-west-2:111122223333:q'}}}}\nservices:\n  worker:\n    existing: shop/worker\n    consumes: [q]\n    slo: 1m\n    tasks: {{min: 1, max: 9}}\n    scaling: {{demand: {{processing_time: 1s, actuator: {actuator}}}}}\n"
    );
    stack::parse("a.yaml", &text).unwrap().stack
}

fn suspended_state((scale_out, scale_in, schedule): Flags) -> SuspendedState {
    SuspendedState::builder()
        .dynamic_scaling_out_suspended(scale_out)
        .dynamic_scaling_in_suspended(scale_in)
        .scheduled_scaling_suspended(schedule)
        .build()
}

fn described(target: &Target) -> Rule {
    let target = Arc::clone(target);
    mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets).then_compute_output(
        move |input| {
            assert_eq!(input.resource_ids(), [ID]);
            let found = ScalableTarget::builder()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(ID)
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .min_capacity(2)
                .max_capacity(40)
                .suspended_state(suspended_state(target.lock().unwrap().0))
                .role_arn("arn")
                .creation_time(DateTime::from_secs(0))
                .build();
            DescribeScalableTargetsOutput::builder()
                .scalable_targets(found.unwrap())
                .build()
        },
    )
}

/// Another owner's target with these flags, and the rules of a cloud that has it.
fn cloud(flags: Flags) -> (Target, Vec<Rule>) {
    cloud_with(&CloudFormation::default(), flags)
}

fn cloud_with(stacks: &CloudFormation, flags: Flags) -> (Target, Vec<Rule>) {
    let target = Arc::new(Mutex::new((flags, Vec::new())));
    let set = Arc::clone(&target);
    let register = mock!(aws_sdk_applicationautoscaling::Client::register_scalable_target)
        .then_compute_response(move |input| {
            assert_eq!(input.resource_id(), Some(ID));
            // The bounds belong to its owner.
            assert_eq!((input.min_capacity(), input.max_capacity()), (None, None));
            let state = input.suspended_state().unwrap();
            let flags = (
                state.dynamic_scaling_out_suspended().unwrap(),
                state.dynamic_scaling_in_suspended().unwrap(),
                state.scheduled_scaling_suspended().unwrap(),
            );
            let mut target = set.lock().unwrap();
            target.0 = flags;
            target.1.push(flags);
            MockResponse::Output(RegisterScalableTargetOutput::builder().build())
        });
    let mut rules = stacks.rules();
    rules.extend([described(&target), register]);
    (target, rules)
}

const ALL: Flags = (true, true, true);

#[tokio::test(start_paused = true)]
async fn another_s_scaling_is_suspended_and_gets_its_state_back() {
    let before = (false, true, false);
    let (target, rules) = cloud(before);
    let deploy = async |stack: Stack, tags: BTreeMap<String, String>| {
        let (tags, told) = run(&rules, async |session| {
            let planned = plan_suspensions(session, &stack, &tags).await.unwrap();
            carry_out(session, &stack, &planned.tags).await.unwrap();
            planned.tags
        })
        .await;
        (tags, told)
    };
    // Observing changes nothing.
    let (tags, _) = deploy(stack("none"), BTreeMap::new()).await;
    assert_eq!(
        (tags, target.lock().unwrap().1.clone()),
        (BTreeMap::new(), vec![])
    );
    // The record contains the previous state. A second deploy doesn't suspend anything again.
    let (tags, told) = deploy(stack("function"), BTreeMap::new()).await;
    let recorded = BTreeMap::from([(TAG.to_owned(), format!("010 {ID}"))]);
    assert_eq!(tags, recorded);
    assert!(told.has("suspending the other scaling of service/shop/worker"));
    let (tags, _) = deploy(stack("function"), tags).await;
    assert_eq!(
        (tags.clone(), target.lock().unwrap().1.clone()),
        (recorded, vec![ALL])
    );
    // Back to observing.
    let (tags, _) = deploy(stack("none"), tags).await;
    assert_eq!(target.lock().unwrap().0, before);
    let (tags, _) = deploy(stack("none"), tags).await;
    assert_eq!(tags, BTreeMap::new());
    assert_eq!(target.lock().unwrap().1, [ALL, before]);
}

#[tokio::test(start_paused = true)]
async fn a_destroyed_stack_resumes_what_it_had_suspended() {
    let tags = BTreeMap::from([(TAG.to_owned(), format!("000 {ID}"))]);
    let (target, rules) = cloud(ALL);
    for _ in 0..2 {
        let (resumed, _) = run(&rules, async |session| resume_all(session, &tags).await).await;
        resumed.unwrap();
    }
    assert_eq!(target.lock().unwrap().1, [(false, false, false)]);
    // Its owner has suspended only the scale-in since then. That stays.
    let (target, rules) = cloud((false, true, false));
    let (resumed, _) = run(&rules, async |session| resume_all(session, &tags).await).await;
    resumed.unwrap();
    assert_eq!(target.lock().unwrap().1, []);
}

/// The tag with the record goes with the stack, so the scaling gets its state back before.
#[tokio::test(start_paused = true)]
async fn a_stuck_stack_that_is_deleted_resumes_what_it_had_suspended() {
    let stacks = CloudFormation::with("DELETE_FAILED");
    let record = Tag::builder().key(TAG).value(format!("000 {ID}")).build();
    stacks
        .state()
        .stack()
        .holds("AWS::IAM::Role", "Role", "role")
        .tags
        .push(record);
    let (target, rules) = cloud_with(&stacks, ALL);
    let (done, _) = run(&rules, async |session| {
        deploy_template(session, &source(), &mut |_: &Plan| Ok(())).await
    })
    .await;
    assert!(done.unwrap().changed);
    assert_eq!(stacks.calls("DeleteStack"), 1);
    assert_eq!(target.lock().unwrap().1, [(false, false, false)]);
}

/// The record of a deleted stack counts only as long as no stack of its name holds the same target.
#[tokio::test(start_paused = true)]
async fn a_deleted_stack_resumes_nothing_that_a_living_one_holds() {
    let left = Observed {
        id: "arn:aws:cloudformation:us-west-2:111122223333:stack/shop/old".to_owned(),
        status: Status::Absent,
        status_name: "DELETE_COMPLETE".to_owned(),
        reason: None,
        termination_protection: false,
        name: "shop".to_owned(),
        tags: [(TAG.to_owned(), format!("000 {ID}"))].into(),
        parameters: [].into(),
        outputs: [].into(),
    };
    let held = Tag::builder().key("ecs-scaler:suspended:jobs");
    let held = held.value(format!("010 {ID}")).build();
    let other = Tag::builder()
        .key(TAG)
        .value("000 service/shop/other")
        .build();
    for (living, resumed) in [(None, true), (Some(other), true), (Some(held), false)] {
        let stacks = match living {
            None => CloudFormation::default(),
            Some(tag) => {
                let stacks = CloudFormation::with("CREATE_COMPLETE");
                stacks.state().stack().tags.push(tag);
                stacks
            }
        };
        let (target, rules) = cloud_with(&stacks, ALL);
        let (done, _) = run(&rules, async |session| resume_left(session, &left).await).await;
        done.unwrap();
        let calls = target.lock().unwrap().1.clone();
        assert_eq!(
            calls,
            if resumed {
                vec![(false, false, false)]
            } else {
                vec![]
            }
        );
    }
}

#[tokio::test(start_paused = true)]
async fn without_permission_to_look_the_records_stay() {
    let denied = mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
        .then_http_response(|| json_error("AccessDeniedException", "no"));
    let mut rules = CloudFormation::default().rules();
    rules.push(denied);
    let tags = BTreeMap::from([(TAG.to_owned(), format!("000 {ID}"))]);
    let (planned, _) = run(&rules, async |session| {
        plan_suspensions(session, &stack("function"), &tags).await
    })
    .await;
    assert_eq!(planned.unwrap().tags, tags);
    let (resumed, _) = run(&rules, async |session| resume_all(session, &tags).await).await;
    let error = resumed.unwrap_err();
    let hints = error
        .hints()
        .iter()
        .any(|hint| hint.contains("can still be suspended"));
    assert!(hints, "{error}");
}

/// A cloud that can't change only a tag would lose the state to restore.
#[tokio::test(start_paused = true)]
async fn what_is_not_recorded_is_not_suspended() {
    let (target, rules) = cloud((false, false, false));
    let (done, _) = run(&rules, async |session| {
        carry_out(session, &stack("function"), &BTreeMap::new()).await
    })
    .await;
    let error = done.unwrap_err();
    assert!(
        error.to_string().contains("records what to resume"),
        "{error}"
    );
    assert_eq!(target.lock().unwrap().1, []);
}
