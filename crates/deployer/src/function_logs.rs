//! Reads log groups: the only module that calls FilterLogEvents.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::config::http::HttpResponse;
use aws_sdk_cloudwatchlogs::error::SdkError;
use aws_sdk_cloudwatchlogs::operation::filter_log_events::FilterLogEventsError;
use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;
use template::contract::{function_logs, types};

use crate::error::{Result, aws, code};
use crate::functions::Function;
use crate::resource::Resource;
use crate::session::Session;

/// A line of a log group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine {
    /// When it was written, in seconds since 1970.
    pub(crate) at: u64,
    pub(crate) text: String,
}

/// Returns the log group of a function of the stack.
pub(crate) fn group_of<'a>(function: &Function, resources: &'a [Resource]) -> Option<&'a str> {
    let logs = function_logs(&function.logical_id);
    let is_it = |one: &&Resource| {
        one.resource_type == types::LOG_GROUP
            && one.logical_id == logs
            && !one.physical_id.is_empty()
    };
    Some(resources.iter().find(is_it)?.physical_id.as_str())
}

/// Returns the lines since a time that match a pattern of CloudWatch Logs, oldest first. Emulators don't all apply
/// patterns, so other lines can be included. Empty for a deleted log group.
pub(crate) async fn read_lines(
    session: &Session<'_>,
    group: &str,
    pattern: Option<&str>,
    since: SystemTime,
) -> Result<Vec<LogLine>> {
    let mut events = match filter_events(session, group, pattern, (since, None)).await {
        Ok(events) => events,
        Err(error) if code(&error) == "ResourceNotFoundException" => Vec::new(),
        Err(error) => return Err(aws(format!("read the log group {group}"))(error)),
    };
    events.sort_by_key(|event| event.timestamp());
    let line = |event: FilteredLogEvent| {
        let at = u64::try_from(event.timestamp()? / 1_000).ok()?;
        let text = event.message?;
        Some(LogLine { at, text })
    };
    Ok(events.into_iter().filter_map(line).collect())
}

/// Returns the events of a log group since a time that match a pattern of CloudWatch Logs, in no particular order.
pub(crate) async fn filter_events(
    session: &Session<'_>,
    group: &str,
    pattern: Option<&str>,
    (since, until): (SystemTime, Option<SystemTime>),
) -> Result<Vec<FilteredLogEvent>, SdkError<FilterLogEventsError, HttpResponse>> {
    let request = session.clients.cloudwatchlogs.filter_log_events();
    let mut pages = request
        .log_group_name(group)
        .set_filter_pattern(pattern.map(str::to_owned))
        .start_time(to_millis(since))
        .set_end_time(until.map(to_millis))
        .into_paginator()
        .send();
    let mut events = Vec::new();
    while let Some(page) = pages.next().await {
        events.extend(page?.events.unwrap_or_default());
    }
    Ok(events)
}

/// Milliseconds since 1970.
pub(crate) fn to_millis(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
