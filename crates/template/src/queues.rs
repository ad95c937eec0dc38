//! Queues, their dead-letter queues, policies and subscriptions.

use serde_json::{Map, Value, json};
use stack::{DeadLetter, Encryption, Queue, QueueSpec, Stack};

use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::{Resolved, STACK_SUFFIX, dead_letter_queue_name, queue_name};
use crate::text::{Text, attribute, reference};

/// Long polling, the longest that SQS offers: a receive without a message costs one request in 20 s.
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
    let mut properties = common(
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
        Resource::new("AWS::SQS::Queue", properties.into()).stateful(),
    )?;
    let topics = spec
        .subscribe
        .iter()
        .map(|subscription| subscription.topic.as_str())
        .collect();
    add_policy(builder, names::queue_policy(short), &id, topics)?;
    add_subscriptions(builder, stack, short, spec)
}

/// The dead-letter queue takes messages from its own source alone; why their names are known
/// beforehand stands at [`queue_name`].
fn add_dead_letter_queue(
    builder: &mut Builder,
    short: &str,
    spec: &QueueSpec,
    dead_letter: DeadLetter,
) -> Result<(), SynthesisError> {
    let name = dead_letter_queue_name(short, spec);
    let mut properties = common(short, &name, spec, dead_letter.retention.as_secs());
    let source = with_stack_suffix(&Text::arn("sqs", queue_name(short, spec)));
    let allow = json!({ "redrivePermission": "byQueue", "sourceQueueArns": [source] });
    properties.insert("RedriveAllowPolicy".into(), allow);
    let id = names::dead_letter_queue(short);
    builder.add(
        &id,
        Resource::new("AWS::SQS::Queue", properties.into()).stateful(),
    )?;
    add_policy(
        builder,
        names::dead_letter_queue_policy(short),
        &id,
        Vec::new(),
    )
}

/// What a queue and its dead-letter queue have in common.
fn common(short: &str, name: &Text, spec: &QueueSpec, retention: u64) -> Map<String, Value> {
    let mut properties = Map::new();
    properties.insert("QueueName".into(), with_stack_suffix(name));
    properties.insert("MessageRetentionPeriod".into(), retention.into());
    if spec.fifo {
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

/// Refuses plain HTTP, and lets the topics send. With a KMS key the topics need more, which only the
/// key's own policy can give: `kms:GenerateDataKey*` and `kms:Decrypt` to `sns.amazonaws.com`.
fn add_policy(
    builder: &mut Builder,
    id: String,
    queue: &str,
    topics: Vec<&str>,
) -> Result<(), SynthesisError> {
    let resource = attribute(queue, "Arn");
    let mut statements = vec![json!({
        "Sid": "RefusePlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": resource,
        "Condition": { "Bool": { "aws:SecureTransport": "false" } },
    })];
    if !topics.is_empty() {
        statements.push(json!({
            "Sid": "ReceiveFromTopics",
            "Effect": "Allow",
            "Principal": { "Service": "sns.amazonaws.com" },
            "Action": "sqs:SendMessage",
            "Resource": resource,
            "Condition": { "ArnEquals": { "aws:SourceArn": topics } },
        }));
    }
    let document = json!({ "Version": "2012-10-17", "Statement": statements });
    let properties = json!({ "Queues": [reference(queue)], "PolicyDocument": document });
    builder.add(id, Resource::new("AWS::SQS::QueuePolicy", properties))
}

/// Messages arrive as they were published (raw), so that a worker reads the same whether they came
/// through a topic or straight to the queue. SNS begins to deliver once the queue's policy is there.
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
            "RawMessageDelivery": true,
        });
        if let Some(map) = properties.as_object_mut() {
            if let Some(filter) = &subscription.filter {
                map.insert("FilterPolicy".into(), filter.clone());
            }
            // A subscription is made in the topic's region; only the stack's own may go unsaid.
            let region = subscription
                .topic
                .split(':')
                .nth(3)
                .filter(|region| !region.is_empty());
            if let Some(region) = region.filter(|region| stack.region.as_deref() != Some(region)) {
                map.insert("Region".into(), region.into());
            }
        }
        let id = names::subscription(short, &subscription.topic);
        let resource = Resource::new("AWS::SNS::Subscription", properties);
        builder.add(id, resource.depends_on([names::queue_policy(short)]))?;
    }
    Ok(())
}

/// A text that may hold [`STACK_SUFFIX`], with the expression that fills it: the first group of the
/// UUID at the end of `arn:aws:cloudformation:REGION:ACCOUNT:stack/NAME/UUID`.
fn with_stack_suffix(text: &Text) -> Value {
    let sub = text.sub();
    if !sub.contains(&format!("${{{STACK_SUFFIX}}}")) {
        return text.value();
    }
    let uuid = json!({ "Fn::Select": [2, { "Fn::Split": ["/", reference("AWS::StackId")] }] });
    let group = json!({ "Fn::Select": [0, { "Fn::Split": ["-", uuid] }] });
    json!({ "Fn::Sub": [sub, { STACK_SUFFIX: group }] })
}
