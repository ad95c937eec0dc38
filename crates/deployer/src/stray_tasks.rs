//! Tasks that a user ran manually in a cluster of the stack. CloudFormation can't delete a cluster with tasks
//! in it. The tasks of services stop with their services.

use std::time::Duration;

use template::contract::types;
use tokio::time::Instant;

use crate::error::{Result, aws};
use crate::resource::Resource;
use crate::session::Session;

/// A task on Fargate has up to 120 s to stop. Then ECS kills it.
const PATIENCE: Duration = Duration::from_secs(150);

/// Stops these tasks, and waits until they have stopped.
///
/// # Errors
/// If ECS can't be reached, or refuses to stop a task.
pub(crate) async fn stop(session: &Session<'_>, resources: &[Resource]) -> Result<()> {
    let clusters = resources.iter().filter(|resource| {
        resource.resource_type == types::CLUSTER && !resource.physical_id.is_empty()
    });
    for cluster in clusters {
        stop_in(session, &cluster.physical_id).await?;
    }
    Ok(())
}

async fn stop_in(session: &Session<'_>, cluster: &str) -> Result<()> {
    let strays = list_strays(session, cluster).await?;
    for arn in &strays {
        session.note(format!("stopping the task {arn}, which no service started"));
        let request = session.clients.ecs.stop_task().cluster(cluster).task(arn);
        let sent = request
            .reason("its cluster is being destroyed")
            .send()
            .await;
        sent.map_err(aws(format!("stop the task {arn}")))?;
    }
    let begun = Instant::now();
    let mut delay = session.pace.first;
    let mut any = !strays.is_empty();
    // CloudFormation reports the tasks that haven't stopped by then.
    while any && begun.elapsed() < PATIENCE {
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
        any = !self::list_strays(session, cluster).await?.is_empty();
    }
    Ok(())
}

/// Lists the ARNs of tasks that no service started and that are running or should run.
async fn list_strays(session: &Session<'_>, cluster: &str) -> Result<Vec<String>> {
    let ecs = &session.clients.ecs;
    let mut found = Vec::new();
    let mut pages = ecs.list_tasks().cluster(cluster).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = match page {
            Ok(page) => page,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|e| e.is_cluster_not_found_exception()) =>
            {
                break;
            }
            Err(error) => return Err(aws(format!("list the tasks of {cluster}"))(error)),
        };
        if page.task_arns().is_empty() {
            continue;
        }
        // A page contains up to 100 tasks, the maximum for DescribeTasks.
        let request = ecs.describe_tasks().cluster(cluster);
        let tasks = request.set_tasks(page.task_arns).send().await;
        let tasks = tasks.map_err(aws(format!("describe the tasks of {cluster}")))?;
        let is_stray = |task: &&aws_sdk_ecs::types::Task| {
            let group = task.group().unwrap_or_default();
            !group.starts_with("service:") && task.last_status() != Some("STOPPED")
        };
        let strays = tasks.tasks().iter().filter(is_stray);
        found.extend(strays.filter_map(|task| task.task_arn().map(str::to_owned)));
    }
    Ok(found)
}
