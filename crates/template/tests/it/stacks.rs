//! Stacks for the tests, made by hand or read from the shipped definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use stack::{
    Alarms, Architecture, BacklogPerTask, Capacity, Cluster, Cooldown, Count, DeadLetter,
    Encryption, ExistingQueue, Metric, Network, Queue, QueueSpec, Service, ServiceSource,
    ServiceSpec, Stack, Subscription, Tasks,
};

pub(crate) const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn empty(name: &str) -> Stack {
    Stack {
        name: name.into(),
        account: None,
        region: None,
        tags: BTreeMap::new(),
        termination_protection: false,
        permissions_boundary: None,
        network: Network::Create,
        cluster: Cluster::Create {
            name: None,
            capacity: Capacity::Fargate,
        },
        queues: BTreeMap::new(),
        services: BTreeMap::new(),
        metric: Metric {
            namespace: "EcsScaler".into(),
            every: seconds(60),
            memory: 128,
            architecture: Architecture::Arm64,
            log_retention: seconds(14 * 86_400),
        },
        alarms: Alarms {
            oldest_message: None,
            dead_letters: 1,
            metric_silent: seconds(600),
        },
        notify: Vec::new(),
    }
}

pub(crate) fn queue() -> QueueSpec {
    QueueSpec {
        name: None,
        visibility_timeout: seconds(60),
        retention: seconds(4 * 86_400),
        fifo: false,
        encryption: Encryption::Sqs,
        dead_letter: Some(DeadLetter {
            after: 5,
            retention: seconds(14 * 86_400),
        }),
        subscribe: Vec::new(),
    }
}

pub(crate) fn existing_queue(name: &str) -> Queue {
    Queue::Existing(ExistingQueue {
        arn: format!("arn:aws:sqs:us-west-2:111122223333:{name}"),
        partition: "aws".into(),
        region: "us-west-2".into(),
        account: "111122223333".into(),
        name: name.into(),
    })
}

pub(crate) fn spec() -> ServiceSpec {
    ServiceSpec {
        name: None,
        image: "public.ecr.aws/docker/library/busybox:1.37".into(),
        cpu: 256,
        memory: 512,
        architecture: Architecture::Arm64,
        command: Vec::new(),
        environment: BTreeMap::new(),
        secrets: BTreeMap::new(),
        stop_timeout: seconds(30),
    }
}

pub(crate) fn scaling() -> BacklogPerTask {
    BacklogPerTask {
        acceptable_latency: seconds(10),
        processing_time: Duration::from_millis(100),
        count: BTreeSet::from([Count::Visible]),
        cooldown: Cooldown {
            out: seconds(60),
            r#in: seconds(300),
        },
    }
}

pub(crate) fn service(source: ServiceSource, consumes: &[&str]) -> Service {
    Service {
        source,
        consumes: consumes.iter().map(|&name| name.into()).collect(),
        tasks: Tasks { min: 1, max: 20 },
        scaling: Some(scaling()),
    }
}

pub(crate) fn created(spec: ServiceSpec, consumes: &[&str]) -> Service {
    service(ServiceSource::Create(Box::new(spec)), consumes)
}

pub(crate) fn existing(cluster: &str, name: &str, consumes: &[&str]) -> Service {
    let source = ServiceSource::Existing {
        cluster: cluster.into(),
        service: name.into(),
    };
    service(source, consumes)
}

pub(crate) fn with(
    name: &str,
    queues: Vec<(&str, Queue)>,
    services: Vec<(&str, Service)>,
) -> Stack {
    let mut stack = empty(name);
    stack.queues = queues
        .into_iter()
        .map(|(name, queue)| (name.into(), queue))
        .collect();
    stack.services = services
        .into_iter()
        .map(|(name, service)| (name.into(), service))
        .collect();
    stack
}

/// Every feature that a definition has, at once.
pub(crate) fn everything() -> Stack {
    let topic = |name: &str| Subscription {
        topic: format!("arn:aws:sns:eu-central-1:444455556666:{name}"),
        filter: Some(json!({ "kind": ["voucher", { "prefix": "v-" }] })),
    };
    let key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let jobs = QueueSpec {
        name: Some("jobs.fifo".into()),
        fifo: true,
        encryption: Encryption::Kms(key.into()),
        subscribe: vec![topic("jobs.fifo")],
        ..queue()
    };
    let plain = QueueSpec {
        dead_letter: None,
        subscribe: vec![
            topic("jobs"),
            Subscription {
                filter: None,
                ..topic("more-jobs")
            },
        ],
        ..queue()
    };
    let secret = "arn:aws:secretsmanager:us-west-2:111122223333:secret:db-AbCdEf:password::";
    let parameter = "arn:aws:ssm:us-west-2:111122223333:parameter/api/key";
    let worker = ServiceSpec {
        name: Some("worker".into()),
        image: "111122223333.dkr.ecr.us-west-2.amazonaws.com/team/worker:1.2.0".into(),
        architecture: Architecture::X86_64,
        command: vec!["run".into(), "--all".into()],
        environment: BTreeMap::from([("GREETING".into(), "not a ${Reference}".into())]),
        secrets: BTreeMap::from([
            ("PASSWORD".into(), secret.into()),
            ("KEY".into(), parameter.into()),
        ]),
        ..spec()
    };
    let mut stack = with(
        "everything",
        vec![
            ("jobs", Queue::Create(jobs)),
            ("plain", Queue::Create(plain)),
            ("theirs", existing_queue("theirs")),
        ],
        vec![
            ("worker", created(worker, &["jobs", "plain", "theirs"])),
            (
                "fixed",
                Service {
                    scaling: None,
                    tasks: Tasks { min: 2, max: 2 },
                    ..created(spec(), &["plain"])
                },
            ),
            (
                "their-worker",
                existing("their-cluster", "their-service", &["theirs"]),
            ),
        ],
    );
    stack.region = Some("us-west-2".into());
    stack.permissions_boundary = Some(BOUNDARY.into());
    stack.network = Network::Existing {
        vpc: None,
        subnets: vec!["subnet-0a1b2c3d4e5f60718".into()],
        security_groups: vec!["sg-0a1b2c3d4e5f60718".into()],
        assign_public_ip: true,
    };
    stack.cluster = Cluster::Create {
        name: Some("work".into()),
        capacity: Capacity::FargateSpot { base: 2 },
    };
    stack.metric.namespace = "Team/Jobs".into();
    stack.metric.every = seconds(300);
    stack.alarms.oldest_message = Some(seconds(30));
    stack.notify = vec!["ops@example.com".into(), "on-call+jobs@example.com".into()];
    stack
}

/// As many created services, each with a queue of its own and a dead-letter queue.
pub(crate) fn fleet(name: &str, services: usize) -> Stack {
    let mut stack = empty(name);
    for number in 1..=services {
        let queue_name = format!("queue-{number:02}");
        let service = created(spec(), &[queue_name.as_str()]);
        stack
            .services
            .insert(format!("worker-{number:02}"), service);
        stack.queues.insert(queue_name, Queue::Create(queue()));
    }
    stack
}

/// As many services and queues of somebody else.
pub(crate) fn existing_fleet(services: usize) -> Stack {
    let mut stack = empty("existing-fleet");
    for number in 1..=services {
        let short = format!("queue-{number:03}");
        let service_name = format!("their-rather-long-service-name-{number:03}");
        let service = existing("their-cluster", &service_name, &[short.as_str()]);
        stack.queues.insert(
            short,
            existing_queue(&format!("their-rather-long-queue-name-{number:03}")),
        );
        stack
            .services
            .insert(format!("worker-{number:03}"), service);
    }
    stack
}

/// The shipped definitions' names.
pub(crate) const SHIPPED: [&str; 3] = ["existing-service", "fan-out", "voucher-worker"];

/// A shipped definition, which has to be without a problem. Warnings pass: the main example's promise
/// of ten seconds is one.
pub(crate) fn shipped(name: &str) -> Stack {
    let file = root().join(format!("stacks/{name}.yaml"));
    let text = std::fs::read_to_string(&file).unwrap();
    stack::parse(name, &text)
        .unwrap_or_else(|report| panic!("{report:?}"))
        .stack
}

/// Every stack that the tests look at, with a name for each.
pub(crate) fn all() -> Vec<(&'static str, Stack)> {
    let on_demand = || {
        with(
            "own",
            vec![("a", Queue::Create(queue()))],
            vec![("w", created(spec(), &["a"]))],
        )
    };
    let mut existing_cluster = on_demand();
    existing_cluster.cluster = Cluster::Existing {
        name: "shared".into(),
    };
    existing_cluster.network = Network::Existing {
        vpc: Some("vpc-0a1b2c3d4e5f60718".into()),
        subnets: vec!["subnet-0a1b2c3d4e5f60718".into()],
        security_groups: Vec::new(),
        assign_public_ip: false,
    };
    let mut unscaled = on_demand();
    for service in unscaled.services.values_mut() {
        service.scaling = None;
    }
    let mut all = vec![
        ("minimal", on_demand()),
        ("existing_cluster", existing_cluster),
        ("unscaled", unscaled),
        ("everything", everything()),
        ("fleet", fleet("thirty-services", 30)),
        ("existing_fleet", existing_fleet(100)),
    ];
    all.extend(SHIPPED.map(|name| (name, shipped(name))));
    all
}
