//! Topics of SNS, their policies, and subscriptions.

use aws_sdk_sns::operation::get_topic_attributes::GetTopicAttributesError;
use serde_json::{Map, Value};

use crate::error::{Result, aws};
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, explain};

pub(super) async fn read(session: &Session<'_>, topic: &Intended) -> Result<Live> {
    read_topic(session, &topic.physical_id).await
}

pub(super) async fn read_policy(session: &Session<'_>, policy: &Intended) -> Result<Live> {
    let Some(topic) = policy.items("Topics").first().and_then(Value::as_str) else {
        return Ok(Live::Unchecked("its topic isn't known".to_owned()));
    };
    let attributes = match read_topic(session, topic).await? {
        Live::Found(attributes) => attributes,
        other => return Ok(other),
    };
    // SNS gives each topic a default policy, so a topic without a policy is an emulator's.
    let document = attributes.get("Policy").and_then(Value::as_str);
    let document = document.and_then(|text| serde_json::from_str(text).ok());
    let found = document.map(|document: Value| ("PolicyDocument".to_owned(), document));
    Ok(Live::Found(found.into_iter().collect()))
}

async fn read_topic(session: &Session<'_>, arn: &str) -> Result<Live> {
    let request = session.clients.sns.get_topic_attributes().topic_arn(arn);
    match request.send().await {
        Ok(reply) => Ok(Live::Found(as_properties(reply.attributes))),
        Err(error) => explain(
            error,
            &format!("read the topic {arn}"),
            GetTopicAttributesError::is_not_found_exception,
        ),
    }
}

type Attributes = Option<std::collections::HashMap<String, String>>;

fn as_properties(attributes: Attributes) -> Map<String, Value> {
    let all = attributes.unwrap_or_default().into_iter();
    all.map(|(name, value)| (name, Value::String(value)))
        .collect()
}

/// The attributes that SNS returns only if they are set.
const IF_SET: [&str; 3] = ["FilterPolicy", "RawMessageDelivery", "RedrivePolicy"];

/// Reads a subscription: either CloudFormation's, or a later one with another ARN.
pub(super) async fn read_subscription(
    session: &Session<'_>,
    subscription: &Intended,
) -> Result<Live> {
    // Users can subscribe and unsubscribe by email at any time.
    if subscription.text("Protocol") == "email" {
        return Ok(Live::Found(Map::new()));
    }
    if is_elsewhere(session, subscription) {
        return Ok(Live::Unchecked("its topic is in another region".to_owned()));
    }
    let mut live = read_attributes(session, &subscription.physical_id).await?;
    if live == Live::Missing {
        live = match find(session, subscription).await? {
            Some(arn) => read_attributes(session, &arn).await?,
            None => Live::Missing,
        };
    }
    Ok(fill_empty_filter(live, subscription))
}

/// Adds the empty filter policy, which the template sets to remove a filter. SNS might not return it.
fn fill_empty_filter(mut live: Live, subscription: &Intended) -> Live {
    const FILTER: &str = "FilterPolicy";
    let empty = Value::Object(Map::new());
    if let Live::Found(found) = &mut live
        && subscription.properties.get(FILTER) == Some(&empty)
        && found.get(FILTER) == Some(&Value::Null)
    {
        found.insert(FILTER.to_owned(), empty);
    }
    live
}

/// Whether the topic is in another region, which this client can't reach.
fn is_elsewhere(session: &Session<'_>, subscription: &Intended) -> bool {
    let region = subscription.text("TopicArn").split(':').nth(3);
    region != Some(session.clients.region())
}

async fn read_attributes(session: &Session<'_>, arn: &str) -> Result<Live> {
    let request = session.clients.sns.get_subscription_attributes();
    match request.subscription_arn(arn).send().await {
        Ok(reply) => {
            let mut found = as_properties(reply.attributes);
            if !found.is_empty() {
                for attribute in IF_SET {
                    found.entry(attribute).or_insert(Value::Null);
                }
            }
            Ok(Live::Found(found))
        }
        Err(error) => explain(error, &format!("read the subscription {arn}"), |error| {
            error.is_not_found_exception()
        }),
    }
}

/// Returns the ARN of this endpoint's subscription to this topic, if there is one.
pub(in crate::drift) async fn find(
    session: &Session<'_>,
    subscription: &Intended,
) -> Result<Option<String>> {
    let topic = subscription.text("TopicArn");
    let endpoint = subscription.text("Endpoint");
    let mut pages = session
        .clients
        .sns
        .list_subscriptions_by_topic()
        .topic_arn(topic)
        .into_paginator()
        .send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_not_found_exception()) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(aws(format!("read the subscriptions of {topic}"))(error)),
        };
        let found = page
            .subscriptions()
            .iter()
            .find(|found| found.endpoint() == Some(endpoint));
        if let Some(arn) = found.and_then(|found| found.subscription_arn()) {
            return Ok(Some(arn.to_owned()));
        }
    }
    Ok(None)
}
