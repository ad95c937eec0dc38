//! `inspect`: a live system, small and large, whole and half gone.

use std::time::{Duration, SystemTime};

use aws_sdk_applicationautoscaling::config::http::HttpResponse;
use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_activities::DescribeScalingActivitiesOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_policies::DescribeScalingPoliciesOutput;
use aws_sdk_applicationautoscaling::types::{
    Alarm, PolicyType, ScalableDimension, ScalableTarget, ScalingActivity,
    ScalingActivityStatusCode, ScalingPolicy, ServiceNamespace,
    TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::operation::describe_alarms::DescribeAlarmsOutput;
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::{MetricAlarm, MetricDataResult, StateValue};
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::types::Service;
use aws_sdk_eventbridge::operation::list_targets_by_rule::ListTargetsByRuleOutput;
use aws_sdk_eventbridge::types::Target;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;
use scaling::{Count, MetricRequest, QueueRequest, ServiceRequest};

use super::cloud::{Told, json_error, run};
use super::cloudformation::{CloudFormation, NAME};
use super::told;
use crate::{Inspection, Result};

const CLUSTER: &str = "voucher";
/// Policies and targets of others in the same account, which the listings hold too.
const FOREIGN: usize = 120;

fn id(number: usize) -> String {
    format!("service/{CLUSTER}/s{number}")
}

/// A live system of so many services with a queue each.
struct Live {
    cloud: CloudFormation,
    rules: Vec<Rule>,
    services: usize,
}

impl Live {
    fn new(services: usize) -> Self {
        let cloud = CloudFormation::with("CREATE_COMPLETE");
        {
            let mut state = cloud.state();
            let stack = state.stack();
            stack.holds("AWS::Events::Rule", "Rule", "rule");
            stack.holds("AWS::SQS::Queue", "Queue0", "https://sqs/q0");
            stack.holds("AWS::SQS::Queue", "Dead", "https://sqs/dead");
            for number in 0..120 {
                stack.holds(
                    "AWS::CloudWatch::Alarm",
                    &format!("A{number}"),
                    &format!("a{number}"),
                );
            }
        }
        Self {
            cloud,
            rules: Vec::new(),
            services,
        }
    }

    /// Answers before the others.
    fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    async fn inspect(mut self) -> (Result<Inspection>, Told, Calls) {
        let calls = Calls::new(self.services);
        self.rules.extend(calls.all());
        self.rules.extend(self.cloud.rules());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
        let (result, told) = run(&self.rules, async |session| {
            crate::inspect(session, NAME, now).await
        })
        .await;
        (result.map(Option::unwrap), told, calls)
    }
}

struct Calls {
    targets: Rule,
    ecs: Rule,
    sqs: Rule,
    metric: Rule,
    bounds: Rule,
    policies: Rule,
    activities: Rule,
    alarms: Rule,
}

impl Calls {
    fn new(services: usize) -> Self {
        Self {
            targets: rule_targets(services),
            ecs: ecs(),
            sqs: sqs(),
            metric: metric(),
            bounds: bounds(),
            policies: policies(services),
            activities: activities(services),
            alarms: alarms(),
        }
    }

    fn all(&self) -> Vec<Rule> {
        vec![
            self.targets.clone(),
            self.ecs.clone(),
            self.sqs.clone(),
            self.metric.clone(),
            self.bounds.clone(),
            self.policies.clone(),
            self.activities.clone(),
            self.alarms.clone(),
        ]
    }
}

fn rule_targets(services: usize) -> Rule {
    let service = |number: usize| ServiceRequest {
        cluster: CLUSTER.into(),
        service: format!("s{number}"),
        queues: vec![QueueRequest {
            name: format!("q{number}"),
            url: format!("https://sqs/q{number}"),
        }],
        count: vec![Count::Visible],
    };
    let all: Vec<ServiceRequest> = (0..services).map(service).collect();
    mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(move || {
        // Some stand in two inputs.
        let halves = [&all[..], &all[..1]];
        let targets = halves.iter().enumerate().map(|(number, services)| {
            let request = MetricRequest {
                namespace: "EcsScaler".into(),
                services: services.to_vec(),
            };
            let input = serde_json::to_string(&request).unwrap();
            Target::builder()
                .id(number.to_string())
                .arn("arn")
                .input(input)
                .build()
                .unwrap()
        });
        ListTargetsByRuleOutput::builder()
            .set_targets(Some(targets.collect()))
            .build()
    })
}

/// The last service has vanished.
fn ecs() -> Rule {
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_output(|input| {
        assert!(input.services().len() <= 10);
        let known = input.services().iter().filter(|name| *name != "s99");
        let services = known.map(|name| {
            Service::builder()
                .service_name(name)
                .status("ACTIVE")
                .desired_count(3)
                .running_count(2)
                .pending_count(1)
                .build()
        });
        DescribeServicesOutput::builder()
            .set_services(Some(services.collect()))
            .build()
    })
}

/// The dead-letter queue can't be read; the others hold seven messages of each kind.
fn sqs() -> Rule {
    mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(|input| {
        if input.queue_url() == Some("https://sqs/dead") {
            return MockResponse::Http(json_error("AccessDenied", "not the dead"));
        }
        let counts = input
            .attribute_names()
            .iter()
            .map(|name| (name.clone(), "7".to_owned()));
        let output = GetQueueAttributesOutput::builder().set_attributes(Some(counts.collect()));
        MockResponse::Output(output.build())
    })
}

/// The datapoint of a metric is its place in the request.
fn metric() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_output(|input| {
        assert!(input.metric_data_queries().len() <= 500);
        let results = input
            .metric_data_queries()
            .iter()
            .enumerate()
            .map(|(place, query)| {
                let id = query.id().unwrap();
                #[expect(clippy::cast_precision_loss, reason = "a small number")]
                let value = place as f64;
                let new = DateTime::from_secs(999_960);
                let old = DateTime::from_secs(999_900);
                MetricDataResult::builder()
                    .id(id)
                    .timestamps(old)
                    .values(-1.0)
                    .timestamps(new)
                    .values(value)
                    .build()
            });
        GetMetricDataOutput::builder()
            .set_metric_data_results(Some(results.collect()))
            .build()
    })
}

fn bounds() -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scalable_targets).then_compute_output(
        |input| {
            assert!((1..=50).contains(&input.resource_ids().len()));
            let targets = input.resource_ids().iter().map(|id| {
                ScalableTarget::builder()
                    .service_namespace(ServiceNamespace::Ecs)
                    .resource_id(id)
                    .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                    .min_capacity(1)
                    .max_capacity(20)
                    .role_arn("role")
                    .creation_time(DateTime::from_secs(0))
                    .build()
                    .unwrap()
            });
            DescribeScalableTargetsOutput::builder()
                .set_scalable_targets(Some(targets.collect()))
                .build()
        },
    )
}

/// Pages of 50, over the stack's and the account's other policies.
fn policies(services: usize) -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_policies).then_compute_output(
        move |input| {
            let all: Vec<String> = match input.resource_id() {
                Some(one) => vec![one.to_owned()],
                None => (0..FOREIGN)
                    .map(|n| format!("service/other/s{n}"))
                    .chain((0..services).map(id))
                    .collect(),
            };
            let from: usize = input.next_token().map_or(0, |token| token.parse().unwrap());
            let page = all.iter().skip(from).take(50).map(|id| policy(id));
            let more = all.len() > from + 50;
            DescribeScalingPoliciesOutput::builder()
                .set_scaling_policies(Some(page.collect()))
                .set_next_token(more.then(|| (from + 50).to_string()))
                .build()
        },
    )
}

fn policy(resource: &str) -> ScalingPolicy {
    let tracking = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(100.0)
        .build()
        .unwrap();
    let alarm = |side: &str| {
        let name = format!("TargetTracking-{resource}-Alarm{side}-1");
        Alarm::builder()
            .alarm_name(name)
            .alarm_arn("arn")
            .build()
            .unwrap()
    };
    ScalingPolicy::builder()
        .policy_arn("arn")
        .policy_name("backlog")
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(resource)
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(tracking)
        .alarms(alarm("High"))
        .alarms(alarm("Low"))
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap()
}

/// Pages without an end, of the services in turn.
fn activities(services: usize) -> Rule {
    mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_activities).then_compute_output(
        move |input| {
            let size = usize::try_from(input.max_results().unwrap()).unwrap();
            let from = size * input.next_token().unwrap_or_default().len();
            let page = (from..from + size).map(|number| {
                let resource = input
                    .resource_id()
                    .map_or_else(|| id(number % services), str::to_owned);
                ScalingActivity::builder()
                    .activity_id("a")
                    .service_namespace(ServiceNamespace::Ecs)
                    .resource_id(resource)
                    .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
                    .description("Setting desired count to 3.")
                    .cause("monitor alarm")
                    .start_time(DateTime::from_secs(5))
                    .status_code(ScalingActivityStatusCode::Successful)
                    .build()
                    .unwrap()
            });
            DescribeScalingActivitiesOutput::builder()
                .set_scaling_activities(Some(page.collect()))
                .next_token(format!("{}x", input.next_token().unwrap_or_default()))
                .build()
        },
    )
}

/// Pages of 50.
fn alarms() -> Rule {
    mock!(aws_sdk_cloudwatch::Client::describe_alarms).then_compute_output(|input| {
        assert!((1..=100).contains(&input.alarm_names().len()));
        let from: usize = input.next_token().map_or(0, |token| token.parse().unwrap());
        let page = input.alarm_names().iter().skip(from).take(50).map(|name| {
            MetricAlarm::builder()
                .alarm_name(name)
                .state_value(StateValue::Ok)
                .evaluation_periods(3)
                .build()
        });
        let more = input.alarm_names().len() > from + 50;
        DescribeAlarmsOutput::builder()
            .set_metric_alarms(Some(page.collect()))
            .set_next_token(more.then(|| (from + 50).to_string()))
            .build()
    })
}

#[tokio::test(start_paused = true)]
async fn a_small_system_is_read_whole() {
    let (result, told, calls) = Live::new(2).inspect().await;
    let inspection = result.unwrap();
    assert_eq!(inspection.services.len(), 2, "each once");
    let service = &inspection.services[1];
    assert_eq!((&*service.service, &*service.status), ("s1", "ACTIVE"));
    assert_eq!(
        (service.desired, service.running, service.pending),
        (3, 2, 1)
    );
    assert_eq!(service.bounds, Some((1, 20)));
    assert_eq!(
        (service.queues.len(), service.queues[0].visible),
        (1, Some(7))
    );
    let point = service.queues[0].backlog_per_task.unwrap();
    assert_eq!((point.value, point.at), (1.0, 999_960), "the newest");
    assert_eq!(
        (service.policies.len(), service.policies[0].target),
        (1, Some(100.0))
    );
    assert_eq!(service.policies[0].alarms.len(), 2);
    assert_eq!(service.activities.len(), 5);
    assert_eq!(inspection.alarms.len(), 120, "all pages");
    let dead = &inspection.dead_letters[0];
    assert_eq!(
        (&*dead.name, dead.visible),
        ("dead", None),
        "shown, though not read"
    );
    assert!(told.has("not the dead"));
    assert_eq!(calls.policies.num_calls(), 2, "one by one");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_services_take_few_requests() {
    let (result, _, calls) = Live::new(100).inspect().await;
    let inspection = result.unwrap();
    assert_eq!(inspection.services.len(), 100);
    for (number, service) in inspection.services.iter().enumerate() {
        assert_eq!(service.service, format!("s{number}"));
        assert_eq!(
            service.queues[0].name,
            format!("q{number}"),
            "its own queue"
        );
        assert_eq!(service.bounds, Some((1, 20)));
        assert_eq!(service.policies[0].alarms.len(), 2);
        assert_eq!(service.activities.len(), 1);
    }
    assert_eq!(inspection.services[99].status, "MISSING", "vanished");
    let counts = [
        ("DescribeServices", calls.ecs.num_calls(), 10),
        ("GetMetricData", calls.metric.num_calls(), 1),
        ("DescribeScalableTargets", calls.bounds.num_calls(), 2),
        ("DescribeScalingPolicies", calls.policies.num_calls(), 5),
        ("DescribeScalingActivities", calls.activities.num_calls(), 2),
        ("DescribeAlarms", calls.alarms.num_calls(), 4 + 3),
        ("GetQueueAttributes", calls.sqs.num_calls(), 100 + 1),
    ];
    for (operation, made, expected) in counts {
        assert_eq!(made, expected, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_thousand_services_are_read_too() {
    let (result, _, calls) = Live::new(1_000).inspect().await;
    assert_eq!(result.unwrap().services.len(), 1_000);
    assert_eq!(calls.ecs.num_calls(), 100);
    assert_eq!(calls.metric.num_calls(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_that_is_gone_is_no_error() {
    let gone = mock!(aws_sdk_ecs::Client::describe_services)
        .then_http_response(|| json_error("ClusterNotFoundException", "Cluster not found."));
    let (result, _, _) = Live::new(2).with(gone).inspect().await;
    assert_eq!(result.unwrap().services[0].status, "MISSING");
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_gone_is_no_error() {
    let gone = mock!(aws_sdk_sqs::Client::get_queue_attributes)
        .then_http_response(|| json_error("QueueDoesNotExist", "gone"));
    let (result, _, _) = Live::new(1).with(gone).inspect().await;
    assert_eq!(result.unwrap().services[0].queues[0].visible, None);
}

#[tokio::test(start_paused = true)]
async fn an_emulator_without_activities_is_no_error() {
    let missing = mock!(aws_sdk_applicationautoscaling::Client::describe_scaling_activities)
        .then_http_response(|| {
            let body = r#"{"__type": "InternalFailure", "message": "not implemented"}"#;
            HttpResponse::new(501.try_into().unwrap(), body.into())
        });
    let (result, _, _) = Live::new(1).with(missing).inspect().await;
    assert!(result.unwrap().services[0].activities.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_rule_that_is_gone_measures_nothing_and_a_foreign_input_is_told() {
    let gone = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule)
        .then_http_response(|| json_error("ResourceNotFoundException", "no rule"));
    let (result, _, calls) = Live::new(1).with(gone).inspect().await;
    let inspection = result.unwrap();
    assert!(inspection.services.is_empty());
    assert_eq!(inspection.dead_letters.len(), 2);
    assert_eq!(
        calls.policies.num_calls() + calls.ecs.num_calls() + calls.metric.num_calls(),
        0
    );
    let foreign = mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(|| {
        let target = Target::builder()
            .id("1")
            .arn("arn")
            .input("{\"x\": 1}")
            .build()
            .unwrap();
        ListTargetsByRuleOutput::builder().targets(target).build()
    });
    let (result, _, _) = Live::new(1).with(foreign).inspect().await;
    insta::assert_snapshot!(told(&result.unwrap_err()), @r"
    Failed: failed to read what the rule rule measures: unknown field `x`, expected `namespace` or `services` at line 1 column 4
      hint: somebody else has changed a target of this rule: put it back as `synth` shows it
    ");
}

#[tokio::test(start_paused = true)]
async fn no_stack_is_no_inspection() {
    let cloud = CloudFormation::default();
    let (result, _) = run(&cloud.rules(), async |session| {
        crate::inspect(session, NAME, SystemTime::UNIX_EPOCH).await
    })
    .await;
    assert_eq!(result.unwrap(), None);
}
