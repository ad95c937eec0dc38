//! Reading again after a deploy: CloudFormation can report success after ECS has taken a deployment back.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_ecs::types::{DeploymentRolloutState, Service};
use futures::stream::{self, StreamExt, TryStreamExt};
use tokio::time::Instant;

use crate::error::{Error, Kind, Result, aws};
use crate::observe::{Resource, resources};
use crate::session::Session;

/// Requests at once.
const AT_ONCE: usize = 8;
/// DescribeServices takes ten.
const SERVICES: usize = 10;
/// DescribeServices may show what was a moment ago.
const PATIENCE: Duration = Duration::from_secs(15);

/// Checks through their own services that what was deployed is what runs: each ECS service has a
/// task definition of this stack, the functions are active, the rules enabled.
///
/// # Errors
/// When one of them is not so, with what it is instead; or when AWS can't be asked.
pub async fn verify(session: &Session<'_>, stack: &str) -> Result<()> {
    let resources = resources(session, stack).await?;
    let of = |kind: &'static str| {
        resources
            .iter()
            .filter(move |r| r.resource_type == kind && !r.physical_id.is_empty())
    };
    let services: Vec<&Resource> = of("AWS::ECS::Service").collect();
    let definitions: Vec<&str> = of("AWS::ECS::TaskDefinition")
        .map(|definition| definition.physical_id.as_str())
        .collect();
    verify_services(session, &services, &definitions).await?;
    stream::iter(of("AWS::Lambda::Function").map(Ok))
        .try_for_each_concurrent(AT_ONCE, |function| {
            verify_function(session, &function.physical_id)
        })
        .await?;
    stream::iter(of("AWS::Events::Rule").map(Ok))
        .try_for_each_concurrent(AT_ONCE, |rule| verify_rule(session, &rule.physical_id))
        .await
}

async fn verify_services(
    session: &Session<'_>,
    services: &[&Resource],
    definitions: &[&str],
) -> Result<()> {
    let begun = Instant::now();
    let mut delay = session.pace.first;
    loop {
        let found = describe(session, services).await?;
        let broken = services.iter().find_map(|service| {
            let found = found.get(service.physical_id.as_str());
            verify_service(service, found, definitions).err()
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

/// The services by ARN, as far as ECS knows them.
async fn describe(
    session: &Session<'_>,
    services: &[&Resource],
) -> Result<BTreeMap<String, Service>> {
    let mut clusters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for service in services {
        let arn = service.physical_id.as_str();
        clusters.entry(cluster(arn)).or_default().push(arn);
    }
    let calls = clusters
        .iter()
        .flat_map(|(cluster, arns)| arns.chunks(SERVICES).map(move |arns| (*cluster, arns)));
    let replies: Vec<_> = stream::iter(calls)
        .map(|(cluster, arns)| async move {
            let request = session.clients.ecs.describe_services().cluster(cluster);
            let arns = arns.iter().map(|arn| (*arn).to_owned()).collect();
            let sent = request.set_services(Some(arns)).send().await;
            sent.map_err(aws(format!("verify the services of {cluster}")))
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    Ok(replies
        .into_iter()
        .flat_map(|reply| reply.services.unwrap_or_default())
        .filter_map(|service| Some((service.service_arn()?.to_owned(), service)))
        .collect())
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/SERVICE`.
fn cluster(arn: &str) -> &str {
    arn.rsplit('/').nth(1).unwrap_or_default()
}

fn verify_service(service: &Resource, found: Option<&Service>, definitions: &[&str]) -> Result<()> {
    let id = &service.logical_id;
    let Some(found) = found.filter(|found| found.status() != Some("INACTIVE")) else {
        return Err(broken(format!(
            "{id} is deployed, but ECS knows no service {}",
            service.physical_id
        )));
    };
    let runs = found.task_definition().unwrap_or_default();
    let failed = found.deployments().iter().any(|deployment| {
        deployment.status() == Some("PRIMARY")
            && deployment.rollout_state() == Some(&DeploymentRolloutState::Failed)
    });
    if definitions.contains(&runs) && !failed {
        return Ok(());
    }
    let text = if failed {
        format!("{id}: ECS gave the deployment up, though CloudFormation reports success")
    } else {
        format!(
            "{id}: ECS took the deployment back and runs {runs} again, though CloudFormation reports success"
        )
    };
    let event = found
        .events()
        .first()
        .and_then(|event| event.message())
        .unwrap_or("no event");
    Err(broken(text)
        .hint(format!("the service's last event: {event}"))
        .hint("the new tasks did not become stable: look at the service's log group, then deploy again"))
}

async fn verify_function(session: &Session<'_>, name: &str) -> Result<()> {
    let request = session.clients.lambda.get_function_configuration();
    let reply = request.function_name(name).send().await;
    let reply = reply.map_err(aws(format!("verify the function {name}")))?;
    match reply.state().map(|state| state.as_str()) {
        // Pending: its first environment is being made. Inactive: idle for weeks; the next event wakes it.
        None | Some("Active" | "Pending" | "Inactive") => Ok(()),
        Some(other) => {
            let reason = reply.state_reason().unwrap_or("Lambda gave no reason");
            Err(broken(format!("the function {name} is {other}: {reason}")))
        }
    }
}

async fn verify_rule(session: &Session<'_>, name: &str) -> Result<()> {
    let request = session.clients.eventbridge.describe_rule().name(name);
    let reply = request.send().await;
    let reply = reply.map_err(aws(format!("verify the rule {name}")))?;
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
