//! Pausing and resuming a service that Application Auto Scaling scales, call by call.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::register_scalable_target::RegisterScalableTargetOutput;
use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget, ServiceNamespace, SuspendedState,
};
use aws_sdk_scheduler::operation::create_schedule::CreateScheduleOutput;
use aws_sdk_scheduler::operation::delete_schedule::DeleteScheduleOutput;
use aws_sdk_ssm::operation::delete_parameter::DeleteParameterOutput;
use aws_sdk_ssm::operation::get_parameters_by_path::GetParametersByPathOutput;
use aws_sdk_ssm::operation::put_parameter::{PutParameterError, PutParameterOutput};
use aws_sdk_ssm::types::Parameter;
use aws_sdk_ssm::types::error::ParameterAlreadyExists;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;
use serde_json::{Value, json};

use super::cloud::{Told, json_error, run};
use super::cloudformation::{CloudFormation, NAME};
use crate::pause::{forget_pauses, hold_pauses};
use crate::{DeployedStack, Kind, PauseRequest, Session, pause, resume};

const ID: &str = "service/shop/w";
const ROLE: &str = "arn:aws:iam::111122223333:role/pause-role";
const TOPIC: &str = "arn:aws:sns:us-west-2:1:alarms";

/// Monday, 2026-11-30, 08:00Z: 09:00 in Berlin, where the period of the schedule lasts until 18:00.
const NOW: Duration = Duration::from_secs(1_796_025_600);

/// What the clouds were asked, and what they hold.
#[derive(Default)]
struct World {
    calls: Vec<(&'static str, Value)>,
    /// The value of the one record.
    record: Option<String>,
    /// The suspended parts of the scalable target: scale-out, scale-in, scheduled actions.
    suspended: [Option<bool>; 3],
    /// The names of the schedules.
    schedules: BTreeSet<String>,
    /// The number of reads that still return a deleted record.
    stale: usize,
}

type Shared = Arc<Mutex<World>>;

fn cloud(schedules: bool) -> CloudFormation {
    let text = format!(
        "name: {NAME}\nnotify: [ops@example.com]\nqueues: {{q: {{}}}}\nservices:\n  w: {{existing: shop/w, consumes: [q], slo: 10m, tasks: {{min: 1, max: 9, schedule: [{{when: Mon 08:00-18:00, timezone: Europe/Berlin, min: 3, max: 20}}]}}, scaling: {{backlog_per_task: {{processing_time: 1s}}}}}}\n"
    );
    let stack = stack::parse("a.yaml", &text).unwrap().stack;
    let template = template::synthesize(&stack).unwrap();
    let template = template.with_record(&stack.record().unwrap());
    let cloud = CloudFormation::with("UPDATE_COMPLETE");
    {
        let mut state = cloud.state();
        let stack = state.stack();
        stack.template = template.body().to_owned();
        let target = format!("{ID}|ecs:service:DesiredCount|ecs");
        stack.holds(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "WScalableTarget",
            &target,
        );
        stack.holds("AWS::SNS::Topic", "AlarmTopic", TOPIC);
        if schedules {
            stack.holds("AWS::Scheduler::ScheduleGroup", "PauseSchedules", "group");
            stack.holds("AWS::IAM::Role", "PauseRole", "pause-role");
        }
    }
    cloud
}

fn note(world: &Shared, call: &'static str, what: Value) {
    world.lock().unwrap().calls.push((call, what));
}

fn parameters(world: &Shared) -> Vec<Rule> {
    let [put, delete, get] = [world, world, world].map(Arc::clone);
    vec![
        mock!(aws_sdk_ssm::Client::put_parameter).then_compute_response(move |input| {
            let (known, overwrite) = (
                put.lock().unwrap().record.is_some(),
                input.overwrite() == Some(true),
            );
            if known && !overwrite {
                let exists = ParameterAlreadyExists::builder().build();
                return MockResponse::Error(PutParameterError::ParameterAlreadyExists(exists));
            }
            let tags: Vec<_> = input
                .tags()
                .iter()
                .map(|tag| (tag.key(), tag.value()))
                .collect();
            note(&put, "put", json!([input.name(), tags]));
            put.lock().unwrap().record = input.value().map(str::to_owned);
            MockResponse::Output(PutParameterOutput::builder().build())
        }),
        mock!(aws_sdk_ssm::Client::delete_parameter).then_compute_output(move |input| {
            note(&delete, "delete", json!(input.name()));
            delete.lock().unwrap().record = None;
            DeleteParameterOutput::builder().build()
        }),
        mock!(aws_sdk_ssm::Client::get_parameters_by_path).then_compute_output(move |input| {
            assert_eq!(input.path(), Some(&*format!("/ecs-scaler/{NAME}/")));
            let mut world = get.lock().unwrap();
            let mut value = world.record.clone();
            if value.is_none() && world.stale > 0 {
                world.stale -= 1;
                value = Some(String::new());
            }
            let found = value.map(|value| {
                let name = format!("/ecs-scaler/{NAME}/w/pause");
                Parameter::builder().name(name).value(value).build()
            });
            GetParametersByPathOutput::builder()
                .set_parameters(Some(found.into_iter().collect()))
                .build()
        }),
    ]
}

fn schedules(world: &Shared) -> Vec<Rule> {
    let [made, dropped] = [world, world].map(Arc::clone);
    vec![
        mock!(aws_sdk_scheduler::Client::create_schedule).then_compute_output(move |input| {
            assert_eq!(input.group_name(), Some("group"));
            let target = input.target().unwrap();
            assert_eq!(target.role_arn(), ROLE);
            let start = input.start_date().map(DateTime::secs);
            let after = input
                .action_after_completion()
                .map(|after| after.as_str().to_owned());
            let what = json!([
                input.name(),
                input.schedule_expression(),
                start,
                after,
                target.arn(),
                target.input()
            ]);
            note(&made, "schedule", what);
            let name = input.name().unwrap().to_owned();
            made.lock().unwrap().schedules.insert(name);
            CreateScheduleOutput::builder()
                .schedule_arn("arn")
                .build()
                .unwrap()
        }),
        mock!(aws_sdk_scheduler::Client::delete_schedule).then_compute_response(move |input| {
            let name = input.name().unwrap();
            if !dropped.lock().unwrap().schedules.remove(name) {
                return MockResponse::Http(json_error("ResourceNotFoundException", "no"));
            }
            note(&dropped, "unschedule", json!(name));
            MockResponse::Output(DeleteScheduleOutput::builder().build())
        }),
    ]
}

fn targets(world: &Shared) -> Vec<Rule> {
    let [described, registered] = [world, world].map(Arc::clone);
    vec![
        mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
            .then_compute_output(move |_| {
                let [out, scale_in, schedule] = described.lock().unwrap().suspended;
                let state = SuspendedState::builder()
                    .set_dynamic_scaling_out_suspended(out)
                    .set_dynamic_scaling_in_suspended(scale_in)
                    .set_scheduled_scaling_suspended(schedule);
                let target = ScalableTarget::builder()
                    .service_namespace(ServiceNamespace::Ecs)
                    .resource_id(ID)
                    .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                    .min_capacity(1)
                    .max_capacity(20)
                    .suspended_state(state.build())
                    .role_arn("arn")
                    .creation_time(DateTime::from_secs(0));
                DescribeScalableTargetsOutput::builder()
                    .scalable_targets(target.build().unwrap())
                    .build()
            }),
        mock!(aws_sdk_applicationautoscaling::Client::register_scalable_target)
            .then_compute_output(move |input| {
                assert_eq!(input.resource_id(), Some(ID));
                let state = input.suspended_state().unwrap();
                let flags = [
                    state.dynamic_scaling_out_suspended(),
                    state.dynamic_scaling_in_suspended(),
                    state.scheduled_scaling_suspended(),
                ];
                registered.lock().unwrap().suspended = flags;
                let what = json!([flags, input.min_capacity(), input.max_capacity()]);
                note(&registered, "register", what);
                RegisterScalableTargetOutput::builder().build()
            }),
    ]
}

async fn within<T>(
    world: &Shared,
    cloud: &CloudFormation,
    work: impl AsyncFnOnce(&Session<'_>, DeployedStack) -> T,
) -> (T, Told) {
    let rules = [
        cloud.rules(),
        parameters(world),
        schedules(world),
        targets(world),
    ]
    .concat();
    run(&rules, async |session| {
        let stack = DeployedStack::read(session, NAME).await.unwrap().unwrap();
        work(session, stack).await
    })
    .await
}

fn request(lasts: Option<Duration>) -> PauseRequest {
    PauseRequest {
        service: Some("w".to_owned()),
        in_only: false,
        reason: "slow".to_owned(),
        lasts,
        caller: "arn:aws:sts::1:assumed-role/ops/ada".to_owned(),
        now: NOW,
    }
}

fn calls(world: &Shared) -> Vec<(&'static str, Value)> {
    std::mem::take(&mut world.lock().unwrap().calls)
}

/// At the end, 10 h later at 19:00 in Berlin, the schedule's period is over: 1 to 9 tasks hold.
#[tokio::test(start_paused = true)]
async fn a_pause_is_recorded_then_scheduled_to_end_then_carried_out() {
    let world = Shared::default();
    let lasts = Some(Duration::from_hours(10));
    let (paused, _) = within(&world, &cloud(true), async |session, stack| {
        pause(session, &stack, &request(lasts)).await.unwrap()
    })
    .await;
    assert_eq!(paused.services[0].pause.by, "ops/ada");
    assert!(paused.reminded.is_empty());
    let calls = calls(&world);
    let kinds: Vec<_> = calls.iter().map(|(kind, _)| *kind).collect();
    assert_eq!(kinds, ["put", "schedule", "register"]);
    let name = format!("/ecs-scaler/{NAME}/w/pause");
    assert_eq!(calls[0].1, json!([name, [["ecs-scaler:stack", NAME]]]));
    let schedule = &calls[1].1;
    assert_eq!(schedule[0], "w");
    assert_eq!(schedule[1], "at(2026-11-30T18:00:00)");
    assert_eq!(schedule[3], "DELETE");
    assert_eq!(
        schedule[4],
        "arn:aws:scheduler:::aws-sdk:applicationautoscaling:registerScalableTarget"
    );
    let input: Value = serde_json::from_str(schedule[5].as_str().unwrap()).unwrap();
    let off = json!({"DynamicScalingInSuspended": false, "DynamicScalingOutSuspended": false, "ScheduledScalingSuspended": false});
    assert_eq!(
        input,
        json!({"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount", "ResourceId": ID,
            "SuspendedState": off, "MinCapacity": 1, "MaxCapacity": 9})
    );
    assert_eq!(calls[2].1, json!([[true, true, true], null, null]));
}

/// Without an end, people are reminded from the next day on; the second pause keeps the time of the first one.
#[tokio::test(start_paused = true)]
async fn a_pause_without_an_end_reminds_people() {
    let world = Shared::default();
    let open = PauseRequest {
        in_only: true,
        ..request(None)
    };
    let hour = Duration::from_hours(1);
    for (now, was_paused) in [(NOW, false), (NOW + hour, true)] {
        let asked = PauseRequest {
            now,
            ..open.clone()
        };
        let (paused, _) = within(&world, &cloud(true), async |session, stack| {
            pause(session, &stack, &asked).await.unwrap()
        })
        .await;
        assert_eq!(paused.reminded, [TOPIC]);
        assert_eq!(paused.unreminded, None);
        assert_eq!(paused.services[0].was_paused, was_paused);
        assert_eq!(paused.services[0].pause.since, NOW);
        let calls = calls(&world);
        let kinds: Vec<_> = calls.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["put", "register", "schedule"]);
        assert_eq!(calls[1].1, json!([[false, true, false], null, null]));
        let reminder = &calls[2].1;
        let tomorrow = NOW.as_secs() + 86_400;
        assert_eq!(
            (&reminder[0], &reminder[1], &reminder[2]),
            (
                &json!("reminder.1"),
                &json!("rate(1 day)"),
                &json!(tomorrow)
            )
        );
        assert_eq!(reminder[4], TOPIC);
        let text = reminder[5].as_str().unwrap();
        assert!(
            text.contains("- w: scale-in paused by ops/ada since 2026-11-30T08:00:00Z: slow"),
            "{text}"
        );
    }
}

/// At 09:00 in Berlin, the schedule holds 3 to 20 tasks.
#[tokio::test(start_paused = true)]
async fn resuming_registers_the_bounds_that_hold_now() {
    let world = Shared::default();
    let (_, _) = within(&world, &cloud(true), async |session, stack| {
        pause(session, &stack, &request(None)).await.unwrap();
        calls(&world);
        let resumed = resume(session, &stack, None, NOW).await.unwrap();
        assert_eq!(resumed.services.len(), 1);
        let done = calls(&world);
        assert_eq!(done[0].1, json!([[false, false, false], 3, 20]));
        let kinds: Vec<_> = done.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["register", "delete", "unschedule"]);
        assert_eq!(done[2].1, "reminder.1");
        let again = resume(session, &stack, None, NOW).await.unwrap();
        assert_eq!(
            (again.services.len(), again.not_paused),
            (0, vec!["w".to_owned()])
        );
        assert_eq!(calls(&world), []);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_stack_without_the_role_is_refused_before_anything_changes() {
    let world = Shared::default();
    let lasts = Some(Duration::from_hours(1));
    let (error, _) = within(&world, &cloud(false), async |session, stack| {
        pause(session, &stack, &request(lasts)).await.unwrap_err()
    })
    .await;
    assert_eq!(error.kind(), Kind::Refused);
    assert_eq!(calls(&world), []);
}

/// As after a deploy that replaced the scalable target.
#[tokio::test(start_paused = true)]
async fn a_deploy_holds_what_is_paused() {
    let world = Shared::default();
    let lasts = Some(Duration::from_hours(1));
    let (_, told) = within(&world, &cloud(true), async |session, stack| {
        hold_pauses(session, NAME, NOW).await.unwrap();
        assert_eq!(calls(&world), [], "nothing is paused");
        pause(session, &stack, &request(lasts)).await.unwrap();
        world.lock().unwrap().suspended = [None; 3];
        calls(&world);
        hold_pauses(session, NAME, NOW).await.unwrap();
        assert_eq!(world.lock().unwrap().suspended, [Some(true); 3]);
        calls(&world);
        hold_pauses(session, NAME, NOW + Duration::from_hours(1))
            .await
            .unwrap();
        assert_eq!(calls(&world), [], "the pause is over");
    })
    .await;
    assert!(told.has("w stays paused by ops/ada since 2026-11-30T08:00:00Z: slow, until"));
}

/// Scheduled actions that were missed aren't made up for: at 09:00 in Berlin, the schedule holds 3 to 20 tasks.
#[tokio::test(start_paused = true)]
async fn a_pause_that_becomes_one_of_scale_in_registers_the_bounds_that_hold_now() {
    let world = Shared::default();
    let in_only = PauseRequest {
        in_only: true,
        ..request(None)
    };
    within(&world, &cloud(true), async |session, stack| {
        pause(session, &stack, &request(None)).await.unwrap();
        for bounds in [[Some(3), Some(20)], [None, None]] {
            calls(&world);
            pause(session, &stack, &in_only).await.unwrap();
            let expected = json!([[false, true, false], bounds[0], bounds[1]]);
            let registered = calls(&world);
            assert_eq!(registered[1], ("register", expected));
        }
    })
    .await;
}

/// Nothing would resume it, so it isn't suspended.
#[tokio::test(start_paused = true)]
async fn a_deploy_of_a_template_without_the_role_suspends_nothing_until_a_moment() {
    let world = Shared::default();
    let lasts = Some(Duration::from_hours(1));
    within(&world, &cloud(true), async |session, stack| {
        pause(session, &stack, &request(lasts)).await.unwrap();
    })
    .await;
    calls(&world);
    let (_, told) = within(&world, &cloud(false), async |session, _| {
        hold_pauses(session, NAME, NOW).await.unwrap();
    })
    .await;
    assert_eq!(calls(&world), []);
    assert!(told.has("w isn't suspended"), "{:?}", told.lines());
}

/// A schedule in the past is refused. The pause ends at 09:00:00Z, 10 s after the deploy.
#[tokio::test(start_paused = true)]
async fn an_end_is_scheduled_a_minute_ahead_at_least() {
    let world = Shared::default();
    let hour = Duration::from_hours(1);
    within(&world, &cloud(true), async |session, stack| {
        pause(session, &stack, &request(Some(hour))).await.unwrap();
        calls(&world);
        let late = NOW + hour - Duration::from_secs(10);
        hold_pauses(session, NAME, late).await.unwrap();
        let (_, schedule) = &calls(&world)[0];
        assert_eq!(schedule[1], "at(2026-11-30T09:00:50)");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn reminders_of_topics_that_are_gone_end() {
    let world = Shared::default();
    let names = ["reminder.1", "reminder.2", "reminder.3"].map(str::to_owned);
    world.lock().unwrap().schedules = names.into();
    within(&world, &cloud(true), async |session, stack| {
        pause(session, &stack, &request(None)).await.unwrap();
    })
    .await;
    let left = world.lock().unwrap().schedules.clone();
    assert_eq!(left, BTreeSet::from(["reminder.1".to_owned()]));
}

/// A record that Systems Manager still returns for a moment doesn't remain; one that it always returns does.
#[tokio::test(start_paused = true)]
async fn the_records_of_a_deleted_stack_are_deleted() {
    for (stale, is_left) in [(0, false), (3, false), (usize::MAX, true)] {
        let world = Shared::default();
        world.lock().unwrap().record = Some(String::new());
        world.lock().unwrap().stale = stale;
        let (forgotten, told) = within(&world, &cloud(true), async |session, _| {
            forget_pauses(session, NAME, Duration::from_secs(90)).await
        })
        .await;
        assert_eq!(calls(&world)[0].0, "delete");
        assert!(told.has("deleted the pause record of w"));
        let error = forgotten.err().map(|error| error.to_string());
        let left = format!("{NAME} is deleted, but the pause record of w still exists");
        assert_eq!(error, is_left.then_some(left));
    }
}
