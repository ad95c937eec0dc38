//! The finalists: candidates that met the objective in the training period. They are tested in the holdout
//! period in several phases, until one meets the objective in both.

use serde::Serialize;

use crate::load::Load;
use crate::scenario::ScenarioError;

use super::drawn::Run;
use super::evaluator::Evaluator;
use super::figures::Figures;
use super::search::{Found, order};
use super::settings::Settings;

/// A period of the load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The part that the search simulates.
    Training,
    /// The part that is simulated only with finalists.
    Holdout,
}

/// Parameters and their results.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Tuning {
    /// The parameters.
    pub settings: Settings,
    /// Results in the training period.
    pub searched: Figures,
    /// Results in the holdout period.
    pub holdout: Option<Figures>,
}

/// A finalist that misses the objective.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rejected {
    /// Its results in both periods.
    #[serde(flatten)]
    pub tuning: Tuning,
    /// The period in which it misses the objective. The training period if it misses it in both.
    pub missed_in: Period,
}

/// The two periods of the load.
#[derive(Clone, Copy)]
pub(super) struct Periods<'l> {
    pub(super) training: &'l Load,
    pub(super) holdout: Option<&'l Load>,
}

/// The chosen finalist, and the rejected ones.
pub(super) struct Tested {
    /// The first one that meets the objective in both periods. If none does, the one that comes closest.
    pub(super) tuning: Tuning,
    pub(super) rejected: Vec<Rejected>,
}

impl Tuning {
    /// Returns the period in which it misses the objective.
    fn missed_in(&self, required: f64) -> Option<Period> {
        let misses = |figures: &Figures| figures.within_objective < required;
        if misses(&self.searched) {
            return Some(Period::Training);
        }
        let holdout = self.holdout.as_ref().is_some_and(misses);
        holdout.then_some(Period::Holdout)
    }

    /// Whether it meets the objective as required in all periods.
    pub(super) fn keeps(&self, required: f64) -> bool {
        self.missed_in(required).is_none()
    }

    /// Whether it is better than another one: it meets the objective in both periods and costs less in the
    /// training period, or it comes closer to the objective.
    pub(super) fn is_better(&self, other: &Self, required: f64) -> bool {
        match (self.keeps(required), other.keeps(required)) {
            (true, true) => {
                order(&self.searched.score(), &other.searched.score(), required).is_lt()
            }
            (false, false) => self.worst_share() > other.worst_share(),
            (own, _) => own,
        }
    }

    /// Returns the share of messages within the objective in the worse period.
    fn worst_share(&self) -> f64 {
        let holdout = self.holdout.map_or(1.0, |holdout| holdout.within_objective);
        self.searched.within_objective.min(holdout)
    }
}

/// Tests finalists in order until one meets the objective in both periods.
pub(super) fn test(
    evaluator: &Evaluator<'_>,
    periods: Periods<'_>,
    found: &Found,
) -> Result<Tested, ScenarioError> {
    let mut rejected: Vec<Rejected> = Vec::new();
    for settings in &found.finalists {
        let tuning = on_both(evaluator, *settings, periods)?;
        // If the search found no candidate that meets the objective, there was nothing to test: the best one is
        // the closest.
        let missed_in = tuning.missed_in(evaluator.required).filter(|_| found.keeps);
        let Some(missed_in) = missed_in else {
            return Ok(Tested { tuning, rejected });
        };
        rejected.push(Rejected { tuning, missed_in });
    }
    // Among equals, the cheapest one, which comes first.
    let nearest = rejected
        .iter()
        .rev()
        .max_by(|a, b| a.tuning.worst_share().total_cmp(&b.tuning.worst_share()))
        .map(|nearest| nearest.tuning)
        .ok_or(ScenarioError::Value("there is no candidate"))?;
    Ok(Tested {
        tuning: nearest,
        rejected,
    })
}

/// Returns the results of parameters in both periods: the worst phase for the share within the objective, and
/// the mean of everything else. The holdout period starts with the number of tasks at the end of the training
/// period.
pub(super) fn on_both(
    evaluator: &Evaluator<'_>,
    settings: Settings,
    periods: Periods<'_>,
) -> Result<Tuning, ScenarioError> {
    let scenario = evaluator.scenario(settings)?;
    let seeds = evaluator.phases(periods.training);
    let runs: Vec<Run<'_>> = seeds
        .iter()
        .map(|seed| Run {
            scenario: scenario.clone(),
            load: periods.training,
            seed: *seed,
        })
        .collect();
    let first = evaluator.run(&runs)?;
    let searched = Figures::combine_seeds(&first);
    let Some(holdout) = periods.holdout else {
        return Ok(Tuning {
            settings,
            searched,
            holdout: None,
        });
    };
    let runs: Vec<Run<'_>> = runs
        .into_iter()
        .zip(&first)
        .map(|(run, ended)| {
            let mut scenario = run.scenario;
            scenario.initial = ended.desired.clamp(scenario.min, scenario.max);
            Run {
                scenario,
                load: holdout,
                seed: run.seed,
            }
        })
        .collect();
    let second = evaluator.run(&runs)?;
    Ok(Tuning {
        settings,
        searched,
        holdout: Some(Figures::combine_seeds(&second)),
    })
}
