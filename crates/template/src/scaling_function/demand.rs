//! Scaling functions of services with `demand`: each checks its queues several times a minute, and sets its
//! service's desired count to what the work needs.
//!
//! There is no scalable target: Application Auto Scaling and the function would undo each other's work.

use std::time::Duration;

use scaling::{DEMAND_POLICY_VARIABLE, DemandPolicy, DemandPolicyError, QueueRequest};
use serde_json::{Value, json};
use stack::{Actuator, Demand, Stack};

use super::setup::{Setup, add_role, scale_service, within_environment};
use super::triggers::add_rule;
use crate::builder::Builder;
use crate::error::SynthesisError;
use crate::resolved::{Resolved, ResolvedQueue, ResolvedService};
use crate::resources::lambda::EVENT_AGE_SECONDS;
use crate::resources::role::{Statement, publish_metrics, read_metrics};
use crate::scaling::demand::{demand_request, unusable_numbers, whole_milliseconds};
use crate::text::{Text, canonical, escape};

/// A rule's shortest period: one invocation checks until the next one starts.
const PERIOD: Duration = Duration::from_secs(60);

/// As long as the period. The last check is at least 5 s before its end, and each ends in time for the next.
const TIMEOUT_SECONDS: u64 = 60;

/// No retries: the next minute checks again.
const RETRIES: (u32, u64) = (0, EVENT_AGE_SECONDS);

pub(crate) fn add(builder: &mut Builder, resolved: &Resolved<'_>) -> Result<(), SynthesisError> {
    for (service, demand) in resolved.demanded(Actuator::Function) {
        let stack = resolved.stack;
        add_role(builder, stack, service, role_statements(stack, service))?;
        let setup = Setup {
            description: format!(
                "Scales service {} to the tasks that its work needs",
                service.short
            ),
            policy: (
                DEMAND_POLICY_VARIABLE,
                environment_policy(stack, service, demand)?,
            ),
            dead_letters: None,
            timeout: TIMEOUT_SECONDS,
            retries: RETRIES,
        };
        setup.add(builder, stack, service)?;
        let description = format!(
            "Has the scaling function of service {} check its queues",
            service.short
        );
        add_rule(builder, service, &description)?;
    }
    Ok(())
}

/// Reading its queues and what CloudWatch knows of them, reading and scaling its service, publishing what it found, and
/// no more.
fn role_statements(stack: &Stack, service: &ResolvedService<'_>) -> Vec<Statement> {
    let queues = service.queues.iter().map(|queue| queue.arn.clone());
    let mut statements = scale_service(service);
    statements.extend([
        Statement::new("ReadQueues", &["sqs:GetQueueAttributes"], queues.collect()),
        publish_metrics("PublishNeed", &stack.metric.namespace),
        read_metrics(),
    ]);
    statements
}

/// The policy in the function's environment, within what one holds.
fn environment_policy(
    stack: &Stack,
    service: &ResolvedService<'_>,
    demand: &Demand,
) -> Result<Value, SynthesisError> {
    let queue = |queue: &ResolvedQueue<'_>| QueueRequest {
        name: queue.name.sub(),
        url: queue.url.sub(),
    };
    let policy = DemandPolicy {
        namespace: escape(&stack.metric.namespace),
        cluster: service.cluster.sub(),
        service: service.name.sub(),
        queues: service.queues.iter().map(queue).collect(),
        min: service.service.tasks.min,
        max: service.service.tasks.max,
        law: demand_request(service, demand)?,
        share: service.service.slo.and_then(|slo| slo.share),
        warm: demand.warm,
        every_ms: whole_milliseconds(demand.every),
        period_ms: whole_milliseconds(PERIOD),
        cooldown_out_ms: whole_milliseconds(demand.cooldown.out),
        cooldown_in_ms: whole_milliseconds(demand.cooldown.r#in),
    };
    let unusable = |problem: DemandPolicyError| unusable_numbers(service, problem);
    policy.check().map_err(unusable)?;
    let queues = service.queues.iter();
    let mut names: Vec<&Text> = queues.flat_map(|queue| [&queue.name, &queue.url]).collect();
    names.extend([&service.cluster, &service.name]);
    within_environment(
        service,
        DEMAND_POLICY_VARIABLE,
        canonical(json!(policy)),
        &names,
    )
}
