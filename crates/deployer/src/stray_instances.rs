//! Container instances that a user registered manually in a cluster of the stack. ECS doesn't delete a cluster
//! that contains instances. The instances of the stack's own Auto Scaling group leave the cluster when they are
//! terminated.

use futures::stream::{self, TryStreamExt};
use template::contract::types;

use crate::error::{Result, aws, is_denied};
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;

/// Concurrent requests. DeregisterContainerInstance allows a few requests per second.
const AT_ONCE: usize = 2;

/// Deregisters idle instances. After stray tasks are stopped they should all be idle, because the services run
/// on the stack's own capacity. Skips an instance with tasks, because ECS would lose control of them. The EC2
/// instances themselves keep running, because their owner isn't known.
///
/// # Errors
/// If ECS can't be reached, or refuses to deregister an instance.
pub(crate) async fn deregister(session: &Session<'_>, resources: &[Resource]) -> Result<()> {
    let providers: Vec<&str> = physical_ids(resources, types::CAPACITY_PROVIDER).collect();
    for cluster in physical_ids(resources, types::CLUSTER) {
        if !has_instances(session, cluster).await? {
            continue;
        }
        let strays = list_strays(session, cluster, &providers).await?;
        stream::iter(strays.iter().map(Ok))
            .try_for_each_concurrent(AT_ONCE, |stray| deregister_one(session, cluster, stray))
            .await?;
    }
    Ok(())
}

struct Stray {
    arn: String,
    /// ID of the EC2 instance, or of the external instance.
    instance: String,
}

/// Checked first, because most clusters have no instances.
async fn has_instances(session: &Session<'_>, cluster: &str) -> Result<bool> {
    let request = session.clients.ecs.describe_clusters().clusters(cluster);
    let reply = request.send().await;
    let reply = reply.map_err(aws(format!("describe the cluster {cluster}")))?;
    let found = reply.clusters().first();
    Ok(found.is_some_and(|found| found.registered_container_instances_count() > 0))
}

async fn list_strays(
    session: &Session<'_>,
    cluster: &str,
    providers: &[&str],
) -> Result<Vec<Stray>> {
    let ecs = &session.clients.ecs;
    let mut pages = ecs
        .list_container_instances()
        .cluster(cluster)
        .into_paginator()
        .send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            // CloudFormation then reports what prevents the deletion.
            Err(error) if is_denied(&error) => {
                let doing = format!("list the container instances of {cluster}");
                session.note(format!("skipped: {}", aws(doing)(error)));
                break;
            }
            Err(error) => {
                return Err(aws(format!("list the container instances of {cluster}"))(
                    error,
                ));
            }
        };
        if page.container_instance_arns().is_empty() {
            continue;
        }
        // A page contains up to 100, the maximum for DescribeContainerInstances.
        let request = ecs.describe_container_instances().cluster(cluster);
        let reply = request.set_container_instances(page.container_instance_arns);
        let reply = reply.send().await;
        let reply = reply.map_err(aws(format!(
            "describe the container instances of {cluster}"
        )))?;
        let strays = reply.container_instances().iter().filter(|instance| {
            let provider = instance.capacity_provider_name().unwrap_or_default();
            let idle = instance.running_tasks_count() + instance.pending_tasks_count() == 0;
            idle && !providers.contains(&provider)
        });
        found.extend(strays.filter_map(|instance| {
            Some(Stray {
                arn: instance.container_instance_arn()?.to_owned(),
                instance: instance.ec2_instance_id().unwrap_or_default().to_owned(),
            })
        }));
    }
    Ok(found)
}

async fn deregister_one(session: &Session<'_>, cluster: &str, stray: &Stray) -> Result<()> {
    session.note(format!(
        "deregistering the container instance {} ({}), which isn't part of the stack's capacity; it keeps running",
        stray.arn, stray.instance
    ));
    let request = session.clients.ecs.deregister_container_instance();
    let sent = request
        .cluster(cluster)
        .container_instance(&stray.arn)
        .send()
        .await;
    sent.map(drop).map_err(aws(format!(
        "deregister the container instance {}",
        stray.arn
    )))
}
