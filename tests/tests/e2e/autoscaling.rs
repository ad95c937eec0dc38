//! Application Auto Scaling's emulator executes the policies that a stack deploys, without help from the test.
//!
//! It runs in a separate sandbox whose minute takes three seconds. Tasks are placeholders. The test itself
//! controls the messages.

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{
    ScalingActivity, ScalingActivityStatusCode, ServiceNamespace,
};
use e2e::{Cloud, OwnSandbox, Resources, TestStack, until};
use serde_json::Value;

const SPEED: u32 = 20;
const MINUTE: Duration = Duration::from_secs(60 / SPEED as u64);

/// A service of each kind: by backlog per task with target 100, by steps, and one that scales from zero.
fn definition(name: &str) -> String {
    let service = |short: &str, queue: &str, tasks: &str, scaling: &str| {
        format!(
            "  {short}:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
    consumes: [{queue}]
    tasks: {{{tasks}}}
    scaling:
      {scaling}\n"
        )
    };
    let backlog = "backlog_per_task: {acceptable_latency: 10s, processing_time: 100ms, \
                   cooldown: {out: 60s, in: 60s}}";
    let steps = "steps:
        metric: {queue: mails, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}
        period: 60s
        cooldown: {out: 60s, in: 60s}
        scale_out: {at_or_above: 10, for: 1, steps: [{from: 0, add: 1}, {from: 20, add: 3}]}
        scale_in: {below: 10, for: 2, remove: 1}";
    format!(
        "name: {name}
network: create
queues:
  vouchers: {{visibility_timeout: 10m}}
  mails: {{visibility_timeout: 10m}}
  naps: {{visibility_timeout: 10m}}
services:
{}{}{}",
        service("tracked", "vouchers", "min: 1, max: 20", backlog),
        service("stepped", "mails", "min: 1, max: 5", steps),
        service("asleep", "naps", "min: 0, max: 3", backlog),
    )
}

/// One service of the stack.
struct Scaled<'a> {
    cloud: &'a Cloud,
    arn: &'a str,
    queue: &'a str,
}

impl<'a> Scaled<'a> {
    fn new(cloud: &'a Cloud, found: &'a Resources, service: &str, queue: &str) -> Self {
        Self {
            cloud,
            arn: found.id(service),
            queue: found.id(queue),
        }
    }

    /// `CLUSTER/SERVICE`.
    fn path(&self) -> &str {
        self.arn.split_once(":service/").unwrap().1
    }

    /// Waits until the last of its activities has set this count and ECS has completed it. Returns all counts
    /// that were set, in order.
    async fn has_set(&self, counts: &[i32], within: Duration) -> Vec<ScalingActivity> {
        let what = format!("desired counts {counts:?} of {}", self.path());
        let activities = until(&what, within, async || {
            let found = self.activities().await;
            let done = ScalingActivityStatusCode::Successful;
            let last = found.last()?;
            (found.len() >= counts.len() && *last.status_code() == done).then_some(found)
        })
        .await;
        let set: Vec<String> = activities
            .iter()
            .map(|activity| activity.description().to_owned())
            .collect();
        let expected: Vec<String> = counts
            .iter()
            .map(|count| format!("Setting desired count to {count}."))
            .collect();
        assert_eq!(set, expected);
        let service = self.cloud.service(self.arn).await.unwrap();
        let last = *counts.last().unwrap();
        assert_eq!(
            [service.desired_count(), service.running_count()],
            [last; 2]
        );
        activities
    }

    /// Returns its scaling activities, oldest first.
    async fn activities(&self) -> Vec<ScalingActivity> {
        let client = &self.cloud.clients.applicationautoscaling;
        let request = client
            .describe_scaling_activities()
            .service_namespace(ServiceNamespace::Ecs);
        let reply = request
            .resource_id(format!("service/{}", self.path()))
            .send()
            .await
            .unwrap();
        let mut found = reply.scaling_activities.unwrap_or_default();
        found.reverse();
        found
    }

    async fn empties_its_queue(&self) {
        let purge = self.cloud.clients.sqs.purge_queue().queue_url(self.queue);
        purge.send().await.unwrap();
    }
}

/// Checks that every cause contains its alarm and its policy, in Application Auto Scaling's words.
fn causes(activities: &[ScalingActivity], alarms: &[&str], policies: &[&str]) {
    for ((activity, alarm), policy) in activities.iter().zip(alarms).zip(policies) {
        let (named, by) = activity
            .cause()
            .strip_prefix("monitor alarm ")
            .and_then(|rest| rest.split_once(" in state ALARM triggered policy "))
            .unwrap();
        assert!(named.contains(alarm), "{alarm}: {}", activity.cause());
        assert!(by.ends_with(policy), "{policy}: {}", activity.cause());
    }
}

#[tokio::test]
async fn policies_are_followed_out_and_in_again() {
    let mut own = OwnSandbox::new("scaling");
    own.start(&["--speed", &SPEED.to_string()]).await;
    let cloud = Cloud::connect(&own.bench).await;
    let stack = TestStack::new(&own.bench, "scaling");
    let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let tracked = Scaled::new(&cloud, &found, "TrackedService", "VouchersQueue");
    let stepped = Scaled::new(&cloud, &found, "SteppedService", "MailsQueue");
    let asleep = Scaled::new(&cloud, &found, "AsleepService", "NapsQueue");

    tokio::join!(
        follows_its_target(&stack, &tracked),
        takes_its_steps(&stepped),
        falls_asleep_and_wakes(&asleep),
    );
}

/// 1 task × 450 ÷ 100 is 4.5, and additions round up.
async fn follows_its_target(stack: &TestStack, tracked: &Scaled<'_>) {
    tracked.cloud.send(tracked.queue, 450).await;
    let out = tracked.has_set(&[5], MINUTE * 12).await;
    causes(&out, &["AlarmHigh"], &["-backlog-per-task"]);
    shown_by_status(stack, tracked).await;
    tracked.empties_its_queue().await;
    // One task at a time, every second minute because of the cooldown of one minute.
    let back = tracked.has_set(&[5, 4, 3, 2, 1], MINUTE * 40).await;
    causes(&back[1..], &["AlarmLow"; 4], &["-backlog-per-task"; 4]);
}

/// 25 over the threshold: 3 tasks, and then 3 more as far as the bounds allow.
async fn takes_its_steps(stepped: &Scaled<'_>) {
    stepped.cloud.send(stepped.queue, 35).await;
    let up = stepped.has_set(&[4, 5], MINUTE * 12).await;
    causes(&up, &["ScaleOut"; 2], &["-steps-out"; 2]);
    stepped.empties_its_queue().await;
    let down = stepped.has_set(&[4, 5, 4, 3, 2, 1], MINUTE * 30).await;
    causes(&down[2..], &["ScaleIn"; 4], &["-steps-in"; 4]);
}

/// A new service has a task. Without messages, it scales to zero. Two messages, far below the target of 100 per
/// task, are enough for the first task.
async fn falls_asleep_and_wakes(asleep: &Scaled<'_>) {
    let gone = asleep.has_set(&[0], MINUTE * 30).await;
    causes(&gone, &["AlarmLow"], &["-backlog-per-task"]);
    asleep.cloud.send(asleep.queue, 2).await;
    let awake = asleep.has_set(&[0, 1], MINUTE * 6).await;
    causes(&awake[1..], &["Wake"], &["-wake"]);
    // While they wait, the task keeps running.
    tokio::time::sleep(MINUTE * 3).await;
    assert_eq!(asleep.activities().await.len(), 2);
    asleep.empties_its_queue().await;
    let again = asleep.has_set(&[0, 1, 0], MINUTE * 30).await;
    causes(&again[2..], &["AlarmLow"], &["-backlog-per-task"]);
}

async fn shown_by_status(stack: &TestStack, tracked: &Scaled<'_>) {
    let status = stack.status().await;
    let services = status["services"].as_array().unwrap();
    let name = tracked.path().rsplit('/').next().unwrap();
    let shown = services.iter().find(|service| service["service"] == name);
    let shown = shown.unwrap();
    assert_eq!([&shown["desired"], &shown["running"]], [5, 5]);
    let activities = shown["activities"].as_array().unwrap();
    let read_all = |key: &str| {
        activities
            .iter()
            .map(|activity| activity[key].clone())
            .collect::<Vec<Value>>()
    };
    assert_eq!(read_all("description"), ["Setting desired count to 5."]);
    assert_eq!(read_all("status"), ["Successful"]);
}
