//! `logs`: log lines of a service's tasks, or of the stack's functions.

use std::time::{Duration, SystemTime};

use deployer::{LogLine, LogQuery, LogSource, Session, follow_logs, read_logs};
use serde_json::{Value, json};

use crate::deployed::{DeployedArgs, read_stack};
use crate::escape::{Keep, escape};
use crate::failure::Result;
use crate::output::{self, Format};
use crate::signals::wait_for_interruption;
use crate::ui::{Ui, note, warn};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Service, by its name in the definition or in ECS: all containers of its tasks; `metric`: the metric function;
    /// `scaling`: the scaling functions
    #[arg(value_name = "SERVICE|metric|scaling")]
    what: String,
    /// Show new lines until Ctrl-C
    #[arg(long, short)]
    follow: bool,
    /// How far back to start [default: 1h, or 1m with --follow]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Only lines that match this filter pattern of CloudWatch Logs, such as ERROR or '{ $.level = "error" }'
    #[arg(long, value_name = "PATTERN")]
    filter: Option<String>,
}

const HOUR: Duration = Duration::from_secs(3_600);
const MINUTE: Duration = Duration::from_secs(60);
/// Time between two reads. FilterLogEvents allows at least five requests per second and account.
const EVERY: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let known = args.deployed.resolve()?;
    let ui = Ui::new();
    let cloud = args.deployed.connect(&known, &ui).await?;
    if cloud.local && args.filter.is_some() {
        warn("the sandbox ignores --filter, and shows every line");
    }
    let shown = async {
        let progress = |progress| ui.progress(progress);
        let session = cloud.session(&progress);
        let stack = read_stack(&cloud, &session, &known).await?;
        let sources = stack.log_sources(&args.what)?;
        ui.finish();
        if let Some(destination) = stack.routed_logs(&args.what) {
            note(&format!(
                "FireLens sends the logs of {} to {destination}; these lines are the log router's own",
                args.what
            ));
        }
        show(&session, &sources, &args, format).await
    };
    shown.await.map_err(|failure| cloud.explain(failure))
}

async fn show(
    session: &Session<'_>,
    sources: &[LogSource],
    args: &Args,
    format: Format,
) -> Result<()> {
    let now = SystemTime::now();
    let since = args
        .since
        .unwrap_or(if args.follow { MINUTE } else { HOUR });
    let query = LogQuery {
        since: now.checked_sub(since).unwrap_or(SystemTime::UNIX_EPOCH),
        filter: args.filter.clone(),
    };
    let print = |lines: Vec<LogLine>| {
        for line in &lines {
            match format {
                Format::Text => output::unfolded(&format_line(line, &args.what)),
                Format::Json => output::json_line(&to_json(line)),
            }
        }
    };
    if !args.follow {
        let lines = read_logs(session, sources, &query, now).await?;
        if lines.is_empty() {
            let since = humantime::format_duration(since);
            note(&format!(
                "no line of the last {since}; --since looks further back"
            ));
        }
        print(lines);
        return Ok(());
    }
    let mut emit = print;
    tokio::select! {
        followed = follow_logs(session, sources, &query, (&SystemTime::now, EVERY), &mut emit) => Ok(followed?),
        // Following doesn't end otherwise.
        () = wait_for_interruption() => Ok(()),
    }
}

/// Formats time, task, container (unless it's the service's main one), and message.
fn format_line(line: &LogLine, service: &str) -> String {
    let container = line.container.as_deref();
    let container = container.filter(|name| *name != service);
    let container = container.map(|name| format!("/{name}")).unwrap_or_default();
    let message = line.message.replace('\t', " ");
    let message = escape(&message, Keep::NOTHING);
    let (time, id) = (format_time(line.at_ms), line.short_id());
    format!("{time} {id}{container} {message}\n")
}

fn format_time(at_ms: i64) -> String {
    let since = Duration::from_millis(u64::try_from(at_ms).unwrap_or_default());
    let time = SystemTime::UNIX_EPOCH.checked_add(since);
    // 9999 is the last year that can be formatted.
    match time.filter(|_| since < Duration::from_secs(253_402_300_800)) {
        Some(time) => humantime::format_rfc3339_millis(time).to_string(),
        None => "unknown time".to_owned(),
    }
}

fn to_json(line: &LogLine) -> Value {
    let mut document = json!(line);
    document["at"] = format_time(line.at_ms).into();
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(stream: &str, task: Option<&str>, container: Option<&str>) -> LogLine {
        serde_json::from_value(json!({
            "at_ms": 1_796_038_348_958_i64,
            "stream": stream,
            "task": task,
            "container": container,
            "message": "two\nlines, \u{1b}[31mred",
        }))
        .unwrap()
    }

    #[test]
    fn a_line_shows_its_time_its_task_and_its_message() {
        let task = "0a1b2c3d4e5f60718293a4b5c6d7e8f9";
        let shown = |container| format_line(&line("", Some(task), Some(container)), "worker");
        assert_eq!(
            shown("worker"),
            "2026-11-30T11:32:28.958Z 0a1b2c3d two\\nlines, \\x1b[31mred\n"
        );
        assert!(shown("otel").contains(" 0a1b2c3d/otel two"));
        let function = line("2026/11/30/[$LATEST]ffeeddccbbaa", None, None);
        assert!(format_line(&function, "scaling").contains("Z ffeeddcc two"));
    }

    #[test]
    fn no_time_is_too_large() {
        assert_eq!(format_time(i64::MAX), "unknown time");
        assert_eq!(format_time(-1), "1970-01-01T00:00:00.000Z");
    }
}
