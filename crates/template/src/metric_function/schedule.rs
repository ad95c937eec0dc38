//! The rules that invoke the metric function, with its request as their targets' constant input.

use scaling::{Count, MetricRequest, QueueRequest, ServiceRequest};
use serde_json::{Value, json};
use stack::Stack;

use super::measured::Measured;
use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::resolved::ResolvedQueue;
use crate::resources::lambda;
use crate::scaling::demand::queue_request;
use crate::text::{canonical, escape};
use crate::{limits, names};

/// Adds the rules. Returns the logical IDs of their permissions, without which none of them works.
pub(crate) fn add(
    builder: &mut Builder,
    stack: &Stack,
    measured: &[Measured<'_, '_>],
) -> Result<Vec<String>, SynthesisError> {
    let inputs = write_inputs(stack, measured)?;
    let mut permissions = Vec::new();
    for (position, inputs) in inputs.chunks(limits::TARGETS_PER_RULE).enumerate() {
        permissions.push(add_rule(builder, stack, position + 1, inputs)?);
    }
    Ok(permissions)
}

fn add_rule(
    builder: &mut Builder,
    stack: &Stack,
    rule: usize,
    inputs: &[String],
) -> Result<String, SynthesisError> {
    let id = names::metric_rule(rule);
    let target = |(position, input): (usize, &String)| {
        let id = format!("metric-function-{}", position + 1);
        lambda::rule_target(&id, names::METRIC_FUNCTION, json!({ "Fn::Sub": input }))
    };
    let targets: Vec<_> = inputs.iter().enumerate().map(target).collect();
    let properties = json!({
        "Description": "Measures the backlog per task",
        "ScheduleExpression": schedule_expression(stack),
        "State": "ENABLED",
        "Targets": targets,
    });
    builder.add(&id, Resource::new(types::RULE, properties))?;
    let permission = names::metric_rule_permission(rule);
    lambda::add_rule_permission(builder, permission.clone(), &id, names::METRIC_FUNCTION)?;
    Ok(permission)
}

/// `rate(1 minute)`, `rate(5 minutes)`.
fn schedule_expression(stack: &Stack) -> String {
    const MINUTE_SECONDS: u64 = 60;
    match stack.metric.every.as_secs().div_ceil(MINUTE_SECONDS) {
        0 | 1 => "rate(1 minute)".to_owned(),
        minutes => format!("rate({minutes} minutes)"),
    }
}

/// The requests as text for `Fn::Sub`, as few as their limit allows. A service is never split: even with as many
/// queues as a scaling policy can add up, it is far from the limit.
fn write_inputs(
    stack: &Stack,
    measured: &[Measured<'_, '_>],
) -> Result<Vec<String>, SynthesisError> {
    let frame = render_request(stack, Vec::new()).chars().count();
    let mut batches: Vec<Vec<ServiceRequest>> = Vec::new();
    let mut left = 0;
    for one in measured {
        let longest = longest_request(one);
        match batches.last_mut() {
            Some(batch) if longest <= left => {
                left -= longest;
                batch.push(service_request(one));
            }
            _ => {
                let service = || one.service.short.to_owned();
                left = limits::TARGET_INPUT
                    .checked_sub(frame + longest)
                    .ok_or_else(|| SynthesisError::RequestTooLong { service: service() })?;
                batches.push(vec![service_request(one)]);
            }
        }
    }
    // Demand needs an unbroken series of checks in one environment of the function. Several simultaneous requests
    // run in several environments, each with gaps, and then no service ever scales in. One scaling function can
    // handle all services, because its longer orders are objects in the assets bucket. The metric function reads no
    // objects, and has no permission to.
    let demanded = measured.iter().filter(|one| one.demand.is_some()).count();
    if batches.len() > 1 && demanded > 0 {
        return Err(SynthesisError::TooManyForDemand {
            services: measured.len(),
            most: batches.first().map_or(0, Vec::len),
        });
    }
    Ok(batches
        .into_iter()
        .map(|services| render_request(stack, services))
        .collect())
}

fn service_request(measured: &Measured<'_, '_>) -> ServiceRequest {
    let service = measured.service;
    let own = measured.demand.is_some();
    let queue = |queue: &ResolvedQueue<'_>| match own {
        // Target tracking has no required share.
        true => QueueRequest {
            share: None,
            ..queue_request(service.service, queue)
        },
        // The sum of the backlogs has no objectives.
        false => QueueRequest::new(queue.name.sub(), queue.url.sub()),
    };
    ServiceRequest {
        cluster: service.cluster.sub(),
        service: service.name.sub(),
        queues: service.queues.iter().map(queue).collect(),
        count: measured.count.clone(),
        wake: measured.wakes,
        target: measured.target,
        demand: measured.demand,
    }
}

/// The maximum number of characters that the service needs in a request, with a comma. None of the names that are
/// omitted in the measurement contains a character that JSON escapes.
fn longest_request(measured: &Measured<'_, '_>) -> usize {
    let service = measured.service;
    let mut frame = service_request(measured);
    frame.cluster.clear();
    frame.service.clear();
    for queue in &mut frame.queues {
        queue.name.clear();
        queue.url.clear();
    }
    let queues: usize = service
        .queues
        .iter()
        .map(|queue| queue.name.longest() + queue.url.longest())
        .sum();
    let frame = compact_service(&frame).to_string().chars().count();
    frame + service.cluster.longest() + service.name.longest() + queues + COMMA
}

/// A comma between items of a list.
const COMMA: usize = 1;

/// The request as it is in a target, except for the references in it.
fn render_request(stack: &Stack, services: Vec<ServiceRequest>) -> String {
    let services = services.iter().map(compact_service).collect::<Vec<_>>();
    let mut request = json!(MetricRequest {
        namespace: escape(&stack.metric.namespace),
        services: Vec::new(),
    });
    if let Some(map) = request.as_object_mut() {
        map.insert("services".into(), services.into());
    }
    canonical(request).to_string()
}

/// A service's request, without the metric function's defaults: every character counts towards the limit of the
/// target.
fn compact_service(service: &ServiceRequest) -> Value {
    let mut json = json!(service);
    if let (Some(map), [Count::Visible]) = (json.as_object_mut(), service.count.as_slice()) {
        map.remove("count");
    }
    json
}
