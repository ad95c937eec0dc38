//! Queues of SQS, and their policies.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;

use crate::error::{Result, aws};
use crate::messages::name_in;
use crate::session::Session;

use super::super::intrinsics::is_unresolved;
use super::broken::Broken;
use super::given::Given;

type Attributes = HashMap<QueueAttributeName, String>;

pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let url = &broken.part.physical_id;
    let all = attributes(broken);
    if broken.is_missing() {
        broken.note(
            session,
            format!(
                "recreating the queue {}: the messages that it held are lost",
                name_in(url)
            ),
        );
        let request = session.clients.sqs.create_queue().queue_name(name_in(url));
        let request = request.set_tags(Some(broken.tags().collect()));
        let sent = request.set_attributes(Some(all)).send().await;
        return sent
            .map(drop)
            .map_err(aws(format!("recreate the queue {}", name_in(url))));
    }
    let changed = all
        .into_iter()
        .filter(|(name, _)| broken.is_different(name.as_str()));
    set(session, url, changed.collect()).await
}

/// Returns the properties that are attributes: all except the name and the tags.
fn attributes(broken: &Broken<'_>) -> Attributes {
    let properties = broken.part.properties.iter();
    properties
        .filter(|(name, value)| {
            !matches!(name.as_str(), "QueueName" | "Tags") && !is_unresolved(value)
        })
        .filter_map(|(name, value)| {
            Some((
                QueueAttributeName::from(name.as_str()),
                Given(value).text()?,
            ))
        })
        .collect()
}

async fn set(session: &Session<'_>, url: &str, attributes: Attributes) -> Result<()> {
    let request = session.clients.sqs.set_queue_attributes().queue_url(url);
    let sent = request.set_attributes(Some(attributes)).send().await;
    sent.map(drop).map_err(aws(format!(
        "set the attributes of the queue {}",
        name_in(url)
    )))
}

pub(super) async fn repair_policy(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let document = broken.given().at("PolicyDocument").required();
    for url in broken.part.items("Queues").iter().filter_map(Value::as_str) {
        let policy = HashMap::from([(QueueAttributeName::Policy, document.clone())]);
        set(session, url, policy).await?;
    }
    Ok(())
}
