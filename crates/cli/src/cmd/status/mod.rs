//! `status`: the current state of a stack.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use deployer::{Drift, Finding, Inspection, Observed, Operation, ServiceShares, Status, Unchecked};
use serde::Serialize;

use crate::connect::{Cloud, ConnectArgs};
use crate::definition::{Known, SelectionArgs, StackArg, StackRef};
use crate::deployed::observe_stack;
use crate::drift::count_findings;
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::ui::Ui;
use crate::workshop::program;

mod demand;
mod met;
mod queue;
mod scaling;
mod text;
mod watching;
mod why;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    stack: StackArg,
    #[command(flatten)]
    selection: SelectionArgs,
    #[command(flatten)]
    connect: ConnectArgs,
    /// Explain in one sentence per service why it has its number of tasks
    #[arg(long, conflicts_with = "watch")]
    why: bool,
    /// Refresh until Ctrl-C
    #[arg(long)]
    watch: bool,
    /// Refresh interval; at least 2s on AWS
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = humantime::parse_duration, requires = "watch")]
    every: Duration,
    /// Print a line for each change, as without a terminal, instead of redrawing
    #[arg(long, requires = "watch")]
    plain: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let stack = args.stack.choose()?;
    let known = stack.resolve(&args.selection)?;
    let ui = Ui::new();
    let cloud = args.connect.connect(&known, &ui).await?;
    if args.watch {
        return watching::run(&cloud, &known, args.every, args.plain, format, ui).await;
    }
    let now = SystemTime::now();
    let read = read(&cloud, &known, (now, args.why), &ui).await;
    let mut report = read.map_err(|failure| cloud.explain(failure))?;
    if args.why {
        report.objectives = why::objectives(&stack, &args.selection)?;
    }
    ui.finish();
    let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if report.healthy {
        format.print(&report, |report| {
            text::format_report(&known.name, report, now)
        });
        return Ok(());
    }
    if format == Format::Text {
        output::text(&text::format_report(&known.name, &report, now));
    }
    let repair = repair_command(&stack, &args.selection, &args.connect);
    Err(explain(&known.name, &report, &repair).document(&report))
}

/// The current state of a stack, and whether it matches its deployment.
#[derive(Debug, Serialize)]
struct Report {
    /// Whether nothing was found, and the stack is deployed and neither stuck nor being deleted.
    healthy: bool,
    /// The findings.
    drift: Vec<Finding>,
    /// What couldn't be compared or read.
    unchecked: Vec<Unchecked>,
    /// The latency objectives in the definition, by service name. Only with `--why`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    objectives: BTreeMap<String, String>,
    /// How the latency objectives of the deployed definition were met.
    shares: Vec<ServiceShares>,
    #[serde(flatten)]
    live: Live,
}

/// The current state of the stack.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Live {
    Read(Box<Inspection>),
    /// A part that was deleted or can't be read can prevent reading the rest.
    Unread {
        stack: Observed,
        unread: String,
    },
}

impl Live {
    fn stack(&self) -> &Observed {
        match self {
            Self::Read(inspection) => &inspection.stack,
            Self::Unread { stack, .. } => stack,
        }
    }
}

/// Reads the state. `why`: whether to also read what explains each service's count.
async fn read(
    cloud: &Cloud,
    known: &Known,
    (now, why): (SystemTime, bool),
    ui: &Ui,
) -> Result<Report> {
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let (_, stack) = observe_stack(cloud, &session, known).await?;
    let (drift, inspection, shares) = tokio::join!(
        deployer::find_drift(&session, &stack),
        async {
            match why {
                true => deployer::explain_stack(&session, stack.clone(), now).await,
                false => deployer::inspect_stack(&session, stack.clone(), now).await,
            }
        },
        deployer::objective_shares(&session, &stack, now),
    );
    let mut drift = drift?;
    let shares = shares.unwrap_or_else(|error| {
        drift.unchecked.push(Unchecked {
            name: "latency objectives".to_owned(),
            reason: error.to_string(),
        });
        Vec::new()
    });
    let live = match inspection {
        Ok(inspection) => {
            drift.unchecked.extend(inspection.unread.iter().cloned());
            Live::Read(Box::new(inspection))
        }
        Err(error) if !drift.is_empty() || error.is_denied() => Live::Unread {
            stack,
            unread: error.to_string(),
        },
        Err(error) => return Err(error.into()),
    };
    Ok(Report {
        shares,
        ..make_report(drift, live)
    })
}

fn make_report(drift: Drift, live: Live) -> Report {
    Report {
        healthy: works(live.stack().status) && drift.is_empty(),
        drift: drift.findings,
        unchecked: drift.unchecked,
        objectives: BTreeMap::new(),
        shares: Vec::new(),
        live,
    }
}

/// Whether a stack is deployed, or becomes so. A stack in review has only a change set.
fn works(status: Status) -> bool {
    matches!(status, Status::Ready { .. } | Status::Busy(_))
        && status != Status::Busy(Operation::Delete)
}

/// Returns the command that repairs the stack. From a stack's name alone, the location of its definition isn't
/// known.
fn repair_command(stack: &StackRef, selection: &SelectionArgs, connect: &ConnectArgs) -> String {
    let file = match stack {
        StackRef::File(file) => file.display().to_string(),
        StackRef::Name(_) => "FILE".to_owned(),
    };
    let (selection, connect) = (selection.as_written(), connect.as_written());
    format!("{} deploy {file}{selection}{connect}", program())
}

fn explain(name: &str, report: &Report, repair: &str) -> Failure {
    let what = if report.drift.is_empty() {
        format!("is in {}", report.live.stack().status_name)
    } else {
        format!(
            "differs from its deployed template: {}",
            count_findings(&report.drift)
        )
    };
    Failure::failed(format!("{name} {what}")).hint(format!("to repair it: {repair}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_stack_that_is_deployed_and_stays_works() {
        use Operation::{Create, Delete, Rollback, Update};
        for status in [
            Status::Ready { rolled_back: false },
            Status::Ready { rolled_back: true },
            Status::Busy(Create),
            Status::Busy(Update),
            Status::Busy(Rollback),
        ] {
            assert!(works(status), "{status:?}");
        }
        for status in [
            Status::Absent,
            Status::InReview,
            Status::Busy(Delete),
            Status::NeverCreated,
            Status::HalfCreated,
            Status::HalfDeleted,
            Status::HalfRolledBack,
            Status::HalfUpdated,
            Status::HalfImported,
        ] {
            assert!(!works(status), "{status:?}");
        }
    }
}
