//! What a pause needs that ends on time, or that reminds people: a group for its schedules, and the role by which they act.
//!
//! The schedules themselves aren't in the template: `pause` makes them, and a deploy doesn't put them back. The group is, so
//! that they end with the stack. Scheduler's role can be confined to a group, and to nothing smaller.
//! Source: Amazon EventBridge Scheduler User Guide, "Confused deputy prevention".

use serde_json::json;
use stack::{Recipient, Stack};

use crate::builder::{Builder, Resource};
use crate::contract::{reminded_metadata, types};
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::Resolved;
use crate::resources::role::{Condition, Role, Statement};
use crate::scaling_function::set_counts;
use crate::text::{Text, text};

/// Adds both, if Application Auto Scaling scales a service, or if someone can be reminded that a service is paused.
pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>) -> Result<(), SynthesisError> {
    let stack = resolved.stack;
    let services = resolved.services.iter();
    let targets = services.filter(|service| service.service.has_scalable_target());
    let targets: Vec<Text> = targets.map(|service| service.arn.clone()).collect();
    let topics = list_topics(resolved);
    if targets.is_empty() && topics.is_empty() {
        return Ok(());
    }
    let group = Resource::new(types::SCHEDULE_GROUP, json!({}));
    let reminded: Vec<String> = topics.iter().map(|(name, _)| name.clone()).collect();
    let group = match reminded.is_empty() {
        true => group,
        false => group.metadata(reminded_metadata(&reminded)),
    };
    builder.add(names::PAUSE_SCHEDULES, group)?;
    let arn = Text::attribute(
        names::PAUSE_SCHEDULES,
        "Arn",
        Text::arn("scheduler", "schedule-group/").longest() + GROUP_NAME,
    );
    let role = Role {
        id: names::PAUSE_ROLE.to_owned(),
        description: format!(
            "Stack {}: lets schedules end a pause, and remind of it",
            stack.name
        ),
        principal: "scheduler.amazonaws.com",
        trust: vec![
            Condition::new("StringEquals", "aws:SourceAccount", Text::account()),
            Condition::new("ArnEquals", "aws:SourceArn", arn),
        ],
        statements: list_statements(stack, targets, topics),
        managed: Vec::new(),
    };
    role.add(builder, stack)
}

/// Longest name of a group of schedules. Source: Amazon EventBridge Scheduler API Reference, CreateScheduleGroup.
const GROUP_NAME: usize = 64;

/// Longest ARN of a topic: its name has up to 256 characters. Source: Amazon SNS API Reference, CreateTopic.
const TOPIC_NAME: usize = 256;

/// The topics that are reminded of a pause, with the logical ID or ARN by which a reader knows them. AWS's chat application shows
/// no plain text in Slack, so the stack's own topic is one only if it sends email.
fn list_topics(resolved: &Resolved<'_>) -> Vec<(String, Text)> {
    let mut services = resolved.services.iter();
    if !services.any(|service| service.service.is_scaled()) {
        return Vec::new();
    }
    let stack = resolved.stack;
    let is_email = |recipient: &Recipient| matches!(recipient, Recipient::Email(_));
    let own = stack.notify.iter().any(is_email).then(|| {
        let longest = Text::arn("sns", "").longest() + TOPIC_NAME;
        let topic = Text::reference(names::ALARM_TOPIC, longest);
        (names::ALARM_TOPIC.to_owned(), topic)
    });
    let others = stack
        .alarm_topics()
        .map(|arn| (arn.to_owned(), Text::from(arn)));
    own.into_iter().chain(others).collect()
}

/// Whoever registers a scalable target needs the rights to describe and update its service, too.
/// Source: Amazon ECS Developer Guide, "IAM permissions required for Amazon ECS service auto scaling".
fn list_statements(
    stack: &Stack,
    services: Vec<Text>,
    topics: Vec<(String, Text)>,
) -> Vec<Statement> {
    let mut statements = Vec::new();
    if !services.is_empty() {
        // A target's ARN has a random part, and the service's name isn't in it.
        let targets = Text::arn("application-autoscaling", "scalable-target/*");
        let resume = Statement::new(
            "ResumeScaling",
            &["application-autoscaling:RegisterScalableTarget"],
            vec![targets],
        );
        let key = |key: &str| format!("application-autoscaling:{key}");
        statements.push(
            resume
                .when("StringEquals", key("service-namespace"), vec!["ecs".into()])
                .when(
                    "StringEquals",
                    key("scalable-dimension"),
                    vec!["ecs:service:DesiredCount".into()],
                ),
        );
        statements.push(set_counts(
            "ResumeServices",
            &["ecs:DescribeServices", "ecs:UpdateService"],
            services,
        ));
    }
    if !topics.is_empty() {
        let arns = topics.into_iter().map(|(_, topic)| topic).collect();
        statements.push(Statement::new("Remind", &["sns:Publish"], arns));
        if let Some(key) = &stack.key {
            let encrypt = Statement::new(
                "EncryptReminders",
                &["kms:Decrypt", "kms:GenerateDataKey"],
                vec![key.as_str().into()],
            );
            let service = text!["sns.", Text::region(), ".", Text::url_suffix()];
            statements.push(encrypt.when("StringEquals", "kms:ViaService", vec![service]));
        }
    }
    statements
}
