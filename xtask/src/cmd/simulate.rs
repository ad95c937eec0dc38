//! `simulate`: what a stack does under a load, before it is deployed.

mod chart;
mod load;
mod text;

use std::path::{Path, PathBuf};

use simulator::{Compared, Layout, Load, Outcome, Overrides, Report, Scenario, ScenarioError};
use stack::Stack;

use self::load::LoadSource;
use crate::definition;
use crate::failure::{Code, Failure, Result};
use crate::output::{self, Format};
use crate::ui::{self, Ui};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Stack definition
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// CSV file of `timestamp,count` or of one row a message, or a generator such as
    /// `poisson:rate=20/s,for=2h`
    #[arg(long, value_name = "LOAD", value_parser = LoadSource::parse)]
    load: LoadSource,
    /// Service to simulate (otherwise the only one that consumes a queue)
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// What a row of the CSV file is (otherwise told from its columns)
    #[arg(long, value_name = "WHAT", value_parser = ["counts", "messages"])]
    rows: Option<String>,
    /// So many times the messages
    #[arg(long, value_name = "FACTOR")]
    scale: Option<f64>,
    /// Leave out what is before: a time as the file writes it, or a length of time after its beginning
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Leave out what is after
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// Seed of everything that is drawn: the same one gives the same result
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Fail unless the promise is kept for this share of the messages, such as 99%
    #[arg(long, value_name = "SHARE", value_parser = required_share)]
    require: Option<f64>,
    /// Show the policies that people use today beside the definition's
    #[arg(long)]
    compare: bool,
    /// Assume something else: `promise`, `processing_time`, `concurrency`, or a constant such as
    /// `task_start=uniform:30s..90s`; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = assumption)]
    assume: Vec<String>,
    /// Write the report to this file: one HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, format: Format) -> Result<()> {
    let stack = definition::load(&args.file)?;
    // Nothing else runs meanwhile.
    let report = tokio::task::block_in_place(|| report(args, &stack))?;
    if let Some(path) = &args.report {
        write_page(path, &report)?;
    }
    conclude(&report, format)
}

fn report(args: &Args, stack: &Stack) -> Result<Report> {
    let scenario = scenario(args, stack)?;
    let load = args.load()?;
    let ui = Ui::new();
    let lasts = simulator::length(load.duration().as_secs_f64());
    ui.note(&format!("simulating {lasts}"));
    let (outcome, compared) = simulate(args, &scenario, &load)?;
    Ok(Report::new(args.load.to_string(), load.begins(), outcome)
        .requiring(args.require)
        .beside(&compared))
}

/// Prints the report, and fails when the promise that is required is not kept: then, as for every failure,
/// programs find what is known in the details of the error.
fn conclude(report: &Report, format: Format) -> Result<()> {
    let broken = report.satisfied == Some(false);
    if !broken {
        format.print(report, text::text);
        return Ok(());
    }
    if format == Format::Text {
        output::text(&text::text(report));
    }
    Err(Failure::failed(report.verdict())
        .hint("--compare shows other policies; --report FILE shows when it is broken")
        .details(report))
}

fn simulate(args: &Args, scenario: &Scenario, load: &Load) -> Result<(Outcome, Vec<Compared>)> {
    let wrong = |error: ScenarioError| Failure::failed(error.to_string());
    if !args.compare {
        let outcome = simulator::simulate(scenario, load, args.seed).map_err(wrong)?;
        return Ok((outcome, Vec::new()));
    }
    let compared = simulator::compare(scenario, load, args.seed).map_err(wrong)?;
    // The definition's own policy comes first.
    let own = compared.first().map(|own| own.outcome.clone());
    let own = own.ok_or_else(|| Failure::failed("nothing was compared"))?;
    Ok((own, compared))
}

fn scenario(args: &Args, stack: &Stack) -> Result<Scenario> {
    let mut overrides = Overrides::default();
    for text in &args.assume {
        overrides
            .assume(text)
            .map_err(|error| Failure::new(Code::Usage, error.to_string()))?;
    }
    let service = match &args.service {
        Some(name) => name.clone(),
        None => only_service(stack)?,
    };
    Scenario::from_stack(stack, &service, &overrides).map_err(|error| {
        let code = match error {
            ScenarioError::Service { .. } => Code::Usage,
            _ => Code::Failed,
        };
        let failure = Failure::new(code, error.to_string());
        match error {
            ScenarioError::Processing(_) => failure.hint("--assume processing_time=200ms"),
            ScenarioError::Promise(_) => failure.hint("--assume promise=1m"),
            _ => failure,
        }
    })
}

/// The service that is meant when nobody names one.
fn only_service(stack: &Stack) -> Result<String> {
    let consuming: Vec<&String> = stack
        .services
        .iter()
        .filter(|(_, service)| !service.consumes.is_empty())
        .map(|(name, _)| name)
        .collect();
    match consuming.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Failure::failed(format!(
            "no service of {} consumes a queue, so there are no messages to simulate",
            stack.name
        ))),
        several => {
            let names: Vec<&str> = several.iter().map(|name| name.as_str()).collect();
            Err(Failure::new(
                Code::Usage,
                format!(
                    "{} has several services: name one with --service",
                    stack.name
                ),
            )
            .hint(format!("it has {}", names.join(", "))))
        }
    }
}

impl Args {
    fn load(&self) -> Result<Load> {
        let layout = match self.rows.as_deref() {
            Some("counts") => Some(Layout::Counts),
            Some("messages") => Some(Layout::Arrivals),
            _ => None,
        };
        let usage = |error: simulator::PartError| Failure::new(Code::Usage, error.to_string());
        let mut load = self.load.read(layout)?;
        if let Some(factor) = self.scale {
            load = load.scaled(factor).map_err(usage)?;
        }
        load.between(self.from.as_deref(), self.to.as_deref())
            .map_err(usage)
    }
}

fn write_page(path: &Path, report: &Report) -> Result<()> {
    let shown = path.display();
    let failed =
        |error: String| Failure::failed(format!("failed to write the report {shown}: {error}"));
    let page = report.html().map_err(|error| failed(error.to_string()))?;
    std::fs::write(path, page).map_err(|error| failed(error.to_string()))?;
    ui::note(&format!("the report is in {shown}"));
    Ok(())
}

/// `99%`, `99.5%` or `0.99`.
fn required_share(text: &str) -> Result<f64, String> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent).map(|percent| percent / 100.0),
        None => number(text),
    };
    share
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "a share is from 0% to 100%, such as 99% or 0.99".to_owned())
}

/// Wrong usage is told before anything is read.
fn assumption(text: &str) -> Result<String, simulator::AssumeError> {
    Overrides::default().assume(text)?;
    Ok(text.to_owned())
}

#[cfg(test)]
#[path = "simulate/tests.rs"]
mod tests;
