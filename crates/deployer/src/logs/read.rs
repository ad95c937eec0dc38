//! Reads log groups, once or repeatedly.

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_cloudwatchlogs::types::FilteredLogEvent;

use super::{LogLine, LogQuery, LogSource};
use crate::error::{Error, Kind, Result, aws, code};
use crate::function_logs::{filter_events, to_millis};
use crate::session::Session;

/// How long it can take until CloudWatch Logs returns a line: usually seconds. `--follow` reads this part again.
const LATE: Duration = Duration::from_secs(60);

/// Reads the lines from `query.since` until `until`, oldest first.
///
/// # Errors
/// If CloudWatch Logs can't be reached or refuses, for example because of an invalid filter pattern.
pub async fn read_logs(
    session: &Session<'_>,
    sources: &[LogSource],
    query: &LogQuery,
    until: SystemTime,
) -> Result<Vec<LogLine>> {
    let mut lines = Vec::new();
    for source in sources {
        read_group(session, source, query, until, &mut lines).await?;
    }
    lines.sort_by(|a, b| (a.at_ms, &a.stream).cmp(&(b.at_ms, &b.stream)));
    Ok(lines)
}

/// Reads the lines since `query.since`, and the new ones every `every`, until the session is interrupted. Emits each
/// line once.
///
/// # Errors
/// As [`read_logs`].
pub async fn follow_logs(
    session: &Session<'_>,
    sources: &[LogSource],
    query: &LogQuery,
    (now, every): (&(dyn Fn() -> SystemTime + Sync), Duration),
    emit: &mut (dyn FnMut(Vec<LogLine>) + Send),
) -> Result<()> {
    let mut query = query.clone();
    // IDs of the lines that the next read might return again, with their times.
    let mut seen: HashMap<String, i64> = HashMap::new();
    loop {
        let read_at = now();
        let mut lines = read_logs(session, sources, &query, read_at).await?;
        lines.retain(|line| seen.insert(line.id.clone(), line.at_ms).is_none());
        if !lines.is_empty() {
            emit(lines);
        }
        query.since = query
            .since
            .max(read_at.checked_sub(LATE).unwrap_or(UNIX_EPOCH));
        let since = to_millis(query.since);
        seen.retain(|_, at| *at >= since);
        if session.is_interrupted() {
            return Ok(());
        }
        tokio::time::sleep(every).await;
    }
}

async fn read_group(
    session: &Session<'_>,
    source: &LogSource,
    query: &LogQuery,
    until: SystemTime,
    lines: &mut Vec<LogLine>,
) -> Result<()> {
    let window = (query.since, Some(until));
    match filter_events(session, &source.group, query.filter.as_deref(), window).await {
        Ok(events) => lines.extend(events.iter().map(LogLine::from)),
        Err(error) => {
            // The only parameter that the user sets is the pattern.
            let invalid = code(&error) == "InvalidParameterException" && query.filter.is_some();
            let error: Error = aws(format!("read the log group {}", source.group))(error);
            return Err(match invalid {
                true => error.of_kind(Kind::Usage).hint(
                    "--filter takes a filter pattern of CloudWatch Logs: ERROR, \"two words\", or { $.level = \"error\" }",
                ),
                false => error,
            });
        }
    }
    Ok(())
}

impl From<&FilteredLogEvent> for LogLine {
    fn from(event: &FilteredLogEvent) -> Self {
        let stream = event.log_stream_name().unwrap_or_default();
        let (container, task) = match split_stream(stream) {
            Some((container, task)) => (Some(container.to_owned()), Some(task.to_owned())),
            None => (None, None),
        };
        Self {
            at_ms: event.timestamp().unwrap_or_default(),
            stream: stream.to_owned(),
            task,
            container,
            message: event.message().unwrap_or_default().trim_end().to_owned(),
            id: event.event_id().unwrap_or_default().to_owned(),
        }
    }
}

/// Returns the container and task of a stream that ECS's log driver writes: `PREFIX/CONTAINER/TASK`. Source:
/// Amazon ECS Developer Guide, "Send Amazon ECS logs to CloudWatch", `awslogs-stream-prefix`.
fn split_stream(stream: &str) -> Option<(&str, &str)> {
    let mut parts = stream.rsplit('/');
    let (task, container, prefix) = (parts.next()?, parts.next()?, parts.next()?);
    let is_task = task.len() >= 32 && task.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    (is_task && !prefix.is_empty()).then_some((container, task))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_names_container_and_task() {
        let task = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let stream = format!("worker/otel/{task}");
        assert_eq!(split_stream(&stream), Some(("otel", task)));
        assert_eq!(
            split_stream("2026/11/30/[$LATEST]0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
            None
        );
        assert_eq!(split_stream(task), None);
        assert_eq!(split_stream(""), None);
    }
}
