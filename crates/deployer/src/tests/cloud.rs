//! Clients whose replies all come from mocks, and a session that records its progress messages.

use std::sync::Mutex;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ssm::operation::get_parameters_by_path::GetParametersByPathOutput;
use aws_sdk_sts::config::http::HttpResponse;
use aws_sdk_sts::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_mocks::{MockResponseInterceptor, Rule, RuleMode, create_mock_http_client};
use serde_json::json;

use crate::{Clients, Pace, Progress, Session};

/// Gives every client the same rules. A rule matches only requests of its type. The SDK doesn't retry, so
/// one match covers all attempts.
pub(super) fn clients(rules: &[Rule]) -> Clients {
    with_retries(rules, RetryConfig::disabled())
}

pub(super) fn with_retries(rules: &[Rule], retries: RetryConfig) -> Clients {
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new(
            "test", "test", None, None, "test",
        )))
        .region(Region::new("us-west-2"))
        .retry_config(retries)
        .http_client(create_mock_http_client())
        .build();
    let mut clients = Clients::new(&config).unwrap();
    // No service is paused, unless a test has another rule.
    let unpaused = aws_smithy_mocks::mock!(aws_sdk_ssm::Client::get_parameters_by_path)
        .then_output(|| GetParametersByPathOutput::builder().build());
    let rules: Vec<&Rule> = rules.iter().chain([&unpaused]).collect();
    macro_rules! mock {
        ($($field:ident: $sdk:ident),* $(,)?) => {$(
            let interceptor = rules.iter().fold(
                MockResponseInterceptor::new().rule_mode(RuleMode::MatchAny),
                |interceptor, rule| interceptor.with_rule(rule),
            );
            let builder = $sdk::config::Builder::from(&config).interceptor(interceptor);
            clients.$field = $sdk::Client::from_conf(builder.build());
        )*};
    }
    mock! {
        applicationautoscaling: aws_sdk_applicationautoscaling,
        cloudcontrol: aws_sdk_cloudcontrol,
        cloudformation: aws_sdk_cloudformation,
        cloudtrail: aws_sdk_cloudtrail,
        cloudwatch: aws_sdk_cloudwatch,
        cloudwatchlogs: aws_sdk_cloudwatchlogs,
        ecr: aws_sdk_ecr,
        ecs: aws_sdk_ecs,
        eventbridge: aws_sdk_eventbridge,
        iam: aws_sdk_iam,
        kms: aws_sdk_kms,
        lambda: aws_sdk_lambda,
        s3: aws_sdk_s3,
        scheduler: aws_sdk_scheduler,
        sns: aws_sdk_sns,
        sqs: aws_sdk_sqs,
        ssm: aws_sdk_ssm,
        sts: aws_sdk_sts,
    }
    clients
}

/// The progress messages of a session, one per line.
#[derive(Default)]
pub(crate) struct Told(Mutex<Vec<String>>);

impl Told {
    pub(super) fn ear(&self) -> impl Fn(Progress) + Sync {
        |progress| {
            let line = match progress {
                Progress::Note { text } => text,
                Progress::Step { step } => format!("step: {step:?}"),
                Progress::GoingBack { to } => format!("going back to {to}"),
                Progress::Planned { plan } => format!("planned: {} changes", plan.changes.len()),
                Progress::Resource {
                    logical_id, status, ..
                } => format!("{status} {logical_id}"),
                Progress::Repair { repaired, left } => {
                    format!("repaired: {}; left: {}", repaired.join(" "), left.join(" "))
                }
            };
            self.0.lock().unwrap().push(line);
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(super) fn has(&self, words: &str) -> bool {
        self.lines().iter().any(|line| line.contains(words))
    }
}

/// Runs something in a session with these rules. Returns its result and the progress messages.
pub(crate) async fn run<T>(rules: &[Rule], work: impl AsyncFnOnce(&Session<'_>) -> T) -> (T, Told) {
    run_with(&clients(rules), work).await
}

pub(super) async fn run_with<T>(
    clients: &Clients,
    work: impl AsyncFnOnce(&Session<'_>) -> T,
) -> (T, Told) {
    let told = Told::default();
    let ear = told.ear();
    let session = Session::new(clients, Pace::AWS, &ear, "run");
    let result = work(&session).await;
    drop(ear);
    (result, told)
}

/// An error reply of the query protocol, which CloudFormation, IAM, SNS, and STS use. S3's is parsed in the
/// same way.
pub(super) fn xml_error(code: &str, message: &str) -> HttpResponse {
    let body = format!(
        "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
         <RequestId>r</RequestId></ErrorResponse>"
    );
    HttpResponse::new(400.try_into().unwrap(), body.into())
}

/// An error reply of the JSON protocols.
pub(super) fn json_error(code: &str, message: &str) -> HttpResponse {
    let body = json!({"__type": code, "message": message}).to_string();
    let mut response = HttpResponse::new(400.try_into().unwrap(), body.into());
    response
        .headers_mut()
        .insert("x-amzn-errortype", code.to_owned());
    response
}

/// An error reply of the CBOR protocol, which CloudWatch uses: a map of two texts. Each is shorter than 24
/// bytes, or has its length in the byte after the head (RFC 8949, section 3).
pub(super) fn cbor_error(code: &str, message: &str) -> HttpResponse {
    let text = |text: &str| {
        let length = u8::try_from(text.len()).unwrap();
        let head = if length < 24 {
            vec![0x60 + length]
        } else {
            vec![0x78, length]
        };
        [head, text.as_bytes().to_vec()].concat()
    };
    let fields = ["__type", code, "message", message].map(text).concat();
    let body = [vec![0xa2], fields].concat();
    let mut response = HttpResponse::new(400.try_into().unwrap(), body.into());
    response
        .headers_mut()
        .insert("smithy-protocol", "rpc-v2-cbor");
    response
}

pub(super) fn s3_error(status: u16, code: &str) -> HttpResponse {
    let body = format!("<Error><Code>{code}</Code><Message>{code} it is</Message></Error>");
    HttpResponse::new(status.try_into().unwrap(), body.into())
}
