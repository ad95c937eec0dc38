//! `compare`: what a service did, and what its policy would have done with the same messages.

mod text;

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use deployer::{Between, TrackRecord};
use serde::Serialize;
use simulator::{Inputs, MONTH_HOURS, Policy, Progress, QueueOutcome, Report, Scenario};
use stack::{Scaling, Stack};

use crate::connect::ConnectArgs;
use crate::definition::FileArg;
use crate::failure::{Code, Failure, Result};
use crate::output::Format;
use crate::progress::ProgressLine;
use crate::simulation::{self, SubjectArgs, scenario_failure, write_page};
use crate::ui::Ui;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    /// How far back to start; CloudWatch has minutes for 15 days, and longer periods for longer
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

/// The result for programs.
#[derive(Debug, Serialize)]
struct Document {
    /// Stack and service.
    scenario: String,
    /// Duration of the comparison in seconds, starting at `begin`.
    seconds: f64,
    /// Start, in seconds since 1970.
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
    /// The service's actual results.
    actual: Actual,
    /// The policy's simulated results.
    simulated: Simulated,
    /// Each queue by its own objective, if there are several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    queues: Vec<QueueDocument>,
    /// Assumptions, one sentence each.
    notes: Vec<String>,
}

/// The actual results of a service, as far as CloudWatch has them.
#[derive(Debug, Serialize)]
struct Actual {
    /// Share of the last days' messages that started within the objective, as the scaling function counted it.
    within_objective: Option<f64>,
    /// Seconds during which the oldest message was older than the objective.
    over_slo: f64,
    /// Task-hours. `None` without a datapoint.
    task_hours: Option<f64>,
    /// Share of the time for which the number of running tasks is known.
    known: f64,
    /// Maximum number of running tasks.
    most: Option<f64>,
    /// Increases and decreases of the running tasks.
    changes: (u64, u64),
    /// Dollars for the task-hours, at the on-demand price of Fargate.
    cost: Option<f64>,
    /// Tasks that the observing function would have set for the actual queues: the mean and the maximum.
    recommended: Option<(f64, f64)>,
}

/// The simulated results of the policy with the same messages.
#[derive(Debug, Serialize)]
struct Simulated {
    /// Lowest and highest share within the objective, over the phases; that of the worst queue, if there are several.
    within_objective: simulator::Range,
    /// Number of phases.
    phases: u64,
    /// Phases in which a queue missed the share that its own objective requires.
    missed: u64,
    /// Seconds during which the oldest waiting message had waited longer than the objective.
    over_slo: f64,
    /// Task-hours.
    task_hours: f64,
    /// Maximum number of running tasks.
    most: u32,
    /// Increases and decreases of the desired count.
    changes: (u64, u64),
    /// Dollars for the task-hours, at the on-demand price of Fargate.
    cost: Option<f64>,
}

/// One of several queues.
#[derive(Debug, Serialize)]
struct QueueDocument {
    /// Its name in the definition.
    queue: String,
    /// Messages sent to it.
    sent: u64,
    /// Its latency objective in seconds.
    slo: f64,
    /// Share of the messages, from 0 to 1, that must meet it.
    required: Option<f64>,
    /// What happened. The share is measured by minutes, from SQS's metrics.
    actual: QueueResult,
    /// What the policy would have done, with the given seed.
    simulated: QueueResult,
}

/// How a queue met its objective.
#[derive(Debug, Serialize)]
struct QueueResult {
    /// Share of its messages that started within the objective.
    within_objective: Option<f64>,
    /// Seconds during which its oldest message was older than the objective.
    over_slo: f64,
}

impl Document {
    /// Whether one objective holds for all messages.
    fn has_one_objective(&self) -> bool {
        let objective = |queue: &QueueDocument| (queue.slo, queue.required);
        let first = self.queues.first().map(objective);
        let mut queues = self.queues.iter();
        queues.all(|queue| Some(objective(queue)) == first)
    }
}

pub(crate) async fn run(args: Args, format: Format) -> Result<()> {
    let stack = args.file.load()?;
    let service = args.subject.service(&stack)?;
    let policy = meant_policy(&stack, &service)?;
    let assumed = args.subject.assumed(args.connect.region.as_deref())?;
    let overrides = args.subject.overrides(&assumed)?;
    let scenario = Scenario::from_stack(&policy, &service, &overrides).map_err(scenario_failure)?;
    let ui = Ui::new();
    let now = SystemTime::now();
    let between = Between {
        from: now.checked_sub(args.since),
        to: None,
    };
    let read = simulation::read_record(&stack, &service, &args.connect, between, &ui);
    let (queues, record, load) = read.await?;
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
    let document = compare(&stack, &service, (&scenario, &survey), (&queues, &record));
    if let Some(path) = &args.report {
        let report = Report::from_survey("cloudwatch".to_owned(), load.begins(), survey);
        let inputs = Inputs::of(&stack, &load, args.subject.seed);
        let report = report.identified(inputs).requiring(document.required);
        write_page(path, &report.explained(&scenario, &load, None), None)?;
    }
    format.print(&document, text::format_comparison);
    Ok(())
}

/// Returns the stack with the policy to simulate. If a policy only observes, it replaces the ones that scale.
fn meant_policy(stack: &Stack, service: &str) -> Result<Stack> {
    let mut stack = stack.clone();
    let Some(found) = stack.services.get_mut(service) else {
        return Ok(stack);
    };
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
    (names, record): (&[String], &TrackRecord),
) -> Document {
    let outcome = &survey.outcome;
    let hour = scenario.task_month().map(|month| month / MONTH_HOURS);
    let dollars = |hours: f64| hour.map(|hour| hour * hours);
    let queues = compare_queues(stack, service, &outcome.queues, (names, record));
    let over_slo = match queues.is_empty() {
        true => {
            let slo = Duration::from_secs_f64(outcome.slo);
            record.time_over(&record.queues, slo).as_secs_f64()
        }
        false => queues
            .iter()
            .map(|queue| queue.actual.over_slo)
            .fold(0.0, f64::max),
    };
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
        required: simulator::required_share(stack, service),
        policy: name_policy(&scenario.policy),
        observes,
        actual: Actual {
            within_objective: record.within_objective.map(|percent| percent / 100.0),
            over_slo,
            task_hours: hours,
            known,
            most: record.most_tasks(),
            changes: record.changes(),
            cost: hours.filter(|_| known >= KNOWN).and_then(dollars),
            recommended: recommended(record),
        },
        simulated: Simulated {
            within_objective: survey.phases.within_objective,
            phases: survey.phases.runs,
            missed: survey.phases.missed,
            over_slo: outcome.over_slo,
            task_hours: simulated_hours,
            most: outcome.tasks.most,
            changes: (outcome.scaling.out, outcome.scaling.r#in),
            cost: dollars(simulated_hours),
        },
        queues,
        notes: outcome.notes.clone(),
    }
}

/// `names`: the queues of the record, as the definition names them.
fn compare_queues(
    stack: &Stack,
    service: &str,
    simulated: &[QueueOutcome],
    (names, record): (&[String], &TrackRecord),
) -> Vec<QueueDocument> {
    let found = stack.services.get(service);
    let work = |queue: &str| found.and_then(|found| found.queue_processing_time(queue));
    let queues = simulated.iter().filter_map(|outcome| {
        let place = names.iter().position(|name| *name == outcome.queue)?;
        let own = record.queues.get(place)?;
        let slo = Duration::from_secs_f64(outcome.slo);
        // SQS's ages include the work on a message.
        let limit = slo + work(&outcome.queue).unwrap_or_default();
        let over = record.time_over(std::slice::from_ref(own), slo);
        Some(QueueDocument {
            queue: outcome.queue.clone(),
            sent: own.sent.iter().flat_map(|sent| &sent.counts).sum(),
            slo: outcome.slo,
            required: outcome.required,
            actual: QueueResult {
                within_objective: own.within(limit),
                over_slo: over.as_secs_f64(),
            },
            simulated: QueueResult {
                within_objective: Some(outcome.within_objective),
                over_slo: outcome.over_slo,
            },
        })
    });
    queues.collect()
}

fn recommended(record: &TrackRecord) -> Option<(f64, f64)> {
    let known: Vec<f64> = record.recommended.iter().flatten().copied().collect();
    let most = known.iter().copied().reduce(f64::max)?;
    Some((known.iter().sum::<f64>() / known.len() as f64, most))
}

/// Minimum share of the time for which tasks must be known to compare costs and changes.
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
