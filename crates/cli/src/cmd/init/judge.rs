//! Simulates the last two weeks with the current policy, and with the definition that was written.

use adopt::live::{Facts, Readings};
use deployer::SentHistory;
use serde::Serialize;
use simulator::{
    Assumptions, BillItem, Load, Overrides, Policy, RunOutcome, Scenario, ScenarioError,
    format_duration,
};

use super::policy;
use crate::simulation::load_history;
use crate::ui::Ui;

/// Objectives to choose from, if none was given.
const OBJECTIVES: [&str; 3] = ["10s", "1m", "10m"];

/// The same messages for all simulations.
const SEED: u64 = 1;

/// The input of the simulations.
pub(super) struct Subject<'a> {
    pub(super) readings: &'a Readings,
    pub(super) facts: &'a Facts,
    /// The definition with an objective.
    pub(super) write: &'a dyn Fn(Option<&str>) -> String,
    /// The objective that was given.
    pub(super) slo: Option<&'a str>,
}

/// The simulations, or why there are none.
#[derive(Debug, Default, Serialize)]
pub(super) struct Judgment {
    /// Duration of the history, in seconds.
    pub(super) seconds: f64,
    /// Messages of the history.
    pub(super) messages: u64,
    /// One row for each objective and policy.
    pub(super) rows: Vec<Row>,
    /// What wasn't simulated and why, one sentence each.
    pub(super) missing: Vec<String>,
    /// Assumptions, one sentence each.
    pub(super) notes: Vec<String>,
}

/// A policy under an objective.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    /// Whether it is the current policy.
    pub(super) present: bool,
    /// The objective, in a definition's format.
    pub(super) slo: String,
    /// Share of the messages that met it, from 0 to 1.
    pub(super) within_objective: f64,
    /// 99th percentile of the waiting time, in seconds.
    pub(super) p99: f64,
    /// Mean number of tasks.
    pub(super) tasks: f64,
    /// US dollars per month of 730 hours for tasks and their addresses. `None` on EC2 instances.
    pub(super) tasks_per_month: Option<f64>,
    /// The same for the other resources of the definition's stack. `None` for the current policy.
    pub(super) rest_per_month: Option<f64>,
}

/// Simulates the history. Never fails: reports what can't be simulated.
pub(super) fn judge(
    subject: &Subject<'_>,
    history: deployer::Result<SentHistory>,
    ui: &Ui,
) -> Judgment {
    let mut judgment = Judgment::default();
    let load = history.map_err(|error| error.to_string());
    let load = load
        .and_then(|history| load_history(&history).map_err(|failure| failure.message().to_owned()));
    let load = match load {
        Ok(load) if subject.facts.processing.is_some() => load,
        Ok(_) => {
            return judgment
                .without("nothing was simulated: the processing time couldn't be measured");
        }
        Err(why) => return judgment.without(format!("nothing was simulated: {why}")),
    };
    judgment.seconds = load.duration().as_secs_f64();
    judgment.messages = u64::try_from(load.arrivals(SEED).count()).unwrap_or(u64::MAX);
    ui.note(&format!("simulating {}", format_duration(judgment.seconds)));
    let present = &subject.facts.present;
    let now = present.policy.clone().map_err(|why| {
        let why = format!("the present policy wasn't simulated: {why}");
        judgment.missing.push(why);
    });
    let now = now.ok();
    judgment.notes.clone_from(&present.notes);
    if subject.readings.service.on_instances() {
        let note = "the tasks run on EC2 instances, whose cost isn't known";
        judgment.notes.push(note.to_owned());
    }
    let objectives = subject
        .slo
        .map_or_else(|| OBJECTIVES.to_vec(), |slo| vec![slo]);
    for slo in objectives {
        if let Err(why) = judge_one(subject, slo, (now.as_ref(), &load), &mut judgment) {
            judgment
                .missing
                .push(format!("{slo} wasn't simulated: {why}"));
        }
    }
    judgment
}

impl Judgment {
    fn without(mut self, why: impl Into<String>) -> Self {
        self.missing.push(why.into());
        self
    }
}

/// Simulates both policies with one objective.
fn judge_one(
    subject: &Subject<'_>,
    slo: &str,
    (now, load): (Option<&Policy>, &Load),
    judgment: &mut Judgment,
) -> Result<(), String> {
    let scenario = scenario(subject, slo)?;
    for note in &scenario.notes {
        if !judgment.notes.contains(note) {
            judgment.notes.push(note.clone());
        }
    }
    let on_instances = subject.readings.service.on_instances();
    let mut run = |scenario: &Scenario, present: bool| -> Result<(), ScenarioError> {
        let outcome = simulator::simulate(scenario, load, SEED)?;
        judgment
            .rows
            .push(row(&outcome, slo, (present, on_instances)));
        Ok(())
    };
    let wrong = |error: ScenarioError| error.to_string();
    if let Some(now) = now {
        run(&with_present(&scenario, now), true).map_err(wrong)?;
    }
    run(&scenario, false).map_err(wrong)
}

fn scenario(subject: &Subject<'_>, slo: &str) -> Result<Scenario, String> {
    let text = (subject.write)(Some(slo));
    let stack = stack::parse("the definition", &text)
        .map_err(|report| report.to_string())?
        .stack;
    let service = stack.services.keys().next().cloned().unwrap_or_default();
    let mut assumptions = Assumptions::default();
    if let Some(start) = policy::task_start(subject.facts) {
        assumptions.task_start = start;
    }
    let batch = policy::batch(subject.facts);
    let overrides = Overrides {
        assumptions: Some(assumptions),
        batch,
        ..Overrides::default()
    };
    let scenario = Scenario::from_stack(&stack, &service, &overrides);
    let mut scenario = scenario.map_err(|error| error.to_string())?;
    policy::complete(&mut scenario, subject.readings);
    scenario.notes.extend(batch.map(|batch| {
        format!("a task receives {batch} messages at once, because a busy one holds about as many")
    }));
    Ok(scenario)
}

/// Returns the same service with its current policy. A fixed count has no bounds.
fn with_present(scenario: &Scenario, now: &Policy) -> Scenario {
    let mut scenario = scenario.with_policy(now.clone());
    if let Policy::Fixed { tasks } = now {
        (scenario.min, scenario.max, scenario.initial) = (*tasks, *tasks, *tasks);
    }
    scenario
}

fn row(outcome: &RunOutcome, slo: &str, (present, on_instances): (bool, bool)) -> Row {
    const OF_TASKS: [BillItem; 4] = [
        BillItem::Tasks,
        BillItem::SpotTasks,
        BillItem::Instances,
        BillItem::Addresses,
    ];
    let items = outcome.cost.items.iter();
    let of_tasks: f64 = items
        .filter(|item| OF_TASKS.contains(&item.item))
        .map(|item| item.per_month)
        .sum();
    Row {
        present,
        slo: slo.to_owned(),
        within_objective: outcome.within_objective,
        p99: outcome.waiting.p99,
        tasks: outcome.tasks.seconds / outcome.duration.max(1.0),
        tasks_per_month: (!on_instances).then_some(of_tasks),
        rest_per_month: (!present).then_some(outcome.cost.per_month - of_tasks),
    }
}
