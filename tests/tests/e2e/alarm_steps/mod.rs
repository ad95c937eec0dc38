//! The second system: an alarm changes its state, its topic invokes the scaling function, and the function, a
//! real process, changes the desired count by a step.

mod load;
pub(crate) mod message;
mod parts;

use std::time::Duration;

use aws_sdk_cloudwatch::types::{Dimension, MetricDatum};
use e2e::{Bench, Cloud, Resources, TestStack, until};
use serde_json::Value;
use tokio::task::JoinHandle;

/// An alarm's period, its evaluation at the next full minute, the rule's minute, and the same time again for a
/// slow machine.
const MINUTES: Duration = Duration::from_secs(240);

/// A test's own stack, deployed.
struct Scene {
    cloud: Cloud,
    stack: TestStack,
    /// The stack's ID.
    id: String,
    found: Resources,
}

impl Scene {
    async fn deploy(label: &str, definition: impl FnOnce(&str) -> String) -> Self {
        let bench = Bench::open();
        let cloud = Cloud::connect(&bench).await;
        let stack = TestStack::new(&bench, label);
        let outcome = stack.deploy(&definition(&stack.name)).await.succeeds();
        let id = outcome["stack_id"].as_str().unwrap().to_owned();
        let found = cloud.resources(&stack.name).await;
        Self {
            cloud,
            stack,
            id,
            found,
        }
    }

    fn service(&self, id: &'static str) -> Stepped<'_> {
        Stepped {
            cloud: &self.cloud,
            found: &self.found,
            id,
        }
    }
}

/// A deployed service with steps.
struct Stepped<'a> {
    cloud: &'a Cloud,
    found: &'a Resources,
    /// Prefix of its logical IDs.
    id: &'static str,
}

impl Stepped<'_> {
    fn part(&self, of: &str) -> &str {
        self.found.id(&format!("{}{of}", self.id))
    }

    fn service(&self) -> &str {
        self.part("Service")
    }

    async fn desired(&self) -> i32 {
        let service = self.cloud.service(self.service()).await.unwrap();
        service.desired_count()
    }

    async fn set_desired(&self, count: i32) {
        let mut path = self.service().rsplit('/');
        let (name, cluster) = (path.next().unwrap(), path.next().unwrap());
        self.cloud.set_desired_count(cluster, name, count).await;
    }

    /// Waits until the desired count has this value. Until then, it must not change otherwise.
    async fn comes_to(&self, count: i32) {
        let before = self.desired().await;
        let what = format!("a desired count of {count}");
        until(&what, MINUTES, async || {
            let now = self.desired().await;
            assert!(now == before || now == count, "{before} became {now}");
            (now == count).then_some(())
        })
        .await;
    }

    /// Returns what the function logged for its invocations so far, oldest first.
    async fn invocations(&self) -> Vec<Value> {
        let group = self.part("ScalingFunctionLogs");
        let logs = &self.cloud.clients.cloudwatchlogs;
        let request = logs.filter_log_events().log_group_name(group);
        let mut pages = request.into_paginator().send();
        let mut lines = Vec::new();
        while let Some(page) = pages.next().await {
            for event in page.unwrap().events() {
                let line = serde_json::from_str::<Value>(event.message().unwrap());
                lines.extend(line.ok().filter(|line| line.get("durationMs").is_some()));
            }
        }
        lines
    }

    /// Waits for an invocation with this outcome, after the ones that were already seen. Returns its log line.
    async fn says(&self, outcome: &str, after: usize) -> Value {
        let what = format!("an invocation with the outcome {outcome}");
        until(&what, MINUTES, async || {
            let lines = self.invocations().await;
            let mut new = lines.into_iter().skip(after);
            new.find(|line| line["outcome"] == outcome)
        })
        .await
    }

    async fn alarm_state(&self, alarm: &str) -> String {
        let name = self.part(alarm);
        let request = self.cloud.clients.cloudwatch.describe_alarms();
        let reply = request.alarm_names(name).send().await.unwrap();
        let state = reply.metric_alarms()[0].state_value().unwrap();
        state.as_str().to_owned()
    }
}

/// Publishes datapoints repeatedly until it is dropped.
struct Load {
    task: JoinHandle<()>,
}

impl Load {
    /// Publishes `value` every five seconds, which is twelve times per minute.
    fn on(
        cloud: &Cloud,
        namespace: &str,
        name: &str,
        dimensions: &[(&str, &str)],
        value: f64,
    ) -> Self {
        let dimension =
            |(name, value): &(&str, &str)| Dimension::builder().name(*name).value(*value).build();
        let datum = MetricDatum::builder()
            .metric_name(name)
            .set_dimensions(Some(dimensions.iter().map(dimension).collect()))
            .value(value)
            .build();
        let request = cloud.clients.cloudwatch.put_metric_data();
        let request = request.namespace(namespace).metric_data(datum);
        Self {
            task: tokio::spawn(async move {
                loop {
                    request.clone().send().await.unwrap();
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
            }),
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.task.abort();
    }
}
