//! When the service's tasks were created, and when they started to run.

use adopt::live::{ServiceReading, StartReading};
use aws_sdk_ecs::types::{DesiredStatus, Task};
use aws_smithy_types::DateTime;

use crate::error::Result;
use crate::functions::ServiceName;
use crate::session::Session;
use crate::tasks::read_tasks;

/// Tasks of a status whose starts are read: enough for a percentile.
const ENOUGH: usize = 300;

/// Reads the starts of running tasks, and of the stopped tasks that ECS still remembers (for about an hour).
pub(super) async fn read(
    session: &Session<'_>,
    service: &ServiceReading,
) -> Result<Vec<StartReading>> {
    let service = ServiceName {
        cluster: service.cluster.clone(),
        service: service.name.clone(),
    };
    let mut starts = Vec::new();
    for status in [DesiredStatus::Running, DesiredStatus::Stopped] {
        let tasks = read_tasks(session, &service, status, ENOUGH).await?;
        starts.extend(tasks.iter().filter_map(convert));
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
