//! A running service, as the services' own APIs describe it.

mod cases;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use adopt::live::Readings;
use aws_sdk_applicationautoscaling::operation::describe_scalable_targets::DescribeScalableTargetsOutput;
use aws_sdk_applicationautoscaling::operation::describe_scaling_policies::DescribeScalingPoliciesOutput;
use aws_sdk_applicationautoscaling::operation::describe_scheduled_actions::DescribeScheduledActionsOutput;
use aws_sdk_applicationautoscaling::types::{
    MetricType, PolicyType, PredefinedMetricSpecification, ScalableDimension, ScalableTarget,
    ScalingPolicy, ServiceNamespace, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::operation::get_metric_data::GetMetricDataOutput;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::operation::describe_services::DescribeServicesOutput;
use aws_sdk_ecs::operation::describe_task_definition::DescribeTaskDefinitionOutput;
use aws_sdk_ecs::operation::describe_tasks::DescribeTasksOutput;
use aws_sdk_ecs::operation::list_tasks::ListTasksOutput;
use aws_sdk_ecs::types::{
    Cluster, ClusterSetting, ClusterSettingName, ContainerDefinition, KeyValuePair, LaunchType,
    Service, Task, TaskDefinition,
};
use aws_sdk_iam::operation::get_role_policy::GetRolePolicyOutput;
use aws_sdk_iam::operation::list_attached_role_policies::ListAttachedRolePoliciesOutput;
use aws_sdk_iam::operation::list_role_policies::ListRolePoliciesOutput;
use aws_sdk_sqs::operation::get_queue_attributes::GetQueueAttributesOutput;
use aws_sdk_sqs::operation::get_queue_url::GetQueueUrlOutput;
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use aws_smithy_types::DateTime;

use super::cloud::{json_error, run};
use super::told;
use crate::{AdoptRequest, Result, read_adopted};

const ACCOUNT: &str = "111122223333";
const NOW: u64 = 20_000 * 86_400 + 20;

type Ecs = aws_sdk_ecs::Client;

fn arn(kind: &str, name: &str) -> String {
    format!("arn:aws:ecs:us-west-2:{ACCOUNT}:{kind}/{name}")
}

fn service() -> Service {
    Service::builder()
        .service_name("order-worker")
        .status("ACTIVE")
        .desired_count(2)
        .running_count(2)
        .launch_type(LaunchType::Fargate)
        .task_definition(arn("task-definition", "worker:7"))
        .build()
}

fn describe(service: Service) -> Rule {
    mock!(Ecs::describe_services).then_output(move || {
        DescribeServicesOutput::builder()
            .services(service.clone())
            .build()
    })
}

fn task_definition(variables: &[(&str, &str)]) -> Rule {
    let variables = variables
        .iter()
        .map(|(name, value)| KeyValuePair::builder().name(*name).value(*value).build());
    let container = ContainerDefinition::builder()
        .name("worker")
        .image("shop/worker:1")
        .set_environment(Some(variables.collect()))
        .build();
    let found = TaskDefinition::builder()
        .cpu("512")
        .memory("1024")
        .task_role_arn(format!("arn:aws:iam::{ACCOUNT}:role/workers/order-worker"))
        .container_definitions(container)
        .build();
    mock!(Ecs::describe_task_definition).then_output(move || {
        DescribeTaskDefinitionOutput::builder()
            .task_definition(found.clone())
            .build()
    })
}

/// Its task role can receive from these queues. Percent-encoded, as IAM returns it.
fn role(queues: &[&str]) -> Vec<Rule> {
    let arns: Vec<String> = queues
        .iter()
        .map(|name| format!("%22arn:aws:sqs:us-west-2:{ACCOUNT}:{name}%22"))
        .collect();
    let document = format!(
        "%7B%22Statement%22%3A%5B%7B%22Effect%22%3A%22Allow%22,%22Action%22%3A%22sqs:*%22,%22Resource%22%3A%5B{}%5D%7D%5D%7D",
        arns.join(",")
    );
    vec![
        mock!(aws_sdk_iam::Client::list_role_policies)
            .match_requests(|request| request.role_name() == Some("order-worker"))
            .then_output(|| {
                ListRolePoliciesOutput::builder()
                    .policy_names("own")
                    .build()
                    .unwrap()
            }),
        mock!(aws_sdk_iam::Client::get_role_policy).then_output(move || {
            GetRolePolicyOutput::builder()
                .role_name("order-worker")
                .policy_name("own")
                .policy_document(&document)
                .build()
                .unwrap()
        }),
        mock!(aws_sdk_iam::Client::list_attached_role_policies)
            .then_output(|| ListAttachedRolePoliciesOutput::builder().build()),
    ]
}

/// Any queue except those named `missing…`.
fn queues() -> Vec<Rule> {
    let url = |name: &str| format!("https://sqs.us-west-2.amazonaws.com/{ACCOUNT}/{name}");
    vec![
        mock!(aws_sdk_sqs::Client::get_queue_url)
            .match_requests(|request| {
                request
                    .queue_name()
                    .is_some_and(|name| name.starts_with("missing"))
            })
            .then_http_response(|| json_error("QueueDoesNotExist", "no such queue")),
        mock!(aws_sdk_sqs::Client::get_queue_url).then_compute_output(move |request| {
            let name = request.queue_name().unwrap();
            GetQueueUrlOutput::builder().queue_url(url(name)).build()
        }),
        mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_output(|request| {
            let name = request.queue_url().unwrap().rsplit('/').next().unwrap();
            let arn = |name: &str| format!("arn:aws:sqs:us-west-2:{ACCOUNT}:{name}");
            let redrive = format!(
                r#"{{"deadLetterTargetArn":"{}","maxReceiveCount":"5"}}"#,
                arn("orders-dead")
            );
            GetQueueAttributesOutput::builder()
                .attributes(QueueAttributeName::QueueArn, arn(name))
                .attributes(QueueAttributeName::VisibilityTimeout, "60")
                .attributes(QueueAttributeName::MessageRetentionPeriod, "345600")
                .attributes(QueueAttributeName::RedrivePolicy, redrive)
                .build()
        }),
    ]
}

fn scaling() -> Vec<Rule> {
    let target = ScalableTarget::builder()
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id("service/shop/order-worker")
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .min_capacity(2)
        .max_capacity(20)
        .role_arn("role")
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap();
    let metric = PredefinedMetricSpecification::builder()
        .predefined_metric_type(MetricType::EcsServiceAverageCpuUtilization)
        .build()
        .unwrap();
    let tracking = TargetTrackingScalingPolicyConfiguration::builder()
        .target_value(60.0)
        .scale_in_cooldown(120)
        .predefined_metric_specification(metric)
        .build()
        .unwrap();
    let policy = ScalingPolicy::builder()
        .policy_arn("arn")
        .policy_name("cpu")
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id("service/shop/order-worker")
        .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
        .policy_type(PolicyType::TargetTrackingScaling)
        .target_tracking_scaling_policy_configuration(tracking)
        .creation_time(DateTime::from_secs(0))
        .build()
        .unwrap();
    type Scaling = aws_sdk_applicationautoscaling::Client;
    vec![
        mock!(Scaling::describe_scalable_targets).then_output(move || {
            DescribeScalableTargetsOutput::builder()
                .scalable_targets(target.clone())
                .build()
        }),
        mock!(Scaling::describe_scheduled_actions)
            .then_output(|| DescribeScheduledActionsOutput::builder().build()),
        mock!(Scaling::describe_scaling_policies).then_output(move || {
            DescribeScalingPoliciesOutput::builder()
                .scaling_policies(policy.clone())
                .build()
        }),
    ]
}

/// A running task that started within 30 s, Container Insights, and 7 messages sent in a minute.
fn rest() -> Vec<Rule> {
    let task = Task::builder()
        .created_at(DateTime::from_secs(100))
        .started_at(DateTime::from_secs(130))
        .build();
    let setting = ClusterSetting::builder()
        .name(ClusterSettingName::ContainerInsights)
        .value("enhanced")
        .build();
    let cluster = Cluster::builder().settings(setting).build();
    let minute = i64::try_from(NOW - 620).unwrap();
    vec![
        mock!(Ecs::list_tasks).then_output(|| ListTasksOutput::builder().task_arns("task").build()),
        mock!(Ecs::describe_tasks)
            .then_output(move || DescribeTasksOutput::builder().tasks(task.clone()).build()),
        mock!(Ecs::describe_clusters).then_output(move || {
            DescribeClustersOutput::builder()
                .clusters(cluster.clone())
                .build()
        }),
        mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_response(move |request| {
            assert_eq!(
                request.start_time().unwrap().secs(),
                i64::try_from(NOW - 20 - 14 * 86_400).unwrap()
            );
            let sent = MetricDataResult::builder()
                .id("q0")
                .timestamps(DateTime::from_secs(minute))
                .values(7.0);
            let tasks = MetricDataResult::builder()
                .id("q6")
                .timestamps(DateTime::from_secs(minute))
                .values(2.0);
            let output = GetMetricDataOutput::builder();
            MockResponse::Output(
                output
                    .metric_data_results(sent.build())
                    .metric_data_results(tasks.build())
                    .build(),
            )
        }),
    ]
}

const QUEUE_URL: (&str, &str) = (
    "QUEUE_URL",
    "https://sqs.us-west-2.amazonaws.com/111122223333/orders",
);

/// The rules of a service with one queue. The given rules come first, so they take precedence.
fn rules(first: Vec<Rule>) -> Vec<Rule> {
    let usual = [
        vec![describe(service()), task_definition(&[QUEUE_URL])],
        role(&["orders"]),
        queues(),
        scaling(),
        rest(),
    ];
    first.into_iter().chain(usual.concat()).collect()
}

async fn read(first: Vec<Rule>, queues: &[&str]) -> Result<Readings> {
    let request = AdoptRequest {
        account: ACCOUNT.to_owned(),
        cluster: "shop".to_owned(),
        service: "order-worker".to_owned(),
        queues: queues.iter().map(|name| (*name).to_owned()).collect(),
    };
    let now: SystemTime = UNIX_EPOCH + Duration::from_secs(NOW);
    let (result, _) = run(&rules(first), async |session| {
        read_adopted(session, &request, now).await
    })
    .await;
    result
}

async fn refused(first: Vec<Rule>, queues: &[&str]) -> String {
    told(&read(first, queues).await.unwrap_err())
}
