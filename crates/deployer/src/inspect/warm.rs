//! Why services have warm tasks: what their functions' logs say of the bursts.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::try_join_all;
use scaling::WarmFloor;
use serde::Deserialize;
use template::contract::{function_logs, types};

use super::demand::DemandState;
use crate::error::{Result, aws, code};
use crate::functions::{Function, ServiceName};
use crate::resource::Resource;
use crate::session::Session;

/// How far back the logs are read: each minute has a line of each service.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// The lines with warm tasks. Only these are sent.
const PATTERN: &str = "{ $.warm.tasks > 0 }";

/// What a line says of a service.
#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    name: ServiceName,
    warm: WarmFloor,
}

/// The warm tasks that pay for themselves, with the bursts that they are for, as the latest lines of the logs have them.
pub(super) async fn read(
    session: &Session<'_>,
    functions: &[Function],
    resources: &[Resource],
    states: &HashMap<ServiceName, DemandState>,
    now: SystemTime,
) -> Result<Vec<(ServiceName, WarmFloor)>> {
    let insures = |function: &&Function| states.values().any(|one| one.is_insured_by(function));
    let groups = functions.iter().filter(insures).filter_map(|function| {
        let logs = function_logs(&function.logical_id);
        let is_it =
            |one: &&Resource| (&*one.resource_type, &one.logical_id) == (types::LOG_GROUP, &logs);
        Some(resources.iter().find(is_it)?.physical_id.as_str())
    });
    let since = now.checked_sub(RECENT).unwrap_or(UNIX_EPOCH);
    let lines = groups.map(|group| read_lines(session, group, since));
    let lines = try_join_all(lines).await?.into_iter().flatten();
    Ok(lines.map(|line| (line.name, line.warm)).collect())
}

/// The lines with warm tasks, the oldest first. A log group that was deleted has none.
async fn read_lines(session: &Session<'_>, group: &str, since: SystemTime) -> Result<Vec<Line>> {
    let since = since.duration_since(UNIX_EPOCH).unwrap_or_default();
    let request = session.clients.cloudwatchlogs.filter_log_events();
    let mut pages = request
        .log_group_name(group)
        .filter_pattern(PATTERN)
        .start_time(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
        .into_paginator()
        .send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => events.extend(page.events.unwrap_or_default()),
            Err(error) if code(&error) == "ResourceNotFoundException" => break,
            Err(error) => return Err(aws(format!("read the log group {group}"))(error)),
        }
    }
    events.sort_by_key(|event| event.timestamp());
    let lines = events.iter().filter_map(|event| event.message());
    let lines = lines.filter_map(|line| serde_json::from_str(line).ok());
    Ok(lines.collect())
}
