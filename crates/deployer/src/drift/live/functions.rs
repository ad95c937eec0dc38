//! Lambda functions: their configuration, the permissions to invoke them, and the number of retries.

use aws_sdk_lambda::operation::get_function::{GetFunctionError, GetFunctionOutput};
use aws_sdk_lambda::operation::get_function_event_invoke_config::GetFunctionEventInvokeConfigError;
use aws_sdk_lambda::operation::get_policy::GetPolicyError;
use aws_sdk_lambda::types::FunctionConfiguration;
use serde_json::{Value, json};

use crate::error::Result;
use crate::invoke::function_name;
use crate::session::Session;

use super::super::intended::Intended;
use super::part::{Live, Properties, explain};

pub(super) async fn read(session: &Session<'_>, function: &Intended) -> Result<Live> {
    let name = &function.physical_id;
    let request = session.clients.lambda.get_function().function_name(name);
    match request.send().await {
        Ok(found) => Ok(convert(function, &found)),
        Err(error) => explain(
            error,
            &format!("read the function {name}"),
            GetFunctionError::is_resource_not_found_exception,
        ),
    }
}

fn convert(function: &Intended, found: &GetFunctionOutput) -> Live {
    let reserved = found
        .concurrency()
        .and_then(|concurrency| concurrency.reserved_concurrent_executions());
    let properties = Properties::default().set_or_null("ReservedConcurrentExecutions", reserved);
    let Some(configuration) = found.configuration() else {
        return properties.found();
    };
    let variables = configuration
        .environment()
        .and_then(|environment| environment.variables());
    let variables: Value = variables
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let architectures: Vec<Value> = configuration
        .architectures()
        .iter()
        .map(|architecture| Value::from(architecture.as_str()))
        .collect();
    let logging = configuration
        .logging_config()
        .and_then(|logging| logging.log_group());
    let dead_letters = configuration
        .dead_letter_config()
        .and_then(|config| config.target_arn());
    properties
        .set("Environment", Some(json!({ "Variables": variables })))
        .set(
            "Runtime",
            configuration.runtime().map(|runtime| runtime.as_str()),
        )
        .set("Handler", configuration.handler())
        .set("Role", configuration.role())
        .set("MemorySize", configuration.memory_size())
        .set("Timeout", configuration.timeout())
        .set("Description", configuration.description())
        .set(
            "Architectures",
            (!architectures.is_empty()).then_some(architectures),
        )
        .set(
            "LoggingConfig",
            logging.map(|group| json!({ "LogGroup": group })),
        )
        .set(
            "DeadLetterConfig",
            Some(json!({ "TargetArn": dead_letters })),
        )
        .set("Code", code(function, configuration))
        .found()
}

/// Returns the code as the template names it, if it is that code. The key of our objects is the SHA-256 of the
/// zip, which Lambda returns in Base64.
fn code(function: &Intended, found: &FunctionConfiguration) -> Option<Value> {
    let expected = function.properties.get("Code")?;
    let key = expected.get("S3Key")?.as_str()?;
    let hash = key.rsplit('/').next()?.strip_suffix(".zip")?;
    let bytes = hex::decode(hash).ok().filter(|bytes| bytes.len() == 32)?;
    let sha = found.code_sha256()?;
    if sha == aws_smithy_types::base64::encode(bytes) {
        return Some(expected.clone());
    }
    Some(
        json!({ "S3Bucket": expected.get("S3Bucket"), "S3Key": format!("other code (SHA-256 {sha})") }),
    )
}

/// Reads a permission, which is a statement of the function's policy.
pub(super) async fn read_permission(session: &Session<'_>, permission: &Intended) -> Result<Live> {
    let name = function_name(permission.text("FunctionName"));
    let request = session.clients.lambda.get_policy().function_name(name);
    match request.send().await {
        Ok(reply) => {
            let policy = reply.policy().unwrap_or_default();
            let policy: Value = serde_json::from_str(policy).unwrap_or_default();
            let statements = policy.get("Statement").and_then(Value::as_array);
            let allows = statements
                .into_iter()
                .flatten()
                .any(|statement| is_permission(permission, statement));
            Ok(if allows {
                Properties::default().found()
            } else {
                Live::Missing
            })
        }
        Err(error) => explain(
            error,
            &format!("read the permissions to invoke {name}"),
            GetPolicyError::is_resource_not_found_exception,
        ),
    }
}

fn is_permission(permission: &Intended, statement: &Value) -> bool {
    let has = |pointer: &str, property: &str| {
        let expected = permission.properties.get(property);
        expected.is_none() || statement.pointer(pointer) == expected
    };
    let service = statement.pointer("/Principal/Service");
    statement.get("Effect") == Some(&json!("Allow"))
        && has("/Action", "Action")
        && service == permission.properties.get("Principal")
        && source(statement, "AWS:SourceArn") == permission.properties.get("SourceArn")
}

/// Returns the value of a condition on the source, regardless of its operator and the case of its key.
fn source<'s>(statement: &'s Value, key: &str) -> Option<&'s Value> {
    let operators = statement.get("Condition")?.as_object()?;
    let conditions = operators.values().filter_map(Value::as_object).flatten();
    let mut named = conditions.filter(|(name, _)| name.eq_ignore_ascii_case(key));
    named.next().map(|(_, value)| value)
}

pub(super) async fn read_invoke_config(session: &Session<'_>, config: &Intended) -> Result<Live> {
    let name = function_name(config.text("FunctionName"));
    let request = session.clients.lambda.get_function_event_invoke_config();
    let request = request
        .function_name(name)
        .qualifier(config.text("Qualifier"));
    match request.send().await {
        Ok(found) => Ok(Properties::default()
            .set(
                "MaximumEventAgeInSeconds",
                found.maximum_event_age_in_seconds(),
            )
            .set("MaximumRetryAttempts", found.maximum_retry_attempts())
            .found()),
        Err(error) => explain(
            error,
            &format!("read how {name} is retried"),
            GetFunctionEventInvokeConfigError::is_resource_not_found_exception,
        ),
    }
}
