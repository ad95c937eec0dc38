//! When the service's tasks were created, and when they ran.

use adopt::live::{ServiceReading, StartReading};
use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_smithy_types::DateTime;

use crate::error::{Result, aws};
use crate::session::Session;

/// DescribeTasks takes 100.
const TASKS: usize = 100;
/// Tasks of a status whose starts are read: enough for a percentile.
const ENOUGH: usize = 300;

/// Reads the starts of running tasks, and of those that ECS still remembers: for about an hour.
pub(super) async fn read(
    session: &Session<'_>,
    service: &ServiceReading,
) -> Result<Vec<StartReading>> {
    let ecs = &session.clients.ecs;
    let mut starts = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let request = ecs.list_tasks().cluster(&service.cluster);
        let request = request.service_name(&service.name).desired_status(status);
        let pages = request.into_paginator().items().send();
        let mut arns: Vec<String> = pages
            .try_collect()
            .await
            .map_err(aws("list the service's tasks"))?;
        arns.truncate(ENOUGH);
        for arns in arns.chunks(TASKS) {
            let request = ecs.describe_tasks().cluster(&service.cluster);
            let reply = request.set_tasks(Some(arns.to_vec())).send().await;
            let reply = reply.map_err(aws("describe the service's tasks"))?;
            starts.extend(reply.tasks().iter().filter_map(convert));
        }
    }
    Ok(starts)
}

fn convert(task: &Task) -> Option<StartReading> {
    let millis = |at: Option<&DateTime>| at.and_then(|at| at.to_millis().ok());
    Some(StartReading {
        created: millis(task.created_at())?,
        pull_started: millis(task.pull_started_at()),
        pull_stopped: millis(task.pull_stopped_at()),
        started: millis(task.started_at())?,
    })
}
