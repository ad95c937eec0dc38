//! Common parts of IAM policies and resource policies.

use serde_json::{Value, json};

/// The policy document with these statements.
#[must_use]
pub fn policy_document(statements: Vec<Value>) -> Value {
    json!({ "Version": "2012-10-17", "Statement": statements })
}

/// The condition key of a resource's tag.
pub(crate) fn resource_tag(tag: &str) -> String {
    format!("aws:ResourceTag/{tag}")
}

/// The ID of the statement that each policy of a queue or topic has.
pub(crate) const REFUSE_PLAIN_HTTP: &str = "RefusePlainHttp";

/// The statement that denies every request for the action that isn't encrypted in transit, whoever the caller is.
#[must_use]
pub fn refuse_plain_http(action: &str, resource: impl Into<Value>) -> Value {
    json!({
        "Sid": REFUSE_PLAIN_HTTP,
        "Effect": "Deny",
        "Principal": "*",
        "Action": action,
        "Resource": resource.into(),
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })
}
