//! The topic by which people and scaling functions hear of alarms.

use serde_json::json;
use stack::Stack;

use super::role::{Condition, render_conditions};
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::policy::{policy_document, refuse_plain_http};
use crate::text::{Text, reference};

/// Nothing is published over plain HTTP; the action is the one that AWS documents for such a policy.
/// Source: Amazon SNS Developer Guide, "Enforcing HTTPS when publishing".
///
/// The topic is not encrypted with `alias/aws/sns`: that key's policy can't be edited, CloudWatch may
/// not use it, and every alarm would be dropped in silence.
pub(crate) fn add(builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
    let topic = reference(names::ALARM_TOPIC);
    let properties = match &stack.key {
        Some(key) => json!({ "KmsMasterKeyId": key }),
        None => json!({}),
    };
    builder.add(names::ALARM_TOPIC, Resource::new(types::TOPIC, properties))?;
    let statement = json!({
        "Sid": "PublishAlarms",
        "Effect": "Allow",
        "Principal": { "Service": "cloudwatch.amazonaws.com" },
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": render_conditions(&[
            Condition::new("StringEquals", "aws:SourceAccount", Text::account()),
            Condition::new("ArnLike", "aws:SourceArn", Text::arn("cloudwatch", "alarm:*")),
        ]),
    });
    let encrypted = refuse_plain_http("sns:Publish", topic.clone());
    let document = policy_document(vec![statement, encrypted]);
    let policy = json!({ "Topics": [topic], "PolicyDocument": document });
    builder.add(
        names::ALARM_TOPIC_POLICY,
        Resource::new("AWS::SNS::TopicPolicy", policy),
    )?;
    for address in &stack.notify {
        let subscription = json!({ "TopicArn": topic, "Protocol": "email", "Endpoint": address });
        let resource = Resource::new(types::SUBSCRIPTION, subscription);
        builder.add(names::email_subscription(address), resource)?;
    }
    Ok(())
}
