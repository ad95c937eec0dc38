//! Rules of EventBridge, and their targets.

use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_eventbridge::types::{RetryPolicy, Target};
use serde_json::{Value, json};

use crate::error::Result;
use crate::named::list_rule_targets;
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties, explain};

pub(super) async fn read(session: &Session<'_>, rule: &Intended) -> Result<Live> {
    let name = &rule.physical_id;
    let client = &session.clients.eventbridge;
    let found = match client.describe_rule().name(name).send().await {
        Ok(found) => found,
        Err(error) => {
            let doing = format!("read the rule {name}");
            return explain(
                error,
                &doing,
                DescribeRuleError::is_resource_not_found_exception,
            );
        }
    };
    let targets = match list_rule_targets(session, name).await {
        Ok(targets) => targets,
        Err(error) => {
            let doing = format!("read the targets of the rule {name}");
            return explain(error, &doing, |error| {
                error.is_resource_not_found_exception()
            });
        }
    };
    let targets: Vec<Value> = targets.iter().map(convert_target).collect();
    Ok(Properties::default()
        .set("State", found.state().map(|state| state.as_str()))
        .set("ScheduleExpression", found.schedule_expression())
        .set("Description", found.description())
        .set("Targets", Some(targets))
        .found())
}

fn convert_target(target: &Target) -> Value {
    Properties::default()
        .set("Id", Some(target.id()))
        .set("Arn", Some(target.arn()))
        .set("Input", target.input())
        .set("RetryPolicy", target.retry_policy().map(convert_retries))
        .set("DeadLetterConfig", dead_letters(target))
        .object()
}

fn convert_retries(policy: &RetryPolicy) -> Value {
    Properties::default()
        .set(
            "MaximumEventAgeInSeconds",
            policy.maximum_event_age_in_seconds(),
        )
        .set("MaximumRetryAttempts", policy.maximum_retry_attempts())
        .object()
}

fn dead_letters(target: &Target) -> Option<Value> {
    let arn = target.dead_letter_config()?.arn()?;
    Some(json!({ "Arn": arn }))
}
