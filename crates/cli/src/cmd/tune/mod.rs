//! `tune`: the cheapest parameters of a stack's policy that meet its objective under a load.

mod text;
mod write;

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Serialize;
use simulator::{
    Advice, Compared, Inputs, Overrides, Parameter, Progress, Report, Scenario, TuneError,
    TuneOptions, Tuned,
};
use stack::{Scaling, Stack};

use crate::connect::ConnectArgs;
use crate::failure::{Code, Failure, Result};
use crate::output::{self, Format};
use crate::progress::ProgressLine;
use crate::simulation::{
    CONNECT_HEADING, Input, InputArgs, parse_share, repeated_with, scenario_failure, write_page,
};

/// Used if neither the command line nor the definition sets a share, because without one the cheapest settings
/// would miss the objective for all messages.
const USUAL_SHARE: f64 = 0.99;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    input: InputArgs,
    /// Share of the messages that must meet the latency objective [default: the share of the service's `slo`, or 99%]
    #[arg(long, value_name = "SHARE", value_parser = parse_share)]
    require: Option<f64>,
    /// Share of the load used for the search, in whole days if possible; the rest validates the result
    #[arg(long, value_name = "SHARE", value_parser = parse_part, default_value = "60%")]
    train: f64,
    /// Maximum number of candidates of the definition's policy; half as many of the other policy
    #[arg(long, value_name = "N", default_value_t = 300,
          value_parser = clap::builder::RangedU64ValueParser::<usize>::new().range(1..=100_000))]
    max_candidates: usize,
    /// Don't change this parameter; repeatable
    #[arg(long, value_name = "KEY", value_enum)]
    keep: Vec<Key>,
    /// Whether another policy can replace the definition's, or is only shown next to it
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Policies::Own)]
    policy: Policies,
    /// Write the parameters into the definition if they meet the objective; only the values change
    #[arg(long)]
    write: bool,
    /// Write a report of the result to this file: one HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten, next_help_heading = CONNECT_HEADING)]
    connect: ConnectArgs,
}

/// A parameter that the search can keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Key {
    #[value(name = "acceptable_latency")]
    AcceptableLatency,
    #[value(name = "cooldown")]
    Cooldown,
    #[value(name = "window")]
    Window,
    #[value(name = "tasks.min")]
    Min,
    #[value(name = "tasks.max")]
    Max,
}

/// Policies that the result can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Policies {
    /// The definition's policy
    Own,
    /// The better of it and demand scaling
    Any,
}

/// Approximate share of the work that the search takes if there is a report.
const SEARCH_SHARE: f64 = 0.9;

/// The result for programs.
#[derive(Serialize)]
struct Document<'t> {
    #[serde(flatten)]
    tuned: &'t Tuned,
    /// Whether the definition was changed.
    written: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    if args.write && args.input.is_standard_input() {
        return Err(Failure::new(
            Code::Usage,
            "--write changes a file, and standard input isn't one",
        )
        .hint("name the definition's file"));
    }
    let input = args.input.read(&args.connect).await?;
    // Nothing else runs in the meantime.
    tokio::task::block_in_place(|| tune(&args, &input, format))
}

/// Refuses a service with both a policy that only observes and one that scales, because it would be ambiguous
/// which of them the edits are for.
fn require_one_policy(input: &Input) -> Result<()> {
    let service = input.stack.services.get(&input.service);
    let scaling = service.and_then(|service| service.scaling.as_ref());
    let observes = |scaling: &Scaling| scaling.demand.as_ref().is_some_and(|demand| !demand.acts());
    match scaling {
        Some(scaling) if observes(scaling) && scaling.has_other_than_demand() => {
            let message = format!(
                "service {} has a policy that only observes next to one that acts",
                input.service
            );
            Err(Failure::failed(message).hint("tune a copy of the definition that has one of them"))
        }
        _ => Ok(()),
    }
}

fn tune(args: &Args, input: &Input, format: Format) -> Result<()> {
    require_one_policy(input)?;
    let line = ProgressLine::new(&input.ui, "tuning");
    let progress = Progress::new(|share| line.show(share));
    if args.report.is_some() {
        progress.begin_part(SEARCH_SHARE);
    }
    let tuned = search(args, input, &progress)?;
    let report = match &args.report {
        Some(path) => Some((path, simulate_report(input, &tuned, &progress)?)),
        None => None,
    };
    input.ui.finish();
    if let Some((path, report)) = report {
        write_page(path, &report, None)?;
    }
    let written = args.write && tuned.keeps() && !tuned.edits.is_empty();
    let shown = Document {
        tuned: &tuned,
        written,
    };
    if !tuned.keeps() {
        if format == Format::Text {
            output::text(&text::format_tuned(&tuned));
        }
        return Err(objective_missed(args, &input.file, &tuned, &shown));
    }
    if written {
        write::write_definition(&input.file, &input.selection, &tuned)?;
    }
    format.print(&shown, |shown| text::format_tuned(shown.tuned));
    if format == Format::Text {
        for hint in list_hints(args, &input.file, &tuned) {
            crate::ui::note(&format!("hint: {hint}"));
        }
    }
    Ok(())
}

fn search(args: &Args, input: &Input, progress: &Progress<'_>) -> Result<Tuned> {
    let note = |text: &str| input.ui.note(text);
    let options = args.options(input);
    let (stack, service) = (&input.stack, &input.service);
    simulator::tune(
        stack,
        service,
        &input.overrides,
        &input.load,
        &options,
        &note,
        progress,
    )
    .map_err(explain_error)
}

/// Returns the failure if too few messages meet the objective, in the training period, the holdout period, or
/// both.
fn objective_missed(args: &Args, file: &Path, tuned: &Tuned, shown: &Document<'_>) -> Failure {
    let mut failure = Failure::failed(tuned.verdict());
    for hint in list_hints(args, file, tuned) {
        failure = failure.hint(hint);
    }
    if args.write {
        failure = failure.hint(format!("{} was not changed", file.display()));
    }
    failure.details(shown)
}

/// Lists the next steps.
fn list_hints(args: &Args, file: &Path, tuned: &Tuned) -> Vec<String> {
    let mut hints = Vec::new();
    if tuned.keeps() && !args.write && !tuned.changes.is_empty() {
        hints.push(format!("--write puts it into {}", file.display()));
    }
    if let Some(other) = &tuned.other_policy {
        let cheaper = other.tuning.searched.cost < tuned.tuned.searched.cost;
        if args.policy == Policies::Own && other.keeps && (cheaper || !tuned.keeps()) {
            let key = other.tuning.settings.law.key();
            hints.push(format!(
                "--policy any switches to `{key}`, which does better here"
            ));
        }
    }
    if tuned.found && tuned.holds == Some(false) {
        hints.push(
            "the two periods of the load differ: search more of it with --train, or require more than you need"
                .to_owned(),
        );
    }
    hints
}

/// Simulates the whole load with the tuned and with the current settings.
fn simulate_report(input: &Input, tuned: &Tuned, progress: &Progress<'_>) -> Result<Report> {
    let overrides = Overrides {
        slo: std::time::Duration::try_from_secs_f64(tuned.slo).ok(),
        ..input.overrides.clone()
    };
    let scenario = |stack: &Stack| {
        Scenario::from_stack(stack, &input.service, &overrides).map_err(scenario_failure)
    };
    let (load, seed) = (&input.load, input.seed);
    let chosen = scenario(&tuned.definition)?;
    progress.begin_part((SEARCH_SHARE + 1.0) / 2.0);
    let found = simulator::survey(&chosen, load, seed, progress);
    let found = found.map_err(scenario_failure)?;
    progress.begin_part(1.0);
    let (outcome, phases) =
        simulator::simulate_phases(&scenario(&input.stack)?, load, seed, progress)
            .map_err(scenario_failure)?;
    let compared = [
        found.name("tuned"),
        Compared {
            name: "unchanged".to_owned(),
            outcome,
            phases,
        },
    ];
    let report = Report::from_survey(input.load_name.clone(), load.begins(), found)
        .identified(Inputs::of(&input.stack, load, input.seed))
        .of_tuning(tuned)
        .beside(&compared)
        .explained(&chosen, load, None);
    Ok(match advise(input, tuned) {
        Some(advice) => report.advised(advice),
        None => report,
    })
}

/// Advises to write the result into the definition, if it meets the objective.
fn advise(input: &Input, tuned: &Tuned) -> Option<Advice> {
    if !tuned.keeps() || tuned.edits.is_empty() {
        return None;
    }
    let text = format!("Write these parameters into {}:", input.file.display());
    Some(Advice {
        text,
        command: repeated_with("tune", "--write"),
        policy: None,
    })
}

impl Args {
    /// Returns the share of messages that must meet the objective.
    fn required(&self, input: &Input) -> f64 {
        let slo = simulator::required_share(&input.stack, &input.service);
        self.require.or(slo).unwrap_or(USUAL_SHARE)
    }

    fn options(&self, input: &Input) -> TuneOptions {
        TuneOptions {
            required: self.required(input),
            train: self.train,
            candidates: self.max_candidates,
            keep: self.keep.iter().map(|key| key.parameter()).collect(),
            any_policy: self.policy == Policies::Any,
            seed: input.seed,
        }
    }
}

impl Key {
    fn parameter(self) -> Parameter {
        match self {
            Self::AcceptableLatency => Parameter::AcceptableLatency,
            Self::Cooldown => Parameter::Cooldown,
            Self::Window => Parameter::Window,
            Self::Min => Parameter::Min,
            Self::Max => Parameter::Max,
        }
    }
}

fn explain_error(error: TuneError) -> Failure {
    match error {
        TuneError::Scenario(error) => scenario_failure(error),
        TuneError::Law(_) => Failure::failed(error.to_string())
            .hint("`simulate --compare` shows how other policies would perform"),
        TuneError::Short => {
            Failure::failed(error.to_string()).hint("--train 100% searches the whole load")
        }
        _ => Failure::failed(error.to_string()).hint("--from skips a quiet start"),
    }
}

/// Parses a positive share.
fn parse_part(text: &str) -> Result<f64, String> {
    match parse_share(text)? {
        none if none <= 0.0 => Err("the search needs a part of the load, such as 60%".to_owned()),
        share => Ok(share),
    }
}

#[cfg(test)]
mod tests;
