//! `history`: every change of the desired counts of a stack, by any user or service.

use std::time::{Duration, SystemTime};

use deployer::{CountChange, CountHistory};
use scaling::format_timestamp;
use serde::Serialize;

use crate::connect::ConnectArgs;
use crate::definition::{SelectionArgs, StackArg};
use crate::deployed::observe_stack;
use crate::failure::Result;
use crate::layout::width;
use crate::output::Format;
use crate::ui::Ui;
use crate::words::{fold, shorten_alarms};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    stack: StackArg,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    connect: ConnectArgs,
    /// How far back
    #[arg(long, value_name = "TIME", default_value = "2d", value_parser = humantime::parse_duration)]
    since: Duration,
    /// Only this service, by its name in the definition or in ECS
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
}

/// The printed result.
#[derive(Debug, Serialize)]
struct Report {
    /// Name of the stack.
    stack: String,
    #[serde(flatten)]
    history: CountHistory,
}

/// Columns before the text of a change.
const INDENT: usize = 4;

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let stack = args.stack.choose()?;
    let known = stack.resolve(&args.selection)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let observed = observe_stack(&cloud, &session, &known).await;
    let (_, observed) = observed.map_err(|failure| cloud.explain(failure))?;
    let wanted = (args.since, args.service.as_deref());
    let history = deployer::count_history(&session, observed, wanted, SystemTime::now()).await;
    let history = history.map_err(|error| cloud.explain(error.into()))?;
    ui.finish();
    let report = Report {
        stack: known.name,
        history,
    };
    format.print(&report, format_report);
    Ok(())
}

fn format_report(report: &Report) -> String {
    let history = &report.history;
    let mut text = format!(
        "{}: changes of desired counts since {} UTC\n",
        report.stack,
        moment(history.since)
    );
    match history.changes.is_empty() {
        true => text.push_str("\nnone\n"),
        false => text.push_str(&format_changes(&history.changes)),
    }
    for note in &history.notes {
        text.push('\n');
        push_folded(&mut text, &format!("note: {note}"), "  ");
    }
    text
}

/// Formats a line of columns per change, followed by who made it and why.
fn format_changes(changes: &[CountChange]) -> String {
    let mut text = format!(
        "\n{:<19}  {:>5}  {:>5}  {:>9}  service\n",
        "time (UTC)", "from", "to", "backlog"
    );
    for change in changes {
        let count = |count: Option<u32>| count.map_or_else(|| "?".to_owned(), |n| n.to_string());
        let backlog = change
            .backlog
            .map_or_else(|| "-".to_owned(), |n| n.to_string());
        let name = change.name.as_ref().unwrap_or(&change.service);
        text.push_str(&format!(
            "{}  {:>5}  {:>5}  {backlog:>9}  {name}\n",
            moment(change.at),
            count(change.from),
            count(change.to),
        ));
        let why = format!("{}: {}", change.who, shorten_alarms(&change.why));
        push_folded(&mut text, &why, &" ".repeat(INDENT));
    }
    text
}

fn push_folded(text: &mut String, words: &str, indent: &str) {
    for line in fold(words, width() - indent.len()) {
        text.push_str(&format!("{indent}{line}\n"));
    }
}

/// Formats a time as `2026-11-21 10:00:12`.
fn moment(at: u64) -> String {
    let text = format_timestamp(Duration::from_secs(at));
    text.trim_end_matches('Z').replace('T', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use deployer::ChangeSource;

    fn change(at: u64, from: Option<u32>, to: u32, who: &str, why: &str) -> CountChange {
        CountChange {
            at,
            cluster: "shop".into(),
            service: "shop-WorkerService-1".into(),
            name: Some("worker".into()),
            from,
            to: Some(to),
            who: who.into(),
            why: why.into(),
            backlog: from.map(|_| 600),
            sources: vec![ChangeSource::FunctionLog],
        }
    }

    #[test]
    fn every_line_fits_80_columns() {
        let tracking = "monitor alarm TargetTracking-service/shop-Cluster-1A2B/shop-WorkerService-1A2B-AlarmHigh-a6cff379-037f-471d-b017-4b00c8f37281 in state ALARM \
                        triggered policy shop-worker-backlog-per-task";
        let history = CountHistory {
            since: 1_795_255_000,
            changes: vec![
                change(
                    1_795_255_212,
                    Some(1),
                    5,
                    "the function shop-ScalingFunction-1",
                    "the work needs 4.6 tasks",
                ),
                change(1_795_258_812, None, 8, "Application Auto Scaling", tracking),
            ],
            notes: vec!["this cloud has no CloudTrail".into()],
        };
        let report = Report {
            stack: "shop".into(),
            history,
        };
        let text = format_report(&report);
        insta::assert_snapshot!(text);
        let longest = text.lines().map(|line| line.chars().count()).max();
        assert!(longest <= Some(80), "{longest:?}");
    }

    #[test]
    fn no_change_says_so() {
        let report = Report {
            stack: "shop".into(),
            history: CountHistory {
                since: 0,
                changes: Vec::new(),
                notes: Vec::new(),
            },
        };
        let text = format_report(&report);
        assert_eq!(
            text,
            "shop: changes of desired counts since 1970-01-01 00:00:00 UTC\n\nnone\n"
        );
    }
}
