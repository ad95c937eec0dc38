//! Schedules in a deployed stack: a period that applies from the start, with Application Auto Scaling and with
//! the functions' own clocks; a scheduled action that runs; and manual changes.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_applicationautoscaling::types::{
    ScalableDimension, ScalableTarget, ScalableTargetAction, ServiceNamespace,
};
use e2e::{Bench, Cloud, Resources, TestStack, edited, until, worker};
use serde_json::{Value, json};

/// A scheduled action runs within a minute and a few seconds.
const MINUTES: Duration = Duration::from_secs(150);

/// The worker with backlog per task, a service with demand, and one with alarm steps. Each has 1 to 20 tasks and this
/// schedule.
fn definition(name: &str, schedule: &str) -> String {
    const TASKS: &str = "{min: 1, max: 20}";
    let others = format!(
        "  works:
    visibility_timeout: 5m
    dead_letter: {{after: 5}}
services:
  needed:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [works]
    slo: 10m
    tasks: {TASKS}
    scaling: {{demand: {{processing_time: 1s}}}}
  stepped:
    image: public.ecr.aws/docker/library/busybox:1.37
    tasks: {TASKS}
    scaling:
      alarm_steps:
        metric: {{queue: jobs, name: ApproximateNumberOfMessagesVisible, statistic: Maximum}}
        period: 60s
        scale_out: {{above: 100, for: 1, add: 1}}
"
    );
    let all = edited(&worker(name), "services:\n", &others);
    assert_eq!(all.matches(TASKS).count(), 3);
    let scheduled = format!("{{min: 1, max: 20, schedule: {schedule}}}");
    match schedule {
        "" => all,
        _ => all.replace(TASKS, &scheduled),
    }
}

/// Every day except for one minute, half a day from now, so that it applies regardless of how long the test
/// takes.
pub(crate) fn holding(bounds: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let minute = now / 60 % 1_440;
    let (start, end) = ((minute + 721) % 1_440, (minute + 720) % 1_440);
    let text = |minute: u64| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("[{{when: \"{}-{}\", {bounds}}}]", text(start), text(end))
}

struct Scene<'a> {
    cloud: &'a Cloud,
    found: &'a Resources,
}

impl Scene<'_> {
    async fn target(&self) -> ScalableTarget {
        let client = &self.cloud.clients.applicationautoscaling;
        let id = self.target_id();
        let request = client.describe_scalable_targets().resource_ids(id);
        let reply = request
            .service_namespace(ServiceNamespace::Ecs)
            .send()
            .await;
        reply.unwrap().scalable_targets().first().cloned().unwrap()
    }

    fn target_id(&self) -> &str {
        let (id, _) = self
            .found
            .id("WorkerScalableTarget")
            .split_once('|')
            .unwrap();
        id
    }

    async fn bounds(&self) -> (i32, i32) {
        let target = self.target().await;
        (target.min_capacity(), target.max_capacity())
    }

    async fn desired(&self, service: &str) -> i32 {
        let service = self.cloud.service(self.found.id(service)).await.unwrap();
        service.desired_count()
    }
}

#[tokio::test]
async fn a_schedule_holds_from_the_first_deploy_on() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "schedules");
    let first = definition(&stack.name, &holding("min: 3"));
    let _deployed = stack.deploy(&first).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let scene = Scene {
        cloud: &cloud,
        found: &found,
    };
    // CloudFormation registered the widest bounds, 1 to 20.
    assert_eq!(scene.bounds().await, (3, 20));
    for service in ["WorkerService", "NeededService", "SteppedService"] {
        let raised = async || (scene.desired(service).await == 3).then_some(());
        until(&format!("3 tasks of {service}"), MINUTES, raised).await;
    }
    let status = stack.run("status", &[]).end().await.succeeds();
    assert_eq!(
        (&status["healthy"], &status["drift"]),
        (&json!(true), &json!([]))
    );

    changed_by_hand(&scene, &stack).await;
    carried_out(&scene).await;

    // Without its schedule, the bounds come from `tasks`, and the stack has no scheduled action.
    let without = definition(&stack.name, "");
    let _deployed = stack.deploy(&without).await.succeeds();
    assert_eq!(scene.bounds().await, (1, 20));
    assert_eq!(list_actions(&scene).await, ["by-hand"]);
    let _destroyed = stack.destroy(&["--force"]).await.succeeds();
    assert_eq!(list_actions(&scene).await, Vec::<String>::new());
}

async fn list_actions(scene: &Scene<'_>) -> Vec<String> {
    let client = &scene.cloud.clients.applicationautoscaling;
    let request = client
        .describe_scheduled_actions()
        .resource_id(scene.target_id());
    let reply = request
        .service_namespace(ServiceNamespace::Ecs)
        .send()
        .await
        .unwrap();
    let actions = reply.scheduled_actions().iter();
    actions
        .map(|action| action.scheduled_action_name().to_owned())
        .collect()
}

/// Wrong bounds and a missing scheduled action are reported and repaired.
async fn changed_by_hand(scene: &Scene<'_>, stack: &TestStack) {
    let client = &scene.cloud.clients.applicationautoscaling;
    let names = list_actions(scene).await;
    assert_eq!(names.len(), 2, "{names:?}");
    let register = client.register_scalable_target().min_capacity(2);
    let register = register
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(scene.target_id());
    let register = register.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
    let _registered = register.send().await.unwrap();
    let delete = client
        .delete_scheduled_action()
        .scheduled_action_name(&names[0]);
    let delete = delete
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(scene.target_id());
    let delete = delete.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
    let _deleted = delete.send().await.unwrap();
    let status = stack.run("status", &[]).end().await;
    assert_eq!(status.code, Some(1), "{}", status.stdout);
    let report = status.json();
    let findings = report["drift"].as_array().unwrap();
    let properties: Vec<&Value> = findings
        .iter()
        .map(|finding| &finding["property"])
        .collect();
    assert_eq!(
        properties,
        [&json!("MinCapacity"), &json!("ScheduledActions")],
        "{report}"
    );
    let repaired = stack.run("deploy", &["--yes"]).end().await.succeeds();
    assert_eq!(repaired["changed"], true);
    assert_eq!(scene.bounds().await, (3, 20));
    assert_eq!(list_actions(scene).await.len(), 2);
}

/// An action from outside the stack in the next minute: the sandbox registers its bounds, and the count
/// follows.
async fn carried_out(scene: &Scene<'_>) {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs();
    let next = (now / 60 + 1) % 1_440;
    let bounds = ScalableTargetAction::builder()
        .min_capacity(4)
        .max_capacity(9);
    let client = &scene.cloud.clients.applicationautoscaling;
    let put = client
        .put_scheduled_action()
        .scheduled_action_name("by-hand");
    let put = put
        .service_namespace(ServiceNamespace::Ecs)
        .resource_id(scene.target_id());
    let put = put.scalable_dimension(ScalableDimension::EcsServiceDesiredCount);
    let put = put.schedule(format!("cron({} {} * * ? *)", next % 60, next / 60));
    let _put = put
        .scalable_target_action(bounds.build())
        .send()
        .await
        .unwrap();
    let done = async || {
        let holds = scene.bounds().await == (4, 9);
        (holds && scene.desired("WorkerService").await >= 4).then_some(())
    };
    until("the bounds of the scheduled action", MINUTES, done).await;
}
