//! Topics of SNS, their policies, and subscriptions.

use std::collections::HashMap;

use aws_sdk_sns::types::Tag;
use serde_json::Value;

use crate::error::{Result, aws, unless_denied};
use crate::session::Session;

use super::super::live::topics::find;
use super::broken::Broken;

pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let arn = &broken.part.physical_id;
    let name = arn.rsplit(':').next().unwrap_or(arn);
    let tags = broken.tags_as(|(key, value)| Tag::builder().key(key).value(value).build().ok());
    let mut request = session.clients.sns.create_topic().name(name);
    if let Some(key) = broken.given().at("KmsMasterKeyId").text() {
        request = request.attributes("KmsMasterKeyId", key);
    }
    let sent = request.set_tags(tags).send().await;
    sent.map(drop)
        .map_err(aws(format!("recreate the topic {name}")))?;
    broken.note(
        session,
        format!("the new topic {name} has no email subscribers: subscribe each address again, and have it confirmed"),
    );
    Ok(())
}

pub(super) async fn repair_policy(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let document = broken.given().at("PolicyDocument").required();
    for topic in broken.part.items("Topics").iter().filter_map(Value::as_str) {
        let request = session.clients.sns.set_topic_attributes().topic_arn(topic);
        let request = request.attribute_name("Policy").attribute_value(&document);
        let sent = request.send().await;
        sent.map_err(aws(format!("set the policy of {topic}")))?;
    }
    Ok(())
}

/// The properties of a subscription that are its attributes.
const ATTRIBUTES: [&str; 4] = [
    "FilterPolicyScope",
    "FilterPolicy",
    "RawMessageDelivery",
    "RedrivePolicy",
];

pub(super) async fn repair_subscription(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let part = broken.part;
    let client = &session.clients.sns;
    let wanted = ATTRIBUTES.into_iter().filter_map(|name| {
        let value = broken.given().at(name).text()?;
        broken.is_different(name).then(|| (name.to_owned(), value))
    });
    let topic = part.text("TopicArn");
    if broken.is_missing() {
        let attributes: HashMap<String, String> = wanted.collect();
        let request = client.subscribe().topic_arn(topic);
        let request = request
            .protocol(part.text("Protocol"))
            .endpoint(part.text("Endpoint"));
        let sent = request.set_attributes(Some(attributes)).send().await;
        return sent.map(drop).map_err(aws(format!("subscribe to {topic}")));
    }
    let arn = unless_denied(find(session, part).await)?.unwrap_or_default();
    let arn = arn.unwrap_or_else(|| part.physical_id.clone());
    for (name, value) in wanted {
        let request = client.set_subscription_attributes().subscription_arn(&arn);
        let sent = request
            .attribute_name(name)
            .attribute_value(value)
            .send()
            .await;
        sent.map_err(aws(format!("set an attribute of the subscription {arn}")))?;
    }
    Ok(())
}
