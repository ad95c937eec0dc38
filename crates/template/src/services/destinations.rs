//! The queues and topics that a service's tasks send and publish to.

use serde_json::Value;
use stack::{Encryption, Queue, ServiceSpec};

use crate::error::SynthesisError;
use crate::names;
use crate::resolved::queue_names::queue_url;
use crate::resolved::{Resolved, ResolvedQueue};
use crate::resources::role::Statement;
use crate::text::Text;

/// A queue that tasks send to.
pub(super) struct SentQueue<'a> {
    /// Its short name, or the name in its ARN.
    name: &'a str,
    url: Text,
    arn: Text,
    key: Option<&'a str>,
}

/// The queues that a service sends to, in the definition's order.
pub(super) fn list_sent<'a>(
    resolved: &Resolved<'a>,
    short: &str,
    spec: &'a ServiceSpec,
) -> Result<Vec<SentQueue<'a>>, SynthesisError> {
    let find = |name: &'a String| {
        if let Some(other) = SentQueue::of_arn(name) {
            return Ok(other);
        }
        let found = resolved.queues.iter().find(|queue| queue.short == name);
        found
            .map(SentQueue::of)
            .ok_or_else(|| SynthesisError::UnknownQueue {
                service: short.to_owned(),
                queue: name.clone(),
            })
    };
    spec.sends.iter().map(find).collect()
}

impl<'a> SentQueue<'a> {
    fn of(queue: &ResolvedQueue<'a>) -> Self {
        Self {
            name: queue.short,
            url: queue.url.clone(),
            arn: queue.arn.clone(),
            key: key_of(queue.queue),
        }
    }

    fn of_arn(arn: &'a str) -> Option<Self> {
        let fields: Vec<&str> = arn.split(':').collect();
        let ["arn", _, "sqs", region, account, name] = *fields.as_slice() else {
            return None;
        };
        Some(Self {
            name,
            url: queue_url(region.into(), account.into(), &name.into()),
            arn: arn.into(),
            key: None,
        })
    }
}

/// The KMS key that encrypts a queue's messages, if the definition names it.
pub(crate) fn key_of(queue: &Queue) -> Option<&str> {
    match queue {
        Queue::Create(spec) => match &spec.encryption {
            Encryption::Kms(key) => Some(key.as_str()),
            Encryption::Sqs => None,
        },
        Queue::Existing(existing) => existing.key.as_deref(),
    }
}

/// `QUEUE_URL_NAME` of each queue, `TOPIC_ARN_NAME` of each topic, and `TOPIC_ARN` of the first one.
pub(super) fn list_variables(sent: &[SentQueue<'_>], spec: &ServiceSpec) -> Vec<(String, Value)> {
    let queues = sent
        .iter()
        .map(|queue| (names::queue_url_variable(queue.name), queue.url.value()));
    let topics = spec.publishes.iter().map(|arn| {
        let name = arn.rsplit(':').next().unwrap_or_default();
        (names::topic_arn_variable(name), arn.as_str().into())
    });
    let first = spec.publishes.first();
    let first = first.map(|arn| ("TOPIC_ARN".to_owned(), arn.as_str().into()));
    queues.chain(topics).chain(first).collect()
}

/// Sends, and encrypts the sent messages. Source: Amazon SQS Developer Guide, "Key management", producers.
pub(super) fn send(sent: &[SentQueue<'_>], spec: &ServiceSpec) -> Vec<Statement> {
    let queues = sent.iter().map(|queue| queue.arn.clone()).collect();
    let mut keys: Vec<&str> = sent.iter().filter_map(|queue| queue.key).collect();
    keys.sort_unstable();
    keys.dedup();
    let keys = keys.into_iter().map(Text::from).collect();
    let topics = spec.publishes.iter().map(|arn| arn.as_str().into());
    let all = [
        Statement::new("SendMessages", SEND, queues),
        Statement::new("EncryptMessages", ENCRYPT, keys),
        Statement::new("PublishMessages", &["sns:Publish"], topics.collect()),
    ];
    let needed = all.into_iter();
    needed.filter(|one| !one.resources.is_empty()).collect()
}

const SEND: &[&str] = &["sqs:SendMessage", "sqs:GetQueueUrl"];
const ENCRYPT: &[&str] = &["kms:GenerateDataKey", "kms:Decrypt"];
