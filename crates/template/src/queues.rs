//! Queues, their dead-letter queues, policies, and subscriptions.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use stack::{DeadLetter, Encryption, FilterScope, Queue, QueueSpec, Sender, Stack};

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::policy::{policy_document, refuse_plain_http};
use crate::resolved::Resolved;
use crate::resolved::queue_names::{STACK_SUFFIX, dead_letter_queue_name, queue_name};
use crate::resources::role::{Condition, render_conditions};
use crate::text::{Text, attribute, reference, text};

/// Long polling with SQS's maximum: a receive without a message costs one request in 20 s.
const RECEIVE_WAIT_SECONDS: u64 = 20;

pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>) -> Result<(), SynthesisError> {
    for queue in &resolved.queues {
        if let Queue::Create(spec) = queue.queue {
            add_queue(builder, resolved.stack, queue.short, spec)?;
        }
    }
    Ok(())
}

fn add_queue(
    builder: &mut Builder,
    stack: &Stack,
    short: &str,
    spec: &QueueSpec,
) -> Result<(), SynthesisError> {
    let mut properties = common_properties(
        short,
        &queue_name(short, spec),
        spec,
        spec.retention.as_secs(),
    );
    properties.insert(
        "VisibilityTimeout".into(),
        spec.visibility_timeout.as_secs().into(),
    );
    properties.insert(
        "ReceiveMessageWaitTimeSeconds".into(),
        RECEIVE_WAIT_SECONDS.into(),
    );
    if !spec.delay.is_zero() {
        properties.insert("DelaySeconds".into(), spec.delay.as_secs().into());
    }
    let fifo = spec.fifo.unwrap_or_default();
    if fifo.content_based_deduplication {
        properties.insert("ContentBasedDeduplication".into(), true.into());
    }
    if fifo.high_throughput {
        properties.insert("DeduplicationScope".into(), "messageGroup".into());
        properties.insert("FifoThroughputLimit".into(), "perMessageGroupId".into());
    }
    if let Some(dead_letter) = spec.dead_letter {
        add_dead_letter_queue(builder, short, spec, dead_letter)?;
        let target = attribute(&names::dead_letter_queue(short), "Arn");
        let redrive =
            json!({ "deadLetterTargetArn": target, "maxReceiveCount": dead_letter.after });
        properties.insert("RedrivePolicy".into(), redrive);
    }
    let id = names::queue(short);
    builder.add(
        &id,
        Resource::new(types::QUEUE, properties.into()).stateful(),
    )?;
    let resource = attribute(&id, "Arn");
    let home = stack.region.as_deref();
    let topics = let_topics_send(spec, home, &resource).into_iter();
    let senders = (1..).zip(&spec.senders);
    let senders = senders.map(|(number, sender)| let_send(number, sender, home, &resource));
    let statements = topics.chain(senders).collect();
    add_policy(builder, names::queue_policy(short), &id, statements)?;
    add_subscriptions(builder, stack, short, spec)
}

/// The dead-letter queue accepts messages only from its own source. [`queue_name`] documents why their names are
/// known in advance.
fn add_dead_letter_queue(
    builder: &mut Builder,
    short: &str,
    spec: &QueueSpec,
    dead_letter: DeadLetter,
) -> Result<(), SynthesisError> {
    let name = dead_letter_queue_name(short, spec);
    let mut properties = common_properties(short, &name, spec, dead_letter.retention.as_secs());
    let source = with_stack_suffix(&Text::arn("sqs", queue_name(short, spec)));
    let allow = json!({ "redrivePermission": "byQueue", "sourceQueueArns": [source] });
    properties.insert("RedriveAllowPolicy".into(), allow);
    let id = names::dead_letter_queue(short);
    builder.add(
        &id,
        Resource::new(types::QUEUE, properties.into()).stateful(),
    )?;
    let policy = names::dead_letter_queue_policy(short);
    add_policy(builder, policy, &id, Vec::new())
}

/// The principals that deliver from a topic to a queue in the region `home`: SNS, or, between two regions of which
/// one is opt-in, SNS of that region. If the stack's region isn't known in advance, the topic's own region counts.
/// If topics are in several regions, only delivery within the stack's own region is known to differ. Source: Amazon
/// SNS Developer Guide, "Sending messages to a queue in a different Region".
fn topic_principals(topic: &str, home: Option<&str>) -> Vec<String> {
    let region = region_of(topic);
    let of = |region: &str| format!("sns.{region}.amazonaws.com");
    let everywhere = || "sns.amazonaws.com".to_owned();
    match home {
        Some(home) if region.contains(['*', '?']) && is_opted_into(home) => {
            vec![everywhere(), of(home)]
        }
        _ if region.contains(['*', '?']) => vec![everywhere()],
        Some(home) if home == region => vec![everywhere()],
        Some(home) if is_opted_into(home) => vec![of(home)],
        Some(_) if is_opted_into(region) => vec![of(region)],
        Some(_) => vec![everywhere()],
        None if is_opted_into(region) => vec![everywhere(), of(region)],
        None => vec![everywhere()],
    }
}

/// Whether an account must enable the region first. The regions that are enabled by default are all from before
/// 2019, and AWS adds no more. Source: AWS Account Management Reference Guide, "Enable or disable AWS Regions".
fn is_opted_into(region: &str) -> bool {
    const ENABLED_BY_DEFAULT: [&str; 17] = [
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    ];
    // Only the partition `aws` has both kinds.
    let of_its_own = ["cn-", "us-gov-", "us-iso", "eu-iso", "eusc-"];
    !ENABLED_BY_DEFAULT.contains(&region)
        && !of_its_own.iter().any(|start| region.starts_with(start))
}

fn region_of(arn: &str) -> &str {
    arn.split(':').nth(3).unwrap_or_default()
}

/// The common properties of a queue and its dead-letter queue.
fn common_properties(
    short: &str,
    name: &Text,
    spec: &QueueSpec,
    retention: u64,
) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("QueueName".into(), with_stack_suffix(name));
    properties.insert("MessageRetentionPeriod".into(), retention.into());
    if spec.fifo.is_some() {
        properties.insert("FifoQueue".into(), true.into());
    }
    match &spec.encryption {
        Encryption::Sqs => properties.insert("SqsManagedSseEnabled".into(), true.into()),
        Encryption::Kms(key) => properties.insert("KmsMasterKeyId".into(), key.as_str().into()),
    };
    properties.insert(
        "Tags".into(),
        json!([{ "Key": names::NAME_TAG, "Value": short }]),
    );
    properties
}

/// Denies plain HTTP, and contains the statements that let others send.
fn add_policy(
    builder: &mut Builder,
    id: String,
    queue: &str,
    mut senders: Vec<Value>,
) -> Result<(), SynthesisError> {
    senders.insert(0, refuse_plain_http("sqs:*", attribute(queue, "Arn")));
    let document = policy_document(senders);
    let properties = json!({ "Queues": [reference(queue)], "PolicyDocument": document });
    builder.add(id, Resource::new("AWS::SQS::QueuePolicy", properties))
}

/// Lets the topics of the subscriptions send. With a KMS key, they need more permissions, which only the key's own
/// policy can grant: `kms:GenerateDataKey*` and `kms:Decrypt` to the same principals.
fn let_topics_send(spec: &QueueSpec, home: Option<&str>, queue: &Value) -> Option<Value> {
    let topics: Vec<&str> = spec.subscribe.iter().map(|to| to.topic.as_str()).collect();
    if topics.is_empty() {
        return None;
    }
    let principals = topics
        .iter()
        .flat_map(|topic| topic_principals(topic, home));
    Some(json!({
        "Sid": "ReceiveFromTopics",
        "Effect": "Allow",
        "Principal": { "Service": one_or_all(principals.collect()) },
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": { "ArnEquals": { "aws:SourceArn": topics } },
    }))
}

/// One as text, several as a list.
fn one_or_all(principals: BTreeSet<String>) -> Value {
    match principals.len() {
        1 => json!(principals.first()),
        _ => json!(principals),
    }
}

/// Lets a sender of the definition send. A service can send for one source, and only if that belongs to the account
/// in the definition: another account can take the name of a deleted bucket. Source: IAM User Guide, "The confused
/// deputy problem".
fn let_send(number: usize, sender: &Sender, home: Option<&str>, queue: &Value) -> Value {
    let (principal, condition) = match sender {
        Sender::Account(account) => {
            let root = text![
                "arn:",
                Text::partition(),
                ":iam::",
                account.as_str(),
                ":root"
            ];
            (json!({ "AWS": root.value() }), None)
        }
        Sender::Service {
            service,
            source,
            account,
        } => {
            let account = account.as_deref().map_or_else(Text::account, Text::from);
            let conditions = render_conditions(&[
                Condition::new("ArnLike", "aws:SourceArn", source.as_str().into()),
                Condition::new("StringEquals", "aws:SourceAccount", account),
            ]);
            let principals = match service.as_str() {
                "sns" => topic_principals(source, home),
                _ => vec![format!("{service}.amazonaws.com")],
            };
            let principals = one_or_all(principals.into_iter().collect());
            (json!({ "Service": principals }), Some(conditions))
        }
    };
    let mut statement = json!({
        "Sid": format!("ReceiveFromSender{number}"),
        "Effect": "Allow",
        "Principal": principal,
        "Action": "sqs:SendMessage",
        "Resource": queue,
    });
    if let (Some(map), Some(condition)) = (statement.as_object_mut(), condition) {
        map.insert("Condition".into(), condition);
    }
    statement
}

/// A worker reads raw messages in the same way whether they came through a topic or directly to the queue. SNS
/// starts to deliver once the queue's policy exists.
fn add_subscriptions(
    builder: &mut Builder,
    stack: &Stack,
    short: &str,
    spec: &QueueSpec,
) -> Result<(), SynthesisError> {
    for subscription in &spec.subscribe {
        let mut properties = json!({
            "TopicArn": subscription.topic,
            "Protocol": "sqs",
            "Endpoint": attribute(&names::queue(short), "Arn"),
            "RawMessageDelivery": subscription.raw,
        });
        if let Some(map) = properties.as_object_mut() {
            if let Some(filter) = &subscription.filter {
                map.insert("FilterPolicy".into(), filter.clone());
                if subscription.filter_scope == FilterScope::Body {
                    map.insert("FilterPolicyScope".into(), "MessageBody".into());
                }
            }
            // A subscription is created in the topic's region; only the stack's own region can be omitted.
            let region = region_of(&subscription.topic);
            if !region.is_empty() && stack.region.as_deref() != Some(region) {
                map.insert("Region".into(), region.into());
            }
        }
        let id = names::subscription(short, &subscription.topic);
        let resource = Resource::new(types::SUBSCRIPTION, properties);
        builder.add(id, resource.depends_on([names::queue_policy(short)]))?;
    }
    Ok(())
}

/// A text that can contain [`STACK_SUFFIX`], with the expression that fills it: the first group of the UUID at the
/// end of `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID`.
fn with_stack_suffix(text: &Text) -> Value {
    let sub = text.sub();
    if !sub.contains(&format!("${{{STACK_SUFFIX}}}")) {
        return text.value();
    }
    let uuid = json!({ "Fn::Select": [2, { "Fn::Split": ["/", reference("AWS::StackId")] }] });
    let group = json!({ "Fn::Select": [0, { "Fn::Split": ["-", uuid] }] });
    json!({ "Fn::Sub": [sub, { STACK_SUFFIX: group }] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_delivers_between_regions() {
        let who = |topic_region: &str, home| {
            let topic = format!("arn:aws:sns:{topic_region}:111122223333:orders");
            topic_principals(&topic, home).join(" ")
        };
        let (everywhere, milan) = ("sns.amazonaws.com", "sns.eu-south-1.amazonaws.com");
        assert_eq!(who("us-east-1", Some("us-east-1")), everywhere);
        assert_eq!(who("us-east-1", Some("eu-west-1")), everywhere);
        assert_eq!(who("eu-south-1", Some("eu-south-1")), everywhere);
        assert_eq!(who("eu-south-1", Some("us-east-1")), milan);
        assert_eq!(who("us-east-1", Some("eu-south-1")), milan);
        assert_eq!(who("af-south-1", Some("eu-south-1")), milan);
        assert_eq!(who("us-east-1", None), everywhere);
        assert_eq!(who("eu-south-1", None), format!("{everywhere} {milan}"));
        assert_eq!(who("cn-northwest-1", Some("cn-north-1")), everywhere);
        assert_eq!(who("*", Some("us-east-1")), everywhere);
        assert_eq!(who("eu-*", None), everywhere);
        let both = format!("{everywhere} {milan}");
        assert_eq!(who("eu-*", Some("eu-south-1")), both);
    }

    /// The principal is the same whether the definition subscribes to a topic or lets its owner subscribe.
    #[test]
    fn a_topic_of_another_account_sends_as_one_that_the_stack_subscribes_to() {
        let send = |service: &str, source: &str| {
            let sender = Sender::Service {
                service: service.to_owned(),
                source: source.to_owned(),
                account: None,
            };
            let_send(1, &sender, Some("eu-south-1"), &Value::Null)["Principal"].clone()
        };
        let topic = "arn:aws:sns:us-east-1:444455556666:orders";
        let milan = json!({ "Service": "sns.eu-south-1.amazonaws.com" });
        assert_eq!(send("sns", topic), milan);
        let rule = "arn:aws:events:us-east-1:444455556666:rule/nightly";
        let events = json!({ "Service": "events.amazonaws.com" });
        assert_eq!(send("events", rule), events);
    }
}
