//! IAM roles and log groups, which functions and tasks need.

use aws_sdk_iam::operation::get_role::GetRoleError;
use serde_json::{Value, json};

use crate::error::{Result, aws};
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties, explain};

pub(super) async fn read(session: &Session<'_>, role: &Intended) -> Result<Live> {
    let name = &role.physical_id;
    let request = session.clients.iam.get_role().role_name(name);
    let reply = match request.send().await {
        Ok(reply) => reply,
        Err(error) => {
            let doing = format!("read the role {name}");
            return explain(error, &doing, GetRoleError::is_no_such_entity_exception);
        }
    };
    let Some(found) = reply.role() else {
        return Ok(Properties::default().found());
    };
    let trust = found.assume_role_policy_document().and_then(decode);
    let boundary = found
        .permissions_boundary()
        .and_then(|boundary| boundary.permissions_boundary_arn());
    let (policies, attached) =
        futures::future::try_join(read_policies(session, role), read_attached(session, role))
            .await?;
    Ok(Properties::default()
        .set("AssumeRolePolicyDocument", trust)
        .set("Description", found.description())
        .set_or_null("PermissionsBoundary", boundary)
        .set("Policies", Some(policies))
        .set("ManagedPolicyArns", attached)
        .found())
}

/// Returns the template's inline policies that exist.
async fn read_policies(session: &Session<'_>, role: &Intended) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for policy in role.items("Policies") {
        let Some(name) = policy.get("PolicyName").and_then(Value::as_str) else {
            continue;
        };
        let request = session.clients.iam.get_role_policy();
        let request = request.role_name(&role.physical_id).policy_name(name);
        match request.send().await {
            Ok(reply) => {
                let document = decode(reply.policy_document());
                found.push(json!({ "PolicyName": name, "PolicyDocument": document }));
            }
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_no_such_entity_exception()) => {}
            Err(error) => return Err(aws(format!("read a policy of {}", role.physical_id))(error)),
        }
    }
    Ok(found)
}

/// Returns the template's managed policies that are attached. `None` if it has none.
async fn read_attached(session: &Session<'_>, role: &Intended) -> Result<Option<Vec<Value>>> {
    let wanted = role.items("ManagedPolicyArns");
    if wanted.is_empty() {
        return Ok(None);
    }
    let request = session.clients.iam.list_attached_role_policies();
    match request.role_name(&role.physical_id).send().await {
        Ok(reply) => {
            let attached = reply.attached_policies().iter();
            let arns = attached.filter_map(|policy| Some(Value::from(policy.policy_arn()?)));
            Ok(Some(arns.filter(|arn| wanted.contains(arn)).collect()))
        }
        Err(error) => Err(aws(format!("read the policies of {}", role.physical_id))(
            error,
        )),
    }
}

/// Decodes a policy: IAM returns policies with percent-encoding (RFC 3986).
fn decode(document: &str) -> Option<Value> {
    let mut bytes = Vec::with_capacity(document.len());
    let mut rest = document.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        let decoded = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match (first, decoded) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    serde_json::from_slice(&bytes).ok()
}

pub(super) async fn read_log_group(session: &Session<'_>, group: &Intended) -> Result<Live> {
    let name = &group.physical_id;
    let mut pages = session
        .clients
        .cloudwatchlogs
        .describe_log_groups()
        .log_group_name_prefix(name)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error) => {
                let doing = format!("read the log group {name}");
                return explain(error, &doing, |_| false);
            }
        };
        let named =
            |group: &&aws_sdk_cloudwatchlogs::types::LogGroup| group.log_group_name() == Some(name);
        if let Some(found) = page.log_groups().iter().find(named) {
            return Ok(Properties::default()
                .set_or_null("RetentionInDays", found.retention_in_days())
                .found());
        }
    }
    Ok(Live::Missing)
}
