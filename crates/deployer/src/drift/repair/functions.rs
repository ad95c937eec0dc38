//! Functions of Lambda.

use std::collections::HashMap;

use aws_sdk_lambda::types::{
    Architecture, DeadLetterConfig, Environment, FunctionCode, LoggingConfig, Runtime,
};

use crate::error::{Result, aws};
use crate::finding::Problem;
use crate::invoke::function_name;
use crate::session::Session;

use super::broken::Broken;
use super::given::Properties;

const CONCURRENCY: &str = "ReservedConcurrentExecutions";

pub(super) async fn repair(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    if broken.is_missing() {
        make(session, broken).await?;
    } else if broken.is_different("Code") {
        put_code(session, broken).await?;
    } else if broken
        .problems
        .iter()
        .any(|problem| !is_concurrency(problem))
    {
        configure(session, broken).await?;
    }
    if broken.is_different(CONCURRENCY) {
        reserve(session, broken).await?;
    }
    Ok(())
}

fn is_concurrency(problem: &Problem) -> bool {
    match problem {
        Problem::Disabled { property } | Problem::Different { property, .. } => {
            property == CONCURRENCY
        }
        Problem::Missing => false,
    }
}

/// Recreates the function under its name. Permissions to invoke it, and the number of retries, are separate parts.
async fn make(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    broken.note(session, format!("recreating the function {name}"));
    let given = broken.given();
    let code = given.at("Code");
    let code = FunctionCode::builder()
        .set_s3_bucket(code.at("S3Bucket").text())
        .set_s3_key(code.at("S3Key").text());
    let sent = session
        .clients
        .lambda
        .create_function()
        .function_name(name)
        .code(code.build())
        .set_architectures(Some(architectures(given)))
        .set_runtime(runtime(given))
        .set_handler(given.at("Handler").text())
        .set_role(given.at("Role").text())
        .set_description(given.at("Description").text())
        .set_memory_size(given.at("MemorySize").int())
        .set_timeout(given.at("Timeout").int())
        .environment(environment(given))
        .set_logging_config(logging(given))
        .set_dead_letter_config(dead_letters(given))
        .set_tags(Some(broken.tags().collect()))
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("recreate the function {name}")))
}

async fn put_code(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let given = broken.given();
    let code = given.at("Code");
    let request = session.clients.lambda.update_function_code();
    let sent = request
        .function_name(name)
        .set_s3_bucket(code.at("S3Bucket").text())
        .set_s3_key(code.at("S3Key").text())
        .set_architectures(Some(architectures(given)))
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("update the code of the function {name}")))
}

async fn configure(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let given = broken.given();
    let sent = session
        .clients
        .lambda
        .update_function_configuration()
        .function_name(name)
        .set_runtime(runtime(given))
        .set_handler(given.at("Handler").text())
        .set_role(given.at("Role").text())
        .set_description(given.at("Description").text())
        .set_memory_size(given.at("MemorySize").int())
        .set_timeout(given.at("Timeout").int())
        .environment(environment(given))
        .set_logging_config(logging(given))
        .set_dead_letter_config(dead_letters(given))
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("configure the function {name}")))
}

async fn reserve(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let name = &broken.part.physical_id;
    let client = &session.clients.lambda;
    let doing = format!("set the concurrency of the function {name}");
    match broken.given().at(CONCURRENCY).int() {
        Some(reserved) => {
            let request = client.put_function_concurrency().function_name(name);
            let request = request.reserved_concurrent_executions(reserved);
            request.send().await.map(drop).map_err(aws(doing))
        }
        None => {
            let request = client.delete_function_concurrency().function_name(name);
            request.send().await.map(drop).map_err(aws(doing))
        }
    }
}

fn architectures(given: Properties<'_>) -> Vec<Architecture> {
    let names = given.at("Architectures").texts().into_iter();
    names
        .map(|name| Architecture::from(name.as_str()))
        .collect()
}

fn runtime(given: Properties<'_>) -> Option<Runtime> {
    let runtime = given.at("Runtime").text()?;
    Some(Runtime::from(runtime.as_str()))
}

fn environment(given: Properties<'_>) -> Environment {
    let variables = given.at("Environment").at("Variables").entries();
    let variables: HashMap<String, String> = variables
        .map(|(name, value)| (name.clone(), value.required()))
        .collect();
    Environment::builder()
        .set_variables(Some(variables))
        .build()
}

fn logging(given: Properties<'_>) -> Option<LoggingConfig> {
    let group = given.at("LoggingConfig").at("LogGroup").text()?;
    Some(LoggingConfig::builder().log_group(group).build())
}

fn dead_letters(given: Properties<'_>) -> Option<DeadLetterConfig> {
    let arn = given.at("DeadLetterConfig").at("TargetArn").text()?;
    Some(DeadLetterConfig::builder().target_arn(arn).build())
}

pub(super) async fn repair_permission(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let part = broken.part;
    let given = broken.given();
    let name = function_name(part.text("FunctionName"));
    let is_id = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let id = Some(&part.physical_id).filter(|id| id.len() <= 100 && id.chars().all(is_id));
    let (client, id) = (&session.clients.lambda, id.unwrap_or(&part.logical_id));
    if broken.again {
        // The first attempt fails if a statement with this ID allows something else. It isn't an error if the
        // statement doesn't exist.
        let request = client.remove_permission().function_name(name);
        let _ = request.statement_id(id).send().await;
    }
    let request = client.add_permission().function_name(name);
    let sent = request
        .statement_id(id)
        .set_action(given.at("Action").text())
        .set_principal(given.at("Principal").text())
        .set_source_arn(given.at("SourceArn").text())
        .set_source_account(given.at("SourceAccount").text())
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("permit the invocation of {name}")))
}

pub(super) async fn repair_invoke_config(session: &Session<'_>, broken: &Broken<'_>) -> Result<()> {
    let part = broken.part;
    let given = broken.given();
    let name = function_name(part.text("FunctionName"));
    let request = session.clients.lambda.put_function_event_invoke_config();
    let sent = request
        .function_name(name)
        .set_qualifier(given.at("Qualifier").text())
        .set_maximum_event_age_in_seconds(given.at("MaximumEventAgeInSeconds").int())
        .set_maximum_retry_attempts(given.at("MaximumRetryAttempts").int())
        .send()
        .await;
    sent.map(drop)
        .map_err(aws(format!("set how {name} is retried")))
}
