//! `status --why` with clouds that have one cause each.

use std::time::{Duration, SystemTime};

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_applicationautoscaling::types::{
    NotScaledReason, ScalableDimension, ScalableTarget, ScalingActivity, ScalingActivityStatusCode,
    ServiceNamespace, SuspendedState,
};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{ComparisonOperator, MetricAlarm, MetricDataResult, StateValue};
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::{
    Deployment, DeploymentRolloutState, Service, ServiceEvent, ServiceField, Tag,
};
use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleOutput;
use aws_sdk_eventbridge::types::RuleState;
use aws_smithy_mocks::{Rule, mock};
use aws_smithy_types::DateTime;
use serde_json::json;

use super::super::cloud::json_error;
use super::demanded;
use super::live::{Live, NOW};
use super::stepped;
use crate::{Inspection, Why, WhyCause};

fn rule_is(state: RuleState) -> Rule {
    mock!(aws_sdk_eventbridge::Client::describe_rule)
        .then_output(move || DescribeRuleOutput::builder().state(state.clone()).build())
}

/// A service with 3 tasks, of which `running` run. The reply also contains events and a deployment if the request
/// is for more than counts.
fn ecs(running: i32, events: &'static [(i64, &str)], deploying: bool) -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_output(move |input| {
        let event = |(age, text): &(i64, &str)| {
            let at = DateTime::from_secs(NOW - age);
            ServiceEvent::builder()
                .created_at(at)
                .message(*text)
                .build()
        };
        let state = match deploying {
            true => DeploymentRolloutState::InProgress,
            false => DeploymentRolloutState::Completed,
        };
        let deployment = Deployment::builder()
            .status("PRIMARY")
            .rollout_state(state)
            .created_at(DateTime::from_secs(NOW - 100));
        let service = Service::builder()
            .service_name("s0")
            .status("ACTIVE")
            .desired_count(3)
            .running_count(running)
            .pending_count(3 - running)
            .deployments(deployment.build())
            .set_events(Some(events.iter().map(event).collect()));
        let tag = Tag::builder()
            .key("ecs-scaler:name")
            .value("worker")
            .build();
        let tags = input.include().contains(&ServiceField::Tags);
        let service = service.set_tags(tags.then(|| vec![tag]));
        DescribeServicesOutput::builder()
            .services(service.build())
            .build()
    })
}

/// The alarm with each name: scale-out above 100, and scale-in.
fn alarms(high: StateValue) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_compute_output(move |input| {
        let alarm = |name: &String| {
            let out = name.contains("High");
            let comparison = match out {
                true => ComparisonOperator::GreaterThanThreshold,
                false => ComparisonOperator::LessThanThreshold,
            };
            let state = if out { high.clone() } else { StateValue::Ok };
            let reason = json!({"queryDate": "1970-01-12T13:46:20.000+0000"}).to_string();
            MetricAlarm::builder()
                .alarm_name(name)
                .state_value(state)
                .state_reason_data(reason)
                .metric_name("BacklogPerTask")
                .namespace("EcsScaler")
                .comparison_operator(comparison)
                .threshold(if out { 100.0 } else { 90.0 })
                .evaluation_periods(if out { 3 } else { 15 })
                .period(60)
                .build()
        };
        let found = input.alarm_names().iter().map(alarm);
        DescribeAlarmsOutput::builder()
            .set_metric_alarms(Some(found.collect()))
            .build()
    })
}

/// The last minutes of every metric, newest first.
fn values(newest: &'static [f64]) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(|input| {
        let results = input.metric_data_queries().iter().map(|query| {
            let times = (1..).map(|minute| DateTime::from_secs(NOW - NOW % 60 - 60 * minute));
            MetricDataResult::builder()
                .set_id(query.id().map(str::to_owned))
                .set_timestamps(Some(times.take(newest.len()).collect()))
                .set_values(Some(newest.into()))
                .build()
        });
        GetMetricDataOutput::builder()
            .set_metric_data_results(Some(results.collect()))
            .build()
    })
}

fn target(max: i32, suspended: bool) -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets).then_compute_output(
        move |input| {
            let state = SuspendedState::builder()
                .dynamic_scaling_out_suspended(suspended)
                .dynamic_scaling_in_suspended(suspended);
            let target = ScalableTarget::builder()
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(&input.resource_ids()[0])
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .min_capacity(1)
                .max_capacity(max)
                .role_arn("role")
                .creation_time(DateTime::from_secs(0))
                .suspended_state(state.build())
                .build()
                .unwrap();
            DescribeScalableTargetsOutput::builder()
                .scalable_targets(target)
                .build()
        },
    )
}

/// An activity that changed nothing, one minute ago.
fn refused(code: &'static str) -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_activities).then_compute_output(
        move |input| {
            let reason = NotScaledReason::builder().code(code).build().unwrap();
            let activity = ScalingActivity::builder()
                .activity_id("a")
                .service_namespace(ServiceNamespace::Ecs)
                .resource_id(input.resource_id().unwrap())
                .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                .description("Attempting to scale due to alarm triggered")
                .cause("monitor alarm")
                .start_time(DateTime::from_secs(NOW - 60))
                .status_code(ScalingActivityStatusCode::Failed)
                .not_scaled_reasons(reason)
                .build()
                .unwrap();
            let shown = input.include_not_scaled_activities() == Some(true);
            DescribeScalingActivitiesOutput::builder()
                .set_scaling_activities(shown.then(|| vec![activity]))
                .build()
        },
    )
}

async fn explain(rules: Vec<Rule>) -> (Inspection, Why) {
    let live = rules.into_iter().fold(Live::new(1), Live::with);
    let live = live
        .with(rule_is(RuleState::Enabled))
        .with(ecs(3, &[], false))
        .with(alarms(StateValue::Ok))
        .with(values(&[95.0, 96.0, 97.0]))
        .with(target(20, false))
        .with(refused("AlreadyAtDesiredCapacity"));
    let inspection = live.explain().await.unwrap();
    let why = inspection.services[0].why.clone().unwrap();
    (inspection, why)
}

async fn says(rules: Vec<Rule>, cause: WhyCause, sentence: &str) {
    let (inspection, why) = explain(rules).await;
    assert_eq!(inspection.unread, []);
    assert_eq!((why.cause, why.sentence.as_str()), (cause, sentence));
    assert_eq!(why.name.as_deref(), Some("worker"), "by its tag");
}

#[tokio::test(start_paused = true)]
async fn a_metric_within_its_target() {
    let text = "BacklogPerTask is 95, and the target is 100";
    says(vec![], WhyCause::OnTarget, text).await;
}

/// It is 13:46:40, and the alarm was evaluated at 13:46:20.
#[tokio::test(start_paused = true)]
async fn datapoints_and_an_alarm_in_alarm() {
    let rising = || values(&[140.0, 120.0, 80.0]);
    let text = "2 of 3 datapoints are over the target (100); the next evaluation is in 40 s";
    says(vec![rising()], WhyCause::Datapoints, text).await;
    let text = "the scale-out alarm is in ALARM; Application Auto Scaling acts within a minute";
    says(vec![alarms(StateValue::Alarm)], WhyCause::Due, text).await;
    let at_max = vec![rising(), target(3, false)];
    says(at_max, WhyCause::AtMax, "the count is at tasks.max (3)").await;
}

#[tokio::test(start_paused = true)]
async fn what_is_suspended_or_disabled() {
    let text = "paused: Application Auto Scaling's scale-out and scale-in are suspended";
    says(vec![target(20, true)], WhyCause::Paused, text).await;
    let text = "the rule rule is disabled, so the function arn doesn't run";
    says(vec![rule_is(RuleState::Disabled)], WhyCause::NoData, text).await;
}

#[tokio::test(start_paused = true)]
async fn application_auto_scalings_own_reason() {
    let (_, why) = explain(vec![refused("AutoScalingAnticipatedFlapping")]).await;
    assert_eq!(why.cause, WhyCause::Flapping);
}

#[tokio::test(start_paused = true)]
async fn tasks_that_do_not_run_in_ecs_words() {
    let place = ecs(
        1,
        &[
            (
                120,
                "(service s0) was unable to place a task. Reason: Capacity is unavailable at this time.",
            ),
            (900, "(service s0) has reached a steady state."),
        ],
        false,
    );
    let text = "2 tasks are pending for lack of capacity; ECS reports (2 minutes ago): (service s0) was unable to place \
                a task. Reason: Capacity is unavailable at this time";
    says(vec![place], WhyCause::Capacity, text).await;
    let quota = ecs(
        2,
        &[(
            60,
            "(service s0) was unable to place a task. Reason: You've reached the limit on the number of vCPUs.",
        )],
        false,
    );
    let text = "quota: 1 task is pending; ECS reports (60 s ago): (service s0) was unable to place a task. Reason: \
                You've reached the limit on the number of vCPUs";
    says(vec![quota], WhyCause::Quota, text).await;
    let text = "1 of 3 tasks run; the others are starting, and ECS has reported no problem";
    says(vec![ecs(1, &[], false)], WhyCause::Starting, text).await;
    let text = "a deployment is in progress since 13:45:00 UTC";
    says(vec![ecs(1, &[], true)], WhyCause::Deployment, text).await;
}

#[tokio::test(start_paused = true)]
async fn what_may_not_be_read_hides_only_its_causes() {
    let denied = mock!(aws_sdk_eventbridge::Client::describe_rule)
        .then_http_response(|| json_error("AccessDeniedException", "no rules for you"));
    let (inspection, why) = explain(vec![denied]).await;
    assert_eq!(why.cause, WhyCause::OnTarget);
    let [unread] = &*inspection.unread else {
        panic!("{:?}", inspection.unread)
    };
    assert_eq!(unread.name, "states of rules");
    assert!(
        unread.reason.contains("no rules for you"),
        "{}",
        unread.reason
    );
}

/// The log of a function that scales by demand, `age` seconds ago.
fn log(lines: &'static [(i64, &'static str)]) -> Rule {
    mock!(aws_sdk_cloudwatchlogs::Client::filter_log_events).then_compute_output(|input| {
        assert_eq!(input.log_group_name(), Some("web-logs"));
        let event = |(at, text): &(i64, &str)| {
            FilteredLogEvent::builder()
                .timestamp(at * 1_000)
                .message(*text)
                .build()
        };
        FilterLogEventsOutput::builder()
            .set_events(Some(lines.iter().map(event).collect()))
            .build()
    })
}

/// A datapoint of each metric, at the start of 1970.
fn datapoint() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(|input| {
        let results = input.metric_data_queries().iter().map(|query| {
            MetricDataResult::builder()
                .set_id(query.id().map(str::to_owned))
                .timestamps(DateTime::from_secs(0))
                .values(1.5)
                .build()
        });
        GetMetricDataOutput::builder()
            .set_metric_data_results(Some(results.collect()))
            .build()
    })
}

/// Two tasks of each service run.
fn running() -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_output(|input| {
        let found = input.services().iter().map(|name| {
            let service = Service::builder().service_name(name).status("ACTIVE");
            service.desired_count(2).running_count(2).build()
        });
        DescribeServicesOutput::builder()
            .set_services(Some(found.collect()))
            .build()
    })
}

async fn explain_demand(log: Rule) -> Why {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(30);
    let rules = vec![
        log,
        rule_is(RuleState::Enabled),
        demanded::order(),
        datapoint(),
        running(),
    ];
    let inspection = stepped::explain(rules, now).await.unwrap();
    let web = inspection.services.iter().find(|one| one.service == "web");
    web.unwrap().why.clone().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_or_checks() {
    let failed = log(&[(
        10,
        r#"{"level":"ERROR","message":"look","cluster":"shop","service":"web","outcome":"failed","reason":"SQS refused"}"#,
    )]);
    let why = explain_demand(failed).await;
    let text = "the function web-scaling fails (20 s ago): SQS refused";
    assert_eq!((why.cause, &*why.sentence), (WhyCause::FunctionFails, text));
    let kept = log(&[(
        25,
        r#"{"level":"INFO","message":"look","cluster":"shop","service":"web","outcome":"kept","need":1.5,"reason":"the work needs 1.5 tasks"}"#,
    )]);
    let why = explain_demand(kept).await;
    let text = "the last check (5 s ago) left 2 tasks: the work needs 1.5 tasks";
    assert_eq!((why.cause, &*why.sentence), (WhyCause::Checked, text));
}
