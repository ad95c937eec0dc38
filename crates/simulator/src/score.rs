//! The part of a run's result that a search compares.

use crate::cost::cost;
use crate::engine::Finished;
use crate::number::count;
use crate::outcome::{TaskFigures, within_objective};
use crate::scenario::Scenario;
use crate::time::seconds;

/// The part of a run's result that a search compares. It takes less time to compute than a [`RunOutcome`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Score {
    /// As [`RunOutcome::within_objective`].
    pub(crate) within_objective: f64,
    /// Cost in US dollars.
    pub(crate) cost: f64,
    /// The same per month of 730 hours.
    pub(crate) cost_per_month: f64,
    /// Changes of the desired count.
    pub(crate) actions: f64,
    /// Messages that were sent.
    pub(crate) messages: u64,
}

impl Score {
    pub(crate) fn new(scenario: &Scenario, finished: &Finished) -> Self {
        let tasks = TaskFigures {
            needed_most: 0,
            seconds: seconds(finished.task_time),
            billed_seconds: seconds(finished.billed),
            needed_seconds: 0.0,
            most: 0,
        };
        // The cost of the ideal isn't needed.
        let cost = cost(scenario, finished, &tasks, (&[], 1));
        Self {
            within_objective: within_objective(&finished.records),
            cost: cost.total,
            cost_per_month: cost.per_month,
            actions: count(finished.records.actions.len() as u64),
            messages: finished.records.totals.sent,
        }
    }
}
