//! A live system of any size, and the number of requests for each part of it.

use std::time::{Duration, SystemTime};

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

use super::super::cloud::{Told, json_error, run};
use super::super::cloudformation::{CloudFormation, NAME};
use crate::{Inspection, Result};

const CLUSTER: &str = "voucher";
/// The time of the inspection, in seconds since 1970: 1970-01-12T13:46:40Z.
pub(in crate::tests) const NOW: i64 = 1_000_000;
/// Policies and targets of other owners in the same account, which the lists also contain.
const FOREIGN: usize = 120;

fn id(number: usize) -> String {
    format!("service/{CLUSTER}/s{number}")
}

/// A live system with this number of services, each with a queue.
pub(in crate::tests) struct Live {
    cloud: CloudFormation,
    rules: Vec<Rule>,
    services: usize,
}

impl Live {
    pub(in crate::tests) fn new(services: usize) -> Self {
        let cloud = CloudFormation::with("CREATE_COMPLETE");
        {
            let mut state = cloud.state();
            let stack = state.stack();
            stack.holds("AWS::Events::Rule", "Rule", "rule");
            stack.holds("AWS::SQS::Queue", "OrdersQueue", "https://sqs/q0");
            stack.holds(
                "AWS::SQS::Queue",
                "OrdersDeadLetterQueue",
                "https://sqs/dead",
            );
            stack.holds("AWS::CloudWatch::Alarm", "OrdersDeadLettersAlarm", "a0");
            for number in 1..120 {
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

    /// Adds a queue to the stack.
    pub(super) fn with_queue(self, logical_id: &str, url: &str) -> Self {
        let mut state = self.cloud.state();
        state.stack().holds("AWS::SQS::Queue", logical_id, url);
        drop(state);
        self
    }

    /// Adds a rule that takes precedence.
    pub(in crate::tests) fn with(mut self, rule: Rule) -> Self {
        self.rules.push(rule);
        self
    }

    pub(in crate::tests) fn rules(mut self) -> Vec<Rule> {
        self.rules.extend(Calls::new(self.services).all());
        self.rules.extend(self.cloud.rules());
        self.rules
    }

    /// Inspects it with the reasons for the counts.
    pub(super) async fn explain(self) -> Result<Inspection> {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW.unsigned_abs());
        let (result, _) = run(&self.rules(), async |session| {
            let stack = crate::observe_ours(session, NAME).await?.unwrap();
            crate::explain_stack(session, stack, now).await
        })
        .await;
        result
    }

    pub(super) async fn inspect(mut self) -> (Result<Inspection>, Told, Calls) {
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

pub(super) struct Calls {
    pub(super) targets: Rule,
    pub(super) ecs: Rule,
    pub(super) sqs: Rule,
    pub(super) metric: Rule,
    pub(super) bounds: Rule,
    pub(super) policies: Rule,
    pub(super) activities: Rule,
    pub(super) alarms: Rule,
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
        queues: vec![QueueRequest::new(
            format!("q{number}"),
            format!("https://sqs/q{number}"),
        )],
        count: vec![Count::Visible],
        wake: false,
        target: None,
        demand: None,
    };
    let all: Vec<ServiceRequest> = (0..services).map(service).collect();
    mock!(aws_sdk_eventbridge::Client::list_targets_by_rule).then_output(move || {
        // Some services are in two inputs.
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

/// The last service doesn't exist anymore.
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

/// The dead-letter queue can't be read. The others hold seven messages of each kind.
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

/// The value of a metric is its position in the request.
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

/// Pages of 50 of the stack's and the account's other policies.
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

/// An endless number of pages, with the services in turn.
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
