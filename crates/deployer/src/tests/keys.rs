//! The policies of KMS keys, before anything changes.

use aws_sdk_ecs::operation::describe_clusters::DescribeClustersOutput;
use aws_sdk_ecs::types::Cluster;
use aws_sdk_kms::operation::get_key_policy::GetKeyPolicyOutput;
use aws_smithy_mocks::{Rule, mock};
use serde_json::json;

use super::cloud::{Told, json_error};
use super::preflight::{self, load, roles, services_but};
use crate::{Kind, Result};

const KEY: &str = "arn:aws:kms:us-west-2:111122223333:key/1a2b3c4d";

fn policy(services: &'static [&'static str]) -> Rule {
    mock!(aws_sdk_kms::Client::get_key_policy)
        .match_requests(|request| request.key_id() == Some(KEY))
        .then_output(move || {
            let statement = json!({
                "Effect": "Allow", "Action": "kms:*", "Resource": "*",
                "Principal": { "Service": services },
            });
            let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
            GetKeyPolicyOutput::builder()
                .policy(policy.to_string())
                .build()
        })
}

fn failing(code: &'static str) -> Rule {
    mock!(aws_sdk_kms::Client::get_key_policy)
        .then_http_response(move || json_error(code, "says KMS"))
}

/// Checks a stack with these lines, which subscribes a queue to a topic.
async fn check(rule: Rule, lines: &str) -> (Result<()>, Told) {
    let topic = "arn:aws:sns:us-west-2:111122223333:orders";
    let text = format!(
        "name: shop\nqueues: {{orders: {{subscribe: [{{topic: '{topic}'}}]}}}}\n\
         services: {{web: {{image: 'web:1', consumes: [orders], tasks: {{min: 1}}}}}}\n{lines}"
    );
    preflight::check(&load(&text), &[rule, roles()]).await
}

const EVERYTHING: &[&str] = &[
    "cloudwatch.amazonaws.com",
    "logs.us-west-2.amazonaws.com",
    "sns.amazonaws.com",
];

#[tokio::test(start_paused = true)]
async fn a_key_that_aws_can_use_is_fine() {
    let lines = format!("encryption: '{KEY}'\nnotify: [ops@example.com]\n");
    let (result, told) = check(policy(EVERYTHING), &lines).await;
    result.unwrap();
    assert_eq!(told.lines(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_key_that_aws_can_not_use_is_refused_with_what_is_missing() {
    let common = format!("encryption: '{KEY}'\nnotify: [ops@example.com]\n");
    let (cloudwatch, logs, sns) = (
        "CloudWatch can't use it, so alarms would notify no one",
        "CloudWatch Logs can't use it, so log groups can't be made",
        "SNS can't use it, so topics would deliver nothing",
    );
    for (allowed, lines, missing) in [
        (&EVERYTHING[..1], common.as_str(), vec![logs, sns]),
        (&EVERYTHING[1..2], &common, vec![cloudwatch, sns]),
        (&EVERYTHING[1..], &common, vec![cloudwatch]),
        // If there is no one to notify, the stack has no topic.
        (
            &EVERYTHING[2..],
            &format!("encryption: '{KEY}'\n"),
            vec![logs],
        ),
        (
            &EVERYTHING[2..],
            &format!("logs: {{key: '{KEY}'}}\n"),
            vec![logs],
        ),
    ] {
        let error = check(policy(allowed), lines).await.0.unwrap_err();
        assert_eq!(error.kind(), Kind::Refused);
        let text = error.to_string();
        assert!(text.contains(&missing.join("; ")), "{text}");
        assert!(text.contains(KEY) && text.contains('`'), "{text}");
        let (_, statements) = error.hints().split_first().unwrap();
        assert_eq!(statements.len(), missing.len());
        for statement in statements {
            let statement: serde_json::Value = serde_json::from_str(statement).unwrap();
            assert_eq!(statement["Effect"], "Allow");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_key_of_a_queue_that_subscribes_must_let_sns_use_it() {
    let text = format!(
        "name: shop\nqueues: {{orders: {{encryption: '{KEY}', subscribe: [{{topic: 'arn:aws:sns:us-west-2:111122223333:orders'}}]}}}}\n\
         services: {{web: {{image: 'web:1', consumes: [orders], tasks: {{min: 1}}}}}}\n"
    );
    let rules = [policy(&EVERYTHING[..1]), roles()];
    let (result, _) = preflight::check(&load(&text), &rules).await;
    let text = result.unwrap_err().to_string();
    assert!(
        text.contains("`queues.orders.encryption`") && text.contains("SNS"),
        "{text}"
    );
}

/// Without logs, topics, and queues there is nothing to encrypt.
#[tokio::test(start_paused = true)]
async fn a_key_that_nothing_uses_is_not_looked_at() {
    let text = format!(
        "name: shop\nencryption: '{KEY}'\nservices: {{web: {{existing: shop/web, tasks: {{min: 1, max: 2}}, \
         scaling: {{cpu: {{target: 50}}}}}}}}\n"
    );
    let cluster = Cluster::builder()
        .cluster_name("shop")
        .status("ACTIVE")
        .build();
    let clusters = mock!(aws_sdk_ecs::Client::describe_clusters).then_output(move || {
        DescribeClustersOutput::builder()
            .clusters(cluster.clone())
            .build()
    });
    // There is no rule for KMS, so a request would fail.
    let rules = [clusters, services_but("other"), roles()];
    let (result, told) = preflight::check(&load(&text), &rules).await;
    result.unwrap();
    assert_eq!(told.lines(), [""; 0]);
}

/// A deploy doesn't require the permission.
#[tokio::test(start_paused = true)]
async fn a_policy_that_can_not_be_read_is_only_told() {
    for code in [
        "AccessDeniedException",
        "NotFoundException",
        "UnknownOperationException",
    ] {
        let (result, told) = check(failing(code), &format!("encryption: '{KEY}'\n")).await;
        result.unwrap();
        assert!(
            told.has("kms:GetKeyPolicy") && told.has(KEY),
            "{:?}",
            told.lines()
        );
    }
}
