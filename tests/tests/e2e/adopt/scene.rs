//! A service created with plain calls, with its queue, its policy, and hours of metrics.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, PolicyType, ScalableDimension, ServiceNamespace,
    TargetTrackingMetric, TargetTrackingMetricDataQuery, TargetTrackingMetricDimension,
    TargetTrackingMetricStat, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use aws_sdk_ecs::types::{
    AwsVpcConfiguration, ContainerDefinition, KeyValuePair, LaunchType, NetworkConfiguration,
    NetworkMode, Service,
};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_types::DateTime;
use e2e::{Bench, Cloud, DefaultNetwork, unique_name};
use serde_json::json;

/// Number of minutes without waiting messages, and of minutes in which every task is busy, before now.
pub(super) const QUIET: i64 = 200;
pub(super) const BUSY: i64 = 20;

/// A cluster, a service, and its queue, all with the same name.
pub(super) struct Scene {
    cloud: Cloud,
    pub(super) name: String,
    queue_url: String,
}

impl Scene {
    /// On EC2 instances.
    pub(super) async fn build(bench: &Bench) -> Self {
        Self::build_on(bench, false).await
    }

    /// On Fargate.
    pub(super) async fn build_on_fargate(bench: &Bench) -> Self {
        Self::build_on(bench, true).await
    }

    async fn build_on(bench: &Bench, fargate: bool) -> Self {
        let cloud = Cloud::connect(bench).await;
        let name = unique_name("adopt");
        let (ecs, sqs) = (&cloud.clients.ecs, &cloud.clients.sqs);
        let queue = sqs.create_queue().queue_name(&name).send().await.unwrap();
        let queue_url = queue.queue_url().unwrap().to_owned();
        let variable = KeyValuePair::builder()
            .name("QUEUE_URL")
            .value(&queue_url)
            .build();
        let container = ContainerDefinition::builder()
            .name("worker")
            .image("busybox:1.37")
            .memory(64)
            .environment(variable)
            .build();
        let definition = ecs
            .register_task_definition()
            .family(&name)
            .cpu("256")
            .memory("512")
            .set_network_mode(fargate.then_some(NetworkMode::Awsvpc));
        definition
            .container_definitions(container)
            .send()
            .await
            .unwrap();
        ecs.create_cluster()
            .cluster_name(&name)
            .send()
            .await
            .unwrap();
        let service = ecs.create_service().cluster(&name).service_name(&name);
        let DefaultNetwork { subnets, group, .. } = cloud.default_network();
        let network = AwsVpcConfiguration::builder().set_subnets(Some(subnets.into()));
        let network = network.security_groups(group).build().unwrap();
        let network = NetworkConfiguration::builder().awsvpc_configuration(network);
        let service = service.task_definition(&name).desired_count(1);
        let service = service
            .set_launch_type(fargate.then_some(LaunchType::Fargate))
            .set_network_configuration(fargate.then(|| network.build()));
        service.send().await.unwrap();
        Self {
            cloud,
            name,
            queue_url,
        }
    }

    pub(super) fn queue_url(&self) -> &str {
        &self.queue_url
    }

    pub(super) async fn queue_arn(&self) -> String {
        let attributes = self.cloud.queue(&self.queue_url).await.unwrap();
        attributes["QueueArn"].clone()
    }

    /// The service as ECS describes it.
    pub(super) async fn service(&self) -> Service {
        let request = self.cloud.clients.ecs.describe_services();
        let request = request.cluster(&self.name).services(&self.name);
        let described = request.send().await.unwrap();
        described.services()[0].clone()
    }

    /// Makes the service run another task definition.
    pub(super) async fn run_task_definition(&self, arn: &str) {
        let request = self.cloud.clients.ecs.update_service();
        let request = request.cluster(&self.name).service(&self.name);
        request.task_definition(arn).send().await.unwrap();
    }

    /// Removes the queue's redrive policy.
    pub(super) async fn forget_dead_letters(&self) {
        self.set(QueueAttributeName::RedrivePolicy, "").await;
    }

    /// Lets another account send. Returns the queue's policy, as SQS does.
    pub(super) async fn let_send(&self) -> String {
        let statement = json!({
            "Sid": "Partner",
            "Effect": "Allow",
            "Principal": { "AWS": "arn:aws:iam::444455556666:root" },
            "Action": "sqs:SendMessage",
            "Resource": self.queue_arn().await,
        });
        let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
        self.set(QueueAttributeName::Policy, &policy.to_string())
            .await;
        self.policy().await
    }

    /// The queue's policy. Empty if it has none.
    pub(super) async fn policy(&self) -> String {
        let mut attributes = self.cloud.queue(&self.queue_url).await.unwrap();
        attributes.remove("Policy").unwrap_or_default()
    }

    async fn set(&self, name: QueueAttributeName, value: &str) {
        let request = self.cloud.clients.sqs.set_queue_attributes();
        let request = request.queue_url(&self.queue_url);
        request.attributes(name, value).send().await.unwrap();
    }

    /// Whether its first scaling is suspended.
    pub(super) async fn is_suspended(&self) -> bool {
        let client = &self.cloud.clients.applicationautoscaling;
        let request = client
            .describe_scalable_targets()
            .service_namespace(ServiceNamespace::Ecs);
        let described = request.resource_ids(self.resource_id()).send().await;
        let described = described.unwrap();
        let state = described.scalable_targets()[0].suspended_state();
        state.is_some_and(|state| state.dynamic_scaling_out_suspended() == Some(true))
    }

    fn resource_id(&self) -> String {
        format!("service/{0}/{0}", self.name)
    }

    /// Creates target tracking on messages per running task, which is common.
    pub(super) async fn scale(&self) {
        let metric = |id: &str, namespace: &str, name: &str, dimension: (&str, &str)| {
            let dimension = TargetTrackingMetricDimension::builder()
                .name(dimension.0)
                .value(dimension.1);
            let metric = TargetTrackingMetric::builder()
                .namespace(namespace)
                .metric_name(name)
                .dimensions(dimension.build().unwrap());
            let stat = TargetTrackingMetricStat::builder()
                .metric(metric.build())
                .stat("Average")
                .build();
            let query = TargetTrackingMetricDataQuery::builder()
                .id(id)
                .return_data(false);
            query.metric_stat(stat.unwrap()).build().unwrap()
        };
        let divided = TargetTrackingMetricDataQuery::builder()
            .id("backlog")
            .expression("waiting / tasks");
        let metrics = CustomizedMetricSpecification::builder()
            .metrics(metric(
                "waiting",
                "AWS/SQS",
                "ApproximateNumberOfMessagesVisible",
                ("QueueName", &self.name),
            ))
            .metrics(metric(
                "tasks",
                "ECS/ContainerInsights",
                "RunningTaskCount",
                ("ServiceName", &self.name),
            ))
            .metrics(divided.return_data(true).build().unwrap());
        let tracking = TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(60.0)
            .customized_metric_specification(metrics.build())
            .build();
        let client = &self.cloud.clients.applicationautoscaling;
        let target = client
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs);
        let target = target
            .resource_id(self.resource_id())
            .min_capacity(1)
            .max_capacity(10);
        let target = target.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
        target.send().await.unwrap();
        let policy = client
            .put_scaling_policy()
            .service_namespace(ServiceNamespace::Ecs);
        let policy = policy
            .resource_id(self.resource_id())
            .policy_name("messages-per-task");
        let policy = policy.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
        let policy = policy.policy_type(PolicyType::TargetTrackingScaling);
        let policy = policy.target_tracking_scaling_policy_configuration(tracking.unwrap());
        policy.send().await.unwrap();
    }

    /// Sends, receives, and deletes real messages.
    pub(super) async fn work(&self) {
        let sqs = &self.cloud.clients.sqs;
        self.cloud.send(&self.queue_url, 3).await;
        for _ in 0..3 {
            let reply = sqs
                .receive_message()
                .queue_url(&self.queue_url)
                .send()
                .await
                .unwrap();
            let receipt = reply.messages()[0].receipt_handle().unwrap();
            let request = sqs.delete_message().queue_url(&self.queue_url);
            request.receipt_handle(receipt).send().await.unwrap();
        }
    }

    /// Publishes hours of metrics that end before the sandbox's own: first, one message per second that takes one
    /// second; then two tasks that are always busy.
    pub(super) async fn remember(&self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let end = i64::try_from(now.as_secs() / 60).unwrap() - 30;
        let sqs = [
            ("NumberOfMessagesSent", 60.0, 120.0),
            ("NumberOfMessagesReceived", 60.0, 120.0),
            ("NumberOfMessagesDeleted", 60.0, 120.0),
            ("ApproximateNumberOfMessagesNotVisible", 1.0, 20.0),
            ("ApproximateNumberOfMessagesVisible", 0.0, 200.0),
            ("ApproximateAgeOfOldestMessage", 1.0, 100.0),
        ];
        for (metric, quiet, busy) in sqs {
            let dimensions = [("QueueName", self.name.as_str())];
            self.put(("AWS/SQS", metric, &dimensions), end, (quiet, busy))
                .await;
        }
        let dimensions = [
            ("ClusterName", self.name.as_str()),
            ("ServiceName", &self.name),
        ];
        self.put(
            ("ECS/ContainerInsights", "RunningTaskCount", &dimensions),
            end,
            (2.0, 2.0),
        )
        .await;
    }

    async fn put(
        &self,
        (namespace, name, dimensions): (&str, &str, &[(&str, &str)]),
        end: i64,
        (quiet, busy): (f64, f64),
    ) {
        let dimensions = dimensions.iter();
        let dimensions: Vec<Dimension> = dimensions
            .map(|(name, value)| Dimension::builder().name(*name).value(*value).build())
            .collect();
        let data = (0..QUIET + BUSY).map(|minute| {
            MetricDatum::builder()
                .metric_name(name)
                .set_dimensions(Some(dimensions.clone()))
                .timestamp(DateTime::from_secs((end - QUIET - BUSY + minute) * 60))
                .value(if minute < QUIET { quiet } else { busy })
                .build()
        });
        let request = self
            .cloud
            .clients
            .cloudwatch
            .put_metric_data()
            .namespace(namespace);
        request
            .set_metric_data(Some(data.collect()))
            .send()
            .await
            .unwrap();
    }

    pub(super) async fn remove(&self) {
        let clients = &self.cloud.clients;
        let target = clients.applicationautoscaling.deregister_scalable_target();
        let target = target
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(self.resource_id());
        let target = target.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
        target.send().await.unwrap();
        let service = clients
            .ecs
            .delete_service()
            .cluster(&self.name)
            .service(&self.name);
        service.force(true).send().await.unwrap();
        clients
            .ecs
            .delete_cluster()
            .cluster(&self.name)
            .send()
            .await
            .unwrap();
        clients
            .sqs
            .delete_queue()
            .queue_url(&self.queue_url)
            .send()
            .await
            .unwrap();
    }
}
