//! Readings of a service, and their results.

mod definition;
mod facts;
mod present;
mod queues;

use std::collections::BTreeMap;
use std::time::Duration;

use super::*;

/// The queue of the readings.
const QUEUE: &str = "orders";

fn arn(name: &str) -> String {
    format!("arn:aws:sqs:us-west-2:111122223333:{name}")
}

/// `count` minutes with the same value, starting at a minute.
fn minutes(from: i64, count: i64, value: f64) -> Minutes {
    (from..from + count)
        .map(|minute| (minute * 60, value))
        .collect()
}

/// A worker of 2 tasks that processes one message in 500 ms: quiet for 1,000 minutes, then busy for 100 with 10
/// messages held by each task. The same as in the test of Little's law.
fn history() -> History {
    let mut history = History {
        days: 14,
        sent: minutes(0, 1_000, 6.0),
        deleted: minutes(0, 1_000, 6.0),
        received: minutes(0, 1_000, 6.0),
        in_flight: minutes(0, 1_000, 0.05),
        visible: minutes(0, 1_000, 0.0),
        oldest: minutes(0, 1_000, 1.0),
        running: minutes(0, 1_100, 2.0),
        cpu_samples: Minutes::new(),
    };
    history.sent.extend(minutes(1_000, 100, 240.0));
    history.deleted.extend(minutes(1_000, 100, 240.0));
    history.received.extend(minutes(1_000, 100, 240.0));
    history.in_flight.extend(minutes(1_000, 100, 20.0));
    history.visible.extend(minutes(1_000, 100, 500.0));
    history.oldest.extend(minutes(1_000, 100, 125.0));
    history
}

fn readings() -> Readings {
    Readings {
        account: "111122223333".to_owned(),
        region: "us-west-2".to_owned(),
        service: ServiceReading {
            cluster: "shop".to_owned(),
            name: "order-worker".to_owned(),
            desired: 2,
            running: 2,
            launch_type: Some("FARGATE".to_owned()),
            controller: "ECS".to_owned(),
            strategy: "REPLICA".to_owned(),
            insights: Some(true),
            ..ServiceReading::default()
        },
        task: TaskReading {
            cpu: Some(256),
            memory: Some(512),
            containers: vec![ContainerReading {
                name: "worker".to_owned(),
                image: "shop/worker:1.2".to_owned(),
                ..ContainerReading::default()
            }],
            ..TaskReading::default()
        },
        target: Some(TargetReading {
            min: 2,
            max: 20,
            scheduled: 0,
            suspended: (false, false),
        }),
        policies: vec![tracking(
            "m1 / tasks",
            &[("m1", VISIBLE), ("tasks", RUNNING)],
        )],
        queues: vec![QueueReading {
            arn: arn(QUEUE),
            name: QUEUE.to_owned(),
            found: "QUEUE_URL of container worker".to_owned(),
            visibility_timeout: Duration::from_secs(60),
            retention: Duration::from_secs(4 * 86_400),
            dead_letter: Some((5, arn("orders-dead"))),
            ..QueueReading::default()
        }],
        history: history(),
        starts: vec![StartReading {
            created: 0,
            pull_started: Some(8_000),
            pull_stopped: Some(20_000),
            started: 34_500,
        }],
        ..Readings::default()
    }
}

const VISIBLE: (&str, &str) = ("AWS/SQS", "ApproximateNumberOfMessagesVisible");
const IN_FLIGHT: (&str, &str) = ("AWS/SQS", "ApproximateNumberOfMessagesNotVisible");
const RUNNING: (&str, &str) = ("ECS/ContainerInsights", "RunningTaskCount");

fn metric((namespace, name): (&str, &str)) -> MetricReading {
    let dimension = match namespace {
        "AWS/SQS" => ("QueueName", QUEUE),
        _ => ("ServiceName", "order-worker"),
    };
    MetricReading {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: BTreeMap::from([(dimension.0.to_owned(), dimension.1.to_owned())]),
        statistic: "Average".to_owned(),
    }
}

/// Target tracking of metric math at 100.
fn tracking(expression: &str, metrics: &[(&str, (&str, &str))]) -> PolicyReading {
    let terms = metrics.iter().map(|(id, name)| {
        let term = TermReading::Metric(metric(*name));
        ((*id).to_owned(), term)
    });
    let metric = TrackedReading::Math {
        expression: expression.to_owned(),
        terms: terms.collect(),
    };
    tracked(metric)
}

fn tracked(metric: TrackedReading) -> PolicyReading {
    PolicyReading {
        name: "backlog".to_owned(),
        kind: PolicyKind::Tracking {
            target: 100.0,
            metric,
            cooldown_out: Some(Duration::from_secs(30)),
            cooldown_in: None,
            only_out: false,
        },
        alarms: Vec::new(),
    }
}
