//! The triggers of a scaling function, and the queue for events that it fails to process.

use scaling::ScalingRequest;
use serde_json::{Value, json};

use super::setup::Ids;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::policy::{policy_document, refuse_plain_http};
use crate::resolved::ResolvedService;
use crate::text::{Text, attribute, reference};

/// SQS's maximum, so that a person who is paged on a Friday still finds the event.
const RETENTION_SECONDS: u64 = 14 * 86_400;

/// The queue for events that the function fails to process three times, and for messages that the topic can't
/// deliver.
pub(crate) fn add_dead_letter_queue(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
) -> Result<(), SynthesisError> {
    let id = names::scaling_dead_letter_queue(service.short);
    let properties = json!({
        "MessageRetentionPeriod": RETENTION_SECONDS,
        "SqsManagedSseEnabled": true,
    });
    builder.add(&id, Resource::new(types::QUEUE, properties).stateful())?;
    let queue = attribute(&id, "Arn");
    let receive = json!({
        "Sid": "ReceiveFromTopic",
        "Effect": "Allow",
        "Principal": { "Service": "sns.amazonaws.com" },
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": { "ArnEquals": { "aws:SourceArn": reference(names::ALARM_TOPIC) } },
    });
    let document = policy_document(vec![refuse_plain_http("sqs:*", queue), receive]);
    let properties = json!({ "Queues": [reference(&id)], "PolicyDocument": document });
    builder.add(
        names::scaling_dead_letter_queue_policy(service.short),
        Resource::new("AWS::SQS::QueuePolicy", properties),
    )
}

/// An alarm of a service, as the scaling function knows it.
pub(crate) struct KnownAlarm {
    pub(crate) name: Text,
    pub(crate) arn: Text,
}

pub(crate) fn add(
    builder: &mut Builder,
    (service, ids): (&ResolvedService<'_>, &Ids),
    alarms: &[KnownAlarm],
) -> Result<(), SynthesisError> {
    add_subscription(builder, service, alarms)?;
    let description = format!(
        "Re-evaluates the alarms of service {} on a schedule",
        service.short
    );
    ids.add_rule(builder, &description, re_evaluate().into())
}

/// The topic receives every alarm of the stack; the filter passes this service's alarms.
fn add_subscription(
    builder: &mut Builder,
    service: &ResolvedService<'_>,
    alarms: &[KnownAlarm],
) -> Result<(), SynthesisError> {
    let short = service.short;
    let topic = reference(names::ALARM_TOPIC);
    let function = attribute(&names::scaling_function(short), "Arn");
    let permission = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": function,
        "Principal": "sns.amazonaws.com",
        "SourceArn": topic,
    });
    let permission_id = names::scaling_topic_permission(short);
    builder.add(
        &permission_id,
        Resource::new("AWS::Lambda::Permission", permission),
    )?;
    let arns: Vec<Value> = alarms.iter().map(|alarm| alarm.arn.value()).collect();
    let dead_letters = attribute(&names::scaling_dead_letter_queue(short), "Arn");
    let subscription = json!({
        "TopicArn": topic,
        "Protocol": "lambda",
        "Endpoint": function,
        "FilterPolicyScope": "MessageBody",
        "FilterPolicy": { "AlarmArn": arns },
        "RedrivePolicy": { "deadLetterTargetArn": dead_letters },
    });
    let resource = Resource::new(types::SUBSCRIPTION, subscription).depends_on([
        permission_id,
        names::scaling_dead_letter_queue_policy(short),
    ]);
    builder.add(names::scaling_subscription(short), resource)
}

/// The constant input of the rule: re-evaluate.
fn re_evaluate() -> String {
    json!(ScalingRequest::ReEvaluate).to_string()
}
