use super::*;
use crate::tests::told;
use aws_sdk_cloudformation::config::http::HttpResponse;
use aws_sdk_cloudformation::error::{ConnectorError, ErrorMetadata};
use aws_sdk_cloudformation::operation::describe_stacks::DescribeStacksError;

type Failure = SdkError<DescribeStacksError, HttpResponse>;

fn answered(code: &str, message: &str) -> Failure {
    let meta = ErrorMetadata::builder().code(code).message(message).build();
    let response = HttpResponse::new(400.try_into().unwrap(), "".into());
    SdkError::service_error(DescribeStacksError::generic(meta), response)
}

fn shown(error: Failure) -> String {
    told(&aws("describe the stack s")(error))
}

/// A load balancer's reply, which the SDK can't parse as an AWS error.
#[test]
fn a_reply_without_a_code_names_status_and_host() {
    let mut response = HttpResponse::new(502.try_into().unwrap(), "<html>".into());
    response.add_extension(AnsweredBy("sts.us-west-2.amazonaws.com".to_owned()));
    let unread = DescribeStacksError::unhandled("no <Code>");
    let error = aws("describe the stack s")(SdkError::service_error(unread, response));
    assert_eq!(error.kind(), Kind::Unreachable);
    insta::assert_snapshot!(told(&error));
}

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Layer(&'static str, #[source] Option<Box<Layer>>);

fn not_connected(messages: &[&'static str]) -> Failure {
    let chain = messages
        .iter()
        .rev()
        .fold(None, |below, text| Some(Box::new(Layer(text, below))))
        .unwrap();
    SdkError::dispatch_failure(ConnectorError::io(chain))
}

#[test]
fn each_kind_of_trouble_has_its_own_hint() {
    let texts = [
        answered("ExpiredToken", "The security token included in the request is expired"),
        answered("InvalidClientTokenId", "The security token included in the request is invalid."),
        answered("AccessDenied", "User: arn:aws:iam::1:user/ana is not authorized to perform: cloudformation:DescribeStacks"),
        answered("Throttling", "Rate exceeded"),
        answered("ServiceUnavailable", ""),
        answered("ValidationError", "Template error"),
        answered("ValidationError", "ValidationError: Template error"),
    ]
    .map(shown);
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn each_way_of_not_reaching_aws_has_its_own_hint() {
    let texts = [
        not_connected(&[
            "io error",
            "client error (Connect)",
            "tcp connect error",
            "Connection refused (os error 111)",
        ]),
        not_connected(&[
            "dispatch failure",
            "an error occurred while loading an access token",
            "failed to load the cached SSO token",
        ]),
        not_connected(&[
            "failed",
            "the credential provider was not enabled",
            "no credentials found in chain. Attempted:\n  Environment: no",
        ]),
        not_connected(&[
            "an error occurred while loading credentials",
            "external process exited with code exit status: 1",
        ]),
        SdkError::timeout_error("60 s"),
        SdkError::response_error(
            "unexpected end of XML",
            HttpResponse::new(200.try_into().unwrap(), "".into()),
        ),
        SdkError::construction_failure(Layer(
            "failed to apply endpoint to request `Request { body: x }`",
            Some(Box::new(Layer("endpoint must contain scheme", None))),
        )),
    ]
    .map(shown);
    insta::assert_snapshot!(texts.join("\n"));
}

/// A container without the package, or a proxy that signs with its own certificate.
#[test]
fn an_unknown_issuer_leads_to_the_certificates() {
    let error = shown(not_connected(&[
        "client error (Connect)",
        "invalid peer certificate: UnknownIssuer",
    ]));
    assert!(error.contains("`ca-certificates`"), "{error}");
    assert!(!error.contains("check the network"), "{error}");
}

#[test]
fn a_cause_is_told_once() {
    let error = Layer(
        "outer: refused",
        Some(Box::new(Layer(
            "refused",
            Some(Box::new(Layer("refused", None))),
        ))),
    );
    assert_eq!(last_causes(&error), "outer: refused");
}

#[test]
fn only_what_can_pass_is_asked_again() {
    for code in [
        "Throttling",
        "RequestLimitExceeded",
        "InternalFailure",
        "ServiceUnavailable",
        "",
    ] {
        assert!(is_passing(&answered(code, "x")), "{code}");
    }
    for code in ["AccessDenied", "ExpiredToken", "ValidationError"] {
        assert!(!is_passing(&answered(code, "x")), "{code}");
    }
    assert!(is_passing(&not_connected(&["reset"])));
    assert!(is_passing(&Failure::timeout_error("late")));
    assert!(!is_passing(&Failure::construction_failure(
        "no credentials"
    )));
}
