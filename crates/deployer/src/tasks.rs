//! Tasks of a service as ECS describes them.

use aws_sdk_ecs::types::{DesiredStatus, Task};

use crate::error::{Result, aws};
use crate::functions::ServiceName;
use crate::session::Session;

/// Tasks of one DescribeTasks call. Source: Amazon ECS API.
const TASKS: usize = 100;

/// Reads the tasks of a service that are meant to have this status, at most `limit`.
///
/// # Errors
/// If ECS can't be asked.
pub(crate) async fn read_tasks(
    session: &Session<'_>,
    service: &ServiceName,
    status: DesiredStatus,
    limit: usize,
) -> Result<Vec<Task>> {
    let ServiceName { cluster, service } = service;
    let doing = format!("list the tasks of {service}");
    let ecs = &session.clients.ecs;
    let request = ecs.list_tasks().cluster(cluster).service_name(service);
    let pages = request.desired_status(status).into_paginator().items();
    let arns: Vec<String> = pages.send().try_collect().await.map_err(aws(&*doing))?;
    let mut tasks = Vec::new();
    for arns in arns[..arns.len().min(limit)].chunks(TASKS) {
        let request = ecs.describe_tasks().cluster(cluster);
        let reply = request.set_tasks(Some(arns.to_vec())).send().await;
        tasks.extend(reply.map_err(aws(&*doing))?.tasks.unwrap_or_default());
    }
    Ok(tasks)
}
