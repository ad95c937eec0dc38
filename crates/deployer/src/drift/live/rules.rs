//! Rules of EventBridge, and their targets.

use aws_sdk_eventbridge::operation::describe_rule::DescribeRuleError;
use aws_sdk_eventbridge::types::{RetryPolicy, Target};
use serde_json::{Value, json};

use crate::error::Result;
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
    let mut targets: Vec<Value> = Vec::new();
    let mut next = None;
    loop {
        let request = client.list_targets_by_rule().rule(name);
        let reply = match request.set_next_token(next).send().await {
            Ok(reply) => reply,
            Err(error) => {
                let doing = format!("read the targets of the rule {name}");
                return explain(error, &doing, |error| {
                    error.is_resource_not_found_exception()
                });
            }
        };
        targets.extend(reply.targets().iter().map(|target| {
            Properties::default()
                .set("Id", Some(target.id()))
                .set("Arn", Some(target.arn()))
                .set("Input", target.input())
                .set("RetryPolicy", target.retry_policy().map(convert_retries))
                .set("DeadLetterConfig", dead_letters(target))
                .object()
        }));
        next = reply.next_token().map(str::to_owned);
        if next.is_none() {
            break;
        }
    }
    Ok(Properties::default()
        .set("State", found.state().map(|state| state.as_str()))
        .set("ScheduleExpression", found.schedule_expression())
        .set("Description", found.description())
        .set("Targets", Some(targets))
        .found())
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
