//! The metric function: code, role, log group, and the settings of its asynchronous invocations.

pub(crate) mod measured;
pub(crate) mod schedule;

use stack::Stack;

use crate::builder::{Builder, Resource};
use crate::contract::types;
use crate::error::SynthesisError;
use crate::names;
use crate::parameters::PARAMETER_METRIC_FUNCTION_KEY;
use crate::resources::lambda::{self, EVENT_AGE_SECONDS, Function, TIMEOUT_SECONDS};
use crate::resources::log_group::add_log_group;
use crate::resources::role::{Role, Statement, publish_metrics, read_metrics};
use crate::text::Text;
use measured::Measured;

pub(crate) fn add(
    builder: &mut Builder,
    stack: &Stack,
    measured: &[Measured<'_, '_>],
) -> Result<(), SynthesisError> {
    builder.parameter(
        PARAMETER_METRIC_FUNCTION_KEY,
        "Key of the metric function's zip in the bucket",
    );
    add_log_group(builder, stack, names::METRIC_FUNCTION_LOGS)?;
    let role = Role {
        id: names::METRIC_FUNCTION_ROLE.to_owned(),
        description: "Permissions of the metric function".to_owned(),
        principal: "lambda.amazonaws.com",
        trust: Vec::new(),
        statements: role_statements(stack, measured),
        managed: Vec::new(),
    };
    role.add(builder, stack)?;
    // No environment, because the event has all settings. No reserved concurrency: an account whose quota leaves
    // too little unreserved concurrency refuses it, and so the stack.
    let function = Function {
        description: "Publishes the backlog per task, or the tasks needed, of the services that its event names",
        key: PARAMETER_METRIC_FUNCTION_KEY,
        role: names::METRIC_FUNCTION_ROLE,
        logs: names::METRIC_FUNCTION_LOGS,
        timeout: TIMEOUT_SECONDS,
    };
    let properties = function.properties(stack).into();
    builder.add(
        names::METRIC_FUNCTION,
        Resource::new(types::FUNCTION, properties),
    )?;
    // No retries: the next run measures again, and a late datapoint would only mislead.
    lambda::add_invoke_config(
        builder,
        names::METRIC_FUNCTION_INVOKE_CONFIG,
        names::METRIC_FUNCTION,
        (0, EVENT_AGE_SECONDS),
    )
}

/// Exactly the permissions that measuring needs: each service and queue by its ARN.
fn role_statements(stack: &Stack, measured: &[Measured<'_, '_>]) -> Vec<Statement> {
    let services = measured.iter().map(|one| one.service.arn.clone()).collect();
    let mut queues: Vec<Text> = Vec::new();
    for queue in measured.iter().flat_map(|one| &one.service.queues) {
        if !queues.contains(&queue.arn) {
            queues.push(queue.arn.clone());
        }
    }
    let mut statements = lambda::run_statements(stack, names::METRIC_FUNCTION_LOGS);
    statements.extend([
        publish_metrics("PublishBacklog", &stack.metric.namespace),
        Statement::new("ReadServices", &["ecs:DescribeServices"], services),
        Statement::new("ReadQueues", &["sqs:GetQueueAttributes"], queues),
    ]);
    if measured.iter().any(Measured::reads_metrics) {
        statements.push(read_metrics());
    }
    statements
}
