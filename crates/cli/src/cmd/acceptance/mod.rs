//! `acceptance`: runs a small system through its complete life cycle in an account, and writes a report for an
//! issue.

use std::path::{Path, PathBuf};

use deployer::{Identity, Session};
use simulator::{Load, Overrides, Scenario, format_dollars};

use crate::confirm::require_terminal;
use crate::connect::{Cloud, ConnectArgs};
use crate::definition::Known;
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::signals::run_until_interrupted;
use crate::simulation::scenario_failure;
use crate::ui::Ui;
use crate::workshop::program;

mod course;
mod definition;
mod record;

use course::Course;
use record::Record;

/// Prefix of the stack's name.
const PREFIX: &str = "ecs-scaler-acceptance-";

/// A run takes less than an hour, and its tasks aren't always all busy. An estimate, because it hasn't been run on
/// AWS yet.
const LOAD: &str = "constant:rate=0.3/s,for=1h";

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    connect: ConnectArgs,
    /// Suffix of the stack's name, after `ecs-scaler-acceptance-` [default: unique for each run]
    #[arg(long, value_name = "TEXT", value_parser = parse_suffix)]
    suffix: Option<String>,
    /// Refuse to start if the estimated cost is higher, in dollars
    #[arg(long, value_name = "DOLLARS", default_value_t = 1.0)]
    max_cost: f64,
    /// File for the report; the progress is stored next to it, so that the same command continues an interrupted run
    #[arg(long, value_name = "FILE", default_value = "acceptance.md")]
    report: PathBuf,
    /// Only destroy the stack of an interrupted run
    #[arg(long)]
    clean_up: bool,
    /// Don't ask for confirmation
    #[arg(long, short)]
    yes: bool,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    require_terminal("acceptance", args.yes)?;
    let file = args.report.with_extension("state.json");
    let ui = Ui::new();
    let cloud = args.connect.connect(&Known::default(), &ui).await?;
    let progress = |progress| ui.progress(progress);
    let session = cloud.session(&progress);
    let identity = cloud.identify(&session, &Known::default()).await?;
    let mut record = match Record::read(&file)? {
        Some(record) => record.require(&identity)?,
        None if args.clean_up => {
            ui.note(&format!(
                "there is no {}: nothing to clean up",
                file.display()
            ));
            return Ok(());
        }
        None => begin(&args, &session, &identity, &ui)?,
    };
    if args.clean_up {
        record.failure = Some("ended by --clean-up".to_owned());
    }
    record.write(&file)?;
    let course = Course {
        cloud: &cloud,
        session: &session,
        ui: &ui,
        file: &file,
    };
    let Some(ended) = run_until_interrupted(&session, &ui, course.run(&mut record)).await else {
        return Err(explain_interruption(&args, &record));
    };
    ended.map_err(|failure| explain_leftover(&cloud, failure, &args, &record))?;
    ui.finish();
    write(&args.report, &record.describe())?;
    // Without the file, the next run starts with the first step.
    std::fs::remove_file(&file).map_err(|error| {
        Failure::failed(format!("failed to delete {}: {error}", file.display()))
    })?;
    ui.note(&format!("the report is in {}", args.report.display()));
    match &record.failure {
        Some(why) if !args.clean_up => {
            Err(Failure::failed(format!("not accepted: {why}")).details(&record))
        }
        _ => {
            format.print(&record, Record::describe);
            Ok(())
        }
    }
}

/// Starts a run if its cost is within the limit and it is confirmed.
fn begin(args: &Args, session: &Session<'_>, identity: &Identity, ui: &Ui) -> Result<Record> {
    let suffix = args.suffix.clone();
    let suffix = suffix.unwrap_or_else(|| session.run_id.chars().take(11).collect());
    let name = format!("{PREFIX}{suffix}");
    let cost = estimate_cost(&name, &identity.region)?;
    ui.block(&format!(
        "acceptance creates the stack {name} in account {}, {}: a network, a queue, and a service of 1 to {} tiny Fargate\n\
         tasks. It makes the service scale out and in, updates it, disables a rule and repairs it, and destroys the stack.\n\
         It takes less than an hour on AWS, and costs at most {} by an estimate.\n",
        identity.account,
        identity.region,
        definition::MAX,
        format_dollars(cost)
    ));
    // Not a number is no limit.
    if cost > args.max_cost || args.max_cost.is_nan() {
        return Err(Failure::new(
            Code::Refused,
            format!(
                "the estimated cost, {}, is higher than --max-cost, {}",
                format_dollars(cost),
                format_dollars(args.max_cost)
            ),
        ));
    }
    if !args.yes && ui.confirm("Run it?") != Some(true) {
        return Err(Failure::new(
            Code::Refused,
            "canceled: the run wasn't confirmed; nothing changed",
        ));
    }
    Ok(Record::new(name, identity, cost))
}

/// Returns the cost in dollars of all tasks for an hour, from the same bill that `cost` shows.
fn estimate_cost(name: &str, region: &str) -> Result<f64> {
    let stack = definition::read(name, 1)?;
    let overrides = Overrides {
        region: Some(region.to_owned()),
        ..Overrides::default()
    };
    let scenario =
        Scenario::from_stack(&stack, definition::SERVICE, &overrides).map_err(scenario_failure)?;
    let load = Load::generate(LOAD).map_err(|error| Failure::failed(error.to_string()))?;
    let outcome = simulator::simulate(&scenario, &load, 1).map_err(scenario_failure)?;
    Ok(outcome.cost.total)
}

/// Parses the suffix of a name: characters of a stack's name, and short enough for ECS's and IAM's names.
fn parse_suffix(text: &str) -> Result<String, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || letter == '-';
    match (1..=20).contains(&text.len()) && text.chars().all(is_plain) {
        true => Ok(text.to_owned()),
        false => Err("up to 20 letters, digits, and hyphens".to_owned()),
    }
}

fn explain_interruption(args: &Args, record: &Record) -> Failure {
    let again = as_written(args);
    Failure::failed(format!(
        "interrupted: the stack {} might exist",
        record.stack
    ))
    .hint(format!("to continue: {again}"))
    .hint(format!("to destroy it: {again} --clean-up"))
}

fn explain_leftover(cloud: &Cloud, failure: Failure, args: &Args, record: &Record) -> Failure {
    let failure = cloud.explain(failure).hint(format!(
        "the stack {} might still exist; to destroy it: {} --clean-up",
        record.stack,
        as_written(args)
    ));
    match &record.failure {
        Some(why) => failure.hint(format!("before that: {why}")),
        None => failure,
    }
}

/// Returns the command to run again.
fn as_written(args: &Args) -> String {
    let yes = if args.yes { " --yes" } else { "" };
    let (connect, report) = (args.connect.as_written(), args.report.display());
    format!("{} acceptance{connect} --report {report}{yes}", program())
}

fn write(file: &Path, text: &str) -> Result<()> {
    std::fs::write(file, text)
        .map_err(|error| Failure::failed(format!("failed to write {}: {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An hour of a task is 0.25 × 0.03238 + 0.5 × 0.00356 + 0.005 = 0.014875 dollars (us-east-1, with its address).
    /// One to three tasks run for an hour, and the functions, metrics, and alarms for an hour cost a few cents.
    #[test]
    fn the_estimate_is_that_of_an_hour_of_tasks() {
        let cost = estimate_cost("a", "us-east-1").unwrap();
        assert!(
            (0.014_875..3.0 * 0.014_875 + 0.05).contains(&cost),
            "{cost}"
        );
    }

    #[test]
    fn a_suffix_fits_into_names() {
        assert_eq!(parse_suffix("e2e-1"), Ok("e2e-1".to_owned()));
        for wrong in ["", "a b", "a_b", "é", "a23456789012345678901"] {
            assert!(parse_suffix(wrong).is_err(), "{wrong}");
        }
    }
}
