//! A service that someone else created and scales. A policy observes it, is compared with its actual results, takes it
//! over, and returns it with its original scaling unchanged.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_applicationautoscaling::types::{
    CustomizedMetricSpecification, MetricDimension, MetricStatistic, PolicyType, ScalableDimension,
    ScalableTarget, ServiceNamespace, SuspendedState, TargetTrackingScalingPolicyConfiguration,
};
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StatisticSet};
use aws_sdk_ecs::types::{ContainerDefinition, KeyValuePair};
use aws_smithy_types::DateTime;
use e2e::{Bench, Cloud, TestStack, edited, until};
use serde_json::Value;

const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
/// The rule's minute, the check in it, and the same time again for a slow machine.
const MINUTES: Duration = Duration::from_secs(180);
/// Number of tasks of the service.
const TASKS: i32 = 2;

/// The other owner's service, created with plain SDK calls.
struct Theirs<'a> {
    cloud: &'a Cloud,
    /// Name of cluster, service, task definition, and queue.
    name: String,
    queue_url: String,
}

impl<'a> Theirs<'a> {
    async fn make(cloud: &'a Cloud, name: String) -> Self {
        let clients = &cloud.clients;
        let queue = clients.sqs.create_queue().queue_name(&name).send().await;
        let queue_url = queue.unwrap().queue_url.unwrap();
        let ecs = &clients.ecs;
        let _ = ecs
            .create_cluster()
            .cluster_name(&name)
            .send()
            .await
            .unwrap();
        let variable = KeyValuePair::builder().name("QUEUE_URL").value(&queue_url);
        let container = ContainerDefinition::builder()
            .name("c")
            .image("busybox:1.37")
            .memory(64)
            .environment(variable.build());
        let task = ecs.register_task_definition().family(&name);
        let _ = task
            .container_definitions(container.build())
            .send()
            .await
            .unwrap();
        let service = ecs.create_service().cluster(&name).service_name(&name);
        let service = service.task_definition(&name).desired_count(TASKS);
        let _ = service.send().await.unwrap();
        let theirs = Self {
            cloud,
            name,
            queue_url,
        };
        theirs.scale().await;
        theirs
    }

    fn id(&self) -> String {
        format!("service/{0}/{0}", self.name)
    }

    /// Target tracking on a metric that no one publishes, with its scale-in suspended manually.
    async fn scale(&self) {
        let client = &self.cloud.clients.applicationautoscaling;
        let state = SuspendedState::builder().dynamic_scaling_in_suspended(true);
        let register = client.register_scalable_target().resource_id(self.id());
        let register = register
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .min_capacity(1)
            .max_capacity(9)
            .suspended_state(state.build());
        let _ = register.send().await.unwrap();
        let dimension = MetricDimension::builder().name("Queue").value(&self.name);
        let metric = CustomizedMetricSpecification::builder()
            .namespace("Theirs")
            .metric_name("Backlog")
            .dimensions(dimension.build().unwrap())
            .statistic(MetricStatistic::Average);
        let tracking = TargetTrackingScalingPolicyConfiguration::builder()
            .target_value(100.0)
            .customized_metric_specification(metric.build());
        let policy = client.put_scaling_policy().resource_id(self.id());
        let policy = policy
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .policy_name("theirs")
            .policy_type(PolicyType::TargetTrackingScaling)
            .target_tracking_scaling_policy_configuration(tracking.build().unwrap());
        let _ = policy.send().await.unwrap();
    }

    async fn target(&self) -> ScalableTarget {
        let client = &self.cloud.clients.applicationautoscaling;
        let request = client.describe_scalable_targets().resource_ids(self.id());
        let reply = request
            .service_namespace(ServiceNamespace::Ecs)
            .send()
            .await;
        let found = reply.unwrap().scalable_targets.unwrap_or_default();
        found.into_iter().next().unwrap()
    }

    /// Scale-out, scale-in, and schedule.
    async fn suspended(&self) -> [Option<bool>; 3] {
        let target = self.target().await;
        let state = target.suspended_state().unwrap();
        [
            state.dynamic_scaling_out_suspended(),
            state.dynamic_scaling_in_suspended(),
            state.scheduled_scaling_suspended(),
        ]
    }

    async fn desired(&self) -> i32 {
        let request = self
            .cloud
            .clients
            .ecs
            .describe_services()
            .cluster(&self.name);
        let reply = request.services(&self.name).send().await.unwrap();
        reply.services()[0].desired_count()
    }

    /// Checks that its scaling is unchanged.
    async fn is_as_it_was(&self) {
        let flags = self.suspended().await.map(|flag| flag == Some(true));
        assert_eq!(flags, [false, true, false]);
        let target = self.target().await;
        assert_eq!((target.min_capacity(), target.max_capacity()), (1, 9));
        let client = &self.cloud.clients.applicationautoscaling;
        let request = client.describe_scaling_policies().resource_id(self.id());
        let reply = request
            .service_namespace(ServiceNamespace::Ecs)
            .send()
            .await;
        assert_eq!(reply.unwrap().scaling_policies()[0].policy_name(), "theirs");
    }

    async fn remove(self) {
        let clients = &self.cloud.clients;
        let request = clients.applicationautoscaling.deregister_scalable_target();
        let request = request
            .service_namespace(ServiceNamespace::Ecs)
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .resource_id(self.id());
        let _ = request.send().await.unwrap();
        let service = clients.ecs.delete_service().cluster(&self.name).force(true);
        let _ = service.service(&self.name).send().await.unwrap();
        let cluster = clients.ecs.delete_cluster().cluster(&self.name);
        let _ = cluster.send().await.unwrap();
        let queue = clients.sqs.delete_queue().queue_url(&self.queue_url);
        let _ = queue.send().await.unwrap();
    }

    fn definition(&self, stack: &str, actuator: &str) -> String {
        let name = &self.name;
        format!(
            "name: {stack}
region: {REGION}
queues:
  jobs: {{existing: \"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}\"}}
services:
  worker:
    existing: {name}/{name}
    consumes: [jobs]
    slo: 99% within 1m
    tasks: {{min: 1, max: 20}}
    scaling: {{demand: {{processing_time: 2s, actuator: {actuator}}}}}
metric: {{namespace: Observed}}
"
        )
    }
}

/// Half an hour of history, one hour ago: 30 messages per minute, two tasks, and an oldest message of 90 s in every
/// third minute.
async fn publish_history(theirs: &Theirs<'_>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let begin = i64::try_from((now - 3_600) / 60 * 60).unwrap();
    let dimension = |name, value: &str| Dimension::builder().name(name).value(value).build();
    let of_queue = |name: &str, minute: i64, value: f64| {
        MetricDatum::builder()
            .metric_name(name)
            .dimensions(dimension("QueueName", &theirs.name))
            .timestamp(DateTime::from_secs(begin + minute * 60))
            .value(value)
            .build()
    };
    // Each task has one datapoint per minute.
    let tasks = |minute: i64| {
        let values = StatisticSet::builder()
            .sample_count(f64::from(TASKS))
            .sum(100.0)
            .minimum(40.0)
            .maximum(60.0);
        MetricDatum::builder()
            .metric_name("CPUUtilization")
            .dimensions(dimension("ClusterName", &theirs.name))
            .dimensions(dimension("ServiceName", &theirs.name))
            .timestamp(DateTime::from_secs(begin + minute * 60))
            .statistic_values(values.build())
            .build()
    };
    let age = |minute: i64| if minute % 3 == 0 { 90.0 } else { 5.0 };
    let client = &theirs.cloud.clients.cloudwatch;
    let sent = (0..30).map(|minute| of_queue("NumberOfMessagesSent", minute, 30.0));
    let received = (0..30).map(|minute| of_queue("NumberOfMessagesReceived", minute, 30.0));
    let sent = sent.chain(received);
    let ages = (0..30).map(|minute| of_queue("ApproximateAgeOfOldestMessage", minute, age(minute)));
    for (namespace, data) in [
        ("AWS/SQS", sent.chain(ages).collect::<Vec<_>>()),
        ("AWS/ECS", (0..30).map(tasks).collect()),
    ] {
        let request = client.put_metric_data().namespace(namespace);
        let _ = request.set_metric_data(Some(data)).send().await.unwrap();
    }
}

/// 30 messages of 2 s per minute keep one task busy, so two tasks meet the objective.
async fn compares(stack: &TestStack) {
    let compared = until("the history", Duration::from_secs(30), async || {
        let ended = stack.run("compare", &["--since", "2h"]).end().await;
        let found = (ended.code == Some(0)).then(|| ended.succeeds())?;
        (found["actual"]["known"].as_f64()? > 0.4).then_some(found)
    })
    .await;
    assert_eq!(compared["policy"], "demand");
    assert_eq!(compared["observes"], true);
    assert_eq!(compared["required"], 0.99);
    let actual = &compared["actual"];
    // Two tasks for half an hour are one task-hour. Every third of 30 minutes is over the objective.
    assert_eq!(actual["task_hours"], 1.0);
    assert_eq!(actual["most"], 2.0);
    assert_eq!(actual["over_slo"], 600.0);
    let simulated = &compared["simulated"];
    assert!(simulated["within_objective"]["lowest"].as_f64().unwrap() > 0.99);
}

/// The simulation as a page: of the same messages, and without anything from the network.
async fn reports(stack: &TestStack) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("compared.html");
    let more = ["--since", "2h", "--report", file.to_str().unwrap()];
    let _ = stack.run("compare", &more).end().await.succeeds();
    let page = std::fs::read_to_string(&file).unwrap();
    assert!(page.contains("simulated</title>"), "{page}");
    let data = page.split_once("type=\"application/json\"").unwrap().1;
    let data = data.split_once('>').unwrap().1;
    let data = data.split_once("</script>").unwrap().0;
    let data: Value = serde_json::from_str(data).unwrap();
    // 30 minutes of 30 messages.
    assert_eq!(data["messages"]["sent"], 900);
    assert!(!page.contains("src=\"http"), "{page}");
}

/// The same history, by an objective of the queue's own: late in every third minute, and in the one after it.
async fn compares_by_queue(stack: &TestStack, observing: &str) {
    let own = "consumes: [{queue: jobs, slo: 99% within 80s}]";
    stack.write(&edited(observing, "consumes: [jobs]", own));
    let compared = stack.run("compare", &["--since", "2h"]).end().await;
    let compared = compared.succeeds();
    let queue = &compared["queues"][0];
    assert_eq!(
        (&queue["queue"], &queue["slo"]),
        (&"jobs".into(), &80.0.into())
    );
    let actual = &queue["actual"];
    assert_eq!(actual["over_slo"], 600.0, "{compared}");
    assert_eq!(actual["within_objective"], 10.0 / 30.0, "{compared}");
    assert!(queue["simulated"]["within_objective"].as_f64() > Some(0.99));
    assert_eq!(compared["simulated"]["missed"], 0);
    stack.write(observing);
}

/// A definition of what runs, which observes next to the other owner's scaling.
async fn adopts(bench: &Bench, theirs: &Theirs<'_>) {
    let from = format!("{0}/{0}", theirs.name);
    let adopted = bench.xtask(["init", "-", "--local", "--from", &from]);
    let adopted = adopted.end().await.succeeds();
    let definition = adopted["definition"].as_str().unwrap();
    let queue = format!("arn:aws:sqs:{REGION}:{ACCOUNT}:{}", theirs.name);
    for part in [from.as_str(), &queue, "actuator: none"] {
        assert!(definition.contains(part), "{definition}");
    }
}

/// The function sets no count while it is paused, whatever someone else sets, and continues from there.
async fn pauses(stack: &TestStack, theirs: &Theirs<'_>) {
    let paused = stack.run("pause", &["--reason", "a look at the queue"]);
    let paused = paused.end().await.succeeds();
    let worker = &paused["services"][0];
    assert_eq!(worker["name"], "worker");
    assert!(worker["unconfirmed"].is_null(), "{paused}");
    let cloud = theirs.cloud;
    cloud.set_desired_count(&theirs.name, &theirs.name, 1).await;
    let why = stack.run("status", &["--why"]).end().await.json();
    let why = why["services"][0]["why"]["sentence"].as_str().unwrap();
    assert!(why.starts_with("paused by root since 20"), "{why}");
    assert_eq!(theirs.desired().await, 1);

    let _ = stack.run("resume", &[]).end().await.succeeds();
    until("the count for the backlog again", MINUTES, async || {
        (theirs.desired().await > TASKS).then_some(())
    })
    .await;
}

async fn observes(stack: &TestStack, theirs: &Theirs<'_>) {
    let state = until("a recommendation", MINUTES, async || {
        let status = stack.status().await;
        let state = status["services"][0]["demand"].clone();
        // 600 messages of 2 s within a minute need more than the existing two tasks.
        (state["recommended"].as_f64() > Some(2.0)).then_some(state)
    })
    .await;
    assert_eq!(state["observes"], true);
    assert_eq!(theirs.desired().await, TASKS);
    theirs.is_as_it_was().await;
}

#[tokio::test]
async fn a_service_of_someone_else_is_observed_taken_over_and_given_back() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "observe");
    let theirs = Theirs::make(&cloud, format!("{}-theirs", stack.name)).await;
    publish_history(&theirs).await;

    adopts(&bench, &theirs).await;
    let observing = theirs.definition(&stack.name, "none");
    let _ = stack.deploy(&observing).await.succeeds();
    // Before anything is sent: the metrics of that would be part of the history a minute later.
    compares(&stack).await;
    reports(&stack).await;
    compares_by_queue(&stack, &observing).await;
    cloud.send(&theirs.queue_url, 600).await;
    observes(&stack, &theirs).await;

    // The stack has nothing to pause, and says so.
    let paused = stack.run("pause", &["--reason", "none"]).end().await;
    assert_eq!(paused.succeeds()["unscaled"], serde_json::json!(["worker"]));

    // A registration that would overwrite Application Auto Scaling's is refused.
    let tracked = theirs.definition(&stack.name, "target_tracking");
    let refused = stack.deploy(&tracked).await.fails(5);
    assert!(
        refused["message"]
            .as_str()
            .unwrap()
            .contains("is already a scalable target")
    );

    // One key takes the service over, and the other one returns it.
    let acting = edited(&observing, "actuator: none", "actuator: function");
    let _ = stack.deploy(&acting).await.succeeds();
    assert_eq!(theirs.suspended().await, [Some(true); 3]);
    let again = stack.deploy(&acting).await.succeeds();
    assert_eq!(again["changed"], false);
    until("more tasks", MINUTES, async || {
        (theirs.desired().await > TASKS).then_some(())
    })
    .await;
    pauses(&stack, &theirs).await;
    let _ = stack.deploy(&observing).await.succeeds();
    theirs.is_as_it_was().await;

    // Deleting the stack also does.
    let _ = stack.deploy(&acting).await.succeeds();
    assert_eq!(theirs.suspended().await, [Some(true); 3]);
    let _ = stack.destroy(&["--force"]).await.succeeds();
    theirs.is_as_it_was().await;
    // No task works on them, so all that was sent is there.
    let queue = cloud.queue(&theirs.queue_url).await.unwrap();
    assert_eq!(queue["ApproximateNumberOfMessages"], "600");
    theirs.remove().await;
}
