//! A cloud that changes over time: queues, a service, metrics, and the calls that it received.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_cloudwatch::operation::get_metric_data::{GetMetricDataError, GetMetricDataOutput};
use aws_sdk_cloudwatch::operation::put_metric_data::{
    PutMetricDataError, PutMetricDataInput, PutMetricDataOutput,
};
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_ecs::error::ErrorMetadata;
use aws_sdk_ecs::operation::describe_services::{DescribeServicesError, DescribeServicesOutput};
use aws_sdk_ecs::operation::update_service::{
    UpdateServiceError, UpdateServiceInput, UpdateServiceOutput,
};
use aws_sdk_ecs::types::{Deployment, DeploymentRolloutState, Failure, Service};
use aws_sdk_sqs::operation::get_queue_attributes::{
    GetQueueAttributesError, GetQueueAttributesOutput,
};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use aws_smithy_types::DateTime;
use lambda_kit::{Invocation, Log};
use serde_json::{Value, json};
use tokio::sync::Mutex as Kept;
use tokio::time::{Instant, sleep_until};

use super::super::pauses::get_parameters;
use crate::{
    Clients, DemandAnswer, DemandCheck, FleetAnswer, InvocationError, Memory, Policy, Reply, handle,
};

/// 2026-11-21T10:00:00Z, in seconds.
pub(super) const START: u64 = 1_795_255_200;

/// Waiting messages and messages in flight, at a second since the start.
pub(super) type Load = fn(u64) -> (u64, u64);

/// Whether a call at a second since the start fails, and its error code.
pub(super) type Failing = fn(u64) -> Option<&'static str>;

pub(super) struct World {
    started: Instant,
    pub(super) queues: BTreeMap<&'static str, Load>,
    /// `None`: the service doesn't exist.
    pub(super) service: Option<&'static str>,
    pub(super) desired: i32,
    /// Running count; if `None`, the same as the desired count.
    pub(super) running: Option<i32>,
    pub(super) deployments: Vec<&'static str>,
    /// By operation, or by queue name.
    pub(super) failing: BTreeMap<&'static str, Failing>,
    /// Messages in flight and messages deleted in a minute, in CloudWatch.
    pub(super) metrics: Option<(f64, f64)>,
    /// Messages sent in a minute of the last two weeks; the first minute is 0.
    pub(super) history: Option<fn(i64) -> f64>,
    /// Second and operation of each call.
    pub(super) calls: Vec<(u64, &'static str)>,
    /// Second and count of each change.
    pub(super) set: Vec<(u64, i32)>,
    pub(super) puts: Vec<PutMetricDataInput>,
    /// The value of the parameter that records the pause, or the error code of its reading, by the second.
    pub(super) pause: fn(u64) -> Result<Option<String>, &'static str>,
}

pub(super) type Shared = Arc<Mutex<World>>;

/// An answer and the lines of the log.
pub(super) struct Invoked {
    pub(super) result: Result<FleetAnswer, InvocationError>,
    pub(super) log: Vec<Value>,
}

/// A service with 10 running tasks, and one queue.
pub(super) fn world(load: Load) -> Shared {
    Arc::new(Mutex::new(World {
        started: Instant::now(),
        queues: [("orders", load)].into(),
        service: Some("ACTIVE"),
        desired: 10,
        running: None,
        deployments: vec!["COMPLETED"],
        failing: BTreeMap::new(),
        metrics: None,
        history: None,
        calls: Vec::new(),
        set: Vec::new(),
        puts: Vec::new(),
        pause: |_| Ok(None),
    }))
}

/// 1 to 50 tasks; an objective of 60 s, 2 s per message; checks every 10 s within a minute.
pub(super) fn policy(changes: &Value) -> Value {
    let mut policy = json!({
        "namespace": "EcsScaler", "cluster": "web", "service": "worker", "min": 1, "max": 50,
        "queues": [{"name": "orders", "url": "https://sqs/orders"}],
        "every_ms": 10_000, "period_ms": 60_000, "cooldown_out_ms": 0, "cooldown_in_ms": 0,
        "law": {"acceptable_latency_ms": 60_000, "processing_time_ms": 2_000, "concurrency": 1,
                "task_start_ms": 40_000, "window_ms": 120_000},
    });
    for (key, value) in changes.as_object().unwrap() {
        match key.as_str() {
            "processing_time_ms" | "acceptable_latency_ms" => policy["law"][key] = value.clone(),
            _ => policy[key] = value.clone(),
        }
    }
    policy
}

/// The policy with two queues.
pub(super) fn two_queues() -> Value {
    let queue = |name: &str| json!({"name": name, "url": format!("https://sqs/{name}")});
    policy(&json!({"queues": [queue("orders"), queue("returns")]}))
}

/// The event of the rule.
pub(super) fn order(services: &[&Value]) -> Value {
    json!({"action": "scale-by-demand", "services": services})
}

/// One invocation that starts at this second, or when the previous one has ended.
pub(super) async fn invoke_at(
    world: &Shared,
    second: u64,
    memory: &Kept<Memory>,
    event: Value,
) -> Invoked {
    let started = world.lock().unwrap().started;
    sleep_until(started + Duration::from_secs(second)).await;
    let now = UNIX_EPOCH + Duration::from_secs(START) + started.elapsed();
    let invocation = Invocation {
        request_id: "request-1".to_owned(),
        now,
        time_left: Duration::from_secs(60),
    };
    let began = Instant::now();
    let mut written = Vec::new();
    let mut log = Log::new(&mut written, &invocation.request_id, now);
    let clients = clients(world);
    let result = handle(
        &clients,
        &Policy::demand(),
        memory,
        event,
        &invocation,
        &mut log,
    )
    .await;
    assert!(
        began.elapsed() < invocation.time_left,
        "Lambda would have ended it"
    );
    let result = result.map(|reply| match reply {
        Reply::Demand(answer) => answer,
        Reply::AlarmSteps(answer) => panic!("an answer of demand, not {answer:?}"),
    });
    let text = String::from_utf8(written).unwrap();
    let log = text.lines().map(|line| serde_json::from_str(line).unwrap());
    Invoked {
        result,
        log: log.collect(),
    }
}

/// This many invocations, one per minute, in one execution environment.
pub(super) async fn minutes(world: &Shared, policy: &Value, count: u64) -> Vec<Invoked> {
    let memory = Kept::new(Memory::default());
    let mut all = Vec::new();
    for minute in 0..count {
        all.push(invoke_at(world, minute * 60, &memory, order(&[policy])).await);
    }
    all
}

impl Invoked {
    pub(super) fn fleet(&self) -> &FleetAnswer {
        match &self.result {
            Ok(answer) => answer,
            Err(InvocationError::LooksFailed(answer)) => answer,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// The answer for the only service.
    pub(super) fn answer(&self) -> &DemandAnswer {
        let [answer] = self.fleet().services.as_slice() else {
            panic!("one service");
        };
        answer
    }

    pub(super) fn looks(&self) -> &[DemandCheck] {
        &self.answer().looks
    }

    /// Level and message of each line.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = |line: &Value| format!("{} {}", line["level"], line["message"]);
        let lines = self.log.iter().map(text);
        lines.map(|line| line.replace('"', "")).collect()
    }
}

impl World {
    pub(super) fn fail(&mut self, what: &'static str, failing: Failing) {
        self.failing.insert(what, failing);
    }

    fn second(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    /// The calls of an operation.
    pub(super) fn count(&self, operation: &str) -> usize {
        self.calls
            .iter()
            .filter(|(_, one)| *one == operation)
            .count()
    }
}

fn clients(world: &Shared) -> Clients {
    let (describe, update) = (describe_services(world), update_service(world));
    let (data, put) = (get_metric_data(world), put_metric_data(world));
    let attributes = get_queue_attributes(world);
    let parameters = get_parameters(world, |world| {
        let second = world.second();
        world.calls.push((second, "GetParameters"));
        (world.pause)(second)
    });
    Clients {
        sqs: mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [&attributes]),
        ecs: mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&describe, &update]),
        cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&data, &put]),
        s3: mock_client!(aws_sdk_s3, RuleMode::MatchAny, []),
        ssm: mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&parameters]),
    }
}

/// Makes a call unless it should fail.
fn call<T>(
    world: &Shared,
    operation: &'static str,
    act: impl FnOnce(&mut World, u64) -> T,
) -> Result<T, ErrorMetadata> {
    let mut world = world.lock().unwrap();
    let second = world.second();
    world.calls.push((second, operation));
    match world
        .failing
        .get(operation)
        .and_then(|failing| failing(second))
    {
        Some(code) => Err(denied(code)),
        None => Ok(act(&mut world, second)),
    }
}

fn denied(code: &str) -> ErrorMetadata {
    ErrorMetadata::builder()
        .code(code)
        .message("as told")
        .build()
}

fn get_queue_attributes(world: &Shared) -> Rule {
    let world = Arc::clone(world);
    mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
        let name = input
            .queue_url()
            .unwrap()
            .rsplit('/')
            .next()
            .unwrap()
            .to_owned();
        let waiting = QueueAttributeName::ApproximateNumberOfMessages;
        let in_flight = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        assert_eq!(
            input.attribute_names(),
            [waiting.clone(), in_flight.clone()]
        );
        let found = call(&world, "GetQueueAttributes", |world, second| {
            let failing = world.failing.get(name.as_str());
            match failing.and_then(|failing| failing(second)) {
                Some(code) => Err(denied(code)),
                None => Ok(world.queues[name.as_str()](second)),
            }
        });
        match found.and_then(|found| found) {
            Ok(counts) => MockResponse::Output(
                GetQueueAttributesOutput::builder()
                    .attributes(waiting, counts.0.to_string())
                    .attributes(in_flight, counts.1.to_string())
                    .build(),
            ),
            Err(meta) => MockResponse::Error(GetQueueAttributesError::generic(meta)),
        }
    })
}

fn describe_services(world: &Shared) -> Rule {
    let world = Arc::clone(world);
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_response(move |input| {
        assert_eq!(
            (input.cluster(), input.services()),
            (Some("web"), &["worker".to_owned()][..])
        );
        let described = call(&world, "DescribeServices", |world, _| {
            let output = DescribeServicesOutput::builder();
            let Some(status) = world.service else {
                let arn = "arn:aws:ecs:us-west-2:111122223333:service/web/worker";
                let failure = Failure::builder().reason("MISSING").arn(arn);
                return output.failures(failure.build());
            };
            let deployments = world.deployments.iter().map(|state| {
                let state = DeploymentRolloutState::from(*state);
                Deployment::builder().rollout_state(state).build()
            });
            let service = Service::builder()
                .service_name("worker")
                .status(status)
                .desired_count(world.desired)
                .running_count(world.running.unwrap_or(world.desired))
                .set_deployments(Some(deployments.collect()));
            output.services(service.build())
        });
        match described {
            Ok(output) => MockResponse::Output(output.build()),
            Err(meta) => MockResponse::Error(DescribeServicesError::generic(meta)),
        }
    })
}

fn update_service(world: &Shared) -> Rule {
    let world = Arc::clone(world);
    mock!(aws_sdk_ecs::Client::update_service).then_compute_response(move |input| {
        let count = input.desired_count().unwrap();
        // Only the count: the role allows nothing else.
        let only = UpdateServiceInput::builder()
            .cluster("web")
            .service("worker")
            .desired_count(count);
        assert_eq!(*input, only.build().unwrap());
        let updated = call(&world, "UpdateService", |world, second| {
            world.desired = count;
            world.set.push((second, count));
        });
        match updated {
            Ok(()) => MockResponse::Output(UpdateServiceOutput::builder().build()),
            Err(meta) => MockResponse::Error(UpdateServiceError::generic(meta)),
        }
    })
}

fn get_metric_data(world: &Shared) -> Rule {
    let world = Arc::clone(world);
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_response(move |input| {
        let (start, end) = (input.start_time().unwrap(), input.end_time().unwrap());
        let minutes = (end.secs() - start.secs()) / 60;
        assert_eq!(end.secs() % 60, 0);
        if input.metric_data_queries()[0].id() == Some("s0") {
            assert_eq!(minutes, 14 * 24 * 60);
            return sent(&world, start.secs(), minutes);
        }
        assert_eq!(minutes, 15);
        let at = DateTime::from_secs(end.secs() - 60);
        let found = call(&world, "GetMetricData", |world, _| world.metrics);
        let result = |id: &str, value: f64| {
            MetricDataResult::builder()
                .id(id)
                .timestamps(at)
                .values(value)
                .build()
        };
        match found {
            Ok(metrics) => {
                let results = metrics.map(|(in_flight, deleted)| {
                    vec![result("f0", in_flight), result("d0", deleted)]
                });
                MockResponse::Output(
                    GetMetricDataOutput::builder()
                        .set_metric_data_results(results)
                        .build(),
                )
            }
            Err(meta) => MockResponse::Error(GetMetricDataError::generic(meta)),
        }
    })
}

fn sent(
    world: &Shared,
    start: i64,
    minutes: i64,
) -> MockResponse<GetMetricDataOutput, GetMetricDataError> {
    match call(world, "GetMetricData", |world, _| world.history) {
        Ok(history) => {
            let all = 0..minutes;
            let result = history.map(|sent| {
                MetricDataResult::builder()
                    .id("s0")
                    .set_timestamps(Some(
                        all.clone()
                            .map(|minute| DateTime::from_secs(start + minute * 60))
                            .collect(),
                    ))
                    .set_values(Some(all.map(sent).collect()))
                    .build()
            });
            MockResponse::Output(
                GetMetricDataOutput::builder()
                    .set_metric_data_results(result.map(|result| vec![result]))
                    .build(),
            )
        }
        Err(meta) => MockResponse::Error(GetMetricDataError::generic(meta)),
    }
}

fn put_metric_data(world: &Shared) -> Rule {
    let world = Arc::clone(world);
    mock!(aws_sdk_cloudwatch::Client::put_metric_data).then_compute_response(move |input| {
        let input = input.clone();
        match call(&world, "PutMetricData", |world, _| world.puts.push(input)) {
            Ok(()) => MockResponse::Output(PutMetricDataOutput::builder().build()),
            Err(meta) => MockResponse::Error(PutMetricDataError::generic(meta)),
        }
    })
}
