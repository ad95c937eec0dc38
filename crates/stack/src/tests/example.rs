//! Valid definitions: the format's own example, every default, every alternative.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{BASE, line};
use crate::*;

/// The complete example of the format.
pub(super) const EXAMPLE: &str = crate::shape::EXAMPLE;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// The cooldowns of every scaling policy that doesn't set its own.
const COOLDOWN: Cooldown = Cooldown {
    out: Duration::from_secs(60),
    r#in: Duration::from_secs(300),
};

fn stack(text: &str) -> Stack {
    match parse("shop.yaml", text) {
        Ok(loaded) => loaded.stack,
        Err(report) => panic!("{}", super::shown(&report)),
    }
}

#[test]
fn the_example_is_read_whole() {
    let loaded = parse("voucher-worker.yaml", EXAMPLE).unwrap();
    let warnings: Vec<String> = loaded.warnings.problems().iter().map(line).collect();
    assert_eq!(
        warnings,
        [
            "warning 35:10 services.voucher-worker.slo: the latency objective is shorter than the scaling delay"
        ]
    );
    insta::assert_debug_snapshot!("example", loaded.stack);
}

#[test]
fn the_base_has_no_problem_and_every_default() {
    let loaded = parse("shop.yaml", BASE).unwrap();
    assert!(
        loaded.warnings.is_empty(),
        "{}",
        super::shown(&loaded.warnings)
    );
    let expected = Stack {
        name: "shop".to_owned(),
        environment: None,
        written: crate::Written::default(),
        account: Some("111122223333".to_owned()),
        region: Some("us-west-2".to_owned()),
        tags: BTreeMap::new(),
        termination_protection: false,
        permissions_boundary: None,
        role_path: "/".to_owned(),
        key: None,
        log_key: None,
        network: Network::Create { flow_logs: None },
        assets_bucket: None,
        cluster: Cluster::Create {
            name: None,
            capacity: Capacity::Fargate,
            insights: None,
        },
        queues: BTreeMap::from([(
            "orders".to_owned(),
            Queue::Create(QueueSpec {
                name: None,
                visibility_timeout: seconds(60),
                retention: seconds(4 * 86_400),
                delay: seconds(0),
                fifo: None,
                encryption: Encryption::Sqs,
                dead_letter: Some(DeadLetter {
                    after: 5,
                    retention: seconds(14 * 86_400),
                }),
                subscribe: Vec::new(),
                senders: Vec::new(),
            }),
        )]),
        services: BTreeMap::from([("worker".to_owned(), worker())]),
        metric: Metric {
            namespace: "EcsScaler".to_owned(),
            every: seconds(60),
            memory: 128,
            architecture: Architecture::Arm64,
            log_retention: seconds(14 * 86_400),
            vpc: None,
            tracing: false,
        },
        alarms: Alarms {
            oldest_message: None,
            dead_letters: 1,
            metric_silent: seconds(600),
        },
        notify: vec![Recipient::Email("ops@example.com".to_owned())],
        overrides: None,
    };
    assert_eq!(loaded.stack, expected);
    assert_eq!(loaded.stack.oldest_message("orders"), Some(seconds(600)));
}

fn worker() -> Service {
    Service {
        source: ServiceSource::Create(Box::new(ServiceSpec {
            name: None,
            image: "example/worker:1.0.0".to_owned(),
            cpu: 256,
            memory: 512,
            architecture: Architecture::Arm64,
            capacity: None,
            command: Vec::new(),
            environment: BTreeMap::new(),
            secrets: BTreeMap::new(),
            container: Container::default(),
            sidecars: BTreeMap::new(),
            log_router: None,
            exec: false,
            copilot: false,
            deployment: Deployment::default(),
            storage: None,
            volumes: BTreeMap::new(),
            permissions: Vec::new(),
            sends: Vec::new(),
            publishes: Vec::new(),
            task_role: None,
            execution_role: None,
            stop_timeout: seconds(30),
            port: None,
            service_connect: None,
            load_balancer: None,
        })),
        slo: None,
        consumes: vec!["orders".to_owned()],
        queue_settings: BTreeMap::new(),
        protect: false,
        heartbeat: false,
        tasks: Tasks { min: 1, max: 10 },
        schedule: None,
        scaling: Some(Scaling {
            backlog_per_task: Some(BacklogPerTask {
                acceptable_latency: seconds(600),
                processing_time: seconds(1),
                concurrency: 1,
                count: BTreeSet::from([Count::Visible]),
                cooldown: COOLDOWN,
                source: BacklogSource::Lambda,
            }),
            ..Scaling::default()
        }),
    }
}

#[test]
fn a_queue_of_defaults_hides_messages_for_30_seconds() {
    let stack = stack(&BASE.replace(
        "    visibility_timeout: 60s\n    dead_letter: {after: 5}\n",
        "    {}\n",
    ));
    let Some(Queue::Create(queue)) = stack.queues.get("orders") else {
        panic!("a created queue");
    };
    assert_eq!(queue.visibility_timeout, seconds(30));
    assert_eq!(queue.dead_letter, None);
}

#[test]
fn alternatives_are_read() {
    let text = BASE.to_owned()
        + "network: {subnets: [subnet-0a1b2c3d], security_groups: [sg-0a1b2c3d], assign_public_ip: true}\n\
           cluster: {capacity: {fargate_spot: {base: 1}}}\n";
    let read = stack(&text);
    let network = Network::Existing {
        vpc: None,
        subnets: vec!["subnet-0a1b2c3d".to_owned()],
        security_groups: vec!["sg-0a1b2c3d".to_owned()],
        assign_public_ip: true,
    };
    assert_eq!(read.network, network);
    let capacity = Capacity::FargateSpot { base: 1 };
    assert_eq!(
        read.cluster,
        Cluster::Create {
            name: None,
            capacity,
            insights: None,
        }
    );

    let read = stack(&(BASE.to_owned() + "cluster: {existing: shop}\n"));
    assert_eq!(
        read.cluster,
        Cluster::Existing {
            name: "shop".to_owned()
        }
    );
}

#[test]
fn a_service_may_scale_by_nothing_and_consume_nothing() {
    let read = stack("name: web\nservices: {web: {image: 'nginx:1.27', tasks: {min: 3}}}\n");
    let web = read.services.get("web").unwrap();
    assert_eq!(web.tasks, Tasks { min: 3, max: 3 });
    assert!(web.scaling.is_none() && web.consumes.is_empty());
    // One task by default, and none if the definition sets that.
    let read = stack("name: web\nservices: {web: {image: 'nginx:1.27'}}\n");
    assert_eq!(
        read.services.get("web").unwrap().tasks,
        Tasks { min: 1, max: 1 }
    );
    let read = stack("name: web\nservices: {web: {image: 'nginx:1.27', tasks: {min: 0}}}\n");
    assert_eq!(
        read.services.get("web").unwrap().tasks,
        Tasks { min: 0, max: 0 }
    );
}

#[test]
fn a_filter_keeps_its_json() {
    let text = super::changed(
        "    dead_letter: {after: 5}\n",
        "    dead_letter: {after: 5}\n    subscribe:\n      - topic: arn:aws:sns:us-west-2:111122223333:t\n        filter: {kind: [a, {prefix: b}], weight: [{numeric: ['>', 1.5]}, 3, true, null]}\n",
    );
    let read = stack(&text);
    let Some(Queue::Create(queue)) = read.queues.get("orders") else {
        panic!("a created queue");
    };
    let filter = serde_json::json!({
        "kind": ["a", {"prefix": "b"}],
        "weight": [{"numeric": [">", 1.5]}, 3, true, null],
    });
    assert_eq!(queue.subscribe[0].filter, Some(filter));
}
