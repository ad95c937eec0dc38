//! An SQS in memory behind the real client, with tokio's clock and optional failures. Its answers follow
//! the API reference; the end-to-end tests run against LocalStack.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::http::HttpRequest;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::client::{retries, timeouts};

const TICK: Duration = Duration::from_millis(5);

/// How calls go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// HTTP status 503.
    Unavailable,
    /// No reply ever comes.
    Hangs,
    /// The role doesn't have the permission.
    Denied,
    /// The call succeeds, but its reply is lost.
    ReplyLost,
}

#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) queue: String,
    pub(crate) id: String,
    pub(crate) body: String,
    pub(crate) receives: u32,
    visible_at: Instant,
    receipt: String,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) messages: Vec<Stored>,
    pub(crate) dead: Vec<Stored>,
    /// Operation, body and moment of each call.
    pub(crate) calls: Vec<(String, Value, Instant)>,
    faults: Vec<(&'static str, Fault)>,
    receipts: u64,
    most_receives: u32,
}

#[derive(Clone, Debug)]
pub(crate) struct Sqs(Arc<Mutex<State>>);

impl Sqs {
    pub(crate) fn new() -> Self {
        let state = State {
            most_receives: u32::MAX,
            ..State::default()
        };
        Self(Arc::new(Mutex::new(state)))
    }

    /// Moves a message that was received this often to the dead-letter queue at the next receive.
    pub(crate) fn dead_letters_after(self, receives: u32) -> Self {
        self.state().most_receives = receives;
        self
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// `queue` is the last part of its URL.
    pub(crate) fn send(&self, queue: &str, body: &str) {
        let mut state = self.state();
        let id = format!("{queue}-{}", state.messages.len());
        state.messages.push(Stored {
            queue: queue.to_owned(),
            id,
            body: body.to_owned(),
            receives: 0,
            visible_at: Instant::now(),
            receipt: String::new(),
        });
    }

    /// Calls of this operation go wrong from now on; an empty name means all.
    pub(crate) fn fails(&self, operation: &'static str, fault: Fault) {
        self.state().faults.push((operation, fault));
    }

    pub(crate) fn recovers(&self) {
        self.state().faults.clear();
    }

    pub(crate) fn count_messages(&self) -> usize {
        self.state().messages.len()
    }

    /// Calls of an operation.
    pub(crate) fn calls(&self, operation: &str) -> Vec<(Value, Instant)> {
        let state = self.state();
        let of = state.calls.iter().filter(|(name, ..)| name == operation);
        of.map(|(_, body, at)| (body.clone(), *at)).collect()
    }

    pub(crate) fn client(&self) -> Client {
        let connector = SharedHttpConnector::new(self.clone());
        let config = aws_sdk_sqs::Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .timeout_config(timeouts())
            .retry_config(retries())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Client::from_conf(config)
    }

    async fn answer(self, operation: String, body: Value) -> HttpResponse {
        let fault = {
            let mut state = self.state();
            let call = (operation.clone(), body.clone(), Instant::now());
            state.calls.push(call);
            let faults = state.faults.iter();
            let fault = faults.filter(|(name, _)| name.is_empty() || *name == operation);
            fault.map(|(_, fault)| *fault).next_back()
        };
        match fault {
            Some(Fault::Unavailable) => return response(503, None, "{}".to_owned()),
            Some(Fault::Hangs) => std::future::pending().await,
            Some(Fault::Denied) => return refused("AccessDeniedException"),
            Some(Fault::ReplyLost) | None => {}
        }
        let answer = match &*operation {
            "ReceiveMessage" => self.receive(&body).await,
            "DeleteMessageBatch" => self.delete(&body),
            "ChangeMessageVisibility" => self.change(&body),
            "GetQueueAttributes" => Ok(json!({"Attributes": {"VisibilityTimeout": "4"}})),
            other => panic!("the worker never calls {other}"),
        };
        if fault == Some(Fault::ReplyLost) {
            std::future::pending().await
        }
        match answer {
            Ok(body) => response(200, None, body.to_string()),
            Err(code) => refused(code),
        }
    }

    async fn receive(&self, body: &Value) -> Result<Value, &'static str> {
        let wait = Duration::from_secs(body["WaitTimeSeconds"].as_u64().unwrap());
        let end = Instant::now() + wait;
        loop {
            let found = self.take(body);
            if !found.is_empty() || Instant::now() >= end {
                // A real call takes its time.
                sleep(TICK).await;
                return Ok(json!({ "Messages": found }));
            }
            sleep(TICK).await;
        }
    }

    fn take(&self, body: &Value) -> Vec<Value> {
        let (queue, now) = (queue(body), Instant::now());
        let most = usize::try_from(body["MaxNumberOfMessages"].as_u64().unwrap()).unwrap();
        let hidden = Duration::from_secs(body["VisibilityTimeout"].as_u64().unwrap());
        let mut state = self.state();
        let state = &mut *state;
        let limit = state.most_receives;
        let is_dead = |message: &Stored| {
            message.queue == queue && message.visible_at <= now && message.receives >= limit
        };
        state
            .dead
            .extend(state.messages.extract_if(.., |message| is_dead(message)));
        let visible = state
            .messages
            .iter_mut()
            .filter(|message| message.queue == queue && message.visible_at <= now);
        let mut found = Vec::new();
        for message in visible.take(most) {
            state.receipts += 1;
            message.receipt = format!("receipt-{}", state.receipts);
            message.receives += 1;
            message.visible_at = now + hidden;
            found.push(json!({
                "MessageId": message.id,
                "ReceiptHandle": message.receipt,
                "Body": message.body,
                "Attributes": {
                    "SentTimestamp": "1772366400000",
                    "ApproximateReceiveCount": message.receives.to_string(),
                },
            }));
        }
        found
    }

    #[expect(clippy::unnecessary_wraps, reason = "the operations answer alike")]
    fn delete(&self, body: &Value) -> Result<Value, &'static str> {
        let entries = body["Entries"].as_array().unwrap();
        assert!((1..=10).contains(&entries.len()));
        let mut state = self.state();
        for entry in entries {
            // With an old receipt the request succeeds, but the message stays.
            state
                .messages
                .retain(|message| entry["ReceiptHandle"] != *message.receipt);
        }
        let deleted: Vec<_> = entries
            .iter()
            .map(|entry| json!({"Id": entry["Id"]}))
            .collect();
        Ok(json!({"Successful": deleted, "Failed": []}))
    }

    fn change(&self, body: &Value) -> Result<Value, &'static str> {
        let length = Duration::from_secs(body["VisibilityTimeout"].as_u64().unwrap());
        let now = Instant::now();
        let mut state = self.state();
        let ours = |message: &&mut Stored| body["ReceiptHandle"] == *message.receipt;
        let message = state.messages.iter_mut().find(ours);
        let message = message.ok_or("InvalidParameterValueException")?;
        if message.visible_at <= now {
            return Err("MessageNotInflight");
        }
        message.visible_at = now + length;
        Ok(json!({}))
    }
}

impl HttpConnector for Sqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let target = request.headers().get("x-amz-target").unwrap();
        let operation = target.strip_prefix("AmazonSQS.").unwrap().to_owned();
        let body = serde_json::from_slice(request.body().bytes().unwrap()).unwrap();
        let answer = self.clone().answer(operation, body);
        HttpConnectorFuture::new(async { Ok(answer.await) })
    }
}

fn queue(body: &Value) -> &str {
    body["QueueUrl"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
}

fn refused(code: &'static str) -> HttpResponse {
    let body = json!({"__type": format!("com.amazonaws.sqs#{code}"), "message": "no"});
    response(400, Some(code), body.to_string())
}

fn response(status: u16, code: Option<&str>, body: String) -> HttpResponse {
    let mut response = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    if let Some(code) = code {
        headers.insert("x-amzn-query-error", format!("{code};Sender"));
    }
    response
}
