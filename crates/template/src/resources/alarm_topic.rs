//! The topic through which people and scaling functions receive alarms.

use serde_json::json;
use stack::{Recipient, Stack};

use super::role::{Condition, Role, Statement, read_metrics, render_conditions};
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::policy::{policy_document, refuse_plain_http};
use crate::text::{Text, attribute, reference};

/// Nothing can be published over plain HTTP; the action is the one that AWS documents for such a policy. Source:
/// Amazon SNS Developer Guide, "Enforcing HTTPS when publishing".
///
/// The topic is not encrypted with `alias/aws/sns`: that key's policy can't be edited and doesn't let CloudWatch
/// use it, so every alarm would be dropped without an error.
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
    let mut has_slack = false;
    for recipient in &stack.notify {
        match recipient {
            Recipient::Topic(_) => {}
            Recipient::Email(address) => {
                let subscription =
                    json!({ "TopicArn": topic, "Protocol": "email", "Endpoint": address });
                let resource = Resource::new(types::SUBSCRIPTION, subscription);
                builder.add(names::email_subscription(address), resource)?;
            }
            Recipient::Slack { workspace, channel } => {
                has_slack = true;
                let resource = Resource::new(
                    types::SLACK_CHANNEL,
                    json!({
                        "ConfigurationName": format!("{}-{workspace}-{channel}", shorten(&stack.name)),
                        "SlackWorkspaceId": workspace,
                        "SlackChannelId": channel,
                        "SnsTopicArns": [topic],
                        "IamRoleArn": attribute(names::SLACK_ROLE, "Arn"),
                        "GuardrailPolicies": [guardrail().value()],
                    }),
                );
                builder.add(names::slack_channel(workspace, channel), resource)?;
            }
        }
    }
    match has_slack {
        true => add_slack_role(builder, stack),
        false => Ok(()),
    }
}

/// A configuration's name has up to 128 characters; the IDs have up to 30 each, with a hyphen.
fn shorten(stack: &str) -> &str {
    stack.get(..66).unwrap_or(stack)
}

fn guardrail() -> Text {
    let policy = ":iam::aws:policy/CloudWatchReadOnlyAccess".into();
    Text::concat(["arn:".into(), Text::partition(), policy])
}

/// The metrics that a channel shows with an alarm. Without its own guardrail, a channel would get
/// `AdministratorAccess` as one, so that only the role would limit it. AWS documents no conditions for the trust
/// policy.
fn add_slack_role(builder: &mut Builder, stack: &Stack) -> Result<(), SynthesisError> {
    let alarms = Text::arn("cloudwatch", "alarm:*");
    let describe = Statement::new("ReadAlarms", &["cloudwatch:DescribeAlarms"], vec![alarms]);
    let role = Role {
        id: names::SLACK_ROLE.to_owned(),
        description: format!("Stack {}: lets Slack channels show alarms", stack.name),
        principal: "chatbot.amazonaws.com",
        trust: Vec::new(),
        statements: vec![describe, read_metrics()],
        managed: Vec::new(),
    };
    role.add(builder, stack)
}
