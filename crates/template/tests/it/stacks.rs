//! Stacks for the tests, made in code or read from the shipped definitions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;
use stack::{
    Actuator, AdjustmentType, AlarmMetric, Alarms, Architecture, BacklogPerTask, BacklogSource,
    Capacity, Cluster, Comparison, Container, Cooldown, Count, DeadLetter, Demand, Deployment,
    Encryption, ExistingQueue, Fifo, FilterScope, LoadBalancer, Metric, MissingData, Network,
    Queue, QueueSpec, Recipient, Scaling, Service, ServiceSource, ServiceSpec, Stack, Statistic,
    Step, StepAlarm, StepScaling, Steps, Subscription, Tasks, Utilization,
};

pub(crate) const THEIR_KEY: &str =
    "arn:aws:kms:us-west-2:111122223333:key/2b3c4d5e-6f70-8a9b-0c1d-2e3f4a5b6c7d";

pub(crate) const BOUNDARY: &str = "arn:aws:iam::111122223333:policy/boundary";

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn email(address: &str) -> Recipient {
    Recipient::Email(address.into())
}

pub(crate) fn empty(name: &str) -> Stack {
    Stack {
        name: name.into(),
        environment: None,
        written: stack::Written::default(),
        account: None,
        region: None,
        tags: BTreeMap::new(),
        termination_protection: false,
        permissions_boundary: None,
        role_path: "/".into(),
        key: None,
        log_key: None,
        network: Network::Create { flow_logs: None },
        assets_bucket: None,
        cluster: Cluster::Create {
            name: None,
            capacity: Capacity::Fargate,
            insights: None,
        },
        queues: BTreeMap::new(),
        services: BTreeMap::new(),
        metric: Metric {
            namespace: "EcsScaler".into(),
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
        notify: Vec::new(),
        overrides: None,
    }
}

pub(crate) fn queue() -> QueueSpec {
    QueueSpec {
        name: None,
        visibility_timeout: seconds(60),
        retention: seconds(4 * 86_400),
        delay: Duration::ZERO,
        fifo: None,
        encryption: Encryption::Sqs,
        dead_letter: Some(DeadLetter {
            after: 5,
            retention: seconds(14 * 86_400),
        }),
        subscribe: Vec::new(),
        senders: Vec::new(),
    }
}

pub(crate) fn existing_queue(name: &str) -> Queue {
    Queue::Existing(ExistingQueue {
        arn: format!("arn:aws:sqs:us-west-2:111122223333:{name}"),
        partition: "aws".into(),
        region: "us-west-2".into(),
        account: "111122223333".into(),
        name: name.into(),
        key: None,
    })
}

/// An existing queue whose messages are encrypted with an existing key.
fn encrypted_queue(name: &str) -> Queue {
    let Queue::Existing(queue) = existing_queue(name) else {
        unreachable!("it exists");
    };
    Queue::Existing(ExistingQueue {
        key: Some(THEIR_KEY.into()),
        ..queue
    })
}

pub(crate) fn spec() -> ServiceSpec {
    ServiceSpec {
        name: None,
        image: "public.ecr.aws/docker/library/busybox:1.37".into(),
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
    }
}

/// A service behind a load balancer.
pub(crate) fn web() -> ServiceSpec {
    ServiceSpec {
        image: "public.ecr.aws/nginx/nginx:stable".into(),
        port: Some(8080),
        load_balancer: Some(LoadBalancer {
            listener: 80,
            health_check: "/".into(),
            certificate: None,
            internal: false,
            subnets: Vec::new(),
            allow_from: Vec::new(),
            redirect_http: false,
            tls_policy: None,
            waf: None,
            access_logs: None,
            deletion_protection: false,
        }),
        ..spec()
    }
}

fn cooldown() -> Cooldown {
    Cooldown {
        out: seconds(60),
        r#in: seconds(300),
    }
}

/// Steps that add or remove: distance beyond the threshold, and tasks.
pub(crate) fn changes(steps: &[(f64, i32)]) -> Steps {
    let steps = steps
        .iter()
        .map(|&(from, adjustment)| Step { from, adjustment });
    Steps::new(AdjustmentType::ChangeInCapacity, None, steps.collect()).unwrap()
}

pub(crate) fn side(comparison: Comparison, threshold: f64, steps: Steps) -> StepAlarm {
    StepAlarm {
        comparison,
        threshold,
        datapoints: 1,
        periods: 1,
        missing: MissingData::Missing,
        steps,
        metric: None,
    }
}

/// The article's steps: one more task from 100 requests per minute, one fewer after five minutes below 20.
pub(crate) fn by_requests() -> StepScaling {
    let scale_in = StepAlarm {
        datapoints: 5,
        periods: 5,
        missing: MissingData::Breaching,
        ..side(Comparison::Below, 20.0, changes(&[(0.0, -1)]))
    };
    StepScaling {
        metric: AlarmMetric::RequestCount,
        period: seconds(60),
        cooldown: cooldown(),
        scale_out: Some(StepAlarm {
            missing: MissingData::NotBreaching,
            ..side(Comparison::AtOrAbove, 100.0, changes(&[(0.0, 1)]))
        }),
        scale_in: Some(scale_in),
    }
}

/// Steps on a queue of the definition, with several steps each way.
pub(crate) fn by_queue(queue: &str) -> StepScaling {
    StepScaling {
        metric: AlarmMetric::Queue {
            queue: queue.into(),
            name: "ApproximateNumberOfMessagesVisible".into(),
            statistic: Statistic::Plain("Maximum".into()),
        },
        period: seconds(60),
        cooldown: cooldown(),
        scale_out: Some(side(
            Comparison::AtOrAbove,
            100.0,
            changes(&[(0.0, 1), (200.0, 3), (500.5, 10)]),
        )),
        scale_in: Some(side(
            Comparison::AtOrBelow,
            20.0,
            changes(&[(0.0, -1), (15.0, -2)]),
        )),
    }
}

/// Waiting messages add tasks, and tasks are removed if no message waits and none is being processed.
pub(crate) fn by_outstanding(queue: &str) -> StepScaling {
    let outstanding = AlarmMetric::Messages {
        queue: queue.into(),
        count: BTreeSet::from([Count::Visible, Count::InFlight]),
        statistic: Statistic::Plain("Maximum".into()),
    };
    let all = Steps::new(
        AdjustmentType::ExactCapacity,
        None,
        vec![Step {
            from: 0.0,
            adjustment: 1,
        }],
    );
    StepScaling {
        scale_in: Some(StepAlarm {
            metric: Some(outstanding),
            ..side(Comparison::AtOrBelow, 0.0, all.unwrap())
        }),
        ..by_queue(queue)
    }
}

/// Percentages by a percentile of a custom metric, only for scale-out.
pub(crate) fn by_latency() -> StepScaling {
    let step = Step {
        from: 0.0,
        adjustment: 10,
    };
    let steps = Steps::new(AdjustmentType::PercentChangeInCapacity, Some(2), vec![step]);
    StepScaling {
        metric: AlarmMetric::Other {
            namespace: "Team/${Odd}".into(),
            name: "Latency".into(),
            dimensions: BTreeMap::from([("Api".into(), "checkout".into())]),
            statistic: Statistic::Extended("p99.9".into()),
        },
        period: seconds(10),
        cooldown: cooldown(),
        scale_out: Some(StepAlarm {
            datapoints: 2,
            periods: 3,
            missing: MissingData::Ignore,
            ..side(Comparison::Above, 0.5, steps.unwrap())
        }),
        scale_in: None,
    }
}

pub(crate) fn utilization(target: u32) -> Utilization {
    Utilization {
        target,
        high_resolution: false,
        cooldown: cooldown(),
    }
}

/// The same service with other scaling.
pub(crate) fn scaled_by(scaling: Scaling, service: Service) -> Service {
    Service {
        scaling: Some(scaling),
        ..service
    }
}

pub(crate) fn alarm_steps(steps: StepScaling) -> Scaling {
    Scaling {
        alarm_steps: Some(steps),
        ..Scaling::default()
    }
}

pub(crate) fn demand(actuator: Actuator) -> Demand {
    Demand {
        acceptable_latency: seconds(60),
        processing_time: Some(seconds(2)),
        concurrency: 4,
        actuator,
        every: scaling::DEMAND_INTERVAL,
        warm: scaling::Warm::Auto,
        task_start: seconds(40),
        window: seconds(120),
        cooldown: Cooldown {
            out: seconds(0),
            r#in: seconds(30),
        },
    }
}

pub(crate) fn demanded(demand: Demand) -> Scaling {
    Scaling {
        demand: Some(demand),
        ..Scaling::default()
    }
}

/// This many existing services, each with an existing queue, with names of a usual length.
pub(crate) fn many_by_demand(count: usize) -> Stack {
    let names: Vec<String> = (0..count)
        .map(|number| format!("department-worker-{number:04}"))
        .collect();
    let queues = names
        .iter()
        .map(|name| (name.as_str(), existing_queue(name)))
        .collect();
    let service = |name: &String| {
        let theirs = existing("production", name, &[name]);
        scaled_by(demanded(demand(Actuator::Function)), theirs)
    };
    let services = names
        .iter()
        .map(|name| (name.as_str(), service(name)))
        .collect();
    with("shop", queues, services)
}

/// Services that scale by demand in every way, created and existing, and one that scales by its backlog.
pub(crate) fn by_demand(name: &str) -> Stack {
    let measured = |actuator| Demand {
        processing_time: None,
        ..demand(actuator)
    };
    let function = demanded(demand(Actuator::Function));
    let tracked = demanded(demand(Actuator::TargetTracking));
    let theirs = existing("their-cluster", "their-service", &["theirs", "jobs"]);
    let waking = Service {
        tasks: Tasks { min: 0, max: 5 },
        ..created(spec(), &["waking"])
    };
    let waking = scaled_by(demanded(measured(Actuator::TargetTracking)), waking);
    with(
        name,
        vec![
            ("backlog", Queue::Create(queue())),
            ("jobs", Queue::Create(queue())),
            ("theirs", existing_queue("theirs")),
            ("tracked", Queue::Create(queue())),
            ("waking", Queue::Create(queue())),
        ],
        vec![
            ("backlog", created(spec(), &["backlog"])),
            ("function", scaled_by(function, created(spec(), &["jobs"]))),
            (
                "theirs",
                scaled_by(demanded(measured(Actuator::Function)), theirs),
            ),
            ("tracked", scaled_by(tracked, created(spec(), &["tracked"]))),
            ("waking", waking),
        ],
    )
}

/// An existing service, which the stack only observes.
pub(crate) fn observing(name: &str) -> Stack {
    let theirs = existing("their-cluster", "their-service", &["theirs"]);
    with(
        name,
        vec![("theirs", existing_queue("theirs"))],
        vec![(
            "theirs",
            scaled_by(demanded(demand(Actuator::None)), theirs),
        )],
    )
}

pub(crate) fn on_ec2() -> Capacity {
    Capacity::Ec2 {
        instance_type: "t4g.small".into(),
        min: 1,
        max: 4,
        image: None,
        volume_key: None,
    }
}

/// A service of every kind: by backlog in both ways, with scale from zero, by CPU and memory, by both kinds of
/// steps, created and existing, with and without load balancers.
pub(crate) fn every_kind(name: &str, capacity: Capacity) -> Stack {
    let by = |scaling| scaled_by(scaling, created(spec(), &["jobs"]));
    let waking = Service {
        tasks: Tasks { min: 0, max: 5 },
        ..created(spec(), &["jobs", "more"])
    };
    let math = BacklogPerTask {
        source: BacklogSource::MetricMath,
        count: BTreeSet::from([Count::Visible, Count::InFlight]),
        ..scaling()
    };
    let tracked = Scaling {
        cpu: Some(utilization(60)),
        memory: Some(utilization(70)),
        steps: Some(by_queue("jobs")),
        ..Scaling::default()
    };
    let certificate = "arn:aws:acm:us-west-2:111122223333:certificate/1234abcd-12ab-34cd-56ef";
    let internal = ServiceSpec {
        load_balancer: Some(LoadBalancer {
            listener: 8443,
            certificate: Some(certificate.into()),
            internal: true,
            ..web().load_balancer.unwrap()
        }),
        ..web()
    };
    let mut stack = with(
        name,
        vec![
            ("jobs", Queue::Create(queue())),
            ("more", Queue::Create(queue())),
        ],
        vec![
            ("fixed", unscaled(created(web(), &[]))),
            ("internal", scaled_by(tracked, created(internal, &["jobs"]))),
            ("math", by(backlog(math))),
            ("percentile", by(alarm_steps(by_latency()))),
            ("stepped", by(alarm_steps(by_queue("jobs")))),
            (
                "theirs",
                scaled_by(
                    alarm_steps(by_queue("more")),
                    existing("their-cluster", "their-service", &[]),
                ),
            ),
            ("waking", waking),
            (
                "web",
                scaled_by(alarm_steps(by_requests()), created(web(), &[])),
            ),
        ],
    );
    stack.cluster = Cluster::Create {
        name: None,
        capacity,
        insights: None,
    };
    stack
}

fn unscaled(service: Service) -> Service {
    Service {
        scaling: None,
        ..service
    }
}

pub(crate) fn backlog(scaling: BacklogPerTask) -> Scaling {
    Scaling {
        backlog_per_task: Some(scaling),
        ..Scaling::default()
    }
}

pub(crate) fn scaling() -> BacklogPerTask {
    BacklogPerTask {
        acceptable_latency: seconds(10),
        processing_time: Duration::from_millis(100),
        concurrency: 1,
        count: BTreeSet::from([Count::Visible]),
        cooldown: cooldown(),
        source: BacklogSource::Lambda,
    }
}

pub(crate) fn service(source: ServiceSource, consumes: &[&str]) -> Service {
    Service {
        source,
        slo: None,
        consumes: consumes.iter().map(|&name| name.into()).collect(),
        queue_settings: BTreeMap::new(),
        protect: false,
        heartbeat: false,
        tasks: Tasks { min: 1, max: 20 },
        schedule: None,
        scaling: Some(backlog(scaling())),
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

/// Every feature of a definition at once.
pub(crate) fn everything() -> Stack {
    let topic = |name: &str| Subscription {
        topic: format!("arn:aws:sns:eu-central-1:444455556666:{name}"),
        filter: Some(json!({ "kind": ["voucher", { "prefix": "v-" }] })),
        filter_scope: FilterScope::Attributes,
        raw: true,
    };
    let key = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let jobs = QueueSpec {
        name: Some("jobs.fifo".into()),
        fifo: Some(Fifo::default()),
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
            Subscription {
                filter: Some(json!({ "voucher": { "kind": ["gift"] } })),
                filter_scope: FilterScope::Body,
                ..topic("other-jobs")
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
            ("theirs", encrypted_queue("theirs")),
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
        insights: None,
    };
    stack.metric.namespace = "Team/Jobs".into();
    stack.metric.every = seconds(300);
    stack.alarms.oldest_message = Some(seconds(30));
    stack.notify = vec![
        email("ops@example.com"),
        email("on-call+jobs@example.com"),
        Recipient::Topic("arn:aws:sns:us-west-2:111122223333:pager".into()),
        Recipient::Slack {
            workspace: "T0123456789".into(),
            channel: "C0123456789".into(),
        },
    ];
    stack
}

/// This many created services, each with its own queue and a dead-letter queue.
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

/// This many existing services and queues.
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
pub(crate) const SHIPPED: [&str; 12] = [
    "billing",
    "existing-service",
    "fan-out",
    "from-copilot",
    "hardened",
    "image-resizer",
    "mailer",
    "sample-webapp",
    "shop",
    "transcoder",
    "voucher-worker",
    "voucher-worker-demand",
];

/// A shipped definition, which must have no errors. Warnings are allowed: the main example's objective of ten
/// seconds causes one.
pub(crate) fn shipped(name: &str) -> Stack {
    definition(&format!("stacks/{name}"))
}

/// Each shipped definition in each of its environments.
pub(crate) fn environments() -> Vec<(String, Stack)> {
    let mut all = Vec::new();
    for name in SHIPPED {
        let file = root().join(format!("stacks/{name}.yaml"));
        for environment in stack::read_environments(&file).unwrap() {
            let selection = stack::Selection {
                environment: Some(environment.clone()),
                set: Vec::new(),
            };
            let loaded = stack::load_selected(&file, &selection);
            let loaded = loaded.unwrap_or_else(|report| panic!("{report:?}"));
            all.push((format!("{name}-{environment}"), loaded.stack));
        }
    }
    assert!(all.len() >= 5, "{all:?}");
    all
}

/// The example of the page about workers.
fn documented() -> Stack {
    let page = std::fs::read_to_string(root().join("docs/worker.md")).unwrap();
    let (_, rest) = page.split_once("```yaml\n").unwrap();
    let (text, _) = rest.split_once("```\n").unwrap();
    stack::parse("worker.md", text).unwrap().stack
}

/// The definition in a file of the workspace.
pub(crate) fn definition(name: &str) -> Stack {
    let file = root().join(format!("{name}.yaml"));
    let text = std::fs::read_to_string(&file).unwrap();
    stack::parse(name, &text)
        .unwrap_or_else(|report| panic!("{report:?}"))
        .stack
}

/// A scale-in that counts messages in flight, by a scaling policy and by a scaling function.
fn outstanding() -> Stack {
    let worker = || created(spec(), &["a"]);
    let policy = Scaling {
        steps: Some(by_outstanding("a")),
        ..Scaling::default()
    };
    with(
        "outstanding",
        vec![("a", Queue::Create(queue()))],
        vec![
            ("f", scaled_by(alarm_steps(by_outstanding("a")), worker())),
            ("p", scaled_by(policy, worker())),
        ],
    )
}

/// Every stack that the tests check, with a name for each.
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
    // An existing network and security groups, a boundary, recipients, and a reserved name.
    let mut theirs = every_kind("ecs-theirs", on_ec2());
    theirs.permissions_boundary = Some(BOUNDARY.into());
    theirs.notify = vec![email("ops@example.com")];
    theirs.network = Network::Existing {
        vpc: Some("vpc-0a1b2c3d4e5f60718".into()),
        subnets: vec![
            "subnet-0a1b2c3d4e5f60718".into(),
            "subnet-1a1b2c3d4e5f60718".into(),
        ],
        security_groups: vec!["sg-0a1b2c3d4e5f60718".into()],
        assign_public_ip: false,
    };
    let mut theirs_on_fargate = theirs.clone();
    theirs_on_fargate.name = "theirs".into();
    theirs_on_fargate.cluster = Cluster::Existing {
        name: "shared".into(),
    };
    let mut all = vec![
        ("fargate", every_kind("fargate-stack", Capacity::Fargate)),
        (
            "fargate_spot",
            every_kind("spot-stack", Capacity::FargateSpot { base: 1 }),
        ),
        ("ec2", every_kind("ec2-stack", on_ec2())),
        ("theirs_on_ec2", theirs),
        ("theirs_on_fargate", theirs_on_fargate),
        ("minimal", on_demand()),
        ("outstanding", outstanding()),
        ("existing_cluster", existing_cluster),
        ("unscaled", unscaled),
        ("everything", everything()),
        ("demand", by_demand("demand")),
        ("fleet", fleet("thirty-services", 30)),
        ("existing_fleet", existing_fleet(100)),
        (
            "containers",
            definition("crates/template/tests/it/matrix/containers"),
        ),
        (
            "providers",
            definition("crates/template/tests/it/matrix/providers"),
        ),
        ("resizer", documented()),
        ("guarded", definition("crates/template/tests/it/matrix/web")),
    ];
    all.extend(SHIPPED.map(|name| (name, shipped(name))));
    all
}
