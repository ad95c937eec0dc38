//! Manual invocations.

use aws_sdk_lambda::operation::invoke::InvokeOutput;
use aws_sdk_lambda::primitives::Blob;
use aws_sdk_lambda::types::LogType;
use aws_smithy_mocks::{MockResponse, Rule, mock};
use serde_json::json;
use tokio::time::Instant;

use super::cloud::{Told, json_error, run};
use super::told;
use crate::{Invocation, Kind, Result};

const FUNCTION: &str = "arn:aws:lambda:us-west-2:1:function:shop-scaling";

async fn invoke(rule: Rule) -> (Result<Invocation>, Told) {
    run(&[rule], async |session| {
        crate::invoke(session, FUNCTION, r#"{"action": "re-evaluate"}"#).await
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn the_answer_comes_with_its_log() {
    let rule = mock!(aws_sdk_lambda::Client::invoke).then_compute_output(|input| {
        assert_eq!(input.log_type(), Some(&LogType::Tail));
        let log = "cut off\nSTART RequestId: 1\n\nEND RequestId: 1\n";
        InvokeOutput::builder()
            .payload(Blob::new(r#"{"from": 1, "to": 2}"#))
            .log_result(aws_smithy_types::base64::encode(log))
            .build()
    });
    let invocation = invoke(rule).await.0.unwrap();
    let expected = Invocation {
        function: "shop-scaling".into(),
        event: json!({"action": "re-evaluate"}),
        answer: json!({"from": 1, "to": 2}),
        error: None,
        log: ["cut off", "START RequestId: 1", "END RequestId: 1"]
            .map(str::to_owned)
            .to_vec(),
    };
    assert_eq!(invocation, expected);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_fails_is_an_invocation_with_an_error() {
    let rule = mock!(aws_sdk_lambda::Client::invoke).then_output(|| {
        InvokeOutput::builder()
            .function_error("Unhandled")
            .payload(Blob::new(r#"{"errorMessage": "no such alarm"}"#))
            .log_result("not base64!")
            .build()
    });
    let invocation = invoke(rule).await.0.unwrap();
    assert_eq!(invocation.error.as_deref(), Some("no such alarm"));
    assert!(invocation.log.is_empty());
}

#[tokio::test(start_paused = true)]
async fn its_turn_is_waited_for_but_not_for_ever() {
    let busy = || MockResponse::Http(json_error("TooManyRequestsException", "Rate Exceeded."));
    let begun = Instant::now();
    let rule = mock!(aws_sdk_lambda::Client::invoke).then_compute_response(move |_| {
        if begun.elapsed().as_secs() < 20 {
            return busy();
        }
        MockResponse::Output(InvokeOutput::builder().build())
    });
    let (result, told_of) = invoke(rule).await;
    assert_eq!(result.unwrap().answer, serde_json::Value::Null);
    assert!(told_of.has("shop-scaling is busy with another call: waiting for its turn"));
    let begun = Instant::now();
    let rule = mock!(aws_sdk_lambda::Client::invoke).then_compute_response(move |_| busy());
    let error = invoke(rule).await.0.unwrap_err();
    assert_eq!(error.kind(), Kind::Unreachable);
    assert!((120..=130).contains(&begun.elapsed().as_secs()));
    assert!(told(&error).contains("used its concurrency for two minutes"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_of_lambda_is_an_error() {
    for code in ["AccessDeniedException", "ResourceNotFoundException"] {
        let rule = mock!(aws_sdk_lambda::Client::invoke)
            .then_http_response(move || json_error(code, "no"));
        let error = invoke(rule).await.0.unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("failed to invoke shop-scaling: no"),
            "{error}"
        );
    }
}
