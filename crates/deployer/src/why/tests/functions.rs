//! Functions that measure or scale: their rules, their logs.

use super::{NOW, feed, says, with};
use crate::function_logs::LogLine;
use crate::functions::ServiceName;
use crate::why::Cause;
use crate::why::facts::Event;
use crate::why::logs;

#[test]
fn nothing_measures_it() {
    let silent = |enabled, newest, error: Option<&str>| {
        with(|facts| {
            feed(facts).enabled = enabled;
            feed(facts).newest = newest;
            feed(facts).error = error.map(|text| Event {
                at: NOW - 30,
                text: text.to_owned(),
            });
        })
    };
    let disabled = silent(Some(false), Some(NOW - 250), None);
    let text = "no datapoint for 4 minutes: the rule shop-MetricRule1-A is disabled";
    says(&disabled, Cause::NoData, text);
    let text = "the rule shop-MetricRule1-A is disabled, so the function shop-MetricFunction-A doesn't run";
    says(
        &silent(Some(false), Some(NOW - 70), None),
        Cause::NoData,
        text,
    );
    let text = "no datapoint for 10 minutes: the function shop-MetricFunction-A fails (30 s ago): access is denied";
    let failed = silent(Some(true), Some(NOW - 600), Some("access is denied"));
    says(&failed, Cause::NoData, text);
    let text = "no datapoint in the last 15 minutes: the function shop-MetricFunction-A published none, and its log \
                has no error";
    says(&silent(None, None, None), Cause::NoData, text);
    let text = "the function shop-MetricFunction-A fails (30 s ago): access is denied";
    let fails = silent(Some(true), Some(NOW - 70), Some("access is denied."));
    says(&fails, Cause::FunctionFails, text);
}

fn lines(texts: &[&str]) -> Vec<LogLine> {
    let all = texts.iter().zip(NOW..);
    let line = |(text, at): (&&str, u64)| LogLine {
        at,
        text: (*text).to_owned(),
    };
    all.map(line).collect()
}

#[test]
fn a_log_has_the_last_check_and_failures_that_are_not_over() {
    let name = ServiceName {
        cluster: "shop".to_owned(),
        service: "worker".to_owned(),
    };
    let look = r#"{"level":"INFO","message":"look","cluster":"shop","service":"worker","outcome":"kept","need":2.5,"reason":"the work needs 2.5 tasks"}"#;
    let failed = r#"{"level":"ERROR","message":"look","cluster":"shop","service":"worker","outcome":"failed","reason":"SQS refused"}"#;
    let ended = r#"{"level":"ERROR","message":"invocation failed","errorType":"LooksFailed","error":"service worker: 1 of 1 checks failed"}"#;
    let log = logs::parse(&lines(&[look, failed, ended]));
    assert_eq!(log.failed[&name].text, "SQS refused");
    assert_eq!(log.error, None, "the service's own failure says more");
    assert_eq!(log.checks[&name].need, Some(2.5));
    let log = logs::parse(&lines(&[failed, ended, look]));
    assert!(log.failed.is_empty());
    let timeout = "2026-11-30T12:00:00Z 0a Task timed out after 60.00 seconds\n";
    let log = logs::parse(&lines(&[look, timeout]));
    assert!(
        log.error
            .unwrap()
            .text
            .ends_with("Task timed out after 60.00 seconds")
    );
    let broken = r#"{"level":"ERROR","message":"invocation failed","errorType":"MalformedEvent","error":"no JSON"}"#;
    let log = logs::parse(&lines(&[broken, "START RequestId: 0a"]));
    assert_eq!(log.error.unwrap().text, "no JSON");
}
