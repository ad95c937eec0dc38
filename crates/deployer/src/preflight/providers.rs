//! The capacity providers of an existing cluster, which the stack uses and never associates.

use aws_sdk_ecs::types::Cluster as Found;
use stack::{Provider, ServiceSpec, Stack};

use super::list_created;
use crate::error::{Error, Result, aws};
use crate::session::Session;

/// Checks that the stack's existing cluster has the capacity providers that its services use, and that those with a
/// name have Auto Scaling groups.
pub(super) async fn check(session: &Session<'_>, stack: &Stack, found: &Found) -> Result<()> {
    for (service, spec) in list_created(stack) {
        if stack.is_on_spot(spec) {
            let needed = ["FARGATE", "FARGATE_SPOT"].into_iter();
            require(
                found,
                needed,
                &format!("{service} runs on Fargate Spot (`capacity`)"),
            )?;
        }
        let named = list_names(spec);
        require(
            found,
            named,
            &format!("{service} runs on named capacity providers (`capacity`)"),
        )?;
    }
    let named = list_created(stack).flat_map(|(_, spec)| list_names(spec));
    let mut named: Vec<String> = named.map(str::to_owned).collect();
    named.sort();
    named.dedup();
    check_kinds(session, named).await
}

fn list_names(spec: &ServiceSpec) -> impl Iterator<Item = &str> {
    let providers = spec.providers().unwrap_or_default().iter();
    providers.map(|Provider { name, .. }| name.as_str())
}

/// `reason`: the service that needs them, and why.
fn require<'n>(
    found: &Found,
    mut needed: impl Iterator<Item = &'n str>,
    reason: &str,
) -> Result<()> {
    let associated = found.capacity_providers();
    let Some(missing) = needed.find(|needed| associated.iter().all(|one| one != needed)) else {
        return Ok(());
    };
    let cluster = found.cluster_name().unwrap_or_default();
    let others = match associated {
        [] => "it has none".to_owned(),
        names => format!("it has {}", names.join(", ")),
    };
    Err(Error::failed(format!(
        "service {reason}, but {missing} isn't among the capacity providers of the cluster {cluster} ({others})"
    ))
    .hint("ask its owner to add it (`aws ecs put-cluster-capacity-providers`, which takes all providers of the cluster)")
    .hint("or remove `capacity`"))
}

/// The task definition is for instances of Auto Scaling groups. Managed instances need another one.
async fn check_kinds(session: &Session<'_>, names: Vec<String>) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let request = session.clients.ecs.describe_capacity_providers();
    let request = request.set_capacity_providers(Some(names));
    let reply = request.send().await;
    let reply = reply.map_err(aws("look for the capacity providers of the cluster"))?;
    let mut others = reply.capacity_providers().iter();
    match others.find(|one| one.auto_scaling_group_provider().is_none()) {
        None => Ok(()),
        Some(other) => Err(Error::failed(format!(
            "the capacity provider {} has no Auto Scaling group: services on ECS Managed Instances aren't supported",
            other.name().unwrap_or_default()
        ))
        .hint("name a provider with an Auto Scaling group, or remove `capacity` for Fargate")),
    }
}
