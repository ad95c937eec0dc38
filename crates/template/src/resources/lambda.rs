//! What our Lambda functions have in common.

use serde_json::{Map, Value, json};
use stack::Stack;

use super::function_network;
use super::log_group::write_logs;
use super::role::Statement;
use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::parameters::PARAMETER_ASSETS_BUCKET;
use crate::text::{attribute, reference};

/// Timeout of a function that checks once. The next minute brings the next run, which checks again.
pub(crate) const TIMEOUT_SECONDS: u64 = 30;

/// Age at which an event of a rule that could not be delivered is dropped: the next one is there by then.
pub(crate) const EVENT_AGE_SECONDS: u64 = 60;

/// A function of ours: its logical id and what it stands on.
pub(crate) struct Function<'a> {
    pub(crate) description: &'a str,
    /// Parameter with the key of its code.
    pub(crate) key: &'a str,
    /// Logical id of its role.
    pub(crate) role: &'a str,
    /// Logical id of its log group.
    pub(crate) logs: &'a str,
    /// Longest run, in seconds.
    pub(crate) timeout: u64,
}

impl Function<'_> {
    /// `AWS::Lambda::Function`.
    pub(crate) fn properties(&self, stack: &Stack) -> Map<String, Value> {
        let json = json!({
            "Description": self.description,
            "Runtime": "provided.al2023",
            "Handler": "bootstrap",
            "Architectures": [stack.metric.architecture.to_string()],
            "MemorySize": stack.metric.memory,
            "Timeout": self.timeout,
            "Role": attribute(self.role, "Arn"),
            "Code": {
                "S3Bucket": reference(PARAMETER_ASSETS_BUCKET),
                "S3Key": reference(self.key),
            },
            // The group is the stack's own, so that it has the retention asked for and ends with the stack.
            "LoggingConfig": { "LogGroup": reference(self.logs) },
        });
        let mut properties = match json {
            Value::Object(map) => map,
            _ => Map::new(),
        };
        if let Some(network) = &stack.metric.vpc {
            properties.insert("VpcConfig".into(), function_network::vpc_config(network));
        }
        if stack.metric.tracing {
            properties.insert("TracingConfig".into(), json!({ "Mode": "Active" }));
        }
        properties
    }
}

/// What each function's role allows, whatever the function does: to write its log, and what Lambda needs it for.
pub(crate) fn run_statements(stack: &Stack, logs: &str) -> Vec<Statement> {
    let mut statements = vec![write_logs(logs)];
    statements.extend(function_network::statements(stack));
    statements
}

/// How the function is invoked asynchronously.
pub(crate) fn add_invoke_config(
    builder: &mut Builder,
    id: impl Into<String>,
    function: &str,
    (retries, age_seconds): (u32, u64),
) -> Result<(), SynthesisError> {
    let properties = json!({
        "FunctionName": reference(function),
        "Qualifier": "$LATEST",
        "MaximumRetryAttempts": retries,
        "MaximumEventAgeInSeconds": age_seconds,
    });
    let resource = Resource::new("AWS::Lambda::EventInvokeConfig", properties);
    builder.add(id, resource)
}

/// A rule's target, which invokes the function with a constant input. An event that can't be delivered is
/// not tried again: the next one is there by then.
pub(crate) fn rule_target(id: &str, function: &str, input: Value) -> Value {
    json!({
        "Id": id,
        "Arn": attribute(function, "Arn"),
        "Input": input,
        "RetryPolicy": {
            "MaximumRetryAttempts": 0,
            "MaximumEventAgeInSeconds": EVENT_AGE_SECONDS,
        },
    })
}

/// The permission of a rule to invoke a function.
pub(crate) fn add_rule_permission(
    builder: &mut Builder,
    id: String,
    rule: &str,
    function: &str,
) -> Result<(), SynthesisError> {
    let properties = json!({
        "Action": "lambda:InvokeFunction",
        "FunctionName": attribute(function, "Arn"),
        "Principal": "events.amazonaws.com",
        "SourceAccount": reference("AWS::AccountId"),
        "SourceArn": attribute(rule, "Arn"),
    });
    builder.add(id, Resource::new("AWS::Lambda::Permission", properties))
}
