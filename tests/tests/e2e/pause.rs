//! Pauses: no policy changes a count, in whole or downward; a deploy doesn't end them, but time and `resume` do.

use std::time::Duration;

use aws_sdk_applicationautoscaling::types::{ScalableTarget, ServiceNamespace, SuspendedState};
use aws_sdk_lambda::types::Environment;
use e2e::{Bench, Cloud, Resources, TestStack, edited, until};
use serde_json::{Value, json};

use crate::alarm_steps::message::listen;

/// A service that target tracking scales, one that a function scales by demand, and one that nothing scales.
fn definition(name: &str) -> String {
    format!(
        "name: {name}
network: create
notify: [ops@example.com]
queues:
  orders: {{visibility_timeout: 10m}}
  mails: {{visibility_timeout: 10m}}
services:
  fixed:
    image: public.ecr.aws/docker/library/busybox:1.37
    tasks: {{min: 1, max: 1}}
  followed:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [mails]
    tasks: {{min: 1, max: 5}}
    scaling: {{demand: {{acceptable_latency: 10s, processing_time: 6s}}}}
  tracked:
    image: public.ecr.aws/docker/library/busybox:1.37
    consumes: [orders]
    tasks: {{min: 1, max: 5}}
    scaling: {{backlog_per_task: {{acceptable_latency: 10s, processing_time: 100ms}}}}
metric: {{namespace: EndToEnd}}
"
    )
}

/// Three datapoints, an evaluation, and the emulator's look.
const MINUTES: Duration = Duration::from_secs(360);

struct Scene<'a> {
    stack: &'a TestStack,
    cloud: &'a Cloud,
    found: Resources,
}

impl Scene<'_> {
    async fn run(&self, verb: &str, more: &[&str]) -> Value {
        self.stack.run(verb, more).end().await.succeeds()
    }

    async fn desired(&self, service: &str) -> i32 {
        let service = self.cloud.service(self.found.id(service)).await.unwrap();
        service.desired_count()
    }

    async fn target(&self) -> ScalableTarget {
        let id = self.found.id("TrackedScalableTarget");
        let (id, _) = id.split_once('|').unwrap();
        let client = &self.cloud.clients.applicationautoscaling;
        let request = client.describe_scalable_targets().resource_ids(id);
        let request = request.service_namespace(ServiceNamespace::Ecs);
        let reply = request.send().await.unwrap();
        reply.scalable_targets().first().cloned().unwrap()
    }

    /// Whether scale-out, scale-in, and scheduled scaling are suspended.
    async fn suspended(&self) -> [bool; 3] {
        let target = self.target().await;
        let is = |flag: fn(&SuspendedState) -> Option<bool>| {
            target.suspended_state().and_then(flag) == Some(true)
        };
        [
            is(SuspendedState::dynamic_scaling_out_suspended),
            is(SuspendedState::dynamic_scaling_in_suspended),
            is(SuspendedState::scheduled_scaling_suspended),
        ]
    }

    /// The pause of a service, as `status` shows it; null without one.
    async fn pause(&self, service: &str) -> Value {
        let status = self.stack.run("status", &["--why"]).end().await.json();
        let services = status["services"].as_array().unwrap();
        let mut named = services.iter().filter(|one| one["why"]["name"] == service);
        named.next().unwrap_or_else(|| panic!("{status}"))["pause"].clone()
    }

    async fn schedules(&self) -> Vec<String> {
        let group = self.found.id("PauseSchedules");
        let request = self.cloud.clients.scheduler.list_schedules();
        let reply = request.group_name(group).send().await.unwrap();
        let names = reply.schedules().iter().filter_map(|one| one.name());
        names.map(str::to_owned).collect()
    }

    async fn parameters(&self) -> Vec<String> {
        let path = format!("/ecs-scaler/{}/", self.stack.name);
        let request = self.cloud.clients.ssm.get_parameters_by_path();
        let reply = request.path(path).recursive(true).send().await.unwrap();
        let names = reply.parameters().iter().filter_map(|one| one.name());
        names.map(str::to_owned).collect()
    }

    /// The state of the alarm by which target tracking scales out.
    async fn high_alarm(&self) -> Option<String> {
        let target = self.target().await;
        let prefix = format!("TargetTracking-{}-AlarmHigh", target.resource_id());
        let request = self.cloud.clients.cloudwatch.describe_alarms();
        let reply = request.alarm_name_prefix(prefix).send().await.unwrap();
        let alarm = reply.metric_alarms().first()?;
        Some(alarm.state_value()?.as_str().to_owned())
    }

    async fn purge(&self, queue: &str) {
        let request = self.cloud.clients.sqs.purge_queue();
        let request = request.queue_url(self.found.id(queue));
        request.send().await.unwrap();
    }
}

#[tokio::test]
async fn a_pause_holds_until_it_is_ended_or_over() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "pause");
    let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let scene = Scene {
        stack: &stack,
        cloud: &cloud,
        found,
    };
    scene.is_paused().await;
    scene.survives_a_deploy().await;
    scene.is_paused_downward().await;
    scene.ends_on_time().await;
    scene.is_resumed().await;
    scene.leaves_nothing().await;
}

/// As in a VPC without a way to Systems Manager: nothing listens at the address that the function has for it.
#[tokio::test]
async fn a_function_that_cant_read_its_pause_is_reported() {
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "deaf");
    let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let variables = Environment::builder()
        .variables("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9")
        .build();
    let request = cloud.clients.lambda.update_function_configuration();
    let request = request.function_name(found.id("ScalingFunction"));
    request.environment(variables).send().await.unwrap();

    let more = ["--service", "followed", "--reason", "incident 8"];
    let paused = stack.run("pause", &more).end().await.succeeds();
    let why = &paused["services"][0]["unconfirmed"];
    let begin =
        "its function didn't report the pause within 150 seconds, because it can't read pauses: ";
    assert!(why.as_str().unwrap().starts_with(begin), "{why}");
    // The record stays, for the moment from which the function can read it.
    let status = stack.run("status", &["--why"]).end().await.json();
    assert!(status.to_string().contains("incident 8"), "{status}");
    let _ = stack.destroy(&["--force"]).await.succeeds();
}

impl Scene<'_> {
    async fn is_paused(&self) {
        let paused = self.run("pause", &["--reason", "incident 7"]).await;
        let services = paused["services"].as_array().unwrap().iter();
        let names: Vec<&Value> = services.map(|one| &one["name"]).collect();
        assert_eq!(names, ["followed", "tracked"]);
        assert_eq!(paused["unscaled"], json!(["fixed"]));
        assert_eq!(paused["reminded"].as_array().unwrap().len(), 1);
        assert_eq!(self.suspended().await, [true; 3]);
        for service in paused["services"].as_array().unwrap() {
            assert!(service["unconfirmed"].is_null(), "{paused}");
        }
        assert_eq!(self.schedules().await, ["reminder.1"]);
        assert_eq!(self.parameters().await.len(), 2);
        let mailbox = listen(self.cloud, self.stack, self.found.id("AlarmTopic")).await;
        self.remind_every_minute().await;

        self.cloud.send(self.found.id("OrdersQueue"), 300).await;
        self.cloud.send(self.found.id("MailsQueue"), 40).await;
        until("the alarm of the paused policy", MINUTES, async || {
            (self.high_alarm().await? == "ALARM").then_some(())
        })
        .await;
        self.is_reminded(&mailbox).await;
        // The emulator and the function act within 10 s.
        tokio::time::sleep(Duration::from_secs(30)).await;
        for service in ["TrackedService", "FollowedService"] {
            assert_eq!(self.desired(service).await, 1, "{service}");
        }
        for service in ["tracked", "followed"] {
            assert_eq!(self.pause(service).await["reason"], "incident 7");
        }
        let status = self.run("status", &["--why"]).await;
        assert_eq!(status["healthy"], true, "a pause is no drift: {status}");
        let sentences = status["services"].as_array().unwrap().iter();
        let mut sentences = sentences.filter_map(|one| one["why"]["sentence"].as_str());
        assert!(sentences.any(|text| text.starts_with("paused by root since 20")));
        let history = self.run("history", &[]).await;
        let notes = history["notes"].to_string();
        assert!(notes.contains("tracked is paused by root since"), "{notes}");
    }

    /// Changes only how often the schedule of the reminder is due: no test lasts a day.
    async fn remind_every_minute(&self) {
        let (group, name) = (self.found.id("PauseSchedules"), "reminder.1");
        let client = &self.cloud.clients.scheduler;
        let request = client.get_schedule().group_name(group).name(name);
        let made = request.send().await.unwrap();
        assert_eq!(made.schedule_expression(), Some("rate(1 day)"));
        let request = client.update_schedule().group_name(group).name(name);
        let request = request
            .schedule_expression("rate(1 minute)")
            .set_target(made.target)
            .set_flexible_time_window(made.flexible_time_window);
        request.send().await.unwrap();
    }

    /// The topic has got the reminder. It gets alarms, too.
    async fn is_reminded(&self, mailbox: &str) {
        let sqs = &self.cloud.clients.sqs;
        let text = until("the reminder", Duration::from_secs(150), async || {
            let request = sqs.receive_message().queue_url(mailbox);
            let reply = request.max_number_of_messages(10).send().await.unwrap();
            let mut bodies = reply.messages().iter().filter_map(|one| one.body());
            bodies
                .find(|body| body.contains("paused"))
                .map(str::to_owned)
        })
        .await;
        let name = &self.stack.name;
        let begin = format!(
            "Scaling of stack {name} is paused, without an end:\n- followed: paused by root since "
        );
        assert!(text.starts_with(&begin), "{text}");
        let end = format!(
            "To end it: ecs-scaler resume {name}\nYou get this reminder every day until then.\n"
        );
        assert!(text.ends_with(&end), "{text}");
        assert_eq!(text.matches(": incident 7\n").count(), 2, "{text}");
        let request = sqs.delete_queue().queue_url(mailbox);
        request.send().await.unwrap();
    }

    async fn survives_a_deploy(&self) {
        let changed = edited(
            &definition(&self.stack.name),
            "orders: {visibility_timeout: 10m}",
            "orders: {visibility_timeout: 11m}",
        );
        let _ = self.stack.deploy(&changed).await.succeeds();
        assert_eq!(self.suspended().await, [true; 3]);
        assert_eq!(self.pause("tracked").await["reason"], "incident 7");
        assert_eq!(self.desired("TrackedService").await, 1);
    }

    /// Tasks are added, and not removed.
    async fn is_paused_downward(&self) {
        let paused = self.run("pause", &["--in-only", "--reason", "slow"]).await;
        assert_eq!(paused["services"][0]["was_paused"], true);
        assert_eq!(self.suspended().await, [false, true, false]);
        for service in ["TrackedService", "FollowedService"] {
            until(&format!("more tasks of {service}"), MINUTES, async || {
                (self.desired(service).await > 1).then_some(())
            })
            .await;
        }
        self.purge("MailsQueue").await;
        let before = self.desired("FollowedService").await;
        // Without a pause, what nothing needs is removed when that is known for a minute.
        tokio::time::sleep(Duration::from_secs(150)).await;
        assert_eq!(self.desired("FollowedService").await, before);
    }

    /// Nobody resumes: the function knows the end, and a schedule tells Application Auto Scaling.
    async fn ends_on_time(&self) {
        let more = ["--reason", "a minute", "--for", "1m"];
        let paused = self.run("pause", &more).await;
        assert_eq!(paused["reminded"], json!([]));
        assert_eq!(self.schedules().await, ["tracked"]);
        assert_eq!(self.suspended().await, [true; 3]);
        until(
            "the end of the pause",
            Duration::from_secs(90),
            async || (self.suspended().await == [false; 3]).then_some(()),
        )
        .await;
        assert!(self.schedules().await.is_empty());
        until("fewer tasks of followed", MINUTES, async || {
            (self.desired("FollowedService").await == 1).then_some(())
        })
        .await;
        assert!(self.pause("tracked").await.is_null());
    }

    async fn is_resumed(&self) {
        let more = ["--service", "tracked", "--reason", "again"];
        let _ = self.run("pause", &more).await;
        assert!(self.pause("followed").await.is_null());
        let resumed = self.run("resume", &[]).await;
        assert_eq!(resumed["services"][0]["pause"]["reason"], "again");
        assert_eq!(resumed["not_paused"], json!(["followed"]));
        assert_eq!(self.suspended().await, [false; 3]);
        assert!(self.schedules().await.is_empty());
        assert!(self.parameters().await.is_empty());
        let resumed = self.run("resume", &["--service", "tracked"]).await;
        assert_eq!(resumed["not_paused"], json!(["tracked"]));
        let fixed = self
            .run("pause", &["--service", "fixed", "--reason", "r"])
            .await;
        assert_eq!(
            (&fixed["services"], &fixed["unscaled"]),
            (&json!([]), &json!(["fixed"]))
        );
    }

    async fn leaves_nothing(&self) {
        let _ = self
            .run("pause", &["--reason", "to be destroyed", "--for", "2h"])
            .await;
        assert_eq!(self.parameters().await.len(), 2);
        let _ = self.stack.destroy(&["--force"]).await.succeeds();
        assert!(self.parameters().await.is_empty());
        let group = self.found.id("PauseSchedules");
        let request = self.cloud.clients.scheduler.get_schedule_group();
        let gone = request.name(group).send().await.unwrap_err();
        assert!(gone.into_service_error().is_resource_not_found_exception());
    }
}
