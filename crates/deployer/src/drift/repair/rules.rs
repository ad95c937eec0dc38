//! Rules of EventBridge, and their targets.

use aws_sdk_eventbridge::types::{DeadLetterConfig, RetryPolicy, Tag, Target};

use crate::error::{Result, aws};
use crate::named::list_rule_targets;
use crate::session::Session;

use super::broken::Broken;
use super::given::Given;

pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let client = &session.clients.eventbridge;
    let given = broken.given();
    let tags = broken.tags_as(|(key, value)| Tag::builder().key(key).value(value).build().ok());
    client
        .put_rule()
        .name(name)
        .set_schedule_expression(given.at("ScheduleExpression").text())
        .set_description(given.at("Description").text())
        .set_state(given.at("State").text().map(|state| state.as_str().into()))
        // Ignored if the rule exists.
        .set_tags(tags)
        .send()
        .await
        .map_err(aws(format!("repair the rule {name}")))?;
    let targets = given.at("Targets");
    let wanted: Vec<String> = targets
        .items()
        .map(|target| target.at("Id").required())
        .collect();
    remove_others(session, name, &wanted).await?;
    let targets: Vec<Target> = targets.items().filter_map(convert).collect();
    let sent = client
        .put_targets()
        .rule(name)
        .set_targets(Some(targets))
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("repair the targets of the rule {name}")))
}

fn convert(given: Given<'_>) -> Option<Target> {
    let retries = given.at("RetryPolicy");
    let retries = retries.is_set().then(|| {
        RetryPolicy::builder()
            .set_maximum_event_age_in_seconds(retries.at("MaximumEventAgeInSeconds").int())
            .set_maximum_retry_attempts(retries.at("MaximumRetryAttempts").int())
            .build()
    });
    let dead_letters = given.at("DeadLetterConfig").at("Arn").text();
    Target::builder()
        .id(given.at("Id").required())
        .arn(given.at("Arn").required())
        .set_input(given.at("Input").text())
        .set_retry_policy(retries)
        .set_dead_letter_config(
            dead_letters.map(|arn| DeadLetterConfig::builder().arn(arn).build()),
        )
        .build()
        .ok()
}

/// Removes the targets that the template doesn't have.
async fn remove_others(session: &Session<'_>, rule: &str, wanted: &[String]) -> Result<()> {
    let client = &session.clients.eventbridge;
    let doing = || format!("remove other targets of the rule {rule}");
    let targets = list_rule_targets(session, rule).await;
    let targets = targets.map_err(aws(doing()))?;
    let others: Vec<String> = targets
        .iter()
        .map(|target| target.id().to_owned())
        .filter(|id| !wanted.contains(id))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    let sent = client
        .remove_targets()
        .rule(rule)
        .set_ids(Some(others))
        .send()
        .await;
    sent.map(drop).map_err(aws(doing()))
}
