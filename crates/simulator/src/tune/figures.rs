//! The results of one or several simulations that a search compares.

use serde::Serialize;

use crate::cost::Bill;
use crate::number::count;
use crate::outcome::RunOutcome;
use crate::score::Score;

/// The results of a policy on a part of the load. With several seeds of a generated load: the worst share
/// within the objective, and the mean of everything else.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Figures {
    /// Share, from 0 to 1, of the messages within the objective.
    pub within_objective: f64,
    /// 99th percentile of the waiting time, in seconds.
    pub p99: f64,
    /// Cost in US dollars.
    pub cost: f64,
    /// The same per month of 730 hours at this rate.
    pub cost_per_month: f64,
    /// The same by item.
    pub bill_per_month: Bill,
    /// Cost of the ideal policy per month: see [`crate::Policy::Ideal`].
    pub ideal_per_month: f64,
    /// Task-hours.
    pub task_hours: f64,
    /// Changes of the desired count.
    pub actions: f64,
    /// Changes soon after one in the other direction.
    pub flaps: f64,
    /// Maximum number of running tasks.
    pub most: u32,
    /// Messages that were sent.
    pub messages: u64,
}

/// The result of one simulation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ScoredRun {
    pub(super) figures: Figures,
    /// Desired count at the end.
    pub(super) desired: u32,
}

impl ScoredRun {
    pub(super) fn from_outcome(outcome: &RunOutcome) -> Self {
        Self {
            figures: Figures::from_outcome(outcome),
            desired: outcome.desired_at_end_of_load(),
        }
    }
}

impl Figures {
    fn from_outcome(outcome: &RunOutcome) -> Self {
        Self {
            within_objective: outcome.within_objective,
            p99: outcome.waiting.p99,
            cost: outcome.cost.total,
            cost_per_month: outcome.cost.per_month,
            bill_per_month: outcome.cost.monthly_bill(),
            ideal_per_month: outcome.cost.ideal_per_month,
            task_hours: outcome.tasks.seconds / 3_600.0,
            actions: count(outcome.scaling.out + outcome.scaling.r#in),
            flaps: count(outcome.scaling.flaps),
            most: outcome.tasks.most,
            messages: outcome.messages.sent,
        }
    }

    /// Returns the values that a search compares.
    pub(super) fn score(&self) -> Score {
        Score {
            within_objective: self.within_objective,
            cost: self.cost,
            cost_per_month: self.cost_per_month,
            actions: self.actions,
            messages: self.messages,
        }
    }

    /// Combines several seeds: the worst share within the objective, and the mean of everything else.
    pub(super) fn combine_seeds(ran: &[ScoredRun]) -> Self {
        let all = || ran.iter().map(|one| one.figures);
        let mean = |figure: fn(Self) -> f64| {
            all().map(figure).sum::<f64>() / count(ran.len().max(1) as u64)
        };
        let scores: Vec<Score> = ran.iter().map(|one| one.figures.score()).collect();
        let score = Score::combine_seeds(&scores);
        Self {
            within_objective: score.within_objective,
            p99: all().map(|one| one.p99).fold(0.0, f64::max),
            cost: score.cost,
            cost_per_month: score.cost_per_month,
            bill_per_month: Bill::mean(ran.iter().map(|one| one.figures.bill_per_month)),
            ideal_per_month: mean(|one| one.ideal_per_month),
            task_hours: mean(|one| one.task_hours),
            actions: score.actions,
            flaps: mean(|one| one.flaps),
            most: all().map(|one| one.most).max().unwrap_or_default(),
            messages: score.messages,
        }
    }
}

impl Score {
    /// Combines several seeds: the worst share within the objective, and the mean of everything else.
    pub(super) fn combine_seeds(scores: &[Self]) -> Self {
        let all = || scores.iter().copied();
        let mean = |number: fn(Self) -> f64| {
            all().map(number).sum::<f64>() / count(scores.len().max(1) as u64)
        };
        Self {
            within_objective: all().map(|one| one.within_objective).fold(1.0, f64::min),
            cost: mean(|one| one.cost),
            cost_per_month: mean(|one| one.cost_per_month),
            actions: mean(|one| one.actions),
            messages: all().map(|one| one.messages).max().unwrap_or_default(),
        }
    }
}
