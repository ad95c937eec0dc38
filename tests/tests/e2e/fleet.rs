//! Many services: one function measures all of them.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use aws_sdk_ecs::types::{ContainerDefinition, Service};
use e2e::{Bench, Cloud, TestStack, minutes, until};
use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;

const NAMESPACE: &str = "EndToEnd";
const ACCOUNT: &str = "000000000000";
const REGION: &str = "us-east-1";
/// Concurrent requests while a test prepares.
const AT_ONCE: usize = 8;
/// A rule's first run is up to a minute away. The second minute is for a slow machine.
const TWO_MINUTES: Duration = Duration::from_secs(120);

#[tokio::test]
async fn thirty_services_of_a_stack_are_measured_by_one_invocation() {
    const SERVICES: usize = 30;
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "thirty");
    let mut queues = String::new();
    let mut services = String::new();
    for number in 0..SERVICES {
        writeln!(queues, "  q{number}: {{visibility_timeout: 5m}}").unwrap();
        writeln!(
            services,
            "  s{number}: {{image: \"busybox:1.37\", cpu: 256, memory: 512, architecture: arm64, \
             consumes: [q{number}], tasks: {{min: 1, max: 5}}, scaling: {{backlog_per_task: \
             {{acceptable_latency: 10m, processing_time: 1s}}}}}}"
        )
        .unwrap();
    }
    let definition = format!(
        "name: {}\nnetwork: create\nqueues:\n{queues}services:\n{services}metric: {{namespace: {NAMESPACE}}}\n",
        stack.name
    );
    let _ = stack.deploy(&definition).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    // One invocation: the rules have one target, with one input.
    let inputs = cloud.rule_inputs(&found).await;
    let [input] = &*inputs else {
        panic!("{inputs:?}");
    };
    for number in 0..SERVICES {
        cloud
            .send(found.id(&format!("Q{number}Queue")), number % 4)
            .await;
    }
    let answer = cloud.invoke(found.id("MetricFunction"), input).await;
    let published = answer["published"].as_array().unwrap();
    assert_eq!(published.len(), SERVICES, "{answer}");
    for number in 0..SERVICES {
        let name = |id: String| found.id(&id).rsplit('/').next().unwrap().to_owned();
        let service = name(format!("S{number}Service"));
        let queue = name(format!("Q{number}Queue"));
        let backlog = (number % 4) as f64;
        let answer = published
            .iter()
            .find(|point| point["service"] == service.as_str())
            .unwrap();
        assert_eq!(answer["backlog_per_task"], backlog, "{answer}");
        let minutes = minutes(&cloud, NAMESPACE, [found.id("Cluster"), &service, &queue]).await;
        let last = minutes
            .last()
            .unwrap_or_else(|| panic!("no datapoint of {service}"));
        assert!(
            last.least == backlog || last.most == backlog,
            "{service}: {minutes:?}"
        );
    }
}

#[tokio::test]
async fn a_hundred_existing_services_are_measured_by_several_invocations() {
    const SERVICES: usize = 100;
    let bench = Bench::open();
    let cloud = Cloud::connect(&bench).await;
    let stack = TestStack::new(&bench, "hundred");
    let fleet = Fleet {
        cloud: &cloud,
        name: &stack.name,
    };
    fleet.build(SERVICES, first_count).await;
    let scaled = |_| {
        "tasks: {min: 1, max: 9}, scaling: {backlog_per_task: {acceptable_latency: 10m, processing_time: 1s}}".to_owned()
    };
    let definition = fleet.definition(SERVICES, scaled);
    let _ = stack.deploy(&definition).await.succeeds();
    let found = cloud.resources(&stack.name).await;
    let requests = cloud.measured(&found).await;
    assert!(requests.len() > 1, "it fits one target: {requests:?}");
    let measured = requests.iter().flat_map(|request| &request.services);
    let measured: BTreeSet<&str> = measured.map(|service| service.service.as_str()).collect();
    assert_eq!(measured.len(), SERVICES);

    // The rule fires with every target, and every service gets its datapoint.
    let mut left: BTreeSet<usize> = (0..SERVICES).collect();
    until("a datapoint of every service", TWO_MINUTES, async || {
        for number in left.clone() {
            let names = [&*stack.name, &fleet.service(number), &fleet.queue(number)];
            let minutes = minutes(&cloud, NAMESPACE, names).await;
            let minute = minutes.first()?;
            // 2 messages ÷ 1 to 4 tasks.
            let backlog = 2.0 / (1 + number % 4) as f64;
            assert_eq!([minute.least, minute.most], [backlog; 2], "{names:?}");
            left.remove(&number);
        }
        Some(())
    })
    .await;
    let invocations = invocations(&cloud, found.id("MetricFunctionLogs")).await;
    let (first, _) = invocations.split_at(requests.len());
    let published: u64 = first.iter().sum();
    assert_eq!(published, SERVICES as u64, "one firing is {invocations:?}");
    fleet.has_counts(SERVICES, first_count).await;
    let _ = stack.destroy(&[]).await.succeeds();
    // Existing resources stay when the stack is deleted.
    fleet.has_counts(SERVICES, first_count).await;
    fleet.take_away(SERVICES).await;
}

/// Returns how many datapoints each invocation published, starting with the first invocation.
async fn invocations(cloud: &Cloud, log_group: &str) -> Vec<u64> {
    let request = cloud.clients.cloudwatchlogs.filter_log_events();
    let reply = request.log_group_name(log_group).send().await.unwrap();
    let mut events: Vec<_> = reply.events().iter().collect();
    events.sort_by_key(|event| event.timestamp());
    let published = events.iter().filter_map(|event| {
        let line: Value = serde_json::from_str(event.message()?).ok()?;
        line["published"].as_u64()
    });
    published.collect()
}

/// One to four tasks.
pub(crate) fn first_count(number: usize) -> i32 {
    i32::try_from(1 + number % 4).unwrap()
}

/// Existing services and queues, all in one cluster.
pub(crate) struct Fleet<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) name: &'a str,
}

impl Fleet<'_> {
    pub(crate) fn service(&self, number: usize) -> String {
        format!("{}-service-{number}", self.name)
    }

    fn queue(&self, number: usize) -> String {
        format!("{}-queue-{number}", self.name)
    }

    /// `scaled` returns the tasks and the scaling of each service.
    pub(crate) fn definition(&self, services: usize, scaled: impl Fn(usize) -> String) -> String {
        let mut queues = String::new();
        let mut all = String::new();
        for number in 0..services {
            let (queue, service) = (self.queue(number), self.service(number));
            writeln!(
                queues,
                "  q{number}: {{existing: \"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}\"}}"
            )
            .unwrap();
            writeln!(
                all,
                "  s{number}: {{existing: {}/{service}, consumes: [q{number}], {}}}",
                self.name,
                scaled(number)
            )
            .unwrap();
        }
        format!(
            "name: {}\nregion: {REGION}\nqueues:\n{queues}services:\n{all}metric: {{namespace: {NAMESPACE}}}\n",
            self.name
        )
    }

    /// Creates two messages in each queue, and this number of tasks in each service.
    pub(crate) async fn build(&self, services: usize, first: fn(usize) -> i32) {
        let ecs = &self.cloud.clients.ecs;
        ecs.create_cluster()
            .cluster_name(self.name)
            .send()
            .await
            .unwrap();
        let container = ContainerDefinition::builder()
            .name("c")
            .image("busybox:1.37")
            .memory(64);
        let definition = ecs.register_task_definition().family(self.name);
        let definition = definition.container_definitions(container.build());
        definition.send().await.unwrap();
        let work = stream::iter((0..services).map(Ok::<_, std::convert::Infallible>));
        work.try_for_each_concurrent(AT_ONCE, async |number| {
            let request = self.cloud.clients.sqs.create_queue();
            let queue = request.queue_name(self.queue(number)).send().await.unwrap();
            self.cloud.send(queue.queue_url().unwrap(), 2).await;
            let request = ecs
                .create_service()
                .cluster(self.name)
                .task_definition(self.name);
            let request = request.service_name(self.service(number));
            request.desired_count(first(number)).send().await.unwrap();
            Ok(())
        })
        .await
        .unwrap();
    }

    /// Describes the services in ECS, ten per call.
    async fn services(&self, services: usize) -> Vec<Service> {
        let numbers: Vec<usize> = (0..services).collect();
        stream::iter(numbers.chunks(10))
            .then(async |numbers| {
                let names = numbers.iter().map(|number| self.service(*number));
                let request = self
                    .cloud
                    .clients
                    .ecs
                    .describe_services()
                    .cluster(self.name);
                let reply = request.set_services(Some(names.collect())).send().await;
                stream::iter(reply.unwrap().services.unwrap_or_default())
            })
            .flatten()
            .collect()
            .await
    }

    /// Checks that each service exists with its count.
    pub(crate) async fn has_counts(&self, services: usize, expected: fn(usize) -> i32) {
        let found = self.services(services).await;
        assert_eq!(found.len(), services);
        for service in &found {
            assert_eq!(service.status(), Some("ACTIVE"));
            let number = service.service_name().unwrap().rsplit('-').next().unwrap();
            let expected = expected(number.parse().unwrap());
            assert_eq!(service.desired_count(), expected, "service {number}");
        }
    }

    pub(crate) async fn take_away(&self, services: usize) {
        let (ecs, sqs) = (&self.cloud.clients.ecs, &self.cloud.clients.sqs);
        let work = stream::iter((0..services).map(Ok::<_, std::convert::Infallible>));
        work.try_for_each_concurrent(AT_ONCE, async |number| {
            let request = ecs.delete_service().cluster(self.name).force(true);
            request.service(self.service(number)).send().await.unwrap();
            let url = sqs
                .get_queue_url()
                .queue_name(self.queue(number))
                .send()
                .await
                .unwrap();
            sqs.delete_queue()
                .queue_url(url.queue_url().unwrap())
                .send()
                .await
                .unwrap();
            Ok(())
        })
        .await
        .unwrap();
        ecs.delete_cluster()
            .cluster(self.name)
            .send()
            .await
            .unwrap();
    }
}
