//! Tuning: finds the cheapest parameters of a service's policy that meet its objective.
//!
//! The search uses one part of the load, the training period. The holdout period isn't used until the choice is
//! made. A candidate is the definition with other values, and is simulated in the same way as the definition.

mod drawn;
mod evaluator;
mod figures;
mod finalists;
mod halving;
mod limits;
mod parts;
mod search;
mod settings;
mod space;
mod tuned;
mod verdict;

#[cfg(test)]
mod tests;

use std::time::Duration;

use stack::Stack;

use crate::load::Load;
use crate::progress::Progress;
use crate::scenario::{Overrides, Scenario, ScenarioError};

pub use self::figures::Figures;
pub use self::finalists::{Period, Rejected, Tuning};
pub use self::limits::{LiftedLimit, Limits};
pub use self::settings::{Change, Law, Parameter, Settings};
pub use self::tuned::{Alternative, Known, Part, Tuned};

use self::evaluator::Evaluator;
use self::finalists::Periods;
use self::search::{Found, Search};

/// Approximate share of the work at the end of each stage.
const OWN_SHARE: f64 = 0.5;
const OTHER_SHARE: f64 = 0.75;
const TESTED_SHARE: f64 = 0.95;

/// Approximate number of simulations of the training period for the finalists and the experiments.
const TESTED: usize = 60;
const LIFTED: usize = 12;

/// The parameters of the search.
#[derive(Clone, Debug, PartialEq)]
pub struct TuneOptions {
    /// Required share, from 0 to 1, of messages within the objective.
    pub required: f64,
    /// Share, from 0 to 1, of the load's duration that is the training period. Whole days if there are several.
    pub train: f64,
    /// Maximum number of candidates for the definition's own policy. Half as many are tried for the other
    /// policy.
    pub candidates: usize,
    /// Parameters that must not change.
    pub keep: Vec<Parameter>,
    /// Whether the other policy can be the result. Otherwise, it is only shown for comparison.
    pub any_policy: bool,
    /// Seed of all random numbers.
    pub seed: u64,
}

/// The reason why tuning isn't possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TuneError {
    /// The service or an assumption isn't valid.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
    /// It doesn't have a policy whose parameters can be searched.
    #[error(
        "service \"{0}\" scales neither by backlog_per_task nor by demand, so it has no parameters to search"
    )]
    Law(String),
    /// The load is too short for two periods.
    #[error("the load is too short for a training and a holdout period")]
    Short,
    /// The training period contains no messages.
    #[error("no message is sent in the training period, the first {0:?} of the load")]
    Silent(Duration),
}

impl Default for TuneOptions {
    fn default() -> Self {
        Self {
            required: 0.99,
            train: 0.6,
            candidates: 300,
            keep: Vec::new(),
            any_policy: false,
            seed: 1,
        }
    }
}

/// Searches for the cheapest parameters of a service's policy with which the required share of messages in the
/// training period meets the objective. Simulates them and the current ones in the holdout period. A candidate
/// that misses the objective there is replaced by the next one, a limited number of times. `tell` receives
/// progress messages. Simulations run on the current rayon thread pool, and the result doesn't depend on the
/// number of threads.
///
/// # Errors
/// If the service can't be simulated or has no policy that can be tuned, or if the load is too short or
/// has no messages.
pub fn tune(
    stack: &Stack,
    service: &str,
    overrides: &Overrides,
    load: &Load,
    options: &TuneOptions,
    tell: &(dyn Fn(&str) + Sync),
    progress: &Progress<'_>,
) -> Result<Tuned, TuneError> {
    if overrides.policy.is_some() {
        let text =
            "`policy` replaces the definition's policy, which `tune` would change: leave it out";
        return Err(ScenarioError::Value(text).into());
    }
    let scenario = Scenario::from_stack(stack, service, overrides)?;
    let present = stack
        .services
        .get(service)
        .and_then(Settings::from_service)
        .ok_or_else(|| TuneError::Law(service.to_owned()))?;
    let (searched, holdout) = parts::split(load, options.train).ok_or(TuneError::Short)?;
    let evaluator = Evaluator::new(stack, service, overrides, &scenario, options, progress);
    let peak = evaluator.peak(&searched)?;
    if searched.arrivals(options.seed).next().is_none() {
        return Err(TuneError::Silent(searched.duration()));
    }
    let space = evaluator.space(present, peak, options);
    let search = Search::new(&evaluator, &searched, options, tell);
    let own = search.best(&space, OWN_SHARE)?;
    let other = other(&search, present, peak, options)?;
    let periods = Periods {
        training: &searched,
        holdout: holdout.as_ref(),
    };
    tell("testing the finalists on both periods");
    progress.begin_stage(TESTED_SHARE, search.work(TESTED));
    let any = options.any_policy;
    let mut tuned = tuned::summarize(&evaluator, periods, present, &own, other.as_ref(), any)?;
    progress.begin_stage(1.0, search.work(LIFTED));
    let other_chosen = tuned.tuned.settings.law != present.law;
    tuned.limits = limits::limits(&search, &own, other_chosen, peak, &space)?;
    (tuned.simulations, tuned.messages) = evaluator.done();
    progress.end_part();
    Ok(tuned)
}

/// Returns the best demand policy for a service that scales by its backlog, if it can be simulated.
fn other(
    search: &Search<'_>,
    present: Settings,
    peak: u32,
    options: &TuneOptions,
) -> Result<Option<Found>, TuneError> {
    if present.law == Law::Demand || !search.evaluator.can(&present.with_demand_defaults()) {
        return Ok(None);
    }
    let space = search
        .evaluator
        .space(present.with_demand_defaults(), peak, options);
    Ok(Some(search.best_of(
        &space,
        (options.candidates / 2).max(1),
        OTHER_SHARE,
    )?))
}
