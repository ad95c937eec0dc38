//! Scalable targets and their target tracking policies.

use scaling::METRIC_NAME;
use serde_json::{Value, json};
use stack::Stack;

use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::names;
use crate::resolved::{ResolvedQueue, Scaled};
use crate::text::{Text, number, text};

const DIMENSION: &str = "ecs:service:DesiredCount";
const NAMESPACE: &str = "ecs";

pub(crate) fn add(
    builder: &mut Builder,
    stack: &Stack,
    scaled: &[Scaled<'_, '_>],
) -> Result<(), SynthesisError> {
    for scaled in scaled {
        let service = scaled.service;
        let target = json!({
            "ServiceNamespace": NAMESPACE,
            "ScalableDimension": DIMENSION,
            "ResourceId": resource_id(scaled).value(),
            "MinCapacity": service.service.tasks.min,
            "MaxCapacity": service.service.tasks.max,
        });
        let target_id = names::scalable_target(service.short);
        let target = Resource::new("AWS::ApplicationAutoScaling::ScalableTarget", target);
        builder.add(&target_id, target)?;
        let policy = Resource::new(
            "AWS::ApplicationAutoScaling::ScalingPolicy",
            policy(stack, scaled),
        );
        builder.add(
            names::scaling_policy(service.short),
            policy.depends_on([target_id]),
        )?;
    }
    Ok(())
}

fn resource_id(scaled: &Scaled<'_, '_>) -> Text {
    text![
        "service/",
        &scaled.service.cluster,
        "/",
        &scaled.service.name
    ]
}

fn policy(stack: &Stack, scaled: &Scaled<'_, '_>) -> Value {
    let cooldown = scaled.scaling.cooldown;
    json!({
        // The name counts within the scalable target. With the stack's in it, two stacks that were
        // given the same existing service show as two policies instead of overwriting each other.
        "PolicyName": { "Fn::Sub": "${AWS::StackName}-backlog-per-task" },
        "PolicyType": "TargetTrackingScaling",
        "ServiceNamespace": NAMESPACE,
        "ScalableDimension": DIMENSION,
        "ResourceId": resource_id(scaled).value(),
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": number(scaled.target),
            "ScaleOutCooldown": cooldown.out.as_secs(),
            "ScaleInCooldown": cooldown.r#in.as_secs(),
            "CustomizedMetricSpecification": metric(stack, scaled),
        },
    })
}

/// The backlog per task: of the only queue as it is, of several added up.
fn metric(stack: &Stack, scaled: &Scaled<'_, '_>) -> Value {
    match scaled.service.queues.as_slice() {
        [queue] => {
            let mut metric = queue_metric(stack, scaled, queue);
            if let Some(map) = metric.as_object_mut() {
                map.insert("Statistic".into(), "Average".into());
            }
            metric
        }
        queues => json!({ "Metrics": queue_sum(stack, scaled, queues) }),
    }
}

/// Written out as `m1 + m2`, and not as `SUM(METRICS())`: where one queue's datapoint is missing the
/// sum is missing too, and a queue that can't be read doesn't pass for an empty one.
fn queue_sum(stack: &Stack, scaled: &Scaled<'_, '_>, queues: &[ResolvedQueue<'_>]) -> Vec<Value> {
    let ids: Vec<_> = (1..=queues.len()).map(metric_id).collect();
    let mut metrics: Vec<_> = queues
        .iter()
        .zip(&ids)
        .map(|(queue, id)| {
            let metric = queue_metric(stack, scaled, queue);
            json!({ "Id": id, "MetricStat": { "Metric": metric, "Stat": "Average" }, "ReturnData": false })
        })
        .collect();
    metrics.push(json!({
        "Id": "backlog_per_task",
        "Expression": ids.join(" + "),
        "Label": METRIC_NAME,
        "ReturnData": true,
    }));
    metrics
}

/// Id of a metric within an expression, counted from 1.
pub(crate) fn metric_id(number: usize) -> String {
    format!("m{number}")
}

fn queue_metric(stack: &Stack, scaled: &Scaled<'_, '_>, queue: &ResolvedQueue<'_>) -> Value {
    json!({
        "Namespace": stack.metric.namespace,
        "MetricName": METRIC_NAME,
        "Dimensions": dimensions(&scaled.service.backlog_dimensions(queue)),
    })
}

/// Dimensions as CloudFormation takes them.
pub(crate) fn dimensions(dimensions: &[(&str, Text)]) -> Value {
    dimensions
        .iter()
        .map(|(name, value)| json!({ "Name": name, "Value": value.value() }))
        .collect()
}
