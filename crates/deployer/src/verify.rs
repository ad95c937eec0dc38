//! Checks again after a deploy, because CloudFormation can report success after ECS has rolled a deployment
//! back.

use std::time::Duration;

use aws_sdk_ecs::types::{DeploymentRolloutState, Service};
use futures::stream::{self, TryStreamExt};
use template::contract::types;
use tokio::time::Instant;

use crate::described::describe_by_arn;
use crate::error::{Error, Kind, Result, aws};
use crate::resource::Resource;
use crate::session::Session;

/// Concurrent requests.
const AT_ONCE: usize = 8;
/// DescribeServices can return outdated data.
const PATIENCE: Duration = Duration::from_secs(15);

/// Checks the deployed resources through their own services: each ECS service has a task definition of this stack
/// and runs on its capacity, the functions are active, and the rules are enabled. `resources` are the stack's.
///
/// # Errors
/// If a check fails (the error shows the actual state), or if AWS can't be reached.
pub(crate) async fn verify(session: &Session<'_>, resources: &[Resource]) -> Result<()> {
    let of = |kind: &'static str| {
        resources
            .iter()
            .filter(move |r| r.resource_type == kind && !r.physical_id.is_empty())
    };
    let services: Vec<&Resource> = of(types::SERVICE).collect();
    let definitions: Vec<&str> = of(types::TASK_DEFINITION)
        .map(|definition| definition.physical_id.as_str())
        .collect();
    let providers: Vec<&str> = of(types::CAPACITY_PROVIDER)
        .map(|provider| provider.physical_id.as_str())
        .collect();
    verify_services(session, &services, &definitions, &providers).await?;
    stream::iter(of(types::FUNCTION).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |function| {
            verify_function(session, &function.physical_id)
        })
        .await?;
    stream::iter(of(types::RULE).map(Ok))
        .try_for_each_concurrent(AT_ONCE, |rule| verify_rule(session, &rule.physical_id))
        .await
}

async fn verify_services(
    session: &Session<'_>,
    services: &[&Resource],
    definitions: &[&str],
    providers: &[&str],
) -> Result<()> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    loop {
        let arns = services.iter().map(|service| service.physical_id.as_str());
        let found = describe_by_arn(session, arns).await?;
        let broken = services.iter().find_map(|service| {
            let found = found.get(service.physical_id.as_str());
            let verified = verify_service(service, found, definitions);
            verified
                .and_then(|found| verify_capacity(service, found, providers))
                .err()
        });
        let Some(broken) = broken else {
            return Ok(());
        };
        if begun.elapsed() >= PATIENCE {
            return Err(broken);
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

fn verify_service<'s>(
    service: &Resource,
    found: Option<&'s Service>,
    definitions: &[&str],
) -> Result<&'s Service> {
    let id = &service.logical_id;
    let Some(found) = found.filter(|found| found.status() != Some("INACTIVE")) else {
        return Err(broken_part(format!(
            "{id} is deployed, but ECS has no service {}",
            service.physical_id
        )));
    };
    let runs = found.task_definition().unwrap_or_default();
    let failed = found.deployments().iter().any(|deployment| {
        deployment.status() == Some("PRIMARY")
            && deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
    });
    if definitions.contains(&runs) && !failed {
        return Ok(found);
    }
    let text = if failed {
        format!("{id}: the ECS deployment failed, although CloudFormation reports success")
    } else {
        format!(
            "{id}: ECS rolled the deployment back and runs {runs} again, although CloudFormation reports success"
        )
    };
    let event = found
        .events()
        .first()
        .and_then(|event| event.message())
        .unwrap_or("no event");
    Err(broken_part(text)
        .hint(format!("the service's last event: {event}"))
        .hint(
            "the new tasks didn't become stable: check the service's log group, then deploy again",
        ))
}

/// A stack with its own capacity provider runs its services only there.
fn verify_capacity(service: &Resource, found: &Service, providers: &[&str]) -> Result<()> {
    let strategy: Vec<&str> = found
        .capacity_provider_strategy()
        .iter()
        .map(|item| item.capacity_provider())
        .collect();
    let uses_ours = strategy.iter().any(|used| providers.contains(used));
    if providers.is_empty() || uses_ours {
        return Ok(());
    }
    let runs_on = match (found.launch_type(), strategy.as_slice()) {
        (Some(kind), []) => kind.as_str().to_owned(),
        (None, []) => "an unknown one".to_owned(),
        (_, strategy) => strategy.join(", "),
    };
    Err(broken_part(format!(
        "{}: it should run on the capacity provider {}, but runs on {runs_on}",
        service.logical_id,
        providers.join(", ")
    ))
    .hint("the service was changed manually: deploy again with a new image or a changed task size"))
}

async fn verify_function(session: &Session<'_>, name: &str) -> Result<()> {
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(name).send().await;
    let reply = reply.map_err(aws(format!("verify the function {name}")))?;
    match reply.state().map(|state| state.as_str()) {
        // Pending: Lambda is creating its first environment. Inactive: idle for weeks; the next event activates
        // it.
        None | Some("Active" | "Pending" | "Inactive") => Ok(()),
        Some(other) => {
            let reason = reply.state_reason().unwrap_or("Lambda gave no reason");
            Err(broken_part(format!(
                "the function {name} is {other}: {reason}"
            )))
        }
    }
}

async fn verify_rule(session: &Session<'_>, name: &str) -> Result<()> {
    let request = session.clients.eventbridge.describe_rule().name(name);
    let reply = request.send().await;
    let reply = reply.map_err(aws(format!("verify the rule {name}")))?;
    match reply.state().map(|state| state.as_str()) {
        Some("DISABLED") => Err(broken_part(format!(
            "the rule {name} is disabled: nothing is measured"
        ))
        .hint(format!(
            "to enable it: `aws events enable-rule --name {name}`"
        ))),
        _ => Ok(()),
    }
}

fn broken_part(text: String) -> Error {
    Error::new(Kind::DeploymentFailed, text)
}
