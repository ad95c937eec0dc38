//! A sandbox with a compressed clock, a stack whose tasks are real workers, and functions to observe
//! both.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::types::DesiredStatus;
use deployer::Clients;
use e2e::{Cloud, OwnSandbox, Resources, TestStack, until};
use rustix::process::Pid;
use serde_json::Value;

use super::SPEED;

/// A running stack.
pub(crate) struct Live {
    pub(crate) stack: TestStack,
    pub(crate) cloud: Cloud,
    /// Queue URL.
    pub(crate) queue: String,
    /// LocalStack's process.
    pub(crate) localstack: Pid,
    resources: Resources,
    sandbox: OwnSandbox,
}

/// Reads the service's and the queue's counts.
#[derive(Clone)]
pub(crate) struct Eye {
    clients: Clients,
    cluster: String,
    service: String,
    queue: String,
}

/// A change of the desired count by Application Auto Scaling.
#[derive(Clone, Debug)]
pub(crate) struct Activity {
    pub(crate) from: u32,
    pub(crate) to: u32,
    pub(crate) cause: String,
}

impl Live {
    /// Deploys a definition in a separate sandbox, whose containers `worker` are the example's workers.
    pub(crate) async fn start(label: &str, definition: fn(&str) -> String) -> Self {
        let mut sandbox = OwnSandbox::new(&format!("live-{label}"));
        let program = format!("worker={}", sandbox.bench.worker().display());
        let speed = SPEED.to_string();
        let how = [
            "--speed",
            &speed,
            "--program",
            &program,
            "--task-start",
            "23s..60s",
        ];
        let running = sandbox.start(&how).await;
        let localstack = i32::try_from(running["pid"].as_i64().unwrap()).unwrap();
        let stack = TestStack::new(&sandbox.bench, label);
        let _ = stack.deploy(&definition(&stack.name)).await.succeeds();
        let cloud = Cloud::connect(&sandbox.bench).await;
        let resources = cloud.resources(&stack.name).await;
        let live = Self {
            queue: resources.id("VouchersQueue").to_owned(),
            localstack: Pid::from_raw(localstack).unwrap(),
            stack,
            cloud,
            resources,
            sandbox,
        };
        live.runs(1, Duration::from_secs(20)).await;
        live
    }

    pub(crate) fn eye(&self) -> Eye {
        Eye {
            clients: self.cloud.clients.clone(),
            cluster: self.resources.id("Cluster").to_owned(),
            service: self.service_arn().to_owned(),
            queue: self.queue.clone(),
        }
    }

    fn service_arn(&self) -> &str {
        self.resources.id("WorkerService")
    }

    /// Returns the numbers of visible messages and messages in flight.
    pub(crate) async fn counts(&self) -> (u32, u32) {
        self.eye().counts().await
    }

    /// Waits until this number of tasks are running.
    async fn runs(&self, count: i32, bound: Duration) {
        until(&format!("{count} running"), bound, async || {
            let service = self.cloud.service(self.service_arn()).await.unwrap();
            (service.running_count() == count).then_some(())
        })
        .await;
    }

    /// Waits until no messages are waiting or in flight.
    pub(crate) async fn is_drained(&self, bound: Duration) {
        until("an empty queue", bound, async || {
            (self.counts().await == (0, 0)).then_some(())
        })
        .await;
    }

    /// Waits until this number of tasks are desired and running.
    pub(crate) async fn comes_to(&self, count: u32, bound: Duration) {
        let eye = self.eye();
        until(&format!("{count} desired"), bound, async || {
            (eye.desired().await == count).then_some(())
        })
        .await;
        self.runs(i32::try_from(count).unwrap(), bound).await;
    }

    /// Waits until more tasks are desired. Returns how many.
    pub(crate) async fn is_above(&self, count: u32, bound: Duration) -> u32 {
        let eye = self.eye();
        until(&format!("more than {count} desired"), bound, async || {
            let desired = eye.desired().await;
            (desired > count).then_some(desired)
        })
        .await
    }

    /// Returns what the workers have logged about messages.
    pub(crate) fn processed(&self) -> Processed {
        let mut lines = Vec::new();
        let mut folders = vec![self.sandbox.folder.join("tasks")];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = std::fs::read_dir(&folder) else {
                continue;
            };
            for entry in entries {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let text = std::fs::read_to_string(&path).unwrap();
                let parsed = text
                    .lines()
                    .filter_map(|line| serde_json::from_str(line).ok());
                lines.extend(parsed.filter(|line: &Value| line["event"] == "message"));
            }
        }
        Processed(lines)
    }

    /// Returns the changes of the desired count that Application Auto Scaling reports, oldest first.
    pub(crate) async fn activities(&self) -> Vec<Activity> {
        let namespace = aws_sdk_applicationautoscaling::types::ServiceNamespace::Ecs;
        let request = self
            .cloud
            .clients
            .applicationautoscaling
            .describe_scaling_activities();
        let reply = request.service_namespace(namespace).send().await.unwrap();
        let mut before = 1;
        let mut found = Vec::new();
        for activity in reply.scaling_activities().iter().rev() {
            let number = |text: &str| {
                text.chars()
                    .filter(char::is_ascii_digit)
                    .collect::<String>()
            };
            let to = number(activity.description()).parse().unwrap();
            found.push(Activity {
                from: before,
                to,
                cause: activity.cause().to_owned(),
            });
            before = to;
        }
        found
    }

    /// Returns the ARNs of the running tasks.
    pub(crate) async fn tasks(&self) -> Vec<String> {
        let request = self
            .cloud
            .clients
            .ecs
            .list_tasks()
            .cluster(self.resources.id("Cluster"));
        let request = request.desired_status(DesiredStatus::Running);
        request.send().await.unwrap().task_arns.unwrap_or_default()
    }

    async fn described(&self, tasks: Vec<String>) -> Vec<aws_sdk_ecs::types::Task> {
        let request = self
            .cloud
            .clients
            .ecs
            .describe_tasks()
            .cluster(self.resources.id("Cluster"));
        let reply = request.set_tasks(Some(tasks)).send().await.unwrap();
        reply.tasks.unwrap_or_default()
    }

    /// Returns the exit code of a stopped task's container.
    pub(crate) async fn exit_code(&self, task: &str) -> Option<i32> {
        let tasks = self.described(vec![task.to_owned()]).await;
        tasks.first()?.containers().first()?.exit_code()
    }

    /// Returns the ARN of the service's task definition.
    pub(crate) async fn task_definition(&self) -> String {
        let service = self.cloud.service(self.service_arn()).await.unwrap();
        service.task_definition.unwrap()
    }

    /// Waits until no tasks are running with this task definition, and some are running with another one.
    pub(crate) async fn runs_only_other_than(&self, definition: &str, bound: Duration) {
        until("tasks of the new definition alone", bound, async || {
            let tasks = self.tasks().await;
            let found = self.described(tasks).await;
            let others =
                |task: &aws_sdk_ecs::types::Task| task.task_definition_arn() != Some(definition);
            (!found.is_empty() && found.iter().all(others)).then_some(())
        })
        .await;
    }

    /// Deploys another definition.
    pub(crate) async fn deploy(&self, definition: &str) {
        let _ = self.stack.deploy(definition).await.succeeds();
    }

    /// Returns the process of the only worker of this queue.
    pub(crate) fn worker(&self) -> Pid {
        let mut system = sysinfo::System::new_all().unwrap();
        system.refresh_all();
        let program = self.sandbox.bench.worker();
        let ours = |process: &&sysinfo::Process| {
            process.exe() == Some(&program)
                && process.thread_kind().is_none()
                && process
                    .environ()
                    .iter()
                    .any(|pair| pair.to_string_lossy().ends_with(&self.queue))
        };
        let mut found = system.processes().values().filter(ours);
        let worker = found.next().unwrap();
        assert!(found.next().is_none(), "one worker runs");
        Pid::from_raw(i32::try_from(worker.pid().as_u32()).unwrap()).unwrap()
    }

    /// Changes the rule's queue to one that doesn't exist, as if it had been deleted.
    pub(crate) async fn breaks_the_metric(&self) {
        let events = &self.cloud.clients.eventbridge;
        for rule in self.resources.ids_of_type("AWS::Events::Rule") {
            let rule = rule.rsplit('/').next().unwrap();
            let targets = events
                .list_targets_by_rule()
                .rule(rule)
                .send()
                .await
                .unwrap();
            for mut target in targets.targets.unwrap_or_default() {
                target.input = target
                    .input
                    .map(|input| input.replace(&self.queue, &format!("{}-gone", self.queue)));
                let put = events
                    .put_targets()
                    .rule(rule)
                    .targets(target)
                    .send()
                    .await
                    .unwrap();
                assert_eq!(put.failed_entry_count(), 0);
            }
        }
    }

    /// Waits until the alarm with this text in its logical ID is in ALARM.
    pub(crate) async fn rings(&self, part: &str, bound: Duration) {
        let named = |id: &&str| id.contains(part);
        let logical = self.resources.logical_ids().find(named).unwrap();
        let name = self.resources.id(logical);
        until(&format!("{logical} in ALARM"), bound, async || {
            let request = self
                .cloud
                .clients
                .cloudwatch
                .describe_alarms()
                .alarm_names(name);
            let reply = request.send().await.unwrap();
            let alarm = reply.metric_alarms().first().unwrap();
            (alarm.state_value().unwrap().as_str() == "ALARM").then_some(())
        })
        .await;
    }

    /// Returns the status of the sandbox.
    pub(crate) async fn read_sandbox_state(&self) -> String {
        let state = self
            .sandbox
            .bench
            .xtask(["local", "status"])
            .end()
            .await
            .succeeds();
        state["state"].as_str().unwrap().to_owned()
    }
}

impl Eye {
    /// Returns the desired number of tasks.
    pub(crate) async fn desired(&self) -> u32 {
        let request = self.clients.ecs.describe_services().cluster(&self.cluster);
        let reply = request.services(&self.service).send().await.unwrap();
        reply.services()[0].desired_count().try_into().unwrap()
    }

    /// Returns the numbers of visible messages and messages in flight.
    pub(crate) async fn counts(&self) -> (u32, u32) {
        use aws_sdk_sqs::types::QueueAttributeName as Name;
        let names = [
            Name::ApproximateNumberOfMessages,
            Name::ApproximateNumberOfMessagesNotVisible,
        ];
        let request = self
            .clients
            .sqs
            .get_queue_attributes()
            .queue_url(&self.queue);
        let reply = request
            .set_attribute_names(Some(names.to_vec()))
            .send()
            .await
            .unwrap();
        let attributes = reply.attributes().unwrap();
        let number = |name| attributes[name].parse().unwrap();
        (number(&names[0]), number(&names[1]))
    }
}

/// What the workers have logged about messages: one line for each time that one was processed.
pub(crate) struct Processed(Vec<Value>);

impl Processed {
    /// Returns the number of times that a message was processed completely.
    pub(crate) fn lines(&self) -> usize {
        self.0.len()
    }

    /// Returns the number of messages that were done.
    pub(crate) fn distinct(&self) -> usize {
        let done = self.0.iter().filter(|line| line["outcome"] == "done");
        let ids: BTreeMap<&str, ()> = done
            .map(|line| (line["message_id"].as_str().unwrap(), ()))
            .collect();
        ids.len()
    }

    /// Whether a message was done.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.0
            .iter()
            .any(|line| line["message_id"] == id && line["outcome"] == "done")
    }

    /// Returns how many times a message was delivered, as SQS counts it.
    pub(crate) fn receives(&self, id: &str) -> u64 {
        let of = self.0.iter().filter(|line| line["message_id"] == id);
        of.filter_map(|line| line["receive_count"].as_u64())
            .max()
            .unwrap()
    }
}
