//! Reading again after a deploy: CloudFormation can report success after ECS has taken a deployment back.

use crate::error::{Error, Kind, Result, aws};
use crate::observe::{Resource, resources};
use crate::session::Session;

/// Checks through their own services that what was deployed is what runs: each ECS service has the
/// task definition of this stack, the functions are active, the rules enabled.
///
/// # Errors
/// When one of them is not so, with what it is instead; or when AWS can't be asked.
pub async fn verify(session: &Session<'_>, stack: &str) -> Result<()> {
    let resources = resources(session, stack).await?;
    let of = |kind: &str| {
        let kind = kind.to_owned();
        resources
            .iter()
            .filter(move |r| r.resource_type == kind && !r.physical_id.is_empty())
    };
    let definitions: Vec<&str> = of("AWS::ECS::TaskDefinition")
        .map(|definition| definition.physical_id.as_str())
        .collect();
    for service in of("AWS::ECS::Service") {
        verify_service(session, service, &definitions).await?;
    }
    for function in of("AWS::Lambda::Function") {
        verify_function(session, function).await?;
    }
    for rule in of("AWS::Events::Rule") {
        verify_rule(session, rule).await?;
    }
    Ok(())
}

async fn verify_service(
    session: &Session<'_>,
    service: &Resource,
    definitions: &[&str],
) -> Result<()> {
    let arn = &service.physical_id;
    let cluster = arn.rsplit('/').nth(1).unwrap_or_default();
    let request = session
        .clients
        .ecs
        .describe_services()
        .cluster(cluster)
        .services(arn);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("verify the service {arn}")))?;
    let Some(found) = reply.services().first() else {
        return Err(broken(format!(
            "{} is deployed, but ECS knows no service {arn}",
            service.logical_id
        )));
    };
    let runs = found.task_definition().unwrap_or_default();
    if definitions.contains(&runs) {
        return Ok(());
    }
    let event = found
        .events()
        .first()
        .and_then(|event| event.message())
        .unwrap_or("no event");
    Err(broken(format!(
        "{}: ECS took the deployment back and runs {runs} again, though CloudFormation reports success",
        service.logical_id
    ))
    .hint(format!("the service's last event: {event}"))
    .hint("the new tasks did not become stable: look at the service's log group, then deploy again"))
}

async fn verify_function(session: &Session<'_>, function: &Resource) -> Result<()> {
    let name = &function.physical_id;
    let request = session
        .clients
        .lambda
        .get_function_configuration()
        .function_name(name);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("verify the function {name}")))?;
    match reply.state().map(|state| state.as_str()) {
        // Pending: its first environment is being made. Inactive: idle for weeks; the next event wakes it.
        None | Some("Active" | "Pending" | "Inactive") => Ok(()),
        Some(other) => {
            let reason = reply.state_reason().unwrap_or("Lambda gave no reason");
            Err(broken(format!("the function {name} is {other}: {reason}")))
        }
    }
}

async fn verify_rule(session: &Session<'_>, rule: &Resource) -> Result<()> {
    let name = &rule.physical_id;
    let request = session.clients.eventbridge.describe_rule().name(name);
    let reply = request
        .send()
        .await
        .map_err(aws(format!("verify the rule {name}")))?;
    match reply.state().map(|state| state.as_str()) {
        Some("DISABLED") => Err(broken(format!(
            "the rule {name} is disabled: nothing is measured"
        ))
        .hint(format!(
            "somebody turned it off; turn it on with `aws events enable-rule --name {name}`"
        ))),
        _ => Ok(()),
    }
}

fn broken(text: String) -> Error {
    Error::new(Kind::DeploymentFailed, text)
}
