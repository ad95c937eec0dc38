//! The golden files `services*.json` and `tasks*.json`, from the emulators' side.

use super::*;
use crate::emulators::golden::Exchange;
use crate::emulators::tasks::model::{
    Container, Decision, Deployment, Protection, Service, Status, StopCode, TaskDefinition,
    TaskReport,
};

const SERVICE: &str = "arn:aws:ecs:eu-west-3:111122223333:service/voucher/worker";
const DEFINITION: &str = "arn:aws:ecs:eu-west-3:111122223333:task-definition/worker:1";

fn container(name: &str) -> Container {
    Container {
        name: name.into(),
        command: Vec::new(),
        environment: BTreeMap::new(),
        stop_timeout: None,
        essential: true,
    }
}

fn service(name: &str) -> Service {
    let arn = format!("arn:aws:ecs:eu-west-3:111122223333:service/voucher/{name}");
    Service {
        deployment: arn.clone(),
        arn,
        account: "111122223333".into(),
        region: "eu-west-3".into(),
        cluster: "voucher".into(),
        name: name.into(),
        desired_count: 0,
        minimum_healthy_percent: 100,
        maximum_percent: 200,
        task_definition: Arc::default(),
    }
}

#[tokio::test]
async fn reads_services_and_protections() {
    let exchange = Exchange::serve("services");
    let listing = get_services(&exchange.plugin, "0123abcd-6").await.unwrap();
    let worker = Container {
        command: vec!["worker".into(), "--verbose".into()],
        environment: [("EMPTY".into(), "".into()), ("QUEUE".into(), "q".into())].into(),
        stop_timeout: Some(120),
        ..container("worker")
    };
    let sidecar = Container {
        essential: false,
        ..container("sidecar")
    };
    let full = Service {
        desired_count: 3,
        deployment: "ecs-svc/0000000000000000001".into(),
        minimum_healthy_percent: 50,
        maximum_percent: 150,
        task_definition: Arc::new(TaskDefinition {
            arn: DEFINITION.into(),
            containers: vec![worker, sidecar],
        }),
        ..service("worker")
    };
    let protect = |id, until| Protection { id, until };
    let expected = Listing {
        version: "0123abcd-8".into(),
        services: Some(vec![full, service("empty")]),
        protections: [
            ("task-a".into(), protect(1, Some(1_795_003_600.5))),
            ("task-b".into(), protect(2, None)),
        ]
        .into(),
    };
    assert_eq!(listing, expected);
    exchange.check();
}

#[tokio::test]
async fn reads_that_nothing_has_changed() {
    let exchange = Exchange::serve("services-unchanged");
    let listing = get_services(&exchange.plugin, "0123abcd-8").await.unwrap();
    let expected = Listing {
        version: "0123abcd-8".into(),
        services: None,
        protections: BTreeMap::new(),
    };
    assert_eq!(listing, expected);
    exchange.check();
}

fn at(seconds: f64) -> Duration {
    Duration::from_secs_f64(1_795_000_000.0 + seconds)
}

fn task(id: &str, last_status: Status) -> TaskReport {
    TaskReport {
        id: id.into(),
        deployment: "ecs-svc/0000000000000000001".into(),
        task_definition: DEFINITION.into(),
        last_status,
        created_at: at(1.0),
        started_at: None,
        stopping_at: None,
        stopped_at: None,
        stop_code: None,
        stopped_reason: None,
        exits: BTreeMap::new(),
        protection: None,
    }
}

/// One task with each status, each stop code, and each decision on protection.
fn tasks() -> Vec<TaskReport> {
    let protected = |id, until, blocked| {
        let until = Some(until).filter(|until| *until > 0.0).map(at);
        Some(Decision { id, until, blocked })
    };
    vec![
        task("provisioning", Status::Provisioning),
        task("pending", Status::Pending),
        TaskReport {
            started_at: Some(at(2.5)),
            protection: protected(2, 3600.0, false),
            ..task("running", Status::Running)
        },
        TaskReport {
            started_at: Some(at(2.5)),
            deployment: "ecs-svc/0000000000000000000".into(),
            protection: protected(3, 0.0, true),
            ..task("outdated", Status::Running)
        },
        TaskReport {
            started_at: Some(at(2.5)),
            stopping_at: Some(at(3.25)),
            stop_code: Some(StopCode::ServiceSchedulerInitiated),
            stopped_reason: Some("Scaling activity initiated by (service worker)".into()),
            ..task("stopping", Status::Stopping)
        },
        TaskReport {
            started_at: Some(at(2.5)),
            stopping_at: Some(at(3.25)),
            stopped_at: Some(at(4.0)),
            stop_code: Some(StopCode::EssentialContainerExited),
            stopped_reason: Some("Essential container in task exited".into()),
            exits: [("worker".into(), 137), ("sidecar".into(), 0)].into(),
            ..task("crashed", Status::Stopped)
        },
        TaskReport {
            stopping_at: Some(at(3.25)),
            stopped_at: Some(at(3.25)),
            stop_code: Some(StopCode::TaskFailedToStart),
            stopped_reason: Some("no such program".into()),
            ..task("not-started", Status::Stopped)
        },
    ]
}

#[tokio::test]
async fn writes_tasks_and_deployments() {
    let deployments = vec![
        Deployment {
            id: "ecs-svc/0000000000000000001".into(),
            task_definition: DEFINITION.into(),
            running: 1,
            pending: 2,
            failed: 2,
            completed: false,
            created_at: at(0.5),
            updated_at: at(0.75),
        },
        Deployment {
            id: "ecs-svc/0000000000000000000".into(),
            task_definition: DEFINITION.into(),
            running: 1,
            pending: 0,
            failed: 0,
            completed: true,
            created_at: at(-100.0),
            updated_at: at(-50.0),
        },
    ];
    let worker = ServiceReport {
        deployments,
        tasks: tasks(),
    };
    let empty = ServiceReport {
        deployments: Vec::new(),
        tasks: Vec::new(),
    };
    let empty_arn = SERVICE.replace("worker", "empty");
    let services = [(SERVICE.into(), worker), (empty_arn, empty)].into();
    let exchange = Exchange::serve("tasks");
    let sent = put_tasks(&exchange.plugin, &Report { services }).await;
    sent.unwrap();
    exchange.check();
}

#[tokio::test]
async fn writes_that_there_are_no_tasks_yet() {
    let exchange = Exchange::serve("tasks-none");
    let sent = put_tasks(&exchange.plugin, &Report::default()).await;
    sent.unwrap();
    exchange.check();
}
