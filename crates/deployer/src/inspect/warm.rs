//! Why services have warm tasks: the bursts in their functions' logs.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::try_join_all;
use scaling::WarmFloor;
use serde::Deserialize;

use super::demand::DemandState;
use crate::error::Result;
use crate::function_logs::{group_of, read_lines};
use crate::functions::{Function, ServiceName};
use crate::resource::Resource;
use crate::session::Session;

/// How far back to read the logs. They contain a line per minute and service.
const RECENT: Duration = Duration::from_secs(5 * 60);

/// Matches the lines with warm tasks. CloudWatch returns only these.
const PATTERN: &str = "{ $.warm.tasks > 0 }";

/// The content of a line about a service.
#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    name: ServiceName,
    warm: WarmFloor,
}

/// Reads the warm tasks that pay for themselves, with the bursts that they are for, from the latest lines of the logs.
pub(super) async fn read(
    session: &Session<'_>,
    functions: &[Function],
    resources: &[Resource],
    states: &HashMap<ServiceName, DemandState>,
    now: SystemTime,
) -> Result<Vec<(ServiceName, WarmFloor)>> {
    let insures = |function: &&Function| states.values().any(|one| one.is_insured_by(function));
    let insuring = functions.iter().filter(insures);
    let groups = insuring.filter_map(|function| group_of(function, resources));
    let since = now.checked_sub(RECENT).unwrap_or(UNIX_EPOCH);
    let lines = groups.map(|group| read_lines(session, group, Some(PATTERN), since));
    let lines = try_join_all(lines).await?.into_iter().flatten();
    let parsed = lines.filter_map(|line| serde_json::from_str::<Line>(&line.text).ok());
    Ok(parsed.map(|line| (line.name, line.warm)).collect())
}
