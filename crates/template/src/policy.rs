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

/// The statement that denies every request for the action that isn't encrypted in transit, whoever the caller is.
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
