//! `simulate`: how a stack performs under a load, before it is deployed.

mod chart;
mod frontier;
mod others;
mod text;
mod worst;

use std::path::PathBuf;

use simulator::{
    Compared, Frontier, Policy, Progress, Report, Scenario, ScenarioError, Survey, WarmNeed,
};

use crate::connect::ConnectArgs;
use crate::failure::{Code, Failure, Result};
use crate::output::{self, Format};
use crate::simulation::{
    CONNECT_HEADING, Input, InputArgs, follow_up, parse_share, required_share, write_page,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Fail unless this share of the messages meets the latency objective; otherwise the share of the service's
    /// `slo`, if it has one
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
        write_page(path, &report)?;
    }
    conclude(&report, format)
}

fn simulate_report(args: &Args, input: &Input) -> Result<Report> {
    let (scenario, line) = input.begin_simulation()?;
    let progress = Progress::new(|share| line.show(share));
    let required = args
        .require
        .or(required_share(&input.stack, &input.service));
    let simulated = simulate(&scenario, input, args, required, &progress)?;
    let file = input.file.display().to_string();
    Ok(Report::from_survey(
        input.load_name.clone(),
        input.load.begins(),
        simulated.survey,
    )
    .requiring(required)
    .beside(&simulated.compared)
    .with_frontier(simulated.frontier)
    .with_warm_need(simulated.warm_need)
    .explained(&scenario, &input.load, follow_up(&file).as_ref()))
}

/// Prints the report, and fails if fewer messages than required meet the objective. As for every failure, the
/// details of the error contain the report for programs.
fn conclude(report: &Report, format: Format) -> Result<()> {
    let broken = report.satisfied == Some(false);
    if !broken {
        format.print(report, text::format_report);
        return Ok(());
    }
    if format == Format::Text {
        output::text(&text::format_report(report));
    }
    let hint = match report.compared.is_empty() {
        true => "--compare shows other policies; --report FILE draws what happened",
        false => "--report FILE draws what happened",
    };
    Err(Failure::failed(report.verdict()).hint(hint).details(report))
}

/// The results of all simulations.
struct Simulated {
    survey: Survey,
    compared: Vec<Compared>,
    frontier: Option<Frontier>,
    warm_need: Option<WarmNeed>,
}

/// Approximate number of runs of a comparison and of a frontier, for progress.
const COMPARE_RUNS: f64 = 10.0;
const FRONTIER_RUNS: f64 = 90.0;

fn simulate(
    scenario: &Scenario,
    input: &Input,
    args: &Args,
    required: Option<f64>,
    progress: &Progress<'_>,
) -> Result<Simulated> {
    if args.frontier && !scenario.queues.is_empty() {
        return Err(Failure::new(
            Code::Usage,
            "--frontier varies one objective, and the queues of this service have their own"
                .to_owned(),
        )
        .hint("leave --frontier out, or simulate a definition in which they have one objective"));
    }
    let wanted = |wanted: bool, runs: f64| if wanted { runs } else { 0.0 };
    let compare = wanted(args.compare, COMPARE_RUNS);
    let frontier = wanted(args.frontier, FRONTIER_RUNS);
    // Target tracking has its own variants.
    let tracks = matches!(scenario.policy, Policy::BacklogPerTask(_));
    let own = if tracks { 10.0 } else { 1.0 };
    let all = own + compare + frontier;
    let wrong = |error: ScenarioError| Failure::failed(error.to_string());
    let (load, seed) = (&input.load, input.seed);
    progress.begin_part(own / all);
    let survey = simulator::survey(scenario, load, seed, progress).map_err(wrong)?;
    let mut compared = Vec::new();
    if args.compare {
        progress.begin_part((own + compare) / all);
        compared = simulator::compare(scenario, load, seed, &survey, progress).map_err(wrong)?;
    }
    let mut found = None;
    if args.frontier {
        progress.begin_part(1.0);
        let frontier = simulator::frontier(scenario, load, seed, required, progress);
        found = Some(frontier.map_err(wrong)?);
    }
    // The result is for one objective.
    let missed = required.filter(|share| {
        scenario.queues.is_empty() && survey.phases.within_objective.lowest < *share
    });
    let warm_need = match missed {
        Some(share) => simulator::find_warm_need(scenario, load, seed, share).map_err(wrong)?,
        None => None,
    };
    Ok(Simulated {
        survey,
        compared,
        frontier: found,
        warm_need,
    })
}

#[cfg(test)]
mod tests;
