//! The rule fires on schedule, and the metric function publishes the backlog per task.

use std::time::Duration;

use e2e::{Bench, Cloud, Minute, Resources, TestStack, minutes, until};
use serde_json::Value;

const NAMESPACE: &str = "EndToEnd";
/// A rule's first run is up to a minute away. The second minute is for a slow machine.
const TWO_MINUTES: Duration = Duration::from_secs(120);

/// Four services, each with its own queue and a different problem.
fn definition(name: &str) -> String {
    let service = |short: &str, queue: &str, more: &str| {
        format!(
            "  {short}:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
    architecture: arm64
    consumes: [{queue}]
    tasks: {{min: 1, max: 20}}
    scaling: {{backlog_per_task: {{acceptable_latency: 10m, processing_time: 1s{more}}}}}\n"
        )
    };
    let services = [
        service("steady", "plain", ""),
        service("thorough", "slow", ", count: [visible, in_flight, delayed]"),
        service("asleep", "strict", ""),
        service("orphan", "doomed", ""),
    ];
    format!(
        "name: {name}
network: create
queues:
  plain: {{visibility_timeout: 10m}}
  slow: {{visibility_timeout: 10m}}
  strict: {{visibility_timeout: 10m, fifo: true}}
  doomed: {{visibility_timeout: 10m}}
services:
{}metric: {{namespace: {NAMESPACE}}}\n",
        services.concat()
    )
}

/// One service and its queue, with the names in the metric's dimensions.
struct Measured<'a> {
    cloud: &'a Cloud,
    cluster: &'a str,
    service: &'a str,
    url: &'a str,
}

impl<'a> Measured<'a> {
    fn new(cloud: &'a Cloud, found: &'a Resources, service: &str, queue: &str) -> Self {
        Self {
            cloud,
            cluster: found.id("Cluster"),
            service: found.id(service).rsplit('/').next().unwrap(),
            url: found.id(queue),
        }
    }

    async fn minutes(&self) -> Vec<Minute> {
        let queue = self.url.rsplit('/').next().unwrap();
        minutes(self.cloud, NAMESPACE, [self.cluster, self.service, queue]).await
    }

    /// Returns the distinct values of all samples so far, in ascending order.
    async fn values(&self) -> Vec<f64> {
        let minutes = self.minutes().await;
        let mut values: Vec<f64> = minutes.iter().flat_map(|m| [m.least, m.most]).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        values
    }

    /// Waits until the rule has fired and this value was published.
    async fn publishes(&self, value: f64) {
        let what = format!("a datapoint {value} of {}", self.service);
        until(&what, TWO_MINUTES, async || {
            self.values().await.contains(&value).then_some(())
        })
        .await;
    }

    /// Checks that only these values were ever published.
    async fn has_published(&self, allowed: &[f64]) {
        let values = self.values().await;
        let wrong = values.iter().find(|value| !allowed.contains(value));
        assert_eq!(wrong, None, "{} has published {values:?}", self.service);
    }

    async fn set_tasks(&self, count: i32) {
        self.cloud
            .set_desired_count(self.cluster, self.service, count)
            .await;
    }
}

#[tokio::test]
async fn fires_unaided_and_publishes_messages_by_task() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "rule");
    let outcome = stack.deploy(&definition(&stack.name)).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let steady = Measured::new(&cloud, &found, "SteadyService", "PlainQueue");
    let thorough = Measured::new(&cloud, &found, "ThoroughService", "SlowQueue");
    let asleep = Measured::new(&cloud, &found, "AsleepService", "StrictQueue");
    let orphan = Measured::new(&cloud, &found, "OrphanService", "DoomedQueue");

    // The rule can fire during these changes and see only some of them.
    asleep.set_tasks(2).await;
    cloud.send(asleep.url, 7).await;
    asleep.set_tasks(0).await;
    cloud.send(steady.url, 30).await;
    cloud.send(orphan.url, 2).await;
    cloud.send(thorough.url, 8).await;
    receive(&cloud, thorough.url, 3).await;
    send_delayed(&cloud, thorough.url).await;

    steady.publishes(30.0).await; // 30 messages ÷ 1 task
    steady.has_published(&[0.0, 30.0]).await;
    thorough.publishes(9.0).await; // 5 visible, 3 in flight, 1 delayed
    thorough.has_published(&[0.0, 8.0, 9.0]).await;
    asleep.publishes(7.0).await; // without tasks, the value is the whole backlog
    asleep.has_published(&[0.0, 3.5, 7.0]).await;
    orphan.publishes(2.0).await;
    let before = orphan.minutes().await;

    steady.set_tasks(3).await;
    let orphaned = cloud.clients.sqs.delete_queue().queue_url(orphan.url);
    orphaned.send().await.unwrap();
    steady.publishes(10.0).await; // 30 messages ÷ 3 tasks
    steady.has_published(&[0.0, 10.0, 30.0]).await;
    thorough.has_published(&[0.0, 8.0, 9.0]).await;
    let after = orphan.minutes().await;
    assert_eq!(
        after, before,
        "a queue that can't be read isn't an empty queue"
    );
    let logs = outcome["outputs"]["MetricFunctionLogGroupName"].as_str();
    fails_naming(&cloud, logs.unwrap(), orphan.service).await;
    shown_by_status(&stack, &steady).await;
}

/// Receives messages and keeps them in flight.
async fn receive(cloud: &Cloud, url: &str, messages: usize) {
    let mut taken = 0;
    while taken < messages {
        let left = i32::try_from(messages - taken).unwrap();
        let request = cloud.clients.sqs.receive_message().queue_url(url);
        let reply = request.max_number_of_messages(left).send().await.unwrap();
        assert!(
            !reply.messages().is_empty(),
            "the queue holds {left} fewer than it should"
        );
        taken += reply.messages().len();
    }
}

async fn send_delayed(cloud: &Cloud, url: &str) {
    let request = cloud.clients.sqs.send_message().queue_url(url);
    let request = request.message_body("later").delay_seconds(900);
    request.send().await.unwrap();
}

/// Checks that the function's log contains the service that couldn't be measured, as an error.
async fn fails_naming(cloud: &Cloud, log_group: &str, service: &str) {
    until("an error in the function's log", TWO_MINUTES, async || {
        let request = cloud.clients.cloudwatchlogs.filter_log_events();
        let reply = request.log_group_name(log_group).send().await.unwrap();
        let mut lines = reply
            .events()
            .iter()
            .filter_map(|event| serde_json::from_str::<Value>(event.message()?).ok());
        lines
            .any(|line| line["level"] == "ERROR" && line.to_string().contains(service))
            .then_some(())
    })
    .await;
}

/// Checks that `status` shows the same numbers, with only the definition as input. It shows a minute's average,
/// so the minute of the change can show a value between both.
async fn shown_by_status(stack: &TestStack, steady: &Measured<'_>) {
    until("the datapoint in `status`", TWO_MINUTES, async || {
        // One of its queues was deleted, which is drift.
        let status = stack.run("status", &[]).end().await;
        assert_eq!(status.code, Some(1), "{status}");
        let status = status.json();
        let services = status["services"].as_array().unwrap();
        assert_eq!(services.len(), 4);
        let shown = services.iter().find(|s| s["service"] == steady.service);
        let shown = shown.unwrap();
        assert_eq!([&shown["desired"], &shown["running"]], [3, 3]);
        assert_eq!(shown["queues"][0]["visible"], 30);
        assert_eq!(shown["policies"][0]["target"], 600.0);
        let point = &shown["queues"][0]["backlog_per_task"];
        (point["value"] == 10.0).then_some(())
    })
    .await;
}
