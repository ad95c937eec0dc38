//! A stack with a scaling function for its service, on instances behind a load balancer.

use std::time::SystemTime;

use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_policies::DescribeScalingPoliciesOutput;
use aws_sdk_applicationautoscaling::types::{
    AdjustmentType, PolicyType, ScalableDimension, ScalingPolicy, ServiceNamespace, StepAdjustment,
    StepScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::list_tags_for_resource::ListTagsForResourceOutput;
use aws_sdk_cloudwatch::types::{MetricAlarm, StateValue, Statistic, Tag};
use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::{Cluster, Service};
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_lambda::operation::get_function_configuration::GetFunctionConfigurationOutput;
use aws_sdk_lambda::types::{DeadLetterConfig, EnvironmentResponse};
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;
use scaling::Parsed;

use super::super::cloud::{Told, cbor_error, run};
use super::super::cloudformation::{CloudFormation, NAME};
use super::super::told;
use crate::{Inspection, Result};

pub(super) const FUNCTION: &str = "arn:aws:lambda:us-west-2:1:function:web-scaling";
const POLICY_ARN: &str = "arn:policy";
const RECORD: &str = "2026-11-21T10:00:12Z change 2026-11-21T09:59:30.123Z from 1 to 2 begun";

fn stack() -> CloudFormation {
    let cloud = CloudFormation::with("CREATE_COMPLETE");
    cloud
        .state()
        .stack()
        .holds("AWS::Events::Rule", "WebScalingRule", "rule")
        .holds("AWS::Lambda::Function", "WebScalingFunction", "web-scaling")
        .holds("AWS::Logs::LogGroup", "WebScalingFunctionLogs", "web-logs")
        .holds("AWS::ECS::Cluster", "Cluster", "shop")
        .holds(
            "AWS::ECS::CapacityProvider",
            "CapacityProvider",
            "shop-instances",
        )
        .holds(
            "AWS::ECS::Service",
            "WebService",
            "arn:aws:ecs:us-west-2:1:service/shop/web",
        )
        .holds(
            "AWS::ECS::Service",
            "ApiService",
            "arn:aws:ecs:us-west-2:1:service/shop/api",
        )
        .holds(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "ApiScalableTarget",
            "service/shop/api|ecs:service:DesiredCount|ecs",
        )
        .holds(
            "AWS::SQS::Queue",
            "WebScalingDeadLetterQueue",
            "https://sqs/web-dead",
        )
        .holds("AWS::SQS::Queue", "OrdersQueue", "https://sqs/orders")
        .holds("AWS::CloudWatch::Alarm", "WebScaleOutAlarm", "web-out")
        .holds("AWS::CloudWatch::Alarm", "ApiScaleOutAlarm", "api-out")
        .holds("AWS::CloudWatch::Alarm", "WebScalingErrorsAlarm", "errors");
    cloud
}

fn policy() -> String {
    let side = |alarm: &str, adjustment: i32| {
        serde_json::json!({
            "alarm": alarm,
            "steps": {
                "adjustment_type": "change_in_capacity",
                "steps": [{"from": 0.0, "adjustment": adjustment}],
            },
            "cooldown": 60,
        })
    };
    serde_json::json!({
        "cluster": "shop", "service": "web", "min": 1, "max": 2,
        "scale_out": side("web-out", 1), "scale_in": side("web-in", -1),
    })
    .to_string()
}

fn function(policy: Option<String>) -> Rule {
    configured("SCALING_POLICY", policy)
}

/// The function with its policy in this variable.
pub(super) fn configured(variable: &'static str, policy: Option<String>) -> Rule {
    mock!(aws_sdk_lambda::Client::get_function_configuration).then_output(move || {
        let variables = policy
            .clone()
            .map(|policy| [(variable.to_owned(), policy)].into());
        let environment = EnvironmentResponse::builder()
            .set_variables(variables)
            .build();
        let dead = DeadLetterConfig::builder().target_arn("arn:aws:sqs:us-west-2:1:web-dead");
        GetFunctionConfigurationOutput::builder()
            .environment(environment)
            .dead_letter_config(dead.build())
            .build()
    })
}

fn tags(denied: bool) -> Rule {
    mock!(aws_sdk_cloudwatch::Client::list_tags_for_resource).then_compute_response(move |input| {
        if denied {
            return MockResponse::Http(cbor_error("AccessDenied", "no tags for you"));
        }
        assert_eq!(input.resource_arn(), Some("arn:alarm:web-out"));
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let output = ListTagsForResourceOutput::builder()
            .tags(tag("team", "shop"))
            .tags(tag("ecs-scaler:last-step", RECORD));
        MockResponse::Output(output.build())
    })
}

/// The scale-in alarm doesn't exist anymore.
fn alarms() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_compute_output(|input| {
        let found = input.alarm_names().iter().filter(|name| *name != "web-in");
        let alarm = |name: &String| {
            let acts = (name == "api-out").then(|| vec![POLICY_ARN.to_owned()]);
            MetricAlarm::builder()
                .alarm_name(name)
                .alarm_arn(format!("arn:alarm:{name}"))
                .state_value(StateValue::Alarm)
                .namespace("AWS/ApplicationELB")
                .metric_name("RequestCount")
                .statistic(Statistic::Sum)
                .set_alarm_actions(acts)
                .build()
        };
        DescribeAlarmsOutput::builder()
            .set_metric_alarms(Some(found.map(alarm).collect()))
            .build()
    })
}

fn step_policy() -> ScalingPolicy {
    let step = StepAdjustment::builder()
        .metric_interval_lower_bound(0.0)
        .scaling_adjustment(3)
        .build()
        .unwrap();
    let steps = StepScalingPolicyConfiguration::builder()
        .adjustment_type(AdjustmentType::ChangeInCapacity)
        .step_adjustments(step)
        .build();
    ScalingPolicy::builder()
        .policy_arn(POLICY_ARN)
        .policy_name("steps")
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id("service/shop/api")
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .policy_type(PolicyType::StepScaling)
        .step_scaling_policy_configuration(steps)
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap()
}

fn world() -> Vec<Rule> {
    vec![
        mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(|| {
            let input = r#"{"action": "re-evaluate"}"#;
            let target = Target::builder().id("1").arn(FUNCTION).input(input);
            ListTargetsByRuleOutput::builder()
                .targets(target.build().unwrap())
                .build()
        }),
        mock!(aws_sdk_ecs::Client::describe_services).then_compute_output(|input| {
            let found = input.services().iter().map(|name| {
                let service = Service::builder().service_name(name).status("ACTIVE");
                service.desired_count(2).build()
            });
            DescribeServicesOutput::builder()
                .set_services(Some(found.collect()))
                .build()
        }),
        mock!(aws_sdk_ecs::Client::describe_clusters).then_output(|| {
            let cluster = Cluster::builder().cluster_name("shop").status("ACTIVE");
            let cluster = cluster.registered_container_instances_count(3).build();
            DescribeClustersOutput::builder().clusters(cluster).build()
        }),
        mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_output(|input| {
            let names = input.attribute_names().iter();
            let counts = names.map(|name| (name.clone(), "4".to_owned()));
            GetQueueAttributesOutput::builder()
                .set_attributes(Some(counts.collect()))
                .build()
        }),
        mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets)
            .then_output(|| DescribeScalableTargetsOutput::builder().build()),
        mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_policies)
            .then_compute_output(|input| {
                let here = input.resource_id() == Some("service/shop/api");
                DescribeScalingPoliciesOutput::builder()
                    .set_scaling_policies(here.then(|| vec![step_policy()]))
                    .build()
            }),
        mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_activities)
            .then_output(|| DescribeScalingActivitiesOutput::builder().build()),
        alarms(),
    ]
}

pub(super) async fn inspect(others: Vec<Rule>) -> (Result<Inspection>, Told) {
    let mut rules = stack().rules();
    rules.extend(others);
    rules.extend(world());
    let (result, heard) = run(&rules, async |session| {
        crate::inspect(session, NAME, SystemTime::UNIX_EPOCH).await
    })
    .await;
    (result.map(Option::unwrap), heard)
}

/// Inspects it with the reasons for the counts.
pub(super) async fn explain(others: Vec<Rule>, now: SystemTime) -> Result<Inspection> {
    let mut rules = stack().rules();
    rules.extend(others);
    rules.extend(world());
    let (result, _) = run(&rules, async |session| {
        let stack = crate::observe_ours(session, NAME).await?.unwrap();
        crate::explain_stack(session, stack, now).await
    })
    .await;
    result
}

#[tokio::test(start_paused = true)]
async fn a_scaling_function_is_shown_with_its_alarms_and_its_last_step() {
    let (result, _) = inspect(vec![function(Some(policy())), tags(false)]).await;
    let inspection = result.unwrap();
    let names: Vec<&str> = inspection.services.iter().map(|s| &*s.service).collect();
    assert_eq!(names, ["web", "api"], "each once");
    let web = &inspection.services[0];
    let steps = web.alarm_steps.as_ref().unwrap();
    assert_eq!(
        (&*steps.function, steps.min, steps.max),
        ("web-scaling", 1, 2)
    );
    let out = steps.scale_out.as_ref().unwrap();
    assert_eq!(out.last_step, Some(Parsed::Known(RECORD.parse().unwrap())));
    let record = RECORD.parse().unwrap();
    assert_eq!(
        out.unapplied_step(Some(1)),
        Some(&record),
        "the count is as before"
    );
    assert_eq!(out.unapplied_step(Some(2)), None);
    let alarm = out.alarm.as_ref().unwrap();
    let metric = alarm.metric.as_ref().unwrap();
    assert_eq!(
        (
            alarm.state.to_string().as_str(),
            &*metric.name,
            &*metric.statistic
        ),
        ("ALARM", "RequestCount", "Sum")
    );
    let back = steps.scale_in.as_ref().unwrap();
    assert_eq!(
        (back.alarm.as_ref(), back.last_step.as_ref()),
        (None, None),
        "gone"
    );
    assert_eq!(steps.dead_letters.as_ref().unwrap().visible, Some(4));
    let cluster = &inspection.clusters[0];
    assert_eq!(
        (&*cluster.name, cluster.container_instances),
        ("shop", Some(3))
    );
    let others: Vec<&str> = inspection.queues.iter().map(|q| &*q.name).collect();
    assert_eq!(others, ["orders"]);
    assert!(
        inspection.dead_letters.is_empty(),
        "shown with its function"
    );
}

#[tokio::test(start_paused = true)]
async fn alarms_that_scale_are_no_operational_ones() {
    let (result, _) = inspect(vec![function(Some(policy())), tags(false)]).await;
    let inspection = result.unwrap();
    let operational: Vec<&str> = inspection.alarms.iter().map(|a| &*a.name).collect();
    assert_eq!(operational, ["errors"]);
    let steps = &inspection.services[1].policies[0];
    assert_eq!((steps.steps[0].adjustment, steps.target), (3, None));
    assert_eq!(&*steps.alarms[0].name, "api-out", "by what it acts on");
}

#[tokio::test(start_paused = true)]
async fn tags_that_may_not_be_read_hide_only_the_last_step() {
    let (result, heard) = inspect(vec![function(Some(policy())), tags(true)]).await;
    let inspection = result.unwrap();
    let steps = inspection.services[0].alarm_steps.as_ref().unwrap();
    assert_eq!(steps.scale_out.as_ref().unwrap().last_step, None);
    assert!(heard.has("no tags for you"));
}

#[tokio::test(start_paused = true)]
async fn a_function_with_a_foreign_policy_is_told() {
    let (result, _) = inspect(vec![function(None)]).await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Failed: failed to read how web-scaling scales: it has neither of the variables SCALING_POLICY and DEMAND_POLICY
      hint: the function's environment was changed: restore it as `synth` shows it
    ");
    let (result, _) = inspect(vec![function(Some("{}".to_owned()))]).await;
    let text = told(&result.unwrap_err());
    assert!(text.contains("missing field `cluster`"), "{text}");
}
