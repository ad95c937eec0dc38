//! The stack's own cluster.

use serde::Serialize;
use template::contract::types;

use crate::error::{Result, aws};
use crate::resource::Resource;
use crate::session::Session;
use crate::targets::physical_ids;

/// A cluster and its capacity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ClusterState {
    /// Cluster name.
    pub name: String,
    /// ECS's status, such as `ACTIVE`.
    pub status: String,
    /// Registered container instances; `None` where its tasks run on Fargate.
    pub container_instances: Option<i32>,
    /// Running tasks.
    pub running: i32,
    /// Pending tasks.
    pub pending: i32,
}

/// Reads the clusters among the stack's resources.
pub(super) async fn of_stack(
    session: &Session<'_>,
    resources: &[Resource],
) -> Result<Vec<ClusterState>> {
    let names: Vec<String> = physical_ids(resources, types::CLUSTER)
        .map(str::to_owned)
        .collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let on_instances = physical_ids(resources, types::CAPACITY_PROVIDER)
        .next()
        .is_some();
    let request = session.clients.ecs.describe_clusters();
    let reply = request.set_clusters(Some(names)).send().await;
    let reply = reply.map_err(aws("read the cluster"))?;
    let state = |cluster: &aws_sdk_ecs::types::Cluster| ClusterState {
        name: cluster.cluster_name().unwrap_or_default().to_owned(),
        status: cluster.status().unwrap_or_default().to_owned(),
        container_instances: on_instances.then_some(cluster.registered_container_instances_count()),
        running: cluster.running_tasks_count(),
        pending: cluster.pending_tasks_count(),
    };
    Ok(reply.clusters().iter().map(state).collect())
}
