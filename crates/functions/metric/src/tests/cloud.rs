//! A mock cloud: the content of its queues and services, and the calls that it received.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Lock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatch::operation::get_metric_data::{
    GetMetricDataError, GetMetricDataInput, GetMetricDataOutput,
};
use aws_sdk_cloudwatch::operation::put_metric_data::{
    PutMetricDataError, PutMetricDataInput, PutMetricDataOutput,
};
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::MetricDataResult;
use aws_sdk_ecs::operation::describe_services::{
    DescribeServicesError, DescribeServicesInput, DescribeServicesOutput,
};
use aws_sdk_ecs::types::{Failure, Service};
use aws_sdk_sqs::config::http::HttpResponse;
use aws_sdk_sqs::error::ErrorMetadata;
use aws_sdk_sqs::operation::get_queue_attributes::{
    GetQueueAttributesError, GetQueueAttributesInput, GetQueueAttributesOutput,
};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_mocks::{MockResponse, Rule, RuleMode, mock, mock_client};
use lambda_kit::{Invocation, Log};
use serde_json::{Value, json};
use tokio::sync::Mutex;

use crate::{Answer, Clients, Failed, InvocationError, Memory, handle};

/// 2026-03-01T12:00:00Z.
pub(super) const NOW: u64 = 1_772_366_400;

#[derive(Default)]
pub(super) struct Cloud {
    queues: BTreeMap<String, BTreeMap<String, String>>,
    services: BTreeMap<(String, String), (String, i32)>,
    desired: BTreeMap<(String, String), i32>,
    refused: Vec<String>,
    /// Messages in flight and messages deleted in a minute.
    metrics: Option<(f64, f64)>,
    calls: Arc<Lock<Calls>>,
}

/// The inputs of the calls, in the order of arrival.
#[derive(Default)]
pub(super) struct Calls {
    pub(super) queues: Vec<GetQueueAttributesInput>,
    pub(super) services: Vec<DescribeServicesInput>,
    pub(super) puts: Vec<PutMetricDataInput>,
    pub(super) data: Vec<GetMetricDataInput>,
}

pub(super) struct TestOutcome {
    pub(super) result: Result<Answer, InvocationError>,
    pub(super) calls: Calls,
    pub(super) log: Vec<Value>,
}

impl Cloud {
    /// A queue with this number of waiting messages.
    pub(super) fn queue(self, name: &str, visible: u64) -> Self {
        self.attribute(name, "ApproximateNumberOfMessages", &visible.to_string())
    }

    pub(super) fn attribute(mut self, queue: &str, name: &str, value: &str) -> Self {
        let attributes = self.queues.entry(url(queue)).or_default();
        attributes.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A queue that answers, but without attributes.
    pub(super) fn bare_queue(mut self, name: &str) -> Self {
        self.queues.entry(url(name)).or_default();
        self
    }

    pub(super) fn service(self, cluster: &str, service: &str, running: i32) -> Self {
        self.service_in(cluster, service, "ACTIVE", running)
    }

    /// A service with a status; an empty status is missing in the answer.
    pub(super) fn service_in(
        mut self,
        cluster: &str,
        service: &str,
        status: &str,
        running: i32,
    ) -> Self {
        let key = (cluster.to_owned(), service.to_owned());
        self.services.insert(key, (status.to_owned(), running));
        self
    }

    /// The desired count of a service; otherwise, it equals the running count.
    pub(super) fn desired(mut self, cluster: &str, service: &str, count: i32) -> Self {
        self.desired
            .insert((cluster.to_owned(), service.to_owned()), count);
        self
    }

    /// Refuses every call that contains this queue URL, cluster, or dimension value.
    pub(super) fn refuse(mut self, word: &str) -> Self {
        self.refused.push(word.to_owned());
        self
    }

    /// Messages in flight and messages deleted in a minute, as CloudWatch reports them for each queue.
    pub(super) fn metrics(mut self, in_flight: f64, deleted: f64) -> Self {
        self.metrics = Some((in_flight, deleted));
        self
    }

    pub(super) async fn run(self, event: Value) -> TestOutcome {
        self.run_in(&Mutex::default(), 0, event).await
    }

    /// The same in an execution environment with memory, this many seconds after the usual time.
    pub(super) async fn run_in(
        self,
        memory: &Mutex<Memory>,
        seconds: u64,
        event: Value,
    ) -> TestOutcome {
        let calls = Arc::clone(&self.calls);
        let clients = self.clients();
        let now = now() + Duration::from_secs(seconds);
        // As long as Lambda allows, so that a slow machine changes no answer. The tests of time have their own.
        let time_left = Duration::from_mins(15);
        let (result, log) = invoke_in(&clients, memory, now, event, time_left).await;
        let calls = std::mem::take(&mut *calls.lock().unwrap());
        TestOutcome { result, calls, log }
    }

    fn clients(self) -> Clients {
        let cloud = Arc::new(self);
        let (sqs, ecs) = (queue_rule(&cloud), service_rule(&cloud));
        let (put, data) = (put_rule(&cloud), data_rule(&cloud));
        Clients {
            sqs: mock_client!(aws_sdk_sqs, RuleMode::MatchAny, [&sqs]),
            ecs: mock_client!(aws_sdk_ecs, RuleMode::MatchAny, [&ecs]),
            cloudwatch: mock_client!(aws_sdk_cloudwatch, RuleMode::MatchAny, [&put, &data]),
        }
    }

    fn refuses(&self, word: &str) -> Option<ErrorMetadata> {
        self.refused.iter().any(|refused| refused == word).then(|| {
            ErrorMetadata::builder()
                .code("AccessDenied")
                .message(format!("not {word}"))
                .build()
        })
    }
}

impl TestOutcome {
    pub(super) fn answer(&self) -> &Answer {
        self.result.as_ref().unwrap()
    }

    /// The answer of an invocation that failed for some targets.
    pub(super) fn partial(&self) -> &Answer {
        match &self.result {
            Err(InvocationError::TargetsFailed(answer)) => answer,
            other => panic!("expected failed targets, got {other:?}"),
        }
    }

    /// Failed targets and reasons, as people read them.
    pub(super) fn reasons(&self) -> Vec<String> {
        let text = |one: &Failed| format!("{}: {}", one.target, one.reason);
        self.partial().failed.iter().map(text).collect()
    }

    /// Published targets and values.
    pub(super) fn values(&self) -> Vec<(String, f64)> {
        let answer = self.result.as_ref().unwrap_or_else(|_| self.partial());
        answer
            .published
            .iter()
            .map(|one| (one.target.to_string(), one.backlog_per_task))
            .collect()
    }
}

pub(super) async fn invoke(
    clients: &Clients,
    event: Value,
    time_left: Duration,
) -> (Result<Answer, InvocationError>, Vec<Value>) {
    invoke_in(clients, &Mutex::default(), now(), event, time_left).await
}

async fn invoke_in(
    clients: &Clients,
    memory: &Mutex<Memory>,
    now: SystemTime,
    event: Value,
    time_left: Duration,
) -> (Result<Answer, InvocationError>, Vec<Value>) {
    let invocation = Invocation {
        request_id: "request-1".to_owned(),
        now,
        time_left,
    };
    let mut written = Vec::new();
    let mut log = Log::new(&mut written, &invocation.request_id, now);
    let result = handle(clients, memory, event, &invocation, &mut log).await;
    let text = String::from_utf8(written).unwrap();
    assert!(text.ends_with('\n'), "every line ends: {text:?}");
    (
        result,
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect(),
    )
}

pub(super) fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(NOW)
}

pub(super) fn url(queue: &str) -> String {
    format!("https://sqs.us-west-2.amazonaws.com/111122223333/{queue}")
}

/// A service of a request, with queues whose visible messages count.
pub(super) fn service(cluster: &str, service: &str, queues: &[&str]) -> Value {
    counting(cluster, service, queues, &["visible"])
}

pub(super) fn counting(cluster: &str, service: &str, queues: &[&str], count: &[&str]) -> Value {
    let queues: Vec<Value> = queues
        .iter()
        .map(|name| json!({"name": name, "url": url(name)}))
        .collect();
    json!({"cluster": cluster, "service": service, "queues": queues, "count": count})
}

pub(super) fn event(services: &[Value]) -> Value {
    json!({"namespace": "EcsScaler", "services": services})
}

fn queue_rule(cloud: &Arc<Cloud>) -> Rule {
    let cloud = Arc::clone(cloud);
    mock!(aws_sdk_sqs::Client::get_queue_attributes).then_compute_response(move |input| {
        cloud.calls.lock().unwrap().queues.push(input.clone());
        let url = input.queue_url().unwrap();
        if let Some(meta) = cloud.refuses(url) {
            return MockResponse::Error(GetQueueAttributesError::generic(meta));
        }
        let Some(attributes) = cloud.queues.get(url) else {
            return MockResponse::Http(queue_does_not_exist());
        };
        // Like SQS, returns only the requested attributes.
        let asked = attributes
            .iter()
            .map(|(name, value)| (QueueAttributeName::from(name.as_str()), value.clone()));
        let asked = asked
            .filter(|(name, _)| input.attribute_names().contains(name))
            .collect();
        MockResponse::Output(
            GetQueueAttributesOutput::builder()
                .set_attributes(Some(asked))
                .build(),
        )
    })
}

fn service_rule(cloud: &Arc<Cloud>) -> Rule {
    let cloud = Arc::clone(cloud);
    mock!(aws_sdk_ecs::Client::describe_services).then_compute_response(move |input| {
        cloud.calls.lock().unwrap().services.push(input.clone());
        let cluster = input.cluster().unwrap();
        if let Some(meta) = cloud.refuses(cluster) {
            return MockResponse::Error(DescribeServicesError::generic(meta));
        }
        let mut output = DescribeServicesOutput::builder();
        for name in input.services() {
            let arn = format!("arn:aws:ecs:us-west-2:111122223333:service/{cluster}/{name}");
            let builder = Service::builder().service_name(name).service_arn(&arn);
            match cloud.services.get(&(cluster.to_owned(), name.clone())) {
                Some((status, _)) if status == "LOST" => {}
                Some((status, running)) => {
                    let key = (cluster.to_owned(), name.clone());
                    let desired = cloud.desired.get(&key).unwrap_or(running);
                    let builder = builder.desired_count(*desired);
                    let status = (!status.is_empty()).then(|| status.clone());
                    let service = builder.set_status(status).running_count(*running).build();
                    output = output.services(service);
                }
                None => {
                    output = output.failures(Failure::builder().arn(arn).reason("MISSING").build());
                }
            }
        }
        MockResponse::Output(output.build())
    })
}

fn put_rule(cloud: &Arc<Cloud>) -> Rule {
    let cloud = Arc::clone(cloud);
    mock!(aws_sdk_cloudwatch::Client::put_metric_data).then_compute_response(move |input| {
        cloud.calls.lock().unwrap().puts.push(input.clone());
        let dimensions = input
            .metric_data()
            .iter()
            .flat_map(|datum| datum.dimensions());
        let mut words = dimensions.filter_map(|dimension| dimension.value());
        match words.find_map(|word| cloud.refuses(word)) {
            Some(meta) => MockResponse::Error(PutMetricDataError::generic(meta)),
            None => MockResponse::Output(PutMetricDataOutput::builder().build()),
        }
    })
}

fn data_rule(cloud: &Arc<Cloud>) -> Rule {
    let cloud = Arc::clone(cloud);
    mock!(aws_sdk_cloudwatch::Client::get_metric_data).then_compute_response(move |input| {
        cloud.calls.lock().unwrap().data.push(input.clone());
        if let Some(meta) = cloud.refuses("GetMetricData") {
            return MockResponse::Error(GetMetricDataError::generic(meta));
        }
        let at = DateTime::from_secs(input.end_time().unwrap().secs() - 60);
        let results = input.metric_data_queries().iter().filter_map(|query| {
            let (in_flight, deleted) = cloud.metrics?;
            let metric = query.metric_stat()?.metric()?.metric_name()?;
            let value = match metric {
                "NumberOfMessagesDeleted" => deleted,
                _ => in_flight,
            };
            let result = MetricDataResult::builder().id(query.id()?);
            Some(result.timestamps(at).values(value).build())
        });
        MockResponse::Output(
            GetMetricDataOutput::builder()
                .set_metric_data_results(Some(results.collect()))
                .build(),
        )
    })
}

/// The answer of SQS, byte for byte.
fn queue_does_not_exist() -> HttpResponse {
    let body = r#"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}"#;
    let mut response = HttpResponse::new(400.try_into().unwrap(), body.into());
    let headers = response.headers_mut();
    headers.insert(
        "x-amzn-query-error",
        "AWS.SimpleQueueService.NonExistentQueue;Sender",
    );
    headers.insert("x-amzn-requestid", "b2c1");
    response
}
