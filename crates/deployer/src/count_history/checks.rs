//! The record of our functions: the log lines that report a change.

use std::time::SystemTime;

use futures::stream::{self, StreamExt, TryStreamExt};
use serde::Deserialize;

use super::{ChangeSource, CountChange};
use crate::error::Result;
use crate::function_logs::{LogLine, group_of, read_lines};
use crate::functions::{Function, FunctionKind, ServiceName};
use crate::resource::Resource;
use crate::session::Session;

/// Concurrent requests. FilterLogEvents allows 5 per second in small regions.
const AT_ONCE: usize = 2;

/// Matches the lines that report a change. CloudWatch returns only these.
pub(super) const PATTERN: &str = "{ $.outcome = \"scaled_out\" || $.outcome = \"scaled_in\" || \
    $.outcome = \"stepped\" || $.outcome = \"finished\" || $.outcome = \"bounded\" }";

/// A decision of a function.
#[derive(Deserialize)]
struct Line {
    #[serde(flatten)]
    name: ServiceName,
    from: u32,
    to: u32,
    reason: String,
    backlog: Option<u64>,
}

pub(super) async fn read(
    session: &Session<'_>,
    (functions, resources): (&[Function], &[Resource]),
    services: &[ServiceName],
    since: SystemTime,
) -> Result<Vec<CountChange>> {
    let scaling = functions.iter().filter(|function| {
        let serves = function.services().iter().any(|one| services.contains(one));
        matches!(function.kind, FunctionKind::Scaling(_)) && serves
    });
    let groups = scaling.filter_map(|function| Some((function, group_of(function, resources)?)));
    let found: Vec<Vec<CountChange>> = stream::iter(groups)
        .map(|(function, group)| async move {
            let lines = read_lines(session, group, Some(PATTERN), since).await?;
            let changes = lines
                .iter()
                .filter_map(|line| convert(&function.name, line));
            Ok::<_, crate::Error>(changes.collect())
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await?;
    let mut found: Vec<CountChange> = found.into_iter().flatten().collect();
    found.retain(|change| services.contains(&change.service_name()));
    Ok(found)
}

fn convert(function: &str, line: &LogLine) -> Option<CountChange> {
    let parsed: Line = serde_json::from_str(&line.text).ok()?;
    (parsed.from != parsed.to).then(|| CountChange {
        from: Some(parsed.from),
        to: Some(parsed.to),
        who: format!("the function {function}"),
        why: parsed.reason,
        backlog: parsed.backlog,
        sources: vec![ChangeSource::FunctionLog],
        ..CountChange::of(&parsed.name, line.at)
    })
}
