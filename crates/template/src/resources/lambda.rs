//! Common parts of our Lambda functions.

use serde_json::{Map, Value, json};
use stack::Stack;

use super::function_network;
use super::log_group::write_logs;
use super::role::Statement;
use crate::builder::{Builder, Resource};
use crate::error::SynthesisError;
use crate::parameters::PARAMETER_ASSETS_BUCKET;
use crate::text::{attribute, reference};

/// Timeout of a function that checks once. It checks again in the next minute's run.
pub(crate) const TIMEOUT_SECONDS: u64 = 30;

/// Age at which an undelivered event of a rule is dropped: by then, the next event exists.
pub(crate) const EVENT_AGE_SECONDS: u64 = 60;

/// One of our functions: its logical ID and its dependencies.
pub(crate) struct Function<'a> {
    pub(crate) description: &'a str,
    /// Parameter with the key of its code.
    pub(crate) key: &'a str,
    /// Logical ID of its role.
    pub(crate) role: &'a str,
    /// Logical ID of its log group.
    pub(crate) logs: &'a str,
    /// Maximum duration of a run, in seconds.
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
            // The log group belongs to the stack, so it has the configured retention and is deleted with the stack.
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

/// The permissions of each function's role, whatever the function does: to write its log, and the ones that Lambda
/// needs.
pub(crate) fn run_statements(stack: &Stack, logs: &str) -> Vec<Statement> {
    let mut statements = vec![write_logs(logs)];
    statements.extend(function_network::statements(stack));
    statements
}

/// The settings of the function's asynchronous invocations.
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

/// A rule's target, which invokes the function with a constant input. An event that can't be delivered is not
/// retried: by then, the next event exists.
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
