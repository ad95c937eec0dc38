//! What policies of IAM and of resources have in common.

use serde_json::{Value, json};

/// The document of these statements.
#[must_use]
pub fn policy_document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The condition key of a resource's tag.
pub(crate) fn resource_tag(tag: &str) -> String {
    format!("aws:ResourceTag/{tag}")
}

/// The statement that refuses each request for the action that isn't encrypted in transit, whoever asks.
#[must_use]
pub fn refuse_plain_http(action: &str, resource: impl Into<Value>) -> Value {
    json!({
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource.into(),
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}
