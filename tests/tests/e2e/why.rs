//! `status --why` names the actual cause, and `history` contains every change of the count.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableDimension, ServiceNamespace, SuspendedState};
use e2e::{Bench, Cloud, OwnSandbox, Resources, TestStack, edited, until};
use serde_json::Value;

/// A service that tracks a backlog per task of 100, one that a function scales by demand, and one without scaling.
fn definition(name: &str) -> String {
    let service = |short: &str, rest: &str| {
        format!(
            "  {short}:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
{rest}"
        )
    };
    let tracked = service(
        "tracked",
        "    consumes: [orders]
    slo: 99% within 10s
    tasks: {min: 1, max: 2}
    scaling: {backlog_per_task: {acceptable_latency: 10s, processing_time: 100ms}}\n",
    );
    let followed = service(
        "followed",
        "    consumes: [mails]
    tasks: {min: 1, max: 5}
    scaling: {demand: {acceptable_latency: 10s, processing_time: 6s}}\n",
    );
    let fixed = service("fixed", "    tasks: {min: 1, max: 1}\n");
    format!(
        "name: {name}
network: create
queues:
  orders: {{visibility_timeout: 10m}}
  mails: {{visibility_timeout: 10m}}
services:
{tracked}{followed}{fixed}metric: {{namespace: EndToEnd}}\n"
    )
}

struct Scene<'a> {
    stack: &'a TestStack,
    cloud: &'a Cloud,
    found: &'a Resources,
}

/// Returns what `status --why` shows for a service, by its name in the definition, whether the stack is healthy
/// or not.
pub(crate) async fn why(stack: &TestStack, service: &str) -> (String, String) {
    let report = stack.run("status", &["--why"]).end().await.json();
    let mut services = report["services"].as_array().unwrap().iter();
    let found = services.find(|one| one["why"]["name"] == service);
    let why = &found.unwrap_or_else(|| panic!("no {service}: {report}"))["why"];
    let text = |key: &str| why[key].as_str().unwrap().to_owned();
    (text("cause"), text("sentence"))
}

/// Waits until the cause of this service's count is this one. Returns its sentence.
pub(crate) async fn says(
    stack: &TestStack,
    patience: Duration,
    (service, cause): (&str, &str),
) -> String {
    let what = format!("the cause {cause} of {service}");
    until(&what, patience, async || {
        let (found, sentence) = why(stack, service).await;
        (found == cause).then_some(sentence)
    })
    .await
}

impl Scene<'_> {
    async fn says(&self, service: &str, cause: &str) -> String {
        says(self.stack, Duration::from_secs(150), (service, cause)).await
    }

    async fn set_count(&self, count: i32) {
        let service = self.found.id("TrackedService").rsplit('/').next().unwrap();
        let cluster = self.found.id("Cluster");
        self.cloud.set_desired_count(cluster, service, count).await;
    }

    async fn suspend(&self, suspended: bool) {
        let path = self
            .found
            .id("TrackedService")
            .split_once(":service/")
            .unwrap()
            .1;
        let state = SuspendedState::builder()
            .dynamic_scaling_out_suspended(suspended)
            .dynamic_scaling_in_suspended(suspended);
        let client = &self.cloud.clients.applicationautoscaling;
        let request = client
            .register_scalable_target()
            .service_namespace(ServiceNamespace::Ecs)
            .resource_id(format!("service/{path}"))
            .scalable_dimension(ScalableDimension::EcsServiceDesiredCount)
            .suspended_state(state.build());
        request.send().await.unwrap();
    }
}

#[tokio::test]
async fn each_cause_that_can_be_made_is_named() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "why");
    let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let scene = Scene {
        stack: &stack,
        cloud: &cloud,
        found: &found,
    };
    let text = scene.says("tracked", "empty_queue").await;
    assert_eq!(
        text,
        "the queue is empty, and the count is at tasks.min (1)"
    );
    let text = scene.says("fixed", "fixed").await;
    assert!(text.starts_with("nothing scales it"), "{text}");

    scene.suspend(true).await;
    let text = scene.says("tracked", "paused").await;
    assert_eq!(
        text,
        "paused: Application Auto Scaling's scale-out and scale-in are suspended"
    );
    scene.suspend(false).await;

    // 150 messages per task are over the target of 100, and 300 are 150 for each of two.
    cloud.send(found.id("OrdersQueue"), 300).await;
    let text = scene.says("tracked", "datapoints").await;
    assert!(text.contains("of 3 datapoints"), "{text}");
    assert!(text.contains("over the target (100)"), "{text}");
    scene.set_count(2).await;
    let text = scene.says("tracked", "at_max").await;
    assert_eq!(text, "the count is at tasks.max (2)");

    let rule = found.id("MetricRule1");
    let events = &cloud.clients.eventbridge;
    events.disable_rule().name(rule).send().await.unwrap();
    let text = scene.says("tracked", "no_data").await;
    assert!(
        text.contains(&format!("the rule {rule} is disabled")),
        "{text}"
    );
    events.enable_rule().name(rule).send().await.unwrap();

    scene.is_followed().await;
}

impl Scene<'_> {
    /// A function that scales by demand logs the reason, and `history` contains its change and another user's.
    async fn is_followed(&self) {
        self.cloud.send(self.found.id("MailsQueue"), 40).await;
        let change = until(
            "the function's change",
            Duration::from_secs(180),
            async || {
                let report = self
                    .stack
                    .run("history", &["--service", "followed"])
                    .end()
                    .await;
                let report = report.succeeds();
                assert!(
                    report["notes"].to_string().contains("CloudTrail"),
                    "{report}"
                );
                let changes = report["changes"].as_array().unwrap();
                changes.iter().find(|one| one["to"] == 5).cloned()
            },
        )
        .await;
        let who = change["who"].as_str().unwrap();
        assert!(who.contains("ScalingFunction"), "{change}");
        // "The known work needs …" if a new environment, or one whose checks had a gap, doesn't know the arrivals yet.
        let reason = change["why"].as_str().unwrap();
        assert!(reason.contains("work needs "), "{change}");
        assert!(change["backlog"].as_u64() > Some(0), "{change}");
        assert_eq!(change["sources"], serde_json::json!(["function_log"]));
        // In its first minutes, an environment keeps tasks for other reasons, too.
        let text = until(
            "a check that the work explains",
            Duration::from_secs(150),
            async || {
                let (cause, text) = why(self.stack, "followed").await;
                (cause == "checked" && text.contains(" left 5 tasks: the work needs "))
                    .then_some(text)
            },
        )
        .await;
        assert!(text.starts_with("the last check ("), "{text}");
        let wrong = self
            .stack
            .run("history", &["--service", "nobody"])
            .end()
            .await;
        let _: Value = wrong.fails(2);
    }
}

const SPEED: u32 = 20;

/// Waits until the cause is this one. Returns its sentence.
async fn becomes(stack: &TestStack, service: &str, cause: &str) -> String {
    let what = format!("the cause {cause} of {service}");
    until(&what, Duration::from_secs(90), async || {
        let (found, sentence) = why(stack, service).await;
        (found == cause).then_some(sentence)
    })
    .await
}

/// In a sandbox whose minute takes three seconds, and whose tasks take half a minute to start: an alarm scales out, and
/// the next scale-out waits for a minute and a half. Someone raises the counts of two other services: the tasks of one start,
/// those of the other end as soon as they run.
#[tokio::test]
async fn a_deployment_and_a_cooldown_are_named_and_the_change_is_in_the_history() {
    let mut sandbox = OwnSandbox::new("why");
    let speed = SPEED.to_string();
    let folder = tempfile::tempdir().unwrap();
    let (program, broken) = (folder.path().join("run"), folder.path().join("broken"));
    let script = format!(
        "#!/bin/sh\n[ -e {} ] && exit 1\nexec sleep 600\n",
        broken.display()
    );
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let program = format!("breaking={}", program.display());
    let options = [
        "--speed",
        &speed,
        "--task-start",
        "10m",
        "--program",
        &program,
    ];
    let _ = sandbox.start(&options).await;
    let bench = &sandbox.bench;
    let cloud = Cloud::connect(bench).await;
    let stack = TestStack::new(bench, "why");
    let steps = "steps:
        metric: {queue: orders, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}
        period: 60s
        cooldown: {out: 30m, in: 60s}
        scale_out: {at_or_above: 10, for: 1, add: 1}
        scale_in: {below: 10, for: 2, remove: 1}";
    // Its queue is always between its thresholds.
    let calm = steps
        .replace("queue: orders", "queue: mails")
        .replace("below: 10", "below: 5");
    let text = format!(
        "name: {}
network: create
queues:
  orders: {{visibility_timeout: 10m}}
  mails: {{visibility_timeout: 10m}}
services:
  calm:
    image: public.ecr.aws/docker/library/busybox:1.35
    consumes: [mails]
    tasks: {{min: 1, max: 5}}
    scaling:
      {calm}
  breaking:
    image: public.ecr.aws/docker/library/busybox:1.35
    tasks: {{min: 1, max: 1}}
  stepped:
    image: public.ecr.aws/docker/library/busybox:1.37
    cpu: 256
    memory: 512
    consumes: [orders]
    tasks: {{min: 1, max: 5}}
    scaling:
      {steps}\n",
        stack.name
    );
    let _ = stack.deploy(&text).await.succeeds();
    stack.write(&edited(&text, "busybox:1.37", "busybox:1.36"));
    let deploy = stack.run("deploy", &["--yes"]).start();
    let sentence = becomes(&stack, "stepped", "deployment").await;
    let begin = "a deployment is in progress since ";
    assert!(sentence.starts_with(begin), "{sentence}");
    let _ = deploy.end().await.succeeds();

    let found = cloud.resources(&stack.name).await;
    cloud.send(found.id("MailsQueue"), 7).await;
    let _ = becomes(&stack, "calm", "on_target").await;
    // From now on, each new task of this service ends at once. The first one stays.
    std::fs::write(&broken, "").unwrap();
    let cluster = found.id("Cluster");
    let service = |id: &str| found.id(id).rsplit('/').next().unwrap().to_owned();
    let breaking = service("BreakingService");
    cloud.set_desired_count(cluster, &breaking, 2).await;
    let calm = service("CalmService");
    cloud.set_desired_count(cluster, &calm, 3).await;
    let sentence = becomes(&stack, "calm", "starting").await;
    assert!(
        sentence.starts_with("1 of 3 tasks run; the others are starting"),
        "{sentence}"
    );

    cloud.send(found.id("OrdersQueue"), 50).await;
    let sentence = becomes(&stack, "stepped", "cooldown").await;
    assert!(sentence.starts_with("in cooldown until "), "{sentence}");
    assert!(sentence.contains(", after the scale-out at "), "{sentence}");
    let only = ["--service", "stepped"];
    let report = stack.run("history", &only).end().await.succeeds();
    let change = &report["changes"][0];
    assert_eq!(
        (&change["to"], &change["name"]),
        (&2.into(), &"stepped".into())
    );
    assert_eq!(change["who"], "Application Auto Scaling");
    let why = change["why"].as_str().unwrap();
    assert!(why.starts_with("monitor alarm"), "{why}");

    let sentence = becomes(&stack, "breaking", "tasks_fail").await;
    let words = "is unable to consistently start tasks successfully";
    assert!(sentence.starts_with("1 task can't start"), "{sentence}");
    assert!(sentence.contains(words), "{sentence}");
}
