//! `simulate`: what a stack does under a load, before it is deployed.

mod chart;
mod text;

use std::path::PathBuf;

use simulator::{Compared, Policy, Progress, Report, Scenario, ScenarioError, Survey};

use crate::connect::ConnectArgs;
use crate::failure::{Failure, Result};
use crate::output::{self, Format};
use crate::simulation::{
    CONNECT_HEADING, Input, InputArgs, parse_share, required_share, write_page,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Fail unless this share of the messages meets the latency objective; otherwise the share of the service's
    /// `slo`, if it has one
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    require: Option<f64>,
    /// Show the policies that people use today beside the definition's
    #[arg(long)]
    compare: bool,
    /// Write the report to this file: one HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten, next_help_heading = CONNECT_HEADING)]
    connect: ConnectArgs,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let input = args.input.read(&args.connect).await?;
    // Nothing else runs meanwhile.
    let report = tokio::task::block_in_place(|| simulate_report(&args, &input))?;
    input.ui.finish();
    if let Some(path) = &args.report {
        write_page(path, &report)?;
    }
    conclude(&report, format)
}

fn simulate_report(args: &Args, input: &Input) -> Result<Report> {
    let (scenario, line) = input.begin_simulation()?;
    let progress = Progress::new(|share| line.show(share));
    let (survey, compared) = simulate(&scenario, input, args.compare, &progress)?;
    Ok(
        Report::from_survey(input.load_name.clone(), input.load.begins(), survey)
            .requiring(
                args.require
                    .or(required_share(&input.stack, &input.service)),
            )
            .beside(&compared),
    )
}

/// Prints the report, and fails if fewer messages than required meet the objective. As for every failure,
/// programs then find the report in the details of the error.
fn conclude(report: &Report, format: Format) -> Result<()> {
    let broken = report.satisfied == Some(false);
    if !broken {
        format.print(report, text::format_report);
        return Ok(());
    }
    if format == Format::Text {
        output::text(&text::format_report(report));
    }
    Err(Failure::failed(report.verdict())
        .hint("--compare shows other policies; --report FILE shows when it is broken")
        .details(report))
}

fn simulate(
    scenario: &Scenario,
    input: &Input,
    compare: bool,
    progress: &Progress<'_>,
) -> Result<(Survey, Vec<Compared>)> {
    if compare {
        // Nine other policies follow; target tracking has as many variants of its own.
        let tracks = matches!(scenario.policy, Policy::BacklogPerTask(_));
        progress.begin_part(if tracks { 0.5 } else { 0.1 });
    }
    let wrong = |error: ScenarioError| Failure::failed(error.to_string());
    let survey = simulator::survey(scenario, &input.load, input.seed, progress).map_err(wrong)?;
    let compared = if compare {
        progress.begin_part(1.0);
        simulator::compare(scenario, &input.load, input.seed, &survey, progress).map_err(wrong)?
    } else {
        Vec::new()
    };
    Ok((survey, compared))
}

#[cfg(test)]
mod tests;
