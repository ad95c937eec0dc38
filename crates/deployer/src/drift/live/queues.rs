//! Queues of SQS, and their policies.

use std::collections::HashMap;

use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::{Map, Value};

use crate::error::Result;
use crate::messages::is_no_such_queue;
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, explain};

/// The attributes that SQS returns only if they are set.
const IF_SET: [&str; 3] = ["RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"];

/// Reads the queue of this URL.
pub(crate) async fn read_queue(session: &Session<'_>, url: &str) -> Result<Live> {
    let attributes = match read_attributes(session, url).await? {
        Ok(attributes) => attributes,
        Err(live) => return Ok(live),
    };
    let mut found: Map<String, Value> = attributes
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), Value::from(value.as_str())))
        .collect();
    for attribute in IF_SET {
        found.entry(attribute).or_insert(Value::Null);
    }
    Ok(Live::Found(found))
}

pub(super) async fn read_policy(session: &Session<'_>, policy: &Intended) -> Result<Live> {
    let Some(url) = policy.items("Queues").first().and_then(Value::as_str) else {
        return Ok(Live::Unchecked("its queue isn't known".to_owned()));
    };
    let attributes = match read_attributes(session, url).await? {
        Ok(attributes) => attributes,
        Err(live) => return Ok(live),
    };
    let text = attributes.get(&QueueAttributeName::Policy);
    let Some(document) = text.and_then(|text| serde_json::from_str::<Value>(text).ok()) else {
        return Ok(Live::Missing);
    };
    Ok(Live::Found(
        [("PolicyDocument".to_owned(), document)]
            .into_iter()
            .collect(),
    ))
}

/// Reads all attributes of a queue. The inner error is the reason why they couldn't be read.
async fn read_attributes(
    session: &Session<'_>,
    url: &str,
) -> Result<Result<HashMap<QueueAttributeName, String>, Live>> {
    let request = session.clients.sqs.get_queue_attributes().queue_url(url);
    match request
        .attribute_names(QueueAttributeName::All)
        .send()
        .await
    {
        Ok(reply) => {
            let attributes = reply.attributes.unwrap_or_default();
            // SQS returns at least the queue's ARN.
            Ok(match attributes.is_empty() {
                true => Err(Live::Unchecked("the reply has no attributes".to_owned())),
                false => Ok(attributes),
            })
        }
        Err(error) if is_no_such_queue(&error) => Ok(Err(Live::Missing)),
        Err(error) => explain(error, &format!("read the attributes of {url}"), |_| false).map(Err),
    }
}
