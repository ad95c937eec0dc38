//! The output for people: a file with many mistakes, in one report.

use super::{BASE, changed, shown};
use crate::{Report, parse};

/// Mistakes of structure and meaning together.
const MANY: &str = r#"name: my_stack
acount: "111122223333"
region: us-west-2
tags: {aws:team: vouchers, cost: 12}
termination_protection: yes

cluster: {existing: shop, capacity: fargate}

queues:
  vouchers:
    name: vouchers.fifo
    visibility_timout: 60s
    visibility_timeout: 5
    retention: 2 h
    dead_letter: {}
  orders: {existing: arn:aws:sqs:eu-west-1:111122223333:orders, retention: 4d}
  leftover: {dead_letter: {after: 5}}

services:
  voucher-worker:
    image: 111122223333.dkr.ecr.us-west-2.amazonaws.com/voucher-worker
    cpu: 512
    memory: 512
    architecture: arm
    environment: {DEBUG: true, DATABASE: a}
    secrets: {DATABASE: arn:aws:secretsmanager:us-west-2:111122223333:secret:database}
    consumes: [voucher, orders]
    stop_timeout: 5m
    tasks: {min: 5, max: 2}
    scaling:
      backlog_per_task:
        acceptable_latency: 50ms
        processing_time: 1s
        count: [visble]
  idle-worker:
    image: example/idle:1.0.0
    tasks: {max: 3}
    scaling: {backlog_per_task: {acceptable_latency: 10m, processing_time: 45s}}

metric: {every: 90s, memory: 64, log_retention: 10d, namespace: AWS/Mine}
alarms: {metric_silent: 1m}
notify: ops@example.com
"#;

fn report(text: &str) -> Report {
    match parse("shop.yaml", text) {
        Ok(loaded) => loaded.warnings,
        Err(report) => report,
    }
}

#[test]
fn every_problem_comes_in_one_report() {
    let report = report(MANY);
    insta::assert_snapshot!("many", shown(&report));
}

#[test]
fn a_problem_serialises_with_its_places() {
    let text = changed("{min: 1, max: 10}", "{min: 12, max: 10}");
    insta::assert_json_snapshot!("json", report(&text));
}

#[test]
fn the_summary_counts() {
    let summary = |text: &str| report(text).to_string();
    assert_eq!(summary(BASE), "no problems in shop.yaml");
    assert_eq!(
        summary(&changed("notify: [ops@example.com]\n", "")),
        "1 warning in shop.yaml"
    );
    assert_eq!(
        summary(&changed("worker:1.0.0", "worker:")),
        "1 error in shop.yaml"
    );
}
