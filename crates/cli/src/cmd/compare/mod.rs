//! `compare`: what a service did, and what its policy would have done on the same messages.

mod text;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use deployer::{Between, TrackRecord};
use serde::Serialize;
use simulator::{MONTH_HOURS, Policy, Progress, Report, Scenario};
use stack::{Scaling, Stack};

use crate::connect::ConnectArgs;
use crate::definition::FileArg;
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::progress::ProgressLine;
use crate::simulation::{self, SubjectArgs, required_share, scenario_failure, write_page};
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    /// How far back to look; CloudWatch has minutes for 15 days, and longer periods for longer
    #[arg(long, value_name = "TIME", default_value = "7d", value_parser = humantime::parse_duration)]
    since: Duration,
    /// Write a report of the simulation to this file: one HTML page that needs no network
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    connect: ConnectArgs,
}

/// What programs read.
#[derive(Debug, Serialize)]
struct Document {
    /// Stack and service.
    scenario: String,
    /// Seconds that were compared, from `begin`.
    seconds: f64,
    /// Begin, in seconds since 1970.
    begin: u64,
    /// Messages sent in this time.
    sent: u64,
    /// Latency objective in seconds.
    slo: f64,
    /// Share of the messages, from 0 to 1, that must meet it.
    required: Option<f64>,
    /// Name of the policy that was simulated.
    policy: &'static str,
    /// Whether that policy only observes.
    observes: bool,
    /// What the service did.
    actual: Actual,
    /// What the policy would have done.
    simulated: Simulated,
    /// Assumptions, a sentence each.
    notes: Vec<String>,
}

/// What a service did, as far as CloudWatch knows it.
#[derive(Debug, Serialize)]
struct Actual {
    /// Share of the last days' messages that started within the objective, as the scaling function counted it.
    within_objective: Option<f64>,
    /// Seconds during which the oldest message was older than the objective.
    over_slo: f64,
    /// Task hours. `None` without a datapoint.
    task_hours: Option<f64>,
    /// Share of the time for which the running tasks are known.
    known: f64,
    /// Most tasks that ran.
    most: Option<f64>,
    /// Changes of the running tasks, up and down.
    changes: (u64, u64),
    /// Dollars for the task hours, by the price of Fargate on demand.
    cost: Option<f64>,
    /// Tasks that the observing function would have set on the queues as they were: the mean and the most.
    recommended: Option<(f64, f64)>,
}

/// What the policy would have done on the same messages.
#[derive(Debug, Serialize)]
struct Simulated {
    /// Lowest and highest share within the objective, over the phases.
    within_objective: simulator::Range,
    /// Seconds during which the oldest waiting message had waited longer than the objective.
    over_slo: f64,
    /// Task hours.
    task_hours: f64,
    /// Most tasks that ran.
    most: u32,
    /// Changes of the desired count, up and down.
    changes: (u64, u64),
    /// Dollars for the task hours, by the price of Fargate on demand.
    cost: Option<f64>,
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let stack = args.file.load()?;
    let service = args.subject.service(&stack)?;
    let policy = meant_policy(&stack, &service)?;
    let overrides = args.subject.overrides(args.connect.region.as_deref())?;
    let scenario = Scenario::from_stack(&policy, &service, &overrides).map_err(scenario_failure)?;
    let ui = Ui::new();
    let now = SystemTime::now();
    let between = Between {
        from: now.checked_sub(args.since),
        to: None,
    };
    let read = simulation::read_record(&stack, &service, &args.connect, between, &ui);
    let (record, load) = read.await?;
    let what = "simulating the same messages";
    ui.note(what);
    let line = ProgressLine::new(&ui, what.to_owned());
    let progress = Progress::new(|share| line.show(share));
    progress.begin_part(1.0);
    let survey = tokio::task::block_in_place(|| {
        simulator::survey(&scenario, &load, args.subject.seed, &progress)
    });
    let survey = survey.map_err(scenario_failure)?;
    ui.finish();
    let document = compare(&stack, &service, (&scenario, &survey), &record);
    if let Some(path) = &args.report {
        let report = Report::from_survey("cloudwatch".to_owned(), load.begins(), survey);
        let report = report.requiring(document.required);
        write_page(path, &report.explained(&scenario, &load, None))?;
    }
    format.print(&document, text::format_comparison);
    Ok(())
}

/// The stack with the policy that is meant: a policy that only observes instead of those that act beside it.
fn meant_policy(stack: &Stack, service: &str) -> Result<Stack> {
    let mut stack = stack.clone();
    let Some(found) = stack.services.get_mut(service) else {
        return Ok(stack);
    };
    if !found.queue_settings.is_empty() {
        let message = format!("service {service} has queues with objectives of their own");
        return Err(Failure::failed(message).hint(
            "`compare` judges by one objective; `simulate --load cloudwatch` judges each queue by its own",
        ));
    }
    let Some(scaling) = &found.scaling else {
        let message = format!("service {service} has no scaling to compare with");
        return Err(Failure::new(Code::Usage, message).hint(
            "add `scaling: {demand: {…, actuator: none}}` to its definition, which only observes",
        ));
    };
    if let Some(demand) = scaling.demand.clone().filter(|demand| !demand.acts()) {
        found.scaling = Some(Scaling {
            demand: Some(demand),
            ..Scaling::default()
        });
    }
    Ok(stack)
}

fn compare(
    stack: &Stack,
    service: &str,
    (scenario, survey): (&Scenario, &simulator::Survey),
    record: &TrackRecord,
) -> Document {
    let outcome = &survey.outcome;
    let hour = scenario.task_month().map(|month| month / MONTH_HOURS);
    let dollars = |hours: f64| hour.map(|hour| hour * hours);
    let slo = Duration::from_secs_f64(outcome.slo);
    let (hours, known) = record.task_hours();
    let hours = Some(hours).filter(|_| known > 0.0);
    let found = stack.services.get(service);
    let observes = found
        .and_then(|found| found.demand())
        .is_some_and(|demand| !demand.acts());
    let simulated_hours = outcome.tasks.billed_seconds / 3_600.0;
    Document {
        scenario: outcome.scenario.clone(),
        seconds: record.sent.period.as_secs_f64() * record.sent.counts.len() as f64,
        begin: record.sent.begin,
        sent: record.sent.counts.iter().sum(),
        slo: outcome.slo,
        required: required_share(stack, service),
        policy: name_policy(&scenario.policy),
        observes,
        actual: Actual {
            within_objective: record.within_objective.map(|percent| percent / 100.0),
            over_slo: record.time_over(slo).as_secs_f64(),
            task_hours: hours,
            known,
            most: record.most_tasks(),
            changes: record.changes(),
            cost: hours.filter(|_| known >= KNOWN).and_then(dollars),
            recommended: recommended(record),
        },
        simulated: Simulated {
            within_objective: survey.phases.within_objective,
            over_slo: outcome.over_slo,
            task_hours: simulated_hours,
            most: outcome.tasks.most,
            changes: (outcome.scaling.out, outcome.scaling.r#in),
            cost: dollars(simulated_hours),
        },
        notes: outcome.notes.clone(),
    }
}

fn recommended(record: &TrackRecord) -> Option<(f64, f64)> {
    let known: Vec<f64> = record.recommended.iter().flatten().copied().collect();
    let most = known.iter().copied().reduce(f64::max)?;
    Some((known.iter().sum::<f64>() / known.len() as f64, most))
}

/// Share of the time for which tasks must be known to compare costs and changes.
const KNOWN: f64 = 0.99;

/// The policy's key under `scaling`.
fn name_policy(policy: &Policy) -> &'static str {
    match policy {
        Policy::Deadline(_) | Policy::Demand(_) => "demand",
        Policy::BacklogPerTask(_) | Policy::BacklogPerTaskAndSteps(..) => "backlog_per_task",
        Policy::Steps(_) => "steps",
        Policy::AlarmSteps(_) => "alarm_steps",
        _ => "this definition",
    }
}

#[cfg(test)]
mod tests;
