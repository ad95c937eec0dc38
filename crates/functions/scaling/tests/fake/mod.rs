//! A cloud in this process, behind the SDK's own clients: SQS, ECS, CloudWatch, and S3, as far as the function
//! calls them. Requests are signed, serialized, and parsed as usual; only the network is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

use aws_sdk_ecs::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use lambda_kit::{Invocation, Log};
use scaling_function::{Clients, FleetAnswer, InvocationError, Memory, Policy, Reply, handle};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep_until};

/// 2026-11-21T10:00:00Z, in seconds.
const START: u64 = 1_795_255_200;

/// Messages that arrive in a second, by the service's number and the second.
pub(crate) type Arrivals = fn(usize, u64) -> f64;

/// One service with its own queue.
#[derive(Clone, Debug)]
pub(crate) struct Service {
    pub(crate) cluster: String,
    pub(crate) desired: u32,
    pub(crate) running: u32,
    /// Since when the desired count has had its value.
    pub(crate) since: u64,
    pub(crate) waiting: f64,
    /// The second up to which the queue is computed.
    pub(crate) known: u64,
    pub(crate) broken: Option<Broken>,
}

/// How a service is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// Its queue was deleted.
    NoQueue,
    /// Its queue answers after a minute.
    SlowQueue,
    /// Describing it is denied.
    Denied,
    /// It was deleted.
    NoService,
    /// Its count can't be set.
    Fixed,
}

#[derive(Debug)]
pub(crate) struct Cloud {
    started: Instant,
    pub(crate) services: Vec<Service>,
    arrivals: Arrivals,
    /// The content of an S3 object, by its key.
    pub(crate) objects: BTreeMap<String, String>,
    /// Second and operation of each call.
    pub(crate) calls: Vec<(u64, &'static str)>,
    /// Second, service and count of each change.
    pub(crate) set: Vec<(u64, usize, u32)>,
    /// When the first and the last call of each second were answered, on the real clock.
    pub(crate) real: BTreeMap<u64, (std::time::Instant, std::time::Instant)>,
    events: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Fake(pub(crate) Arc<Mutex<Cloud>>);

/// An answer, and the lines of the log.
pub(crate) struct Invoked {
    pub(crate) result: Result<FleetAnswer, InvocationError>,
    pub(crate) log: String,
}

/// Seconds from setting a desired count until the tasks run.
const TASK_START: u64 = 30;

/// Seconds of work per message.
const WORK: f64 = 2.0;

impl Fake {
    /// This many services, `per_cluster` in each cluster, each with one task.
    pub(crate) fn new(count: usize, per_cluster: usize, arrivals: Arrivals) -> Self {
        let service = |number: usize| Service {
            cluster: format!("cluster-{}", number / per_cluster),
            desired: 1,
            running: 1,
            since: 0,
            waiting: 0.0,
            known: 0,
            broken: None,
        };
        // ECS returns the last hundred events of each service.
        let event = |number: usize| {
            format!(
                r#"{{"id":"{number:032}","createdAt":1795255200.1,"message":"(service worker) has reached a steady state, and tasks {number:032} were started."}}"#
            )
        };
        let events: Vec<String> = (0..100).map(event).collect();
        Self(Arc::new(Mutex::new(Cloud {
            started: Instant::now(),
            services: (0..count).map(service).collect(),
            arrivals,
            objects: BTreeMap::new(),
            calls: Vec::new(),
            set: Vec::new(),
            real: BTreeMap::new(),
            events: events.join(","),
        })))
    }

    pub(crate) fn break_service(&self, number: usize, broken: Broken) {
        self.0.lock().unwrap().services[number].broken = Some(broken);
    }

    /// The policy of a service: 1 to 50 tasks, an objective of 60 s, 2 s per message.
    pub(crate) fn policy(&self, number: usize, every_ms: u64) -> Value {
        let cluster = self.0.lock().unwrap().services[number].cluster.clone();
        json!({
            "namespace": "EcsScaler", "cluster": cluster, "service": format!("worker-{number}"),
            "queues": [{
                "name": format!("orders-{number}"),
                "url": format!("https://sqs.us-west-2.amazonaws.com/111122223333/orders-{number}"),
            }],
            "min": 1, "max": 50, "every_ms": every_ms, "period_ms": 60_000,
            "cooldown_out_ms": 0, "cooldown_in_ms": 0,
            "law": {"acceptable_latency_ms": 60_000, "processing_time_ms": 2_000, "concurrency": 1,
                    "task_start_ms": 40_000, "window_ms": 120_000},
        })
    }

    /// The event for the first `count` services.
    pub(crate) fn order(&self, count: usize, every_ms: u64) -> Value {
        let services: Vec<Value> = (0..count).map(|one| self.policy(one, every_ms)).collect();
        json!({"action": "scale-by-demand", "services": services})
    }

    /// One invocation that starts at this second, or when the previous one has ended.
    pub(crate) async fn invoke(
        &self,
        second: u64,
        memory: &tokio::sync::Mutex<Memory>,
        order: Value,
    ) -> Invoked {
        let started = self.0.lock().unwrap().started;
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
        let (clients, policy) = (self.clients(), Policy::demand());
        let reply = handle(&clients, &policy, memory, order, &invocation, &mut log).await;
        assert!(
            began.elapsed() < invocation.time_left,
            "Lambda would have ended it"
        );
        let result = reply.map(|reply| match reply {
            Reply::Demand(answer) => answer,
            Reply::AlarmSteps(answer) => panic!("{answer:?}"),
        });
        Invoked {
            result,
            log: String::from_utf8(written).unwrap(),
        }
    }

    fn clients(&self) -> Clients {
        macro_rules! client {
            ($sdk:ident) => {
                $sdk::Client::from_conf(
                    $sdk::Config::builder()
                        .behavior_version(BehaviorVersion::latest())
                        .region(Region::new("us-west-2"))
                        .credentials_provider(Credentials::new("id", "secret", None, None, "fake"))
                        .timeout_config(lambda_kit::timeouts())
                        .retry_config(lambda_kit::retries())
                        .http_client(self.clone())
                        .build(),
                )
            };
        }
        Clients {
            sqs: client!(aws_sdk_sqs),
            ecs: client!(aws_sdk_ecs),
            cloudwatch: client!(aws_sdk_cloudwatch),
            s3: client!(aws_sdk_s3),
            ssm: client!(aws_sdk_ssm),
        }
    }

    /// The calls of an operation.
    pub(crate) fn seconds(&self, operation: &str) -> Vec<u64> {
        let cloud = self.0.lock().unwrap();
        let calls = cloud.calls.iter().filter(|(_, one)| *one == operation);
        calls.map(|(second, _)| *second).collect()
    }
}

impl Cloud {
    fn second(&self) -> u64 {
        self.started.elapsed().as_secs()
    }

    fn answer(&mut self, request: &HttpRequest) -> (u16, String, Duration) {
        let body = request.body().bytes().unwrap_or_default();
        let read = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        let target = request.headers().get("x-amz-target").unwrap_or_default();
        let path = request.uri().to_owned();
        let operation = match target.rsplit('.').next().unwrap_or_default() {
            "GetQueueAttributes" => "GetQueueAttributes",
            "DescribeServices" => "DescribeServices",
            "UpdateService" => "UpdateService",
            _ if path.contains("PutMetricData") => "PutMetricData",
            _ if path.contains("GetMetricData") => "GetMetricData",
            _ => "GetObject",
        };
        let second = self.second();
        self.calls.push((second, operation));
        let now = std::time::Instant::now();
        self.real.entry(second).or_insert((now, now)).1 = now;
        match operation {
            "GetQueueAttributes" => self.queue(&read()),
            "DescribeServices" => self.describe(&read()),
            "UpdateService" => self.update(&read()),
            "GetObject" => self.object(&path),
            _ => (200, String::new(), Duration::from_millis(40)),
        }
    }

    fn queue(&mut self, input: &Value) -> (u16, String, Duration) {
        let number = number_of(&input["QueueUrl"]);
        let second = self.second();
        let arrivals = self.arrivals;
        let service = &mut self.services[number];
        service.advance(number, second, arrivals);
        let delay = match service.broken {
            Some(Broken::NoQueue) => {
                return error(
                    "AWS.SimpleQueueService.NonExistentQueue",
                    "The queue does not exist.",
                );
            }
            Some(Broken::SlowQueue) => Duration::from_secs(60),
            _ => Duration::from_millis(10),
        };
        let busy = service.waiting.min(f64::from(service.running));
        let attributes = json!({"Attributes": {
            "ApproximateNumberOfMessages": format!("{:.0}", service.waiting - busy),
            "ApproximateNumberOfMessagesNotVisible": format!("{busy:.0}"),
        }});
        (200, attributes.to_string(), delay)
    }

    fn describe(&mut self, input: &Value) -> (u16, String, Duration) {
        let names = input["services"].as_array().unwrap();
        assert!(names.len() <= 10, "DescribeServices takes ten services");
        let numbers: BTreeSet<usize> = names.iter().map(number_of).collect();
        let (second, arrivals) = (self.second(), self.arrivals);
        let mut services = Vec::new();
        let mut failures = Vec::new();
        for number in numbers {
            let service = &mut self.services[number];
            assert_eq!(input["cluster"], service.cluster.as_str());
            service.advance(number, second, arrivals);
            let arn = format!(
                "arn:aws:ecs:us-west-2:111122223333:service/{}/worker-{number}",
                service.cluster
            );
            match service.broken {
                Some(Broken::Denied) => return error("AccessDeniedException", "not authorized"),
                Some(Broken::NoService) => {
                    failures.push(format!(r#"{{"arn":"{arn}","reason":"MISSING"}}"#));
                }
                _ => services.push(format!(
                    r#"{{"serviceArn":"{arn}","serviceName":"worker-{number}","status":"ACTIVE","desiredCount":{},"runningCount":{},"deployments":[{{"status":"PRIMARY","rolloutState":"COMPLETED"}}],"events":[{}]}}"#,
                    service.desired, service.running, self.events
                )),
            }
        }
        let reply = format!(
            r#"{{"services":[{}],"failures":[{}]}}"#,
            services.join(","),
            failures.join(",")
        );
        (200, reply, Duration::from_millis(60))
    }

    fn update(&mut self, input: &Value) -> (u16, String, Duration) {
        let number = number_of(&input["service"]);
        let second = self.second();
        let service = &mut self.services[number];
        if service.broken == Some(Broken::Fixed) {
            return error("AccessDeniedException", "not authorized");
        }
        service.desired = u32::try_from(input["desiredCount"].as_u64().unwrap()).unwrap();
        service.since = second;
        self.set.push((second, number, service.desired));
        (200, "{}".to_owned(), Duration::from_millis(80))
    }

    fn object(&self, uri: &str) -> (u16, String, Duration) {
        let path = uri.split('?').next().unwrap_or(uri);
        let found = self
            .objects
            .iter()
            .find(|(key, _)| path.ends_with(key.as_str()));
        match found {
            Some((_, body)) => (200, body.clone(), Duration::from_millis(30)),
            None => (
                404,
                "<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>".to_owned(),
                Duration::from_millis(30),
            ),
        }
    }
}

impl Service {
    /// The running tasks serve the arrivals; tasks start and stop a while after they were ordered.
    fn advance(&mut self, number: usize, second: u64, arrivals: Arrivals) {
        while self.known < second {
            self.known += 1;
            if self.known >= self.since + TASK_START || self.desired < self.running {
                self.running = self.desired;
            }
            let served = f64::from(self.running) / WORK;
            self.waiting = (self.waiting + arrivals(number, self.known) - served).max(0.0);
        }
    }
}

/// The number at the end of a name, a URL, or an ARN.
fn number_of(name: &Value) -> usize {
    let name = name.as_str().unwrap();
    name.rsplit('-').next().unwrap().parse().unwrap()
}

fn error(code: &str, message: &str) -> (u16, String, Duration) {
    let body = json!({"__type": code, "message": message});
    (400, body.to_string(), Duration::from_millis(10))
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let cbor = request.uri().contains("/service/");
        let (status, body, delay) = self.0.lock().unwrap().answer(&request);
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(delay).await;
            let body = match cbor {
                // An empty CBOR map.
                true => SdkBody::from(vec![0xA0]),
                false => SdkBody::from(body),
            };
            let mut response = HttpResponse::new(status.try_into().unwrap(), body);
            if cbor {
                response
                    .headers_mut()
                    .insert("smithy-protocol", "rpc-v2-cbor");
            }
            Ok(response)
        })
    }
}

impl HttpClient for Fake {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
