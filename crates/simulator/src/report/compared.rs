//! A compared policy, as reports show it.

use serde::Serialize;

use crate::compare::{Compared, IDEAL};
use crate::cost::Bill;
use crate::outcome::{Messages, ScalingFigures, TaskFigures, Waiting};
use crate::survey::Phases;

/// A compared policy: its values without its course.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ComparedPolicy {
    /// Name of the policy, for people.
    pub name: String,
    /// Share, from 0 to 1, of the messages that meet the objective.
    pub within_objective: f64,
    /// The results of all phases.
    pub phases: Phases,
    /// Waiting times in seconds.
    pub waiting: Waiting,
    /// The longest wait, in seconds, of each percent of the messages from 0 to 100.
    pub wait_percentiles: Vec<f64>,
    /// Cost in US dollars: all of it.
    pub cost: f64,
    /// The same per month of 730 hours like this.
    pub cost_per_month: f64,
    /// The same by item.
    pub bill_per_month: Bill,
    /// Tasks.
    pub tasks: TaskFigures,
    /// Messages by outcome.
    pub messages: Messages,
    /// Changes of the desired count. Nothing for the ideal, whose counts cost no change.
    pub scaling: Option<ScalingFigures>,
}

impl ComparedPolicy {
    pub(super) fn new(compared: &Compared) -> Self {
        let outcome = &compared.outcome;
        Self {
            name: compared.name.clone(),
            within_objective: outcome.within_objective,
            phases: compared.phases,
            waiting: outcome.waiting,
            wait_percentiles: outcome.wait_percentiles.clone(),
            cost: outcome.cost.total,
            cost_per_month: outcome.cost.per_month,
            bill_per_month: outcome.cost.monthly_bill(),
            tasks: outcome.tasks,
            messages: outcome.messages,
            scaling: (compared.name != IDEAL).then_some(outcome.scaling),
        }
    }

    /// The part of its name before the details; of backlog per task the details, because the definition has that, too.
    pub(super) fn short_name(&self) -> &str {
        match self.name.split_once(',') {
            Some(("backlog per task", details)) => details.trim_start(),
            Some((name, _)) if name != "fixed" => name,
            _ => &self.name,
        }
    }

    /// Lowest and highest cost of the phases in US dollars per month.
    pub(super) fn monthly_range(&self) -> (f64, f64) {
        let times = self.cost_per_month / self.cost.max(1e-12);
        let cost = self.phases.cost;
        (cost.lowest * times, cost.highest * times)
    }
}
