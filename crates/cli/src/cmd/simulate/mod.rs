//! `simulate`: how a stack performs under a load, before it is deployed.

mod chart;
mod frontier;
mod others;
mod text;
mod worst;

use std::path::PathBuf;

use simulator::{Extent, Progress, Report};

use crate::connect::ConnectArgs;
use crate::failure::{Code, Failure, Result};
use crate::output::{self, Format};
use crate::simulation::{CONNECT_HEADING, Input, InputArgs, find_knobs, parse_share, write_page};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Fail unless this share of the messages meets the latency objective [default: the share of the service's `slo`, if it has one]
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    require: Option<f64>,
    /// Show common policies next to the definition's
    #[arg(long)]
    compare: bool,
    /// Show the cost of latency objectives from 5 s to 10 min: the cheapest setting of each policy, and the ideal
    #[arg(long)]
    frontier: bool,
    /// Write the report to this file: one HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten, next_help_heading = CONNECT_HEADING)]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let input = args.input.read(&args.connect).await?;
    // Nothing else runs in the meantime.
    let report = tokio::task::block_in_place(|| simulate_report(&args, &input))?;
    input.ui.finish();
    if let Some(path) = &args.report {
        let knobs = tokio::task::block_in_place(|| find_knobs(&input, args.require))?;
        write_page(path, &report, knobs.as_ref())?;
    }
    conclude(&report, args.report.is_some(), format)
}

fn simulate_report(args: &Args, input: &Input) -> Result<Report> {
    let (scenario, line) = input.begin_simulation()?;
    if args.frontier && scenario.has_own_settings() {
        return Err(Failure::new(
            Code::Usage,
            "--frontier varies one objective, and the queues of this service have their own"
                .to_owned(),
        )
        .hint("omit --frontier, or simulate a definition with one objective for all queues"));
    }
    let progress = Progress::new(|share| line.show(share));
    let extent = Extent::All {
        compare: args.compare,
        frontier: args.frontier,
    };
    let report = input
        .simulation(args.require)
        .report(&scenario, extent, &progress);
    report.map_err(|error| Failure::failed(error.to_string()))
}

/// Prints the report, and fails if fewer messages than required meet the objective. As for every failure, the
/// details of the error contain the report for programs.
fn conclude(report: &Report, is_drawn: bool, format: Format) -> Result<()> {
    let broken = report.satisfied == Some(false);
    if !broken {
        format.print(report, text::format_report);
        return Ok(());
    }
    if format == Format::Text {
        output::text(&text::format_report(report));
    }
    let hints = [
        (report.compared.is_empty(), "--compare shows other policies"),
        (!is_drawn, "--report FILE draws what happened"),
    ];
    let hints = hints.iter().filter(|(applies, _)| *applies);
    let hints: Vec<&str> = hints.map(|(_, hint)| *hint).collect();
    let failure = Failure::failed(report.verdict()).details(report);
    Err(match hints.is_empty() {
        true => failure,
        false => failure.hint(hints.join("; ")),
    })
}

#[cfg(test)]
mod tests;
