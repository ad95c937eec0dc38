//! Whether functions follow a pause. A function that can't read its record keeps scaling: in a VPC without a way to Systems
//! Manager, or with a role that may not read it. Only its log shows that.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;
use tokio::time::Instant;

use super::{Paused, PausedService};
use crate::deployed_stack::DeployedStack;
use crate::error::Result;
use crate::function_logs::{LogLine, group_of, read_lines};
use crate::functions::{Function, FunctionKind, functions};
use crate::session::Session;

/// A function runs at least once a minute: at worst, its rule fires a minute later. CloudWatch Logs returns a line some seconds
/// after it was written, and the sandbox at the end of the run, which is up to another minute later.
const PATIENCE: Duration = Duration::from_secs(150);
/// Clocks differ: a line can seem to be older than the pause that it reports.
const SKEW: Duration = Duration::from_mins(1);
/// How far back to look for the reason why a function reads no pauses. It logs it once per execution environment.
const PAST: Duration = Duration::from_hours(24);

/// The messages of a function's log about pauses.
const FOLLOWED: &str = "paused";
const UNKNOWN: &str = "pause unknown";

/// A line of a scaling function about a pause.
#[derive(Deserialize)]
struct PauseLine {
    message: String,
    service: String,
    /// The pause that it follows.
    #[serde(default)]
    reason: String,
    /// Why it knows none.
    #[serde(default)]
    error: String,
}

fn parse(line: &str) -> Option<PauseLine> {
    serde_json::from_str(line).ok()
}

/// Whether a function has logged that it follows the pause of a service, as [`scaling::Pause::describe`] describes it.
pub(super) fn reports(lines: &[LogLine], service: &str, pause: &str) -> bool {
    let mut lines = lines.iter().filter_map(|line| parse(&line.text));
    lines.any(|line| line.message == FOLLOWED && line.service == service && line.reason == pause)
}

/// Returns why a function knew no pause of a service, from its newest line about that, and when it wrote the line, in seconds
/// since 1970.
pub(super) fn newest_unknown(lines: &[LogLine], service: &str) -> Option<(u64, String)> {
    let mut lines = lines
        .iter()
        .rev()
        .filter_map(|line| Some((line.at, parse(&line.text)?)));
    let is_it = |line: &PauseLine| line.message == UNKNOWN && line.service == service;
    let (at, unknown) = lines.find(|(_, line)| is_it(line))?;
    Some((at, unknown.error))
}

/// Returns why a function can't read pauses, if a line of its log says so.
pub(crate) fn unread_pause(line: &str) -> Option<String> {
    let line = parse(line)?;
    (line.message == UNKNOWN).then_some(line.error)
}

/// Waits until the functions of a stack have logged the pauses that were just recorded, at most 150 seconds, and sets
/// `unconfirmed` of each service whose function hasn't. The pauses are recorded, so what can't be read is a reason, too, and no error.
pub async fn confirm_pauses(
    session: &Session<'_>,
    stack: &DeployedStack,
    paused: &mut Paused,
    now: SystemTime,
) {
    // Application Auto Scaling's policies are suspended already.
    let waiting = |one: &&mut PausedService| one.is_new && !one.is_suspended;
    let mut services: Vec<_> = paused.services.iter_mut().filter(waiting).collect();
    if services.is_empty() {
        return;
    }
    session.note("waiting until the functions report the pause, at most 150 seconds");
    let begun = Instant::now();
    let functions = functions(session, &stack.resources).await;
    for service in &mut services {
        let group = match &functions {
            Ok(functions) => find_log(functions, stack, service),
            Err(error) => {
                service.unconfirmed = Some(error.to_string());
                continue;
            }
        };
        service.unconfirmed = match group {
            None => Some("the stack has no log of its function".to_owned()),
            Some(group) => match find_line(session, group, service, begun, now).await {
                Ok(true) => None,
                Ok(false) => Some(explain(session, group, service, now).await),
                Err(error) => Some(error.to_string()),
            },
        };
    }
}

/// Returns the log group of the function that scales a service.
fn find_log<'s>(
    functions: &[Function],
    stack: &'s DeployedStack,
    service: &PausedService,
) -> Option<&'s str> {
    let function = functions.iter().find(|function| {
        let scales = matches!(function.kind, FunctionKind::Scaling(_));
        scales && function.services().contains(&service.ecs)
    });
    group_of(function?, &stack.resources)
}

/// Whether the function has logged this pause before the time is over.
async fn find_line(
    session: &Session<'_>,
    group: &str,
    service: &PausedService,
    begun: Instant,
    now: SystemTime,
) -> Result<bool> {
    let wanted = service.pause.describe();
    let since = now.checked_sub(SKEW).unwrap_or(UNIX_EPOCH);
    let mut delay = session.pace.first;
    loop {
        let lines = read_lines(session, group, None, since).await?;
        if reports(&lines, &service.ecs.service, &wanted) {
            return Ok(true);
        }
        if begun.elapsed() >= PATIENCE {
            return Ok(false);
        }
        tokio::time::sleep(delay).await;
        delay = session.pace.next(delay);
    }
}

/// The sentence about a function that hasn't reported a pause.
async fn explain(
    session: &Session<'_>,
    group: &str,
    service: &PausedService,
    now: SystemTime,
) -> String {
    let since = now.checked_sub(PAST).unwrap_or(UNIX_EPOCH);
    let pattern = format!("\"{UNKNOWN}\"");
    let lines = read_lines(session, group, Some(&pattern), since).await;
    let unknown = newest_unknown(&lines.unwrap_or_default(), &service.ecs.service);
    let text = "its function didn't report the pause within 150 seconds";
    match unknown {
        Some((at, error)) if at >= service.pause.since.saturating_sub(SKEW).as_secs() => {
            format!("{text}, because it can't read pauses: {error}")
        }
        // It might be able to by now.
        Some((_, error)) => format!("{text}; before the pause, it couldn't read pauses: {error}"),
        None => text.to_owned(),
    }
}
